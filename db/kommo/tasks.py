"""What is owed to Kommo, and what came from there: asked for, claimed before the first byte goes out, ended, shown.

One job of a company works at a time (queue `kommo`), so two tasks about one person never race. A task about somebody of whom another one
may have been taken waits for that one's end.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import storable
from db.clock import now
from db.errors import RequestError, RequestField
from db.kommo.connection import Connection, connection_in, present, wake
from db.kommo.enums import KommoState, KommoTaskKind, KommoTaskState
from db.kommo.errors import KommoError, KommoReason
from db.kommo.events import KommoProgress
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, SystemWork, Work, read, work

LEASE = 120.0  # seconds; twice what a task takes, and more
MAX_TRIES = 12
KEEP_DAYS = 30
BACKOFF = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
LOOK_AFTER = 30.0
"""Seconds after a lost answer until it is looked whether it arrived: Kommo's search needs a moment."""
COLUMNS = """
t.id, t.kind, t.state, t.local_id, t.kommo_id, t.private, t.by_id, t.asked, t.tries, t.reason, t.detail, t.created_at, t.done_at,
case when t.state in ('waiting', 'unknown') then t.next_at end as next_at,
case when t.kind in ('push_contact', 'take_contact') then (select c.name from contact c where c.company_id = t.company_id and c.id = t.local_id)
    else (select l.title from lead l where l.company_id = t.company_id and l.id = t.local_id) end as name
"""
# Materialized: one, however often the update looks.
_CLAIM = """
with n as materialized (
    select o.id from kommo_task o where o.company_id = $1 and o.state in ('waiting', 'sending', 'unknown') and o.next_at <= now()
        and (o.state <> 'waiting' or o.local_id is null or not exists (select from kommo_task b where b.company_id = $1
            and b.local_id = o.local_id and b.state in ('sending', 'unknown')))
    order by o.next_at, o.id limit 1 for update)
update kommo_task t set state = 'sending', tries = t.tries + 1, next_at = now() + make_interval(secs => $2),
    began_at = coalesce(t.began_at, now())
from n where t.company_id = $1 and t.id = n.id
returning t.id, t.kind, t.local_id, t.kommo_id, t.note, t.private, t.asked, t.tries, t.began_at, old.state <> 'waiting' as unsure
"""
# One that waits again gives way to a newer one about the same.
_SETTLE = """
update kommo_task t set
    state = case when $4 = 'waiting' and other.there then 'skipped' else $4 end,
    reason = case when $4 = 'waiting' and other.there then $10 else $5 end,
    detail = $6, next_at = $7, kommo_id = coalesce($8, t.kommo_id), local_id = coalesce($9, t.local_id),
    note = case when $4 in ('done', 'skipped') then null else t.note end,
    done_at = case when $4 in ('done', 'skipped', 'failed') or ($4 = 'waiting' and other.there) then now() end
from (select exists (select from kommo_task o join kommo_task m on m.company_id = $1 and m.id = $2 where o.company_id = $1 and o.id <> $2
        and o.state = 'waiting' and o.kind = m.kind and o.kind <> 'push_note'
        and (o.kind like 'push%' and o.local_id = m.local_id or o.kind like 'take%' and o.kommo_id = m.kommo_id)) as there) other
where t.company_id = $1 and t.id = $2 and t.tries = $3 and t.state = 'sending'
returning t.id
"""
_PUSH = """
insert into kommo_task(company_id, kind, local_id, note, private, note_id, by_id, asked)
select $1, $2, u.local_id, u.note, $5, u.note_id, $6, $7 from unnest($3::uuid[], $4::text[], $8::uuid[]) with ordinality u(local_id, note, note_id, place)
order by u.place on conflict do nothing
"""
_TAKE = """
insert into kommo_task(company_id, kind, kommo_id) select $1, k, i from unnest($2::text[], $3::bigint[]) with ordinality u(k, i, place)
order by place on conflict do nothing
"""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task that this process works on now. `unsure`: an earlier try may have been taken by Kommo; `began_at`: when the first began."""

    id: UUID
    kind: KommoTaskKind
    local_id: UUID | None
    kommo_id: int | None
    note: str | None
    private: bool
    asked: bool
    tries: int
    began_at: datetime
    unsure: bool


class End(NamedTuple):
    """What came of a try. `after`: seconds until the next one, of `waiting` and `unknown`; None: by how many there were."""

    state: KommoTaskState
    reason: KommoReason | None = None
    detail: str = ""
    kommo_id: int | None = None
    local_id: UUID | None = None
    after: float | None = None


async def push_contact(actor: Actor, contact_id: UUID) -> asyncpg.Record:
    """Finds or makes the contact in Kommo; one that waits already is it. Rows as `COLUMNS`. Raises NotFound, Conflict."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _ready(w)
        if not await w.fetchval("select true from contact where company_id = $1 and id = $2", w.company_id, contact_id):
            raise RequestError.NOT_FOUND(what="contact")
        task_id = await _waiting(w, KommoTaskKind.PUSH_CONTACT, contact_id)
        w.audit("kommo.contact_pushed", contact_id)
        return await _one(w, w.company_id, task_id)


async def push_lead_note(actor: Actor, lead_id: UUID, text: str, *, private: bool) -> asyncpg.Record:
    """Writes a note on the lead in Kommo, which is made where it is not there. Raises NotFound, Invalid, Conflict."""
    body = storable.text(text).strip()
    if not body:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("text")])
    async with work(actor, Permission.LEADS_WRITE) as w:
        await _ready(w)
        if not await w.fetchval("select true from lead where company_id = $1 and id = $2", w.company_id, lead_id):
            raise RequestError.NOT_FOUND(what="lead")
        task_id = await w.fetchval(
            "insert into kommo_task(company_id, kind, local_id, note, private, by_id, asked) values ($1, 'push_note', $2, $3, $4, $5, true)"
            " returning id",
            w.company_id,
            lead_id,
            body,
            private,
            _person(actor),
        )
        _tell(w)
        w.audit("kommo.note_pushed", lead_id, private=private)
        return await _one(w, w.company_id, task_id)


async def _waiting(w: Work, kind: KommoTaskKind, local_id: UUID) -> UUID:
    """The task that waits for it, made when there is none; from now on it is asked for."""
    assert w.actor is not None
    task_id: UUID = await w.fetchval(
        "insert into kommo_task(company_id, kind, local_id, by_id, asked) values ($1, $2, $3, $4, true)"
        " on conflict (company_id, kind, local_id) where state = 'waiting' and kind in ('push_contact', 'push_lead')"
        " do update set asked = true, by_id = excluded.by_id, next_at = now() returning id",
        w.company_id,
        kind,
        local_id,
        _person(w.actor),
    )
    _tell(w)
    return task_id


def _person(actor: Actor) -> UUID | None:
    return actor.id if actor.kind == "user" else None


def _tell(w: Work) -> None:
    wake(w)
    w.emit(KommoProgress())


async def _ready(w: Work) -> Connection:
    """Raises Conflict: nothing is owed to a connection that does not work; one that is checked, or rests, will."""
    found = await present(w, w.company_id)
    if found.state not in (KommoState.READY, KommoState.CHECKING):
        raise KommoError.NOT_READY()
    return found


async def owe(w: Work, kind: KommoTaskKind, rows: list[tuple[UUID, str | None, UUID | None]]) -> None:
    """By a rule: local id, and of a note its text and id. What waits already is not owed twice."""
    if rows:
        local, notes, ids = zip(*rows, strict=True)
        if await w.execute(_PUSH, w.company_id, kind, list(local), list(notes), True, None, False, list(ids)):
            _tell(w)


async def came(w: Work, found: list[tuple[KommoTaskKind, int]]) -> None:
    """Kommo told of these: each is read anew once, however often and in whatever order it told."""
    if found:
        kinds, ids = zip(*dict.fromkeys(found), strict=True)
        if await w.execute(_TAKE, w.company_id, [kind.value for kind in kinds], list(ids)):
            _tell(w)


async def claim(company_id: UUID) -> Task | None:
    """The next task that is due, committed as being worked on; None: nothing is."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        row = await w.fetchrow(_CLAIM, company_id, LEASE)
    return None if row is None else msgspec.convert(dict(row), Task)


async def settle(company_id: UUID, task: Task, end: End) -> None:
    """Writes back what came of it, fenced by the number of the try; repeating it is harmless."""
    state, reason = end.state, end.reason
    if state in (KommoTaskState.WAITING, KommoTaskState.UNKNOWN) and task.tries >= MAX_TRIES:
        state = KommoTaskState.FAILED
    if end.after is not None:
        after = end.after
    elif state is KommoTaskState.UNKNOWN:
        after = max(LOOK_AFTER, BACKOFF[min(task.tries, len(BACKOFF)) - 1])
    else:
        after = BACKOFF[min(task.tries, len(BACKOFF)) - 1]
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        next_at = await w.fetchval("select now() + make_interval(secs => $1)", after)
        await w.fetchval(
            _SETTLE,
            company_id,
            task.id,
            task.tries,
            state,
            reason,
            storable.text(end.detail, 500),
            next_at,
            end.kommo_id,
            end.local_id,
            KommoReason.REPLACED,
        )
        w.emit(KommoProgress())


async def not_begun(company_id: UUID, task: Task, until: datetime) -> None:
    """Surely nothing was sent: it waits until then, and the try does not count."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await w.execute(
            "update kommo_task set state = case when $5 then 'unknown' else 'waiting' end, tries = tries - 1, next_at = $4"
            " where company_id = $1 and id = $2 and tries = $3 and state = 'sending'"
            " and ($5 or not exists (select from kommo_task o where o.company_id = $1 and o.id <> $2 and o.state = 'waiting'"
            " and o.kind = kommo_task.kind and o.local_id is not distinct from kommo_task.local_id"
            " and o.kommo_id is not distinct from kommo_task.kommo_id and o.kind <> 'push_note'))",
            company_id,
            task.id,
            task.tries,
            until,
            task.unsure,
        )


async def sleep(company_id: UUID) -> None:
    """Wakes the company again when the next of its tasks is due."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        at = await w.fetchval(
            "select min(next_at) from kommo_task where company_id = $1 and state in ('waiting', 'sending', 'unknown')", company_id
        )
        if at is not None:
            wake(w, max(at, now()))


async def noted(company_id: UUID) -> set[int]:
    """Ids of notes in Kommo that are some task's already."""
    async with read(worker(company_id), Permission.INTEGRATIONS_READ) as r:
        rows = await r.fetch(
            "select kommo_id from kommo_task where company_id = $1 and kind = 'push_note' and state = 'done' and kommo_id is not null",
            company_id,
        )
    return {row["kommo_id"] for row in rows}


async def tasks(
    actor: Actor, *, state: KommoTaskState | None = None, kind: KommoTaskKind | None = None, after: UUID | None = None, limit: int
) -> list[asyncpg.Record]:
    """Rows of `COLUMNS`, newest first, of the last thirty days."""
    async with read(actor, Permission.INTEGRATIONS_READ) as r:
        return await r.fetch(
            f"select {COLUMNS} from kommo_task t where t.company_id = $1 and ($2::uuid is null or t.id < $2)"
            " and ($3::text is null or t.state = $3) and ($4::text is null or t.kind = $4) order by t.id desc limit $5",
            actor.company_id,
            after,
            state,
            kind,
            limit,
        )


async def _one(r: Read, company_id: UUID, task_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(f"select {COLUMNS} from kommo_task t where t.company_id = $1 and t.id = $2", company_id, task_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="kommo_task")
    return row


async def task(actor: Actor, task_id: UUID) -> asyncpg.Record:
    """Raises NotFound."""
    async with read(actor, Permission.INTEGRATIONS_READ) as r:
        return await _one(r, actor.company_id, task_id)


async def again(actor: Actor, task_id: UUID) -> asyncpg.Record:
    """Tries once more what failed; what may have been taken is looked up first. Raises NotFound, Conflict."""
    async with work(actor, Permission.INTEGRATIONS_WRITE) as w:
        row = await _one(w, w.company_id, task_id)
        await _ready(w)
        if row["state"] != KommoTaskState.FAILED:
            raise KommoError.NOT_FAILED()
        await w.execute(
            "update kommo_task set state = 'unknown', tries = 0, next_at = now(), done_at = null, reason = null, detail = ''"
            " where company_id = $1 and id = $2 and state = 'failed'",
            w.company_id,
            task_id,
        )
        _tell(w)
        w.audit("kommo.retried", task_id)
        return await _one(w, w.company_id, task_id)


async def open_for_hooks(w: Work) -> Connection | None:
    """The connection for which news came; None when it was removed meanwhile."""
    return await connection_in(w, w.company_id)


async def forget_old(s: SystemWork) -> None:
    """The log, after thirty days."""
    await s.execute(
        f"delete from kommo_task where created_at < now() - interval '{KEEP_DAYS} days' and state in ('done', 'skipped', 'failed')"
    )
