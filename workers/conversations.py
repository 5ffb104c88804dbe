"""Snoozed conversations come back when their time has come."""

from db.conversations import actions
from db.permissions import Permission
from db.tenancy import worker
from db.work import work
from workers.registration import Loop


async def wake_snoozed() -> None:
    """One round over all companies that have one due."""
    for company_id in await actions.companies_waking():
        async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
            await actions.wake_snoozed(w)


LOOPS = (Loop("snoozed", 5.0, wake_snoozed),)
