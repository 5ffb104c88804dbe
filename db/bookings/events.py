"""Events about bookings. Pure data, imported by the wire contract too."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from db.events import Event
from db.permissions import Permission


class AppointmentChanged(Event, frozen=True, kw_only=True):
    """A time was booked, moved to another one, or cancelled."""

    type: ClassVar = "appointment.changed"
    permission: ClassVar = Permission.BOARDS_READ
    appointment_id: UUID
    board_id: UUID
    lead_id: UUID
    starts_at: Annotated[datetime, Meta(examples=["2026-01-10T12:00:00Z"])]
    state: Annotated[str, Meta(examples=["booked"])]
