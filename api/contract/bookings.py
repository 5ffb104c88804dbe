"""Times that customers book: what a board offers, and what is booked."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, PersonRef, example
from api.contract.contacts import Moment
from db.bookings.enums import AppointmentState as AppointmentState
from db.conversations.hours import OpenHours as OpenHours


class BookingPut(Input):
    """PUT /v1/boards/{id}/booking with If-Match → Booking. `hours` empty: the office hours of the company. What is booked stays."""

    enabled: bool
    minutes: Annotated[int, Meta(ge=5, le=480, examples=[60])] = 60
    capacity: Annotated[int, Meta(ge=1, le=50, examples=[1])] = 1
    notice_minutes: Annotated[int, Meta(ge=0, le=43_200, examples=[120])] = 120
    ahead_days: Annotated[int, Meta(ge=1, le=90, examples=[14])] = 14
    remind_hours: Annotated[int, Meta(ge=0, le=72, examples=[24])] = 0
    hours: Annotated[list[OpenHours], Meta(max_length=50)] = []


class Booking(Output):
    """GET /v1/boards/{id}/booking. A board is one calendar: each time of it is booked `capacity` times."""

    enabled: bool
    minutes: Annotated[int, example(60)]  # of one appointment
    capacity: Annotated[int, example(1)]  # appointments at the same time
    notice_minutes: Annotated[int, example(120)]  # so soon nothing is free
    ahead_days: Annotated[int, example(14)]
    remind_hours: Annotated[int, example(24)]  # so long before it the customer is reminded; 0: never
    hours: list[OpenHours]  # empty: the office hours of the company
    version: int


class FreeTime(Output):
    starts_at: Moment
    ends_at: Moment


class AppointmentCreate(Input):
    """POST /v1/appointments → Appointment. 409 `not_free`, `booked_already`, `no_bookings`."""

    lead_id: UUID
    starts_at: Moment


class AppointmentMove(Input):
    """POST /v1/appointments/{id}/move → Appointment. 409 `not_free`, `appointment_over`, `no_bookings`."""

    starts_at: Moment


class Appointment(Output):
    """GET /v1/appointments → Page[Appointment], the soonest first. The lead is due on its day."""

    id: UUID
    board_id: UUID
    board: Annotated[str, example("Agenda")]
    lead_id: UUID
    lead_title: Annotated[str, example("Corte")]
    contact_id: UUID | None
    contact_name: Annotated[str, example("Beatriz Nunes")]
    conversation_id: UUID | None
    starts_at: Moment
    ends_at: Moment
    state: AppointmentState
    by: PersonRef | None  # who booked it; null: the AI, or a program
    proposal_id: UUID | None  # by which the AI did
    version: int
    created_at: Moment
    cancelled_at: Moment | None
    reminded_at: Moment | None  # where the channel took no message, the lead fell due instead
