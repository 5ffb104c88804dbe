"""Once an hour: what is old is forgotten, and channels are checked again."""

from datetime import datetime

import asyncpg
import structlog

from db import blobs, event_consumers, idempotency, job_runs
from db.accounts import expiry
from db.channels import provider_state
from db.clock import now
from db.contacts import import_files, import_undo, imports
from db.contacts.enums import ImportState
from db.contacts.reasons import FileProblem
from db.messages import inbox, lost
from db.work import forget_ticks, system_work, take_tick
from workers.registration import Loop

log = structlog.get_logger("workers.housekeeping")

FORGET = (
    forget_ticks, job_runs.forget_dead, expiry.forget_old, inbox.forget_old, lost.forget_old, idempotency.forget_old,
    event_consumers.prune,
)  # fmt: skip
"""Each deletes what its tables need no longer, in a transaction of its own."""


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


async def hourly() -> None:
    """Once an hour in the whole installation."""
    if not await take_tick("hourly", _hour(now())):
        return
    for forget in FORGET:
        try:
            async with system_work() as s:
                await forget(s)
        except asyncpg.PostgresError as error:  # holds up neither the others nor the checks
            log.error("housekeeping.failed", what=f"{forget.__module__}.{forget.__name__}", error=repr(error))
    await event_consumers.wake_behind()
    await provider_state.recheck_due()
    await forget_undos()
    await _files()


async def forget_undos() -> None:
    """What old imports changed, and what was there before."""
    for company_id, import_id in await import_undo.expired():
        await import_undo.forget(company_id, import_id)


async def _files() -> None:
    """Ends imports that nobody started, and deletes files that no import needs."""
    for company_id, import_id in await import_files.unstarted():
        await imports.finish(company_id, import_id, ImportState.FAILED, error=FileProblem.EXPIRED)
    async for key in import_files.orphans():
        log.info("housekeeping.orphan", key=key)
        await blobs.store().delete(key)


LOOPS = (Loop("hourly", 60.0, hourly),)
