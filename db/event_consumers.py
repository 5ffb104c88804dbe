"""Consumers of durable events: each a name in a company, the types it asks for, and how far it has read.

A batch is taken in the transaction that carries out what it leads to, so for what stays in the database each event counts once,
whatever dies in between; whoever tells somebody outside tells it at least once, by the number of the event.
"""

from collections.abc import Collection
from datetime import datetime

import msgspec

from db import outbox
from db.events import Event
from db.jobs import ReadEvents
from db.permissions import Permission
from db.tenancy import worker
from db.work import SystemWork, Work, system_read, work

KEEP_DAYS = 14
"""How long an event waits for its slowest consumer."""

_SUBSCRIBE = """
insert into event_consumer(company_id, name, types, silent, position)
values ($1, $2, $3, $4, coalesce((select max(id) from event_outbox where company_id = $1), 0))
on conflict (company_id, name) do update set types = excluded.types
"""
_NEXT = """
select id, type, at, data::text as data from event_outbox
where company_id = $1 and id > $2 and id <= $3 and type = any($4::text[]) order by id limit $5
"""
# Up to which number nobody waits for anything; a consumer need not have looked at what it does not ask for.
_READ_BY_ALL = """
delete from event_outbox o using (
    select c.company_id, min(coalesce(next.id, 9223372036854775807)) as first
    from event_consumer c left join lateral (
        select id from event_outbox where company_id = c.company_id and id > c.position and type = any(c.types) order by id limit 1) next on true
    group by 1) waiting
where o.company_id = waiting.company_id and o.id < waiting.first
"""
_TOO_OLD = f"""
with gone as (delete from event_outbox where at < now() - interval '{KEEP_DAYS} days' returning company_id, id, type)
update event_consumer c set missed = true
where exists (select from gone g where g.company_id = c.company_id and g.id > c.position and g.type = any(c.types))
"""
_UNHEARD = "delete from event_outbox o where not exists (select from event_consumer c where c.company_id = o.company_id)"
_BEHIND = """
select company_id, name from event_consumer c where not silent and (missed
or exists (select from event_outbox o where o.company_id = c.company_id and o.id > c.position and o.type = any(c.types)))
"""

_NOTICED = """
select distinct company_id from event_consumer c where exists (select from event_noticed n where n.company_id = c.company_id)
"""
_MOVED = 5000  # events in one transaction, which other writers of events of the company wait for
_UNWANTED = f"delete from event_noticed where at < now() - interval '{KEEP_DAYS} days'"


class Recorded(msgspec.Struct, frozen=True):
    """One durable event. `id` rises with each event of the company; the same event always has the same one."""

    id: int
    type: str
    at: datetime
    data: msgspec.Raw


class Batch(msgspec.Struct, frozen=True):
    """What a consumer reads next. `missed`: events were given up before it read them, so what it derives must be made anew. `more`:
    there may be another batch."""

    events: list[Recorded]
    missed: bool = False
    more: bool = False


async def subscribe(w: Work, name: str, kinds: Collection[type[Event]], *, silent: bool = False) -> None:
    """From now on the consumer gets events of these kinds; known already, only the kinds change. `name` is `kind` or
    `kind:subject`: the kind says which function reads (`workers/event_consumers.py`). `silent`: none does, they wait to be looked up."""
    fleeting = [kind.type for kind in kinds if not kind.durable]
    if fleeting:
        raise ValueError(f"not kept: {fleeting}")
    await w.execute(_SUBSCRIBE, w.company_id, name, sorted(kind.type for kind in kinds), silent)


async def unsubscribe(w: Work, name: str) -> None:
    await w.execute("delete from event_consumer where company_id = $1 and name = $2", w.company_id, name)


async def take(w: Work, name: str, limit: int = 500) -> Batch:
    """The next events of a consumer, in order; they count as read when this unit of work commits. Waits for another reader of the
    same consumer."""
    consumer = await w.fetchrow(
        "select position, types, missed from event_consumer where company_id = $1 and name = $2 for update", w.company_id, name
    )
    if consumer is None:
        return Batch([])
    tip = await w.fetchval("select max(id) from event_outbox where company_id = $1", w.company_id)
    if not consumer["missed"] and (tip is None or tip <= consumer["position"]):
        return Batch([])
    rows = await w.fetch(_NEXT, w.company_id, consumer["position"], tip or 0, consumer["types"], limit)
    more = len(rows) == limit
    await w.execute(
        "update event_consumer set position = greatest(position, $3), missed = false where company_id = $1 and name = $2",
        w.company_id,
        name,
        rows[-1]["id"] if more else tip or 0,
    )
    events = [Recorded(row["id"], row["type"], row["at"], msgspec.Raw(row["data"])) for row in rows]
    return Batch(events, missed=consumer["missed"], more=more)


async def prune(s: SystemWork) -> None:
    """Forgets what every consumer has read, and what is too old; who had not read that is told."""
    await s.execute(_READ_BY_ALL)
    await s.execute(_UNHEARD)
    await s.execute(_TOO_OLD)
    await s.execute(_UNWANTED)


async def wake_behind() -> None:
    """Wakes consumers that have something to read, whatever became of their jobs."""
    async with system_read() as s:
        rows = await s.fetch(_BEHIND)
    for row in rows:
        async with work(worker(row["company_id"]), Permission.EVENTS_READ) as w:
            w.enqueue(ReadEvents(consumer=row["name"]))


async def move_noticed() -> None:
    """Takes what triggers noticed into the outbox, and wakes who reads it. Harmless when several call it."""
    async with system_read() as s:
        companies = [row["company_id"] for row in await s.fetch(_NOTICED)]
    for company_id in companies:
        more = True
        while more:
            async with work(worker(company_id), Permission.EVENTS_READ) as w:
                count, jobs = await outbox.move_noticed(w.connection, company_id, _MOVED)
                for job in jobs:
                    w.enqueue(job)
            more = count == _MOVED
