"""Templates at the provider: read them all, submit one for review, delete one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from db.channels import templates
from db.channels.enums import TemplateStatus
from db.channels.events import TemplatesChanged
from db.channels.templates import Listed, Submission
from db.clock import now
from db.jobs import SubmitTemplate, SyncTemplates
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
        else:
            await self._create(company_id, job.template_id, row, adapter, control)

    async def _create(
        self, company_id: UUID, template_id: UUID, row: Submission, adapter: Adapter[Any], control: Control[Any]
    ) -> None:
        if row.external_id is not None or row.status == TemplateStatus.DELETED:
            return
        template: dict[str, Any] = {
            "name": row.name,
            "language": row.language,
            "category": row.category,
            "parameter_format": row.parameter_format,
            "components": msgspec.json.decode(row.components),
        }
        made: Submitted | None = None
        refused: Refused | None = None
        try:
            made = await adapter.create_template(control, template)
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


JOBS = (
    Handler(SyncTemplates, lambda r: TemplateJobs(r.settings, r.wire).sync_templates),
    Handler(SubmitTemplate, lambda r: TemplateJobs(r.settings, r.wire).submit_template),
)
