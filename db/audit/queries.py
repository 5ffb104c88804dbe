"""Reads the audit log of one company, newest first. Nothing changes a line: the programs add rows, and `forgetting.py` has old ones go."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

_PAGE = 1000
_LIST = """
select a.id, a.at, a.actor_kind, a.actor_id, coalesce(u.name, k.name) as actor_name, a.action, a.subject_id, a.data::text, a.ip
from audit_log a
left join account_user u on a.actor_kind = 'user' and u.id = a.actor_id
left join api_key k on a.actor_kind = 'api_key' and k.company_id = a.company_id and k.id = a.actor_id
where a.company_id = $1 and ($2::uuid is null or a.id < $2) and ($3::text is null or a.action like $3)
and ($4::uuid is null or a.subject_id = $4) and ($5::uuid is null or a.actor_id = $5)
and ($6::timestamptz is null or a.at >= $6) and ($7::timestamptz is null or a.at < $7)
order by a.id desc limit $8
"""


class AuditFilter(NamedTuple):
    """`action` is a whole name or a family such as `campaign.*`; `since` belongs to it, `until` does not."""

    action: str | None = None
    subject_id: UUID | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def entries(actor: Actor, filter: AuditFilter, *, before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Newest first. Raises Forbidden."""
    action = filter.action
    pattern = None if action is None else action.replace("\\", "").replace("%", "").replace("_", r"\_").replace("*", "%")
    async with read(actor, Permission.AUDIT_READ) as r:
        return await r.fetch(
            _LIST, actor.company_id, before, pattern, filter.subject_id, filter.actor_id, filter.since, filter.until, limit
        )


async def begin_export(actor: Actor) -> None:
    """Notes that the log was taken away. Raises Forbidden."""
    async with work(actor, Permission.AUDIT_READ) as w:
        w.audit("audit.exported", w.company_id)


async def exported(actor: Actor, filter: AuditFilter) -> AsyncIterator[list[asyncpg.Record]]:
    """Pages of `entries`, one after another; no transaction stays open between them."""
    before: UUID | None = None
    while True:
        rows = await entries(actor, filter, before=before, limit=_PAGE)
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        before = rows[-1]["id"]
