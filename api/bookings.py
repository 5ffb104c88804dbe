"""Times that customers book, over HTTP. Thin, every rule is in db/bookings."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Page, PersonRef
from api.contract.bookings import (
    Appointment,
    AppointmentCreate,
    AppointmentMove,
    AppointmentState,
    Booking,
    BookingPut,
    FreeTime,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.bookings import bookings
from db.bookings.bookings import Which
from db.errors import RequestError, RequestField

Since = Annotated[datetime | None, QueryParameter(name="since", description="Those that begin then or later.")]
Until = Annotated[datetime | None, QueryParameter(name="until", description="Those that begin before.")]


def _with_offset(since: datetime | None, until: datetime | None) -> None:
    """Raises Invalid for a moment that names no zone."""
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is None:
            raise RequestError.INVALID(fields=[RequestField.NEEDS_OFFSET(name)])


def _booking(found: bookings.Booking) -> Booking:
    return Booking(**found._asdict())


def _appointment(row: asyncpg.Record) -> Appointment:
    by = PersonRef(id=row["by_id"], name=row["by_name"] or "") if row["by_id"] is not None else None
    return struct(row, Appointment, by=by, contact_name=row["contact_name"] or "")


class BookingController(Controller):
    path = "/v1/boards/{board_id:uuid}"
    tags = ("Appointments",)

    @get(
        "/booking",
        summary="Get what a board offers to book",
        description="A board without settings offers nothing; its version is 0.",
    )
    async def get_booking(self, actor: Caller, board_id: FromPath[UUID]) -> Booking:
        return _booking(await bookings.booking(actor, board_id))

    @put(
        "/booking",
        opt={"versioned": True},
        summary="Set what a board offers to book",
        description="Times stand one after the other from each opening on. 412 when somebody else changed it.",
    )
    async def put_booking(
        self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[BookingPut], expected: IfMatch
    ) -> Booking:
        return _booking(await bookings.put(actor, board_id, expected=expected, **msgspec.structs.asdict(data)))

    @get(
        "/free-times",
        summary="List free times",
        description="The first 200 that can be booked now; none where the board offers nothing.",
    )
    async def list_free_times(self, actor: Caller, board_id: FromPath[UUID], since: Since = None) -> Page[FreeTime]:
        _with_offset(since, None)
        found = await bookings.free(actor, board_id, since)
        return Page(items=[FreeTime(starts_at=one.start, ends_at=one.end) for one in found], total=len(found))


class AppointmentController(Controller):
    path = "/v1/appointments"
    tags = ("Appointments",)

    @get(summary="List appointments", description="The soonest first.")
    async def list_appointments(
        self,
        actor: Caller,
        board_id: FromQuery[UUID | None] = None,
        lead_id: FromQuery[UUID | None] = None,
        contact_id: FromQuery[UUID | None] = None,
        in_state: Annotated[AppointmentState | None, QueryParameter(name="state")] = None,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Appointment]:
        _with_offset(since, until)
        after = decode_cursor(cursor, tuple[datetime, UUID])
        which = Which(board_id, lead_id, contact_id, in_state, since, until)
        rows = await bookings.appointments(actor, which, after=after, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["starts_at"], row["id"]), _appointment)

    @get("/{appointment_id:uuid}", summary="Get an appointment", description="Cancelled ones too.")
    async def get_appointment(self, actor: Caller, appointment_id: FromPath[UUID]) -> Appointment:
        return _appointment(await bookings.appointment(actor, appointment_id))

    @post(
        summary="Book a time",
        description="For a lead, on its board: one of its free times. Of two at the same moment one gets it. 409 `not_free`, `booked_already`, "
        "`no_bookings`.",
    )
    async def book(self, actor: Caller, data: JSONBody[AppointmentCreate]) -> Appointment:
        return _appointment(await bookings.book(actor, data.lead_id, data.starts_at))

    @post(
        "/{appointment_id:uuid}/move",
        status_code=200,
        summary="Move an appointment",
        description="To another free time of the board. 409 `not_free`, `appointment_over`, `no_bookings`.",
    )
    async def move(self, actor: Caller, appointment_id: FromPath[UUID], data: JSONBody[AppointmentMove]) -> Appointment:
        return _appointment(await bookings.move(actor, appointment_id, data.starts_at))

    @post(
        "/{appointment_id:uuid}/cancel",
        status_code=200,
        summary="Cancel an appointment",
        description="Its time is free again. 409 `appointment_over`.",
    )
    async def cancel(self, actor: Caller, appointment_id: FromPath[UUID]) -> Appointment:
        return _appointment(await bookings.cancel(actor, appointment_id))
