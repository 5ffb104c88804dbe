"""Rounds that keep the figures: fold deltas, and once a day check some companies, compact ended campaigns and forget old hours."""

import time
from datetime import datetime
from uuid import UUID

import structlog

from db.campaigns import tallies
from db.clock import now
from db.stats import check, fold
from db.work import system_read, system_work, take_tick
from workers.registration import Loop

COMPANIES = 20
"""So many are compared in a night: those first that wait longest."""

log = structlog.get_logger("workers.stats")


async def fold_deltas() -> None:
    """Until nothing waits."""
    while await fold.fold() == fold.ROWS:
        pass


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


async def compare(company_id: UUID) -> None:
    """A company's figures with what they count; the result is kept."""
    began = time.monotonic()
    async with system_read() as s:
        found = await check.differences(s, company_id)
    for wrong in found:
        log.error("stats.differ", company_id=str(company_id), **wrong._asdict())
    async with system_work() as s:
        await check.keep(s, company_id, len(found), round((time.monotonic() - began) * 1000))


async def daily() -> None:
    """Once a day in the whole installation. A wrong figure is named in the log; `python -m db stats --repair` counts it anew."""
    if not await take_tick("stats", _day(now())):
        return
    async with system_work() as s:
        await fold.forget_hours(s)
        companies = await check.due(s, COMPANIES)
    for company_id in companies:
        await compare(company_id)
    while await tallies.compact():
        pass


LOOPS = (Loop("stats", 2.0, fold_deltas), Loop("daily", 60.0, daily))
