"""Mails what people chose to hear by mail and have not read on a page."""

from uuid import UUID

from db.jobs import MailNotifications
from db.notifications import mailing
from workers.registration import Handler


async def mail(company_id: UUID, job: MailNotifications) -> None:
    """The job: writes one mail, or none."""
    await mailing.post(company_id, job.user_id)


JOBS = (Handler(MailNotifications, lambda r: mail),)
