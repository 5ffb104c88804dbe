"""What is held, since when, and what became known of it meanwhile."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

_OPEN = "select id, cause, since, created_at from hold where company_id = $1 and ended_at is null order by id"
_ITEMS = """
select i.id, i.hold_id, i.kind, i.subject_id, i.name, i.before, i.scheduled_at, i.waiting,
    coalesce(s.n, 0)::int as settled
from held_item i
left join (
    select coalesce(m.campaign_id, m.channel_id) as subject_id, count(*) as n
    from lost_attempt l join message m on m.company_id = $1 and m.id = l.message_id
    where l.company_id = $1 group by 1
) s on s.subject_id = i.subject_id
where i.company_id = $1 and i.hold_id = any($2::uuid[]) and i.decision is null
order by array_position(array['campaign', 'direct', 'job'], i.kind), i.waiting desc, i.name limit 500
"""
# Statuses of messages that are not known here: a planned campaign was sent in the time that was lost.
_UNEXPLAINED = """
select l.channel_id, c.name, count(*)::int as people from lost_attempt l join channel c on c.company_id = $1 and c.id = l.channel_id
where l.company_id = $1 and l.message_id is null and l.state is not null group by 1, 2 order by 2
"""


# For the operator, across companies: needs an owner that row-level security does not bind.
_EVERYWHERE = """
select c.name as company, h.company_id, h.id as hold_id, h.cause, h.since, i.id, i.kind, i.name, i.before, i.waiting
from hold h join company c on c.id = h.company_id join held_item i on i.company_id = h.company_id and i.hold_id = h.id
where h.ended_at is null and i.decision is null order by c.name, h.id, i.kind, i.name
"""


class Held(msgspec.Struct, frozen=True):
    """One open hold with its undecided items; rows have the columns of the contract."""

    id: UUID
    cause: str
    since: datetime
    created_at: datetime
    items: list[asyncpg.Record]
    unexplained: list[asyncpg.Record]


async def open_holds(actor: Actor) -> list[Held]:
    """Oldest first; costs one look at an index when nothing is held. Needs `company:write`."""
    async with read(actor, Permission.COMPANY_WRITE) as r:
        found = await r.fetch(_OPEN, actor.company_id)
        if not found:
            return []
        items = await r.fetch(_ITEMS, actor.company_id, [row["id"] for row in found])
        unexplained = await r.fetch(_UNEXPLAINED, actor.company_id)
    return [
        Held(
            row["id"], row["cause"], row["since"], row["created_at"], [i for i in items if i["hold_id"] == row["id"]], unexplained
        )
        for row in found
    ]


async def everywhere(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Every undecided item of every company, for `python -m db held`."""
    rows: list[asyncpg.Record] = await connection.fetch(_EVERYWHERE)
    return rows
