"""What was asked of the API, by whom, and how it was answered: found by the id that a partner reads in `x-request-id`. For a week.

Written in batches after the answers: what waited when a process was killed is lost, and no request waits for its line.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.permissions import Permission
from db.tenancy import Actor
from db.work import SystemWork, read, system_work

KEEP_DAYS = 7

_WRITE = """
insert into request_log(company_id, at, request_id, method, path, status, milliseconds, actor_kind, actor_id, ip, code)
select n.* from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::real[], $8::text[], $9::uuid[], $10::text[],
    $11::text[]) n(company_id, at, request_id, method, path, status, milliseconds, actor_kind, actor_id, ip, code)
where exists (select from company c where c.id = n.company_id) order by n.at
"""
_LIST = """
select q.id, q.at, q.request_id, q.method, q.path, q.status, q.milliseconds, q.actor_kind, q.actor_id, coalesce(u.name, k.name) as actor_name, q.ip, q.code
from request_log q
left join account_user u on q.actor_kind = 'user' and u.id = q.actor_id
left join api_key k on q.actor_kind = 'api_key' and k.company_id = q.company_id and k.id = q.actor_id
where {} order by q.id desc limit {}
"""


class Line(NamedTuple):
    """One request, answered."""

    company_id: UUID
    at: datetime
    request_id: str
    method: str
    path: str
    status: int
    milliseconds: float
    actor_kind: str
    actor_id: UUID | None
    ip: str | None
    code: str | None


async def write(lines: Sequence[Line]) -> None:
    """All in one statement. Raises Unavailable."""
    async with system_work() as s:
        await s.execute(_WRITE, *(list(column) for column in zip(*lines, strict=True)))


class RequestFilter(NamedTuple):
    request_id: str | None = None
    actor_id: UUID | None = None
    failed: bool = False
    keys: bool = False  # only those of API keys


async def requests(actor: Actor, filter: RequestFilter, *, before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Newest first. Raises Forbidden."""
    args: list[object] = [actor.company_id]
    wanted = ["q.company_id = $1"]
    for text, value in (
        ("q.request_id = {}", filter.request_id),
        ("q.actor_id = {}", filter.actor_id),
        ("q.id < {}", before),
    ):
        if value is not None:
            args.append(value)
            wanted.append(text.format(f"${len(args)}"))
    if filter.failed:
        wanted.append("q.status >= 400")
    if filter.keys:
        wanted.append("q.actor_kind = 'api_key'")
    async with read(actor, Permission.AUDIT_READ) as r:
        return await r.fetch(_LIST.format(" and ".join(wanted), limit), *args)


async def forget_old(s: SystemWork) -> None:
    """After a week."""
    await s.execute(f"delete from request_log where at < now() - interval '{KEEP_DAYS} days'")
