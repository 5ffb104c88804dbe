"""Times that customers book, over the API."""

from datetime import datetime
from uuid import UUID

from api.contract.base import Page
from api.contract.bookings import (
    Appointment,
    AppointmentCreate,
    AppointmentMove,
    AppointmentState,
    Booking,
    BookingPut,
    FreeTime,
)
from ui.client.base import ApiClient

_PATH = "/v1/appointments"
MOST_PAGES = 5


async def booking(api: ApiClient, board_id: UUID) -> Booking:
    return await api.get(f"/v1/boards/{board_id}/booking", Booking)


async def set_booking(api: ApiClient, board_id: UUID, body: BookingPut, version: int) -> Booking:
    """412 when somebody changed it since that version."""
    return await api.put(f"/v1/boards/{board_id}/booking", Booking, body, version=version)


async def free_times(api: ApiClient, board_id: UUID) -> list[FreeTime]:
    return (await api.get(f"/v1/boards/{board_id}/free-times", Page[FreeTime])).items


async def appointments(
    api: ApiClient, *, lead_id: UUID | None = None, contact_id: UUID | None = None, since: datetime | None = None
) -> list[Appointment]:
    """Those that are booked, the soonest first."""
    params = {"lead_id": lead_id, "contact_id": contact_id, "since": since, "state": AppointmentState.BOOKED, "limit": 20}
    return (await api.get(_PATH, Page[Appointment], params)).items


async def between(api: ApiClient, board_id: UUID, since: datetime, until: datetime) -> list[Appointment]:
    """Those of a board that are booked and begin in it, the soonest first; of very many the first."""
    found: list[Appointment] = []
    params = {"board_id": board_id, "since": since, "until": until, "state": AppointmentState.BOOKED, "limit": 200}
    for _page in range(MOST_PAGES):
        page = await api.get(_PATH, Page[Appointment], params)
        found += page.items
        if page.next_cursor is None:
            break
        params["cursor"] = page.next_cursor
    return found


async def book(api: ApiClient, lead_id: UUID, starts_at: datetime) -> Appointment:
    """409 when the time is not free any more."""
    return await api.post(_PATH, Appointment, AppointmentCreate(lead_id=lead_id, starts_at=starts_at))


async def move(api: ApiClient, appointment_id: UUID, starts_at: datetime) -> Appointment:
    return await api.post(f"{_PATH}/{appointment_id}/move", Appointment, AppointmentMove(starts_at=starts_at))


async def cancel(api: ApiClient, appointment_id: UUID) -> Appointment:
    return await api.post(f"{_PATH}/{appointment_id}/cancel", Appointment)
