"""The history of templates: what each said, since when, and what its review came to. It follows the rows of `template`: whoever changed some
calls `note` in the same unit of work. An example is no part of what a template says: providers write them anew.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from db.channels.enums import TemplateCategory, TemplateStatus
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read

_SAID = "(select jsonb_agg(part - 'example') from jsonb_array_elements({0}.components) part)"
_LATEST = """
select v.* from template_version v where v.company_id = $1 and v.template_id = t.id order by v.number desc limit 1
"""
_ADD = f"""
insert into template_version(company_id, template_id, number, category, parameter_format, components, lifetime, status, reason, submitted, created_by,
    decided_at)
select $1, t.id, coalesce(v.number, 0) + 1, t.category, t.parameter_format, t.components, t.lifetime, t.status, t.rejected_reason, $4, $5,
    case when t.status <> 'pending' then now() end
from template t left join lateral ({_LATEST}) v on true
where t.company_id = $1 and ($2::uuid is null or t.channel_id = $2) and ($3::uuid is null or t.id = $3) and t.status <> 'deleted'
    and (v.number is null or v.category <> t.category or v.parameter_format <> t.parameter_format
        or {_SAID.format("v")} is distinct from {_SAID.format("t")}
        or v.lifetime is distinct from t.lifetime or $4 and v.status <> 'pending')
on conflict do nothing
"""
_DECIDE = f"""
update template_version u set status = t.status, reason = coalesce(t.rejected_reason, t.problem),
    decided_at = case when t.status <> 'pending' then now() end
from template t join lateral ({_LATEST}) v on true
where t.company_id = $1 and ($2::uuid is null or t.channel_id = $2) and ($3::uuid is null or t.id = $3)
    and u.company_id = $1 and u.template_id = t.id and u.number = v.number
    and (u.status, u.reason) is distinct from (t.status, coalesce(t.rejected_reason, t.problem))
"""
_LISTED = """
select v.number, v.category, v.status, v.reason, v.components::text as components, v.created_at, v.decided_at, u.name as created_by
from template_version v left join account_user u on u.id = v.created_by
where v.company_id = $1 and v.template_id = $2 order by v.number desc limit 100
"""


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    category: TemplateCategory
    status: TemplateStatus
    reason: str | None
    components: list[dict[str, Any]]
    created_at: datetime
    created_by: str | None
    decided_at: datetime | None


async def note(
    w: Work, *, channel_id: UUID | None = None, template_id: UUID | None = None, submitted: bool = False, by: UUID | None = None
) -> None:
    """Adds a version for each template of a channel, or for this one, that says something else than its latest, and writes what the review of
    the latest came to. `submitted`: somebody submits it now (`by`, if it is a person), which is a version also where nothing else changed."""
    await w.execute(_ADD, w.company_id, channel_id, template_id, submitted, by)
    await w.execute(_DECIDE, w.company_id, channel_id, template_id)


async def versions(actor: Actor, template_id: UUID) -> list[TemplateVersion]:
    """Newest first. Raises NotFound."""
    async with read(actor, Permission.TEMPLATES_READ) as r:
        if not await r.fetchval(
            "select true from template where company_id = $1 and id = $2 and status <> 'deleted'", actor.company_id, template_id
        ):
            raise RequestError.NOT_FOUND(what="template")
        rows = await r.fetch(_LISTED, actor.company_id, template_id)
    return [
        TemplateVersion(
            number=row["number"],
            category=TemplateCategory(row["category"]),
            status=TemplateStatus(row["status"]),
            reason=row["reason"],
            components=msgspec.json.decode(row["components"], type=list[dict[str, Any]]),
            created_at=row["created_at"],
            created_by=row["created_by"],
            decided_at=row["decided_at"],
        )
        for row in rows
    ]
