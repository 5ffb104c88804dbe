"""A template that was reviewed is changed and goes to review again. What the provider does not take is put back as it was."""

from uuid import UUID

import msgspec

from db.channels import template_drafts, template_versions
from db.channels.enums import TemplateStatus
from db.channels.errors import ChannelError, TemplateField
from db.channels.events import TemplatesChanged
from db.channels.queries import TemplateView, one_template
from db.channels.templates import USED, author
from db.errors import RequestError
from db.jobs import SubmitTemplate
from db.permissions import Permission
from db.providers.definition import TemplateDraft
from db.tenancy import Actor
from db.work import Work, work

_REVIEWED = (TemplateStatus.APPROVED, TemplateStatus.REJECTED, TemplateStatus.PAUSED)
_ROW = """
select t.channel_id, t.status, t.external_id, t.category, t.name, t.language, c.kind from template t
join channel c on c.company_id = $1 and c.id = t.channel_id and c.archived_at is null
where t.company_id = $1 and t.id = $2 and t.status <> 'deleted' for update of t
"""
EDITS_IN_24_HOURS, EDITS_IN_30_DAYS = 1, 10
"""Of an approved template, as Meta counts them: docs/contracts/meta-whatsapp.md (Templates)."""
_OFTEN = f"""
select count(*) filter (where created_at > now() - interval '24 hours') >= {EDITS_IN_24_HOURS} or count(*) >= {EDITS_IN_30_DAYS} from template_version
where company_id = $1 and template_id = $2 and number > 1 and submitted and created_at > now() - interval '30 days'
"""
_CHANGE = """
update template set category = $3, parameter_format = $4, components = $5::jsonb, sample_file_id = $6, status = 'pending', status_at = now(),
    rejected_reason = null, problem = null, category_was = null, unsent = $7, external_id = case when $7 then external_id end,
    lifetime = $8
where company_id = $1 and id = $2
"""
_PUT_BACK = """
update template t set category = v.category, parameter_format = v.parameter_format, components = v.components, lifetime = v.lifetime, status = v.status,
    status_at = now(), rejected_reason = v.reason, problem = $3, unsent = false
from template_version v
where t.company_id = $1 and t.id = $2 and t.unsent and v.company_id = $1 and v.template_id = t.id
    and v.number = (select max(number) - 1 from template_version where company_id = $1 and template_id = $2)
returning t.channel_id
"""


async def edit(actor: Actor, template_id: UUID, draft: TemplateDraft, sample_file_id: UUID | None = None) -> TemplateView:
    """Replaces what a template says and submits it for review; name and language stay. Raises NotFound, Invalid, Conflict while a campaign
    uses it, before its review is over, and beyond what WhatsApp allows."""
    async with work(actor, Permission.TEMPLATES_WRITE) as w:
        row = await w.fetchrow(_ROW, w.company_id, template_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="template")
        if row["status"] not in _REVIEWED:
            raise ChannelError.TEMPLATE_NOT_EDITABLE()
        if await w.fetchval(USED, w.company_id, template_id):
            raise ChannelError.TEMPLATE_IN_USE()
        if row["status"] == TemplateStatus.APPROVED:
            if draft.category.value != row["category"]:
                raise ChannelError.TEMPLATE_INVALID(fields=[TemplateField.CATEGORY_FIXED("category")])
            if await w.fetchval(_OFTEN, w.company_id, template_id):
                raise ChannelError.TEMPLATE_EDITED_OFTEN()
        if sample_file_id is not None:
            draft = draft._replace(header_file=await template_drafts.header_kind(w, row["kind"], sample_file_id))
        draft = draft._replace(name=row["name"], language=row["language"])
        parameter_format, components = template_drafts.write(row["kind"], draft)
        await template_versions.note(w, template_id=template_id)  # what it says until now, where nobody wrote it down
        known = row["external_id"] is not None  # else its first submission was refused
        written = msgspec.json.encode(components).decode()
        await w.execute(
            _CHANGE,
            w.company_id,
            template_id,
            draft.category.value,
            parameter_format,
            written,
            sample_file_id,
            known,
            draft.lifetime,
        )
        await template_versions.note(w, template_id=template_id, submitted=True, by=author(actor))
        w.audit("template.edited", template_id, name=row["name"])
        w.emit(TemplatesChanged(channel_id=row["channel_id"]))
        w.enqueue(SubmitTemplate(template_id=template_id, verb="edit" if known else "create"))
        return await one_template(w, template_id)


async def refused(w: Work, template_id: UUID, problem: str) -> None:
    """The provider did not take the change: the version is marked refused, and the template is what it was before."""
    await w.execute(
        "update template_version set status = 'rejected', reason = $3, decided_at = now() where company_id = $1 and template_id = $2"
        " and number = (select max(number) from template_version where company_id = $1 and template_id = $2)",
        w.company_id,
        template_id,
        problem,
    )
    await w.execute(_PUT_BACK, w.company_id, template_id, problem)
    await template_versions.note(w, template_id=template_id)


async def unpause(actor: Actor, template_id: UUID) -> TemplateView:
    """Asks the provider to let a template go again. Raises NotFound, Conflict where it is not paused."""
    async with work(actor, Permission.TEMPLATES_WRITE) as w:
        row = await w.fetchrow(_ROW, w.company_id, template_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="template")
        if row["status"] != TemplateStatus.PAUSED or row["external_id"] is None:
            raise ChannelError.TEMPLATE_NOT_PAUSED()
        await w.execute("update template set problem = null where company_id = $1 and id = $2", w.company_id, template_id)
        w.audit("template.unpaused", template_id, name=row["name"])
        w.emit(TemplatesChanged(channel_id=row["channel_id"]))
        w.enqueue(SubmitTemplate(template_id=template_id, verb="unpause"))
        return await one_template(w, template_id)


async def stays_paused(w: Work, template_id: UUID, problem: str) -> None:
    """The provider does not let it go: why."""
    await w.execute(
        "update template set problem = $3 where company_id = $1 and id = $2 and status = 'paused'",
        w.company_id,
        template_id,
        problem,
    )
