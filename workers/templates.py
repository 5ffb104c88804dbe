"""Templates at the provider: read them all, submit one for review, delete one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from db.channels import templates
from db.channels.enums import TemplateStatus
from db.channels.events import TemplatesChanged
from db.channels.secrets import Credentials, credentials
from db.channels.templates import Listed
from db.clock import now
from db.errors import NotFound
from db.jobs import SubmitTemplate, SyncTemplates
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import read, work
from workers.control import Control, Refused
from workers.providers.meta.types import Template, TemplateCreated
from workers.providers.wire import Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry, Snooze


def listed(template: Template) -> Listed:
    """Meta's template in the database's terms."""
    return Listed(
        template.id,
        template.name,
        template.language,
        template.category,
        template.status,
        template.parameter_format,
        template.components,
        template.quality_score.score if template.quality_score else "UNKNOWN",
        template.rejected_reason,
    )


class _Row(msgspec.Struct, frozen=True):
    channel_id: UUID
    external_id: str | None
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: str


class TemplateJobs:
    """The jobs of this module with what they need."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def sync_templates(self, company_id: UUID, job: SyncTemplates) -> None:
        """Makes our list equal to the provider's. Raises Cancel, Retry."""
        control = Control(self._settings, self._wire, await self._channel(company_id, job.channel_id))
        started = now()
        refused: Refused | None = None
        found: list[Template] = []
        try:
            found = await self._list(control)
        except Refused as error:
            refused = error
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if refused is None:
                await templates.save_list(w, job.channel_id, [listed(item) for item in found], started)
        if refused is not None:
            raise Retry(reason=str(refused)) if refused.transient else Cancel(str(refused))

    async def submit_template(self, company_id: UUID, job: SubmitTemplate) -> None:
        """Creates or deletes one template at the provider. Raises Cancel when it is gone, Retry."""
        async with read(worker(company_id), Permission.TEMPLATES_READ) as r:
            record = await r.fetchrow(
                "select channel_id, external_id, name, language, category, status, parameter_format, components::text"
                " from template where company_id = $1 and id = $2",
                company_id,
                job.template_id,
            )
        if record is None:
            raise Cancel("the template is gone")
        row = _Row(*record)
        control = Control(self._settings, self._wire, await self._channel(company_id, row.channel_id))
        if job.verb == "delete":
            await self._delete(company_id, job.template_id, row, control)
        else:
            await self._create(company_id, job.template_id, row, control)

    async def _create(self, company_id: UUID, template_id: UUID, row: _Row, control: Control) -> None:
        if row.external_id is not None or row.status == TemplateStatus.DELETED:
            return
        account = control.channel.account_id
        body: dict[str, Any] = {
            "name": row.name,
            "language": row.language,
            "category": row.category.upper(),
            "parameter_format": row.parameter_format.upper(),
            "components": msgspec.json.decode(row.components),
        }
        made: TemplateCreated | None = None
        refused: Refused | None = None
        try:
            made = await control.call(
                "templates",
                "Template submitted",
                f"POST /{account}/message_templates {msgspec.json.encode(body).decode()}",
                control.meta().create_template(account, body),
            )
        except Refused as error:
            refused = error
            made = await self._made_before(control, row)  # an answer that got lost: the template is there already
        async with work(worker(company_id), Permission.TEMPLATES_WRITE) as w:
            await control.write_log(w)
            if made is not None:
                await templates.submitted(w, template_id, made.id, made.status, made.category)
            elif refused is not None and not refused.transient:
                await templates.set_status(w, template_id, TemplateStatus.REJECTED, refused.detail[:500])
            w.emit(TemplatesChanged(channel_id=row.channel_id))
        if made is None and refused is not None and refused.transient:
            raise Retry(reason=str(refused))

    async def _made_before(self, control: Control, row: _Row) -> TemplateCreated | None:
        try:
            for item in await self._list(control):
                if (item.name, item.language) == (row.name, row.language):
                    return TemplateCreated(item.id, item.status, item.category)
        except Refused:
            pass
        return None

    async def _delete(self, company_id: UUID, template_id: UUID, row: _Row, control: Control) -> None:
        if row.external_id is None:
            return
        account = control.channel.account_id
        refused: Refused | None = None
        try:
            await control.call(
                "templates",
                "Template deleted",
                f"DELETE /{account}/message_templates?hsm_id={row.external_id}&name={row.name}",
                control.meta().delete_template(account, row.name, row.external_id),
            )
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

    async def _list(self, control: Control) -> list[Template]:
        account = control.channel.account_id
        return await control.call(
            "templates", "Templates read", f"GET /{account}/message_templates", control.meta().templates(account)
        )

    async def _channel(self, company_id: UUID, channel_id: UUID) -> Credentials:
        try:
            async with read(worker(company_id), Permission.CHANNELS_READ) as r:
                channel = await credentials(r, company_id, channel_id)
        except NotFound as error:
            raise Cancel("the channel is gone") from error
        if not channel.token:  # the check that makes a sandbox account has not run yet
            raise Snooze(now() + timedelta(seconds=2))
        return channel


JOBS = (
    Handler(SyncTemplates, lambda r: TemplateJobs(r.settings, r.wire).sync_templates),
    Handler(SubmitTemplate, lambda r: TemplateJobs(r.settings, r.wire).submit_template),
)
