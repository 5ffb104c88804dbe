"""Runs background jobs: claims the row, calls the function, writes one of four outcomes (done, retry, snooze, cancel).

SAQ carries the wake-up; the row in Postgres is the job. A doubled or late wake-up finds the row leased or gone. The sweeper
makes good what was never woken, and gives back what a dead worker held.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from db import installation, job_runs, queue, storable, valkey, witness
from db.clock import now
from db.errors import Unavailable
from db.job_runs import Claimed, Due
from db.jobs import ALONE, Job, QueueName
from db.redact import redact
from db.shares import Shares
from workers.registration import GivenUp, JobFunction, Loop

log = structlog.get_logger("workers.runtime")

RETRY_BASE, RETRY_CAP = 2.0, 900.0
SHIFT = 80.0  # seconds; then a place that goes on by itself waits for its next wake-up, whose limit a job of 900 s fits into


class Retry(Exception):
    """Try again after so many seconds; counts as a try. `None`: by exponential back-off."""

    def __init__(self, after: float | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.after = after


class Snooze(Exception):
    """Not yet: look again at `until`; does not count as a try."""

    def __init__(self, until: datetime) -> None:
        super().__init__(str(until))
        self.until = until


class Cancel(Exception):
    """This will never work: the row is kept as dead with the reason."""


async def _witnessed(company_id: UUID, job_id: UUID, job: Job) -> bool:
    """Tells the witness of a job that somebody outside notices, before it runs. False: another generation of the installation began. While
    Valkey is away the job runs all the same: a mail twice is the lesser evil."""
    life = installation.life()
    if job.when_held != "hold" or life is None:
        return True
    try:
        return await witness.note_job(life, company_id, job_id)
    except valkey.Down:
        return True


class Runner:
    """The jobs this process can run."""

    def __init__(
        self,
        functions: Mapping[type[Job], JobFunction],
        given_up: Mapping[type[Job], GivenUp] | None = None,
        slots: Mapping[str, int] | None = None,
    ) -> None:
        """`slots`: how many of each queue run at once, of which companies take turns."""
        self._functions = functions
        self._given_up = given_up or {}
        self._shares = {name: Shares(places) for name, places in (slots or {}).items()}
        self._choosing = {name: asyncio.Lock() for name in self._shares}
        self._behind: dict[QueueName, bool] = {}  # a wake-up was in vain, since a company had all its places

    async def run(self, job_id: UUID) -> str:
        """Runs one job row if it is due and free; returns the outcome: done, retry, snooze, cancel, or `none`."""
        row = await job_runs.claim(list(self._functions), job_id=job_id, full=[], order=[])
        return "none" if row is None else await self._run(row)

    async def run_next(self, name: QueueName) -> str:
        """Runs the job of this queue whose company is next, if any is due and free; returns the outcome as `run`."""
        shares = self._shares[name]
        async with self._choosing[name]:  # two that choose at once would give one company both places
            full = [company_id for company_id in shares.held if shares.full(company_id)]
            row = await job_runs.claim(list(self._functions), name=name, full=full, order=shares.known())
            if row is None:
                self._behind[name] = bool(full)
                return "none"
            shares.take(row.company_id)
        try:
            outcome = await self._run(row)
        finally:
            refused = shares.full(row.company_id) and name not in ALONE
            shares.give(row.company_id)
        if refused:
            await self._wake_next(row.company_id, name)
        return outcome

    async def run_on(self, name: QueueName, going: Callable[[], bool]) -> None:
        """As `run_next`, and again at once while wake-ups come in vain because companies have all their places: those are not given twice
        within seconds, and whoever waits would wait for the next round of the sweeper though a place is free."""
        until = time.monotonic() + SHIFT
        while going() and await self.run_next(name) != "none":
            if not self._behind.get(name) or time.monotonic() > until:
                return

    async def _run(self, row: Claimed) -> str:
        job = queue.decode(row.payload)
        outcome = await self._carry_out(job, row)
        if job.queue in ALONE:
            await self._wake_next(row.company_id, job.queue)
        return outcome

    async def _wake_next(self, company_id: UUID, name: QueueName) -> None:
        """A job that could not run beside others of its company used its wake-up in vain."""
        await queue.wake([queue.Wake(*item) for item in await job_runs.next_of(company_id, name)])

    async def _carry_out(self, job: Job, row: Claimed) -> str:
        company_id, job_id, tries = row.company_id, row.id, row.tries
        if not await _witnessed(company_id, job_id, job):
            await job_runs.again(job_id, tries, now(), None, counts=False)
            return "none"
        structlog.contextvars.bind_contextvars(company_id=str(company_id), job_id=str(job_id), job=type(job).__name__)
        try:
            if tries > row.max_tries:  # every run ended with its worker
                return await self._give_up(company_id, job_id, job, tries, "its worker died each time")
            async with asyncio.timeout(job.timeout), _prolonged(job, job_id, tries):
                await self._functions[type(job)](company_id, job)
        except Snooze as snooze:
            await job_runs.again(job_id, tries, snooze.until, None, counts=False)
            return "snooze"
        except asyncio.CancelledError:  # this process ends: another one goes on now, and not when the lease is over
            with contextlib.suppress(Unavailable):
                await job_runs.again(job_id, tries, now(), None, counts=False)
            raise
        except Cancel as cancel:
            log.warning("job.cancelled", reason=str(cancel))
            return await self._give_up(company_id, job_id, job, tries, str(cancel))
        except Exception as error:
            after = error.after if isinstance(error, Retry) else None
            if tries >= row.max_tries:
                log.error("job.dead", tries=tries, error=repr(error), exc_info=not isinstance(error, Retry))
                return await self._give_up(company_id, job_id, job, tries, _told(error))
            delay = after if after is not None else min(RETRY_CAP, RETRY_BASE**tries) * random.uniform(0.8, 1.2)
            log.warning("job.retry", tries=tries, after=round(delay, 1), error=repr(error), exc_info=not isinstance(error, Retry))
            await job_runs.again(job_id, tries, now() + timedelta(seconds=delay), _told(error), counts=True)
            return "retry"
        finally:
            structlog.contextvars.clear_contextvars()
        await job_runs.done(job_id, tries)
        return "done"

    async def _give_up(self, company_id: UUID, job_id: UUID, job: Job, tries: int, reason: str) -> str:
        tell = self._given_up.get(type(job))
        if tell is not None:
            await tell(company_id, job, reason)
        await job_runs.dead(job_id, tries, storable.text(reason, 2000))
        return "cancel"


@contextlib.asynccontextmanager
async def _prolonged(job: Job, job_id: UUID, tries: int) -> AsyncIterator[None]:
    """The lease of a job that has a short one is prolonged while inside."""
    if job.lease is None:
        yield
        return
    task = asyncio.create_task(_prolong(job_id, tries, job.lease))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _prolong(job_id: UUID, tries: int, lease: float) -> None:
    """Until somebody else has it. While Postgres is away nobody can take it either."""
    while True:
        await asyncio.sleep(lease / 4)
        with contextlib.suppress(Unavailable):
            if not await job_runs.prolong(job_id, tries, lease):
                return


def _told(error: Exception) -> str:
    """The error as the job's row keeps it."""
    return redact(repr(error))[:2000]


async def sweep() -> int:
    """Wakes every due job again that lacks a wake-up; harmless for those that run. Returns how many are due."""
    rows = await job_runs.due()
    due: dict[str, list[Due]] = {}
    for row in rows:
        due.setdefault(row.queue, []).append(row)
    for name, jobs in due.items():
        for row in jobs[await queue.waiting(name) :]:  # whose wake-up it is does not matter
            await queue.wake_one(name, "run_job", key=queue.wake_key(row.id), job_id=str(row.id))
    return len(rows)


LOOPS = (Loop("jobs", 2.0, sweep),)
