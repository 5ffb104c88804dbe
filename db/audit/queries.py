"""Reads the audit log of one company, newest first."""

from uuid import UUID

import asyncpg

from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

_LIST = """
select a.id, a.at, a.actor_kind, a.actor_id, coalesce(u.name, k.name) as actor_name, a.action, a.subject_id, a.data::text, a.ip
from audit_log a
left join account_user u on a.actor_kind = 'user' and u.id = a.actor_id
left join api_key k on a.actor_kind = 'api_key' and k.company_id = a.company_id and k.id = a.actor_id
where a.company_id = $1 and ($2::uuid is null or a.id < $2) and ($3::text is null or a.action like $3)
and ($4::uuid is null or a.subject_id = $4) and ($5::uuid is null or a.actor_id = $5)
order by a.id desc limit $6
"""


async def entries(
    actor: Actor,
    *,
    before: UUID | None,
    limit: int,
    action: str | None = None,
    subject_id: UUID | None = None,
    actor_id: UUID | None = None,
) -> list[asyncpg.Record]:
    """Newest first. `action` is a whole name or a family such as `campaign.*`."""
    pattern = None if action is None else action.replace("\\", "").replace("%", "").replace("_", r"\_").replace("*", "%")
    async with read(actor, Permission.AUDIT_READ) as r:
        return await r.fetch(_LIST, actor.company_id, before, pattern, subject_id, actor_id, limit)
