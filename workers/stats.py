"""Rounds that keep the figures: fold deltas, and once a day check a company, compact ended campaigns and forget old hours."""

from datetime import datetime

import structlog

from db.campaigns import tallies
from db.clock import now
from db.stats import check, fold
from db.work import system_read, system_work, take_tick
from workers.registration import Loop

log = structlog.get_logger("workers.stats")


async def fold_deltas() -> None:
    """Until nothing waits."""
    while await fold.fold() == fold.ROWS:
        pass


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


async def daily() -> None:
    """Once a day in the whole installation. A wrong figure is named in the log; `python -m db stats --repair` counts it anew."""
    if not await take_tick("stats", _day(now())):
        return
    async with system_work() as s:
        await fold.forget_hours(s)
    async with system_read() as s:
        company_id = await check.any_company(s)
        for wrong in await check.differences(s, company_id) if company_id else []:
            log.error("stats.differ", company_id=str(company_id), **wrong._asdict())
    while await tallies.compact():
        pass


LOOPS = (Loop("stats", 2.0, fold_deltas), Loop("daily", 60.0, daily))
