"""Templates at the provider: read them all, submit one for review, delete one."""

import mimetypes
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from db import blobs
from db.campaigns import lifecycle
from db.channels import template_edits, templates
from db.channels.enums import TemplateStatus
from db.channels.events import TemplatesChanged
from db.channels.templates import Listed, Submission
from db.clock import now
from db.errors import NotFound
from db.jobs import FollowTemplates, SubmitTemplate, SyncTemplates
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import read, work
from workers.control import Control, Refused
from workers.credentials import channel_of
from workers.providers import registry
from workers.providers.adapter import Adapter, Submitted
from workers.providers.wire import Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry, Snooze


class TemplateJobs:
    """The jobs of this module with what they need."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def sync_templates(self, company_id: UUID, job: SyncTemplates) -> None:
        """Makes our list equal to the provider's. Raises Cancel, Retry."""
        adapter, control = await self._control(company_id, job.channel_id)
        started = now()
        refused: Refused | None = None
        found: list[Listed] = []
        try:
            found = await adapter.list_templates(control)
        except Refused as error:
            refused = error
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if refused is None:
                await templates.save_list(w, job.channel_id, found, started)
        if refused is not None:
            raise Retry(reason=str(refused)) if refused.transient else Cancel(str(refused))

    async def submit_template(self, company_id: UUID, job: SubmitTemplate) -> None:
        """Creates or deletes one template at the provider. Raises Cancel when it is gone, Retry."""
        async with read(worker(company_id), Permission.TEMPLATES_READ) as r:
            row = await templates.submission(r, company_id, job.template_id)
        if row is None:
            raise Cancel("the template is gone")
        adapter, control = await self._control(company_id, row.channel_id)
        if job.verb == "delete":
            await self._delete(company_id, job.template_id, row, adapter, control)
        elif job.verb == "unpause":
            await self._unpause(company_id, job.template_id, row, adapter, control)
        elif job.verb == "edit":
            await self._edit(company_id, job.template_id, row, adapter, control)
        else:
            await self._create(company_id, job.template_id, row, adapter, control)

    async def _create(
        self, company_id: UUID, template_id: UUID, row: Submission, adapter: Adapter[Any], control: Control[Any]
    ) -> None:
        if row.external_id is not None or row.status == TemplateStatus.DELETED:
            return
        made: Submitted | None = None
        refused: Refused | None = None
        try:
            made = await adapter.create_template(control, await self._written(row, adapter, control))
        except Refused as error:
            refused = error
            made = await self._made_before(row, adapter, control)  # an answer that got lost: the template is there already
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if made is not None:
                await templates.submitted(w, template_id, made.external_id, made.status, made.category)
            elif refused is not None and not refused.transient:
                await templates.set_status(w, template_id, TemplateStatus.REJECTED, refused.detail[:500])
            w.emit(TemplatesChanged(channel_id=row.channel_id))
        if made is None and refused is not None and refused.transient:
            raise Retry(reason=str(refused))

    async def _written(self, row: Submission, adapter: Adapter[Any], control: Control[Any]) -> dict[str, Any]:
        """The template as it is submitted, its file handed over first. Raises Refused, Cancel when the file is gone."""
        components: list[dict[str, Any]] = msgspec.json.decode(row.components)
        if row.sample_key is not None:
            try:
                async with blobs.local(row.sample_key) as path:
                    handle = await adapter.upload_sample(
                        control, path, row.sample_type or "", row.sample_name or f"{row.name}{_ending(row.sample_type)}"
                    )
            except NotFound:
                raise Cancel("the file of the template is gone") from None
            components = [
                {**part, "example": {"header_handle": [handle]}} if part.get("type") == "HEADER" else part for part in components
            ]
        return {
            "name": row.name,
            "language": row.language,
            "category": row.category,
            "parameter_format": row.parameter_format,
            "components": components,
            "lifetime": row.lifetime,
        }

    async def _edit(
        self, company_id: UUID, template_id: UUID, row: Submission, adapter: Adapter[Any], control: Control[Any]
    ) -> None:
        """Submits the change; one that the provider does not take is put back."""
        if row.external_id is None or not row.unsent or row.status == TemplateStatus.DELETED:
            return
        refused: Refused | None = None
        try:
            await adapter.edit_template(control, row.external_id, await self._written(row, adapter, control))
        except Refused as error:
            # An answer that got lost: then it says already what we want, and a second change in a day is refused.
            refused = None if await self._says_so(row, adapter, control) else error
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if refused is None:
                await templates.submitted(w, template_id, row.external_id, TemplateStatus.PENDING, None)
                w.enqueue(SyncTemplates(channel_id=row.channel_id), at=now() + templates.SETTLE)
            elif not refused.transient:
                await template_edits.refused(w, template_id, refused.detail[:500])
            w.emit(TemplatesChanged(channel_id=row.channel_id))
        if refused is not None and refused.transient:
            raise Retry(reason=str(refused))

    async def _says_so(self, row: Submission, adapter: Adapter[Any], control: Control[Any]) -> bool:
        wanted = _said(msgspec.json.decode(row.components))
        try:
            listed = await adapter.list_templates(control)
        except Refused:
            return False
        return any(
            item.external_id == row.external_id and _said(item.components) == wanted and row.lifetime in (None, item.lifetime)
            for item in listed
        )

    async def _unpause(
        self, company_id: UUID, template_id: UUID, row: Submission, adapter: Adapter[Any], control: Control[Any]
    ) -> None:
        """What it is afterwards the list says; asked twice it is let go once."""
        if row.external_id is None or row.status != TemplateStatus.PAUSED:
            return
        refused: Refused | None = None
        try:
            await adapter.unpause_template(control, row.external_id)
        except Refused as error:
            refused = error
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if refused is not None and not refused.transient:
                await template_edits.stays_paused(w, template_id, refused.detail[:500])
            if refused is None:
                w.enqueue(SyncTemplates(channel_id=row.channel_id))
            w.emit(TemplatesChanged(channel_id=row.channel_id))
        if refused is not None and refused.transient:
            raise Retry(reason=str(refused))

    async def _made_before(self, row: Submission, adapter: Adapter[Any], control: Control[Any]) -> Submitted | None:
        try:
            for item in await adapter.list_templates(control):
                if (item.name, item.language) == (row.name, row.language):
                    return Submitted(item.external_id, item.status, item.category)
        except Refused:
            pass
        return None

    async def _delete(
        self, company_id: UUID, template_id: UUID, row: Submission, adapter: Adapter[Any], control: Control[Any]
    ) -> None:
        if row.external_id is None:
            return
        refused: Refused | None = None
        try:
            await adapter.delete_template(control, row.name, row.external_id)
        except Refused as error:
            refused = error
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if refused is None:
                await templates.set_status(w, template_id, TemplateStatus.DELETED)
            elif not refused.transient:
                await templates.set_status(w, template_id, TemplateStatus.DELETED, refused.detail[:500])
                w.enqueue(SyncTemplates(channel_id=row.channel_id))  # shows it again if it is still there
            w.emit(TemplatesChanged(channel_id=row.channel_id))
        if refused is not None and refused.transient:
            raise Retry(reason=str(refused))

    async def _control(self, company_id: UUID, channel_id: UUID) -> tuple[Adapter[Any], Control[Any]]:
        known = await channel_of(company_id, channel_id)
        if not known.token:  # the check that makes a sandbox account has not run yet
            raise Snooze(now() + timedelta(seconds=2))
        return registry.adapter(known.channel.kind), registry.control(self._settings, self._wire, known)


def _said(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the examples, which the provider writes anew."""
    return [{key: value for key, value in part.items() if key != "example"} for part in components]


def _ending(mime_type: str | None) -> str:
    return mimetypes.guess_extension(mime_type or "") or ""


async def follow_templates(company_id: UUID, job: FollowTemplates) -> None:
    """Pauses what uses a template that may not be sent any more."""
    await lifecycle.follow_templates(company_id, job.channel_id)


JOBS = (
    Handler(FollowTemplates, lambda r: follow_templates),
    Handler(SyncTemplates, lambda r: TemplateJobs(r.settings, r.wire).sync_templates),
    Handler(SubmitTemplate, lambda r: TemplateJobs(r.settings, r.wire).submit_template),
)
