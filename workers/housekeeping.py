"""Once an hour: what is old is forgotten, and channels are checked again."""

from datetime import datetime, timedelta

import asyncpg
import structlog

from db import blobs, event_consumers, idempotency, job_runs
from db.accounts import expiry
from db.ai import connection, endings, ledger
from db.analytics import reports, views
from db.assistant import assists, turns
from db.audit import requests
from db.boards import rule_runs, undo
from db.channels import provider_state
from db.clock import now
from db.contacts import import_files, import_undo, imports
from db.contacts.enums import ImportState
from db.contacts.reasons import FileProblem
from db.incoming import deliveries as incoming_deliveries
from db.knowledge import source_files
from db.kommo import tasks as kommo_tasks
from db.messages import files, inbox, lost, repeats, uploads
from db.notifications import centre as notifications
from db.personas import pictures, trials
from db.privacy import exporting, retention
from db.proposals import decide, watch
from db.qr import inbound as heard
from db.webhooks import deliveries as webhook_deliveries
from db.work import forget_ticks, system_work, take_tick
from workers.registration import Loop

log = structlog.get_logger("workers.housekeeping")

FORGET = (
    forget_ticks, job_runs.forget_dead, expiry.forget_old, inbox.forget_old, lost.forget_old, idempotency.forget_old,
    turns.forget_traces, assists.forget_old, event_consumers.prune, undo.forget_old, rule_runs.forget_old,
    ledger.forget_old, trials.forget_old, watch.forget_old, decide.forget_old,
    incoming_deliveries.forget_old, webhook_deliveries.forget_old, retention.wake, requests.forget_old, repeats.forget_old, kommo_tasks.forget_old,
    heard.forget_old, notifications.forget_old, views.forget_left, reports.forget_left,
)  # fmt: skip
"""Each deletes what its tables need no longer, in a transaction of its own."""
ORPHANED = timedelta(hours=24)
"""A file is stored before its row is written: one without a row may be an upload of this moment."""


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
    await connection.recheck()
    await endings.warn()
    await forget_undos()
    await _files()


async def forget_undos() -> None:
    """What old imports changed, and what was there before."""
    for company_id, import_id in await import_undo.expired():
        await import_undo.forget(company_id, import_id)


async def _files() -> None:
    """Lets go of what nobody sent, ends imports that nobody started, and deletes files that no row needs."""
    for company_id in await exporting.over():
        await exporting.delete_over(company_id)
    for company_id in await uploads.untaken():
        await uploads.forget_untaken(company_id)
    for company_id, import_id in await import_files.unstarted():
        await imports.finish(company_id, import_id, ImportState.FAILED, error=FileProblem.EXPIRED)
    page: list[str] = []
    async for key, stored_at in blobs.store().stored():
        if stored_at < now() - ORPHANED:
            page.append(key)
        if len(page) == 1000:
            await _delete_orphans(page)
            page = []
    await _delete_orphans(page)


async def _delete_orphans(keys: list[str]) -> None:
    """Those that no row needs."""
    if not keys:
        return
    kept: set[str] = set()
    for needed in (import_files.needed, files.needed, source_files.needed, pictures.needed, exporting.needed):
        kept |= await needed(keys)
    for key in keys:
        if key not in kept:
            log.info("housekeeping.orphan", key=key)
            await blobs.store().delete(key)


LOOPS = (Loop("hourly", 60.0, hourly),)
