"""Times that are booked: what a board offers, a time taken once, moved and cancelled. A lead has one at a time; it is due on its day.

Whoever books a board's time holds the row of its settings, so of two one sees the other; the index of booked times stands behind it.
"""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.boards import boards, leads
from db.boards.leads import UNSIGNED, Signed
from db.bookings import slots
from db.bookings.enums import AppointmentState
from db.bookings.errors import BookingError
from db.bookings.events import AppointmentChanged
from db.bookings.slots import Span
from db.clock import now
from db.conversations import office_hours
from db.conversations.hours import OfficeHours, OpenHours
from db.errors import RequestError
from db.jobs import RemindOfAppointment
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work


class Booking(NamedTuple):
    """What a board offers. `hours` empty: the office hours of the company; version 0: nobody set anything."""

    enabled: bool
    minutes: int
    capacity: int
    notice_minutes: int
    ahead_days: int
    remind_hours: int
    hours: list[OpenHours]
    version: int


NONE = Booking(False, 60, 1, 120, 14, 0, [], 0)

_hours: msgspec.json.Decoder[list[OpenHours]] = msgspec.json.Decoder(list[OpenHours])
_SETTINGS = """
select enabled, minutes, capacity, notice_minutes, ahead_days, remind_hours, hours::text as hours, version from booking where company_id = $1 and board_id = $2
"""
_PUT = """
insert into booking as b (company_id, board_id, enabled, minutes, notice_minutes, ahead_days, hours, capacity, remind_hours)
values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)
on conflict (company_id, board_id) do update set enabled = $3, minutes = $4, notice_minutes = $5, ahead_days = $6, hours = $7::jsonb,
    capacity = $8, remind_hours = $9, version = b.version + 1
"""
_TAKEN = f"""
select starts_at, ends_at, seat from appointment where company_id = $1 and board_id = $2 and state = '{AppointmentState.BOOKED.value}'
    and starts_at < $4 and ends_at > $3 and id is distinct from $5
    and exists (select from lead l where l.company_id = $1 and l.id = lead_id)
"""
# Of a lead that was deleted: its time is free again.
_ORPHANS = f"""
update appointment set state = '{AppointmentState.CANCELLED.value}', cancelled_at = now(), version = version + 1
where company_id = $1 and board_id = $2 and state = '{AppointmentState.BOOKED.value}' and starts_at < $4 and ends_at > $3
    and not exists (select from lead l where l.company_id = $1 and l.id = lead_id)
"""
COLUMNS = """
a.id, a.board_id, b.name as board, a.lead_id, l.title as lead_title, l.contact_id, c.name as contact_name, l.conversation_id, a.starts_at,
    a.ends_at, a.state, a.by_id, u.name as by_name, a.proposal_id, a.version, a.created_at, a.cancelled_at, a.reminded_at
"""
FROM = """
from appointment a join lead l on l.company_id = $1 and l.id = a.lead_id join board b on b.company_id = $1 and b.id = a.board_id
left join contact c on c.company_id = $1 and c.id = l.contact_id left join account_user u on u.id = a.by_id
"""
_INSERT = """
insert into appointment(company_id, board_id, lead_id, starts_at, ends_at, seat, by_id, proposal_id) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
"""
_CURRENT = f"""
from appointment where company_id = $1 and lead_id = $2 and state = '{AppointmentState.BOOKED.value}' and ends_at > now()
"""
_MOVE = """
update appointment set starts_at = $3, ends_at = $4, seat = $5, reminded_at = null, version = version + 1 where company_id = $1 and id = $2
"""
_RESTORE = f"""
update appointment set state = '{AppointmentState.BOOKED.value}', cancelled_at = null, seat = $3, version = version + 1 where company_id = $1 and id = $2
"""
_CANCEL = f"""
update appointment set state = '{AppointmentState.CANCELLED.value}', cancelled_at = now(), version = version + 1 where company_id = $1 and id = $2
"""


# -- what a board offers


async def of(r: Read, company_id: UUID, board_id: UUID, *, hold: bool = False) -> Booking:
    row = await r.fetchrow(_SETTINGS + (" for update" if hold else ""), company_id, board_id)
    if row is None:
        return NONE
    return Booking(
        row["enabled"],
        row["minutes"],
        row["capacity"],
        row["notice_minutes"],
        row["ahead_days"],
        row["remind_hours"],
        _hours.decode(row["hours"]),
        row["version"],
    )


async def booking(actor: Actor, board_id: UUID) -> Booking:
    """Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        return await of(r, actor.company_id, board_id)


async def put(actor: Actor, board_id: UUID, *, expected: Expected = None, **values: Any) -> Booking:
    """`values`: all of Booking but the version. What is booked stays as it is. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await boards.lock(w, board_id)
        versions.check((await of(w, w.company_id, board_id, hold=True)).version, expected)
        hours = msgspec.json.encode(values["hours"]).decode()
        await w.execute(
            _PUT,
            w.company_id,
            board_id,
            values["enabled"],
            values["minutes"],
            values["notice_minutes"],
            values["ahead_days"],
            hours,
            values["capacity"],
            values["remind_hours"],
        )
        w.audit("booking.changed", board_id, enabled=values["enabled"])
        return await of(w, w.company_id, board_id)


async def opens(r: Read, company_id: UUID, chosen: Booking) -> OfficeHours:
    office = await office_hours.of(r, company_id)
    return office if not chosen.hours else office._replace(enabled=True, hours=chosen.hours)


async def free_in(r: Read, company_id: UUID, board_id: UUID, since: datetime | None = None) -> list[Span]:
    """Times that are free from a moment on, the first ones; none where the board takes no bookings, or nobody said when it is open."""
    chosen = await of(r, company_id, board_id)
    if not chosen.enabled:
        return []
    begins, ends = _bounds(chosen, since)
    taken = await r.fetch(_TAKEN, company_id, board_id, begins, ends, None)
    hours = await opens(r, company_id, chosen)
    spans = [Span(row["starts_at"], row["ends_at"]) for row in taken]
    return slots.free(hours, chosen.minutes, begins, ends, spans, chosen.capacity)


def _bounds(chosen: Booking, since: datetime | None = None) -> tuple[datetime, datetime]:
    at = now()
    soonest = at + timedelta(minutes=chosen.notice_minutes)
    return max(soonest, since or soonest), at + timedelta(days=chosen.ahead_days)


async def free(actor: Actor, board_id: UUID, since: datetime | None = None) -> list[Span]:
    """Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        return await free_in(r, actor.company_id, board_id, since)


async def of_lead(r: Read, company_id: UUID, lead_id: UUID) -> datetime | None:
    """When the lead has its appointment, where it has one that is not over."""
    found: datetime | None = await r.fetchval(f"select starts_at {_CURRENT}", company_id, lead_id)
    return found


# -- booking


async def book(actor: Actor, lead_id: UUID, starts_at: datetime) -> asyncpg.Record:
    """A row of `COLUMNS`. Raises NotFound, Conflict `not_free`, `booked_already`, `no_bookings`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        board_id = await w.fetchval("select board_id from lead where company_id = $1 and id = $2", w.company_id, lead_id)
        if board_id is None:
            raise RequestError.NOT_FOUND(what="lead")
        return await book_in(w, board_id, lead_id, starts_at)


async def book_in(
    w: Work, board_id: UUID, lead_id: UUID, starts_at: datetime, *, proposal_id: UUID | None = None, signed: Signed = UNSIGNED
) -> asyncpg.Record:
    """The same inside a unit of work."""
    await leads.lock(w, lead_id, None)
    span, seat, hours = await _take(w, board_id, starts_at)
    if await w.fetchval(f"select true {_CURRENT}", w.company_id, lead_id):
        raise BookingError.BOOKED_ALREADY()
    by_id = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    appointment_id = await w.fetchval(_INSERT, w.company_id, board_id, lead_id, *span, seat, by_id, proposal_id)
    await leads.change_in(w, lead_id, due_on=await _day(w, span.start), signed=signed)
    await _plan_reminder(w, appointment_id, span.start, hours)
    w.audit("appointment.booked", appointment_id, lead_id=str(lead_id), starts_at=span.start.isoformat())
    return await _told(w, appointment_id)


async def _take(
    w: Work, board_id: UUID, starts_at: datetime, moving: UUID | None = None, *, at_once: bool = False
) -> tuple[Span, int, int]:
    """The time that begins then, a seat in it, and how many hours before it who books is reminded; held until the transaction ends.
    `at_once`: without the board's notice. Raises Conflict where it is none, or not free."""
    chosen = await of(w, w.company_id, board_id, hold=True)
    if not chosen.enabled:
        raise BookingError.NO_BOOKINGS()
    begins, ends = _bounds(chosen._replace(notice_minutes=0) if at_once else chosen)
    if not begins <= starts_at < ends:  # first: at the ends of the calendar nothing can be reckoned
        raise BookingError.NOT_FREE()
    span = slots.stands(await opens(w, w.company_id, chosen), chosen.minutes, starts_at)
    if span is None or span.end > ends:
        raise BookingError.NOT_FREE()
    await w.execute(_ORPHANS, w.company_id, board_id, span.start, span.end)
    taken = [row["seat"] for row in await w.fetch(_TAKEN, w.company_id, board_id, span.start, span.end, moving)]
    if len(taken) >= chosen.capacity:
        raise BookingError.NOT_FREE()
    seat = next(one for one in range(1, chosen.capacity + 1) if one not in taken)
    return span, seat, chosen.remind_hours


async def current(r: Read, company_id: UUID, lead_id: UUID) -> asyncpg.Record:
    """A row of `COLUMNS`: the appointment that the lead has. Raises NotFound."""
    return await one(r, company_id, await r.fetchval(f"select id {_CURRENT}", company_id, lead_id))


async def move(actor: Actor, appointment_id: UUID, starts_at: datetime, *, expected: Expected = None) -> asyncpg.Record:
    """To another free time of the board. Raises NotFound, PreconditionFailed, Conflict `not_free`, `appointment_over`, `no_bookings`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        return await move_in(w, appointment_id, starts_at, expected=expected)


async def move_in(
    w: Work, appointment_id: UUID, starts_at: datetime, *, expected: Expected = None, signed: Signed = UNSIGNED
) -> asyncpg.Record:
    """The same inside a unit of work."""
    row = await _held(w, appointment_id, expected)
    span, seat, hours = await _take(w, row["board_id"], starts_at, appointment_id)
    await w.execute(_MOVE, w.company_id, appointment_id, *span, seat)
    await leads.change_in(w, row["lead_id"], due_on=await _day(w, span.start), signed=signed)
    await _plan_reminder(w, appointment_id, span.start, hours)
    w.audit("appointment.moved", appointment_id, lead_id=str(row["lead_id"]), starts_at=span.start.isoformat())
    return await _told(w, appointment_id)


async def cancel(actor: Actor, appointment_id: UUID, *, expected: Expected = None) -> asyncpg.Record:
    """The time is free again. Raises NotFound, PreconditionFailed, Conflict `appointment_over`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        return await cancel_in(w, appointment_id, expected=expected)


async def cancel_in(
    w: Work, appointment_id: UUID, *, expected: Expected = None, due_on: date | None = None, signed: Signed = UNSIGNED
) -> asyncpg.Record:
    """The same inside a unit of work. The lead is due as `due_on` says, where it was due on that day."""
    row = await _held(w, appointment_id, expected)
    await w.execute(_CANCEL, w.company_id, appointment_id)
    await w.withdraw(RemindOfAppointment(appointment_id=appointment_id))
    lead = await leads.lock(w, row["lead_id"], None)
    if lead["due_on"] == await _day(w, row["starts_at"]):
        await leads.change_in(w, row["lead_id"], due_on=due_on, signed=signed)
    w.audit("appointment.cancelled", appointment_id, lead_id=str(row["lead_id"]), starts_at=row["starts_at"].isoformat())
    return await _told(w, appointment_id)


async def restore_in(w: Work, appointment_id: UUID, *, signed: Signed = UNSIGNED) -> asyncpg.Record:
    """What was cancelled stands again, where its time is still free and the lead has no other; the lead is due on its day, unless it is
    due on another by now. Raises NotFound, Conflict `not_free`, `booked_already`, `no_bookings`."""
    row = await one(w, w.company_id, appointment_id)
    lead = await leads.lock(w, row["lead_id"], None)
    span, seat, hours = await _take(w, row["board_id"], row["starts_at"], at_once=True)
    if await w.fetchval(f"select true {_CURRENT}", w.company_id, row["lead_id"]):
        raise BookingError.BOOKED_ALREADY()
    await w.execute(_RESTORE, w.company_id, appointment_id, seat)
    if lead["due_on"] is None:
        await leads.change_in(w, row["lead_id"], due_on=await _day(w, span.start), signed=signed)
    await _plan_reminder(w, appointment_id, span.start, hours)
    w.audit("appointment.booked", appointment_id, lead_id=str(row["lead_id"]), starts_at=span.start.isoformat())
    return await _told(w, appointment_id)


async def _held(w: Work, appointment_id: UUID, expected: Expected) -> asyncpg.Record:
    """The lead before the appointment, as by who books."""
    row = await one(w, w.company_id, appointment_id)
    await leads.lock(w, row["lead_id"], None)
    await w.execute("select from appointment where company_id = $1 and id = $2 for update", w.company_id, appointment_id)
    row = await one(w, w.company_id, appointment_id)
    versions.check(row["version"], expected)
    if row["state"] != AppointmentState.BOOKED or row["ends_at"] <= now():
        raise BookingError.APPOINTMENT_OVER()
    return row


async def _day(w: Work, at: datetime) -> date:
    """In the time zone of the company."""
    return at.astimezone((await office_hours.of(w, w.company_id)).zone).date()


async def _plan_reminder(w: Work, appointment_id: UUID, starts_at: datetime, hours: int) -> None:
    """In place of what was planned before. Who books shortly before it is not reminded."""
    job = RemindOfAppointment(appointment_id=appointment_id)
    await w.withdraw(job)
    if hours and (at := starts_at - timedelta(hours=hours)) > now():
        w.enqueue(job, at=at)


async def one(r: Read, company_id: UUID, appointment_id: UUID) -> asyncpg.Record:
    """Raises NotFound."""
    row = await r.fetchrow(f"select {COLUMNS} {FROM} where a.company_id = $1 and a.id = $2", company_id, appointment_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="appointment")
    return row


async def _told(w: Work, appointment_id: UUID) -> asyncpg.Record:
    row = await one(w, w.company_id, appointment_id)
    w.emit(
        AppointmentChanged(
            appointment_id=appointment_id,
            board_id=row["board_id"],
            lead_id=row["lead_id"],
            starts_at=row["starts_at"],
            state=row["state"],
        )
    )
    return row


class Which(NamedTuple):
    """None: whichever. `since`, `until`: of when they begin."""

    board_id: UUID | None = None
    lead_id: UUID | None = None
    contact_id: UUID | None = None
    state: AppointmentState | None = None
    since: datetime | None = None
    until: datetime | None = None


_LIST = f"""
select {COLUMNS} {FROM} where a.company_id = $1 and ($2::uuid is null or a.board_id = $2) and ($3::uuid is null or a.lead_id = $3)
    and ($4::uuid is null or l.contact_id = $4) and ($5::text is null or a.state = $5) and ($6::timestamptz is null or a.starts_at >= $6)
    and ($7::timestamptz is null or a.starts_at < $7) and ($8::timestamptz is null or (a.starts_at, a.id) > ($8, $9::uuid))
order by a.starts_at, a.id limit $10
"""


async def appointments(actor: Actor, which: Which, *, after: tuple[datetime, UUID] | None, limit: int) -> list[asyncpg.Record]:
    """Rows of `COLUMNS`, the soonest first."""
    state = None if which.state is None else which.state.value
    async with read(actor, Permission.BOARDS_READ) as r:
        return await r.fetch(
            _LIST,
            actor.company_id,
            which.board_id,
            which.lead_id,
            which.contact_id,
            state,
            which.since,
            which.until,
            *(after or (None, None)),
            limit,
        )


async def appointment(actor: Actor, appointment_id: UUID) -> asyncpg.Record:
    """A row of `COLUMNS`. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        return await one(r, actor.company_id, appointment_id)
