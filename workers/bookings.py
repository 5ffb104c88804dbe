"""Reminds customers of their appointments, when it is time. Repeating it is harmless."""

from uuid import UUID

from db.bookings import reminders
from db.jobs import RemindOfAppointment
from workers.registration import Handler
from workers.runtime import Snooze


async def remind(company_id: UUID, job: RemindOfAppointment) -> None:
    """Raises Snooze where it was moved to later."""
    again = await reminders.remind(company_id, job.appointment_id)
    if again is not None:
        raise Snooze(again)


JOBS = (Handler(RemindOfAppointment, lambda _: remind),)
