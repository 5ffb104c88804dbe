"""Durable events: written in the transaction of the change, for consumers that must miss none (`event_consumers.py`). What only
screens need goes over `event_stream.py`.

What no consumer of the company asks for is not written, and costs one look at an index. Events of one company are numbered in the
order of their commits: the lock that gives numbers is taken last in a transaction and held until its end, so whoever has read up to a
number has read everything below it.

What rows tell by themselves (`Event.noticed`) is written by triggers into `event_noticed`, without that lock, and moved from there.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from db.events import Event
from db.jobs import ReadEvents

_encode = msgspec.json.Encoder().encode

# A row of `kept` needs one of `locked`, so numbers are drawn behind the lock.
_APPEND = """
with wanting as materialized (select name, types, silent from event_consumer where company_id = $1 and types && $2::text[]),
locked as materialized (
    select pg_advisory_xact_lock(hashtextextended('event_outbox:' || $1::text, 0)) where exists (select from wanting)),
kept as (
    insert into event_outbox(company_id, type, data)
    select $1, e.type, e.data::jsonb from locked, unnest($2::text[], $3::text[]) with ordinality e(type, data, place)
    where exists (select from wanting w where e.type = any(w.types)) order by e.place)
select name from wanting where not silent
"""


async def append(connection: Any, company_id: UUID, events: Sequence[Event]) -> list[ReadEvents]:
    """Writes the durable ones that somebody asks for, and returns the jobs that read them. The last change of a transaction but
    for these jobs: other transactions of the company that write such events wait until it ends."""
    kept = [event for event in events if event.durable]
    if not kept:
        return []
    types, bodies = [event.type for event in kept], [_encode(event).decode() for event in kept]
    return [ReadEvents(consumer=row["name"]) for row in await connection.fetch(_APPEND, company_id, types, bodies)]


# Whoever moves holds the lock that gives numbers before it looks, so of one row nothing overtakes what was noticed earlier.
_LOCK = "select pg_advisory_xact_lock(hashtextextended('event_outbox:' || $1::uuid::text, 0))"
_MOVE = """
with moved as (
    delete from event_noticed where company_id = $1 and number in (
        select number from event_noticed where company_id = $1 order by number limit $2) returning number, type, at, data),
wanting as materialized (select name, types, silent from event_consumer where company_id = $1),
kept as (
    insert into event_outbox(company_id, type, at, data)
    select $1, type, at, data from moved m where exists (select from wanting w where m.type = any(w.types)) order by number)
select (select count(*) from moved) as count,
    array(select name from wanting w where not silent and exists (select from moved m where m.type = any(w.types))) as names
"""


async def move_noticed(connection: Any, company_id: UUID, limit: int) -> tuple[int, list[ReadEvents]]:
    """Moves what triggers noticed into the outbox; how many, and the jobs that read them. The only change of its transaction but for
    these jobs."""
    await connection.execute(_LOCK, company_id)
    row = await connection.fetchrow(_MOVE, company_id, limit)
    return row["count"], [ReadEvents(consumer=name) for name in row["names"]]
