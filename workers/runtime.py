"""Runs background jobs: claims the row, calls the function, writes one of four outcomes (done, retry, snooze, cancel).

SAQ carries the wake-up; the row in Postgres is the job. A doubled or late wake-up finds the row leased or gone. The sweeper
makes good what was never woken, and gives back what a dead worker held.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from db import installation, queue, storable, valkey, witness
from db.clock import now
from db.errors import Unavailable
from db.jobs import ALONE, Job, QueueName
from db.redact import redact
from db.shares import Shares
from db.work import system_read, system_work

log = structlog.get_logger("workers.runtime")

RETRY_BASE, RETRY_CAP = 2.0, 900.0

# By turns: companies that are full not at all, then the order that is given, first those that are not in it.
_CLAIM = """
update job set state = 'running', tries = tries + 1, lease_until = now() + make_interval(secs => kind.seconds)
from (
    select id from job
    where ($1::uuid is null or id = $1) and ($2::text is null or queue = $2) and company_id <> all($3::uuid[]) and name = any($5)
        and (state = 'waiting' and next_at <= now() + interval '1 second' or state = 'running' and lease_until < now())
        and (select at_home($8, $9, $10))
        and not (queue = any($7::text[]) and exists (select from job o where o.company_id = job.company_id and o.queue = job.queue
            and o.state = 'running' and o.id <> job.id))
    order by array_position($4::uuid[], company_id) nulls first, next_at, id limit 1 for update skip locked
) next, unnest($5::text[], $6::float8[]) kind(name, seconds)
where job.id = next.id and kind.name = job.name
returning job.company_id, job.id, job.payload, job.tries, job.max_tries
"""
_DONE = "delete from job where id = $1 and tries = $2"
_AGAIN = """
update job set state = 'waiting', lease_until = null, next_at = $3, last_error = $4, tries = tries - $5,
    key = case when $6 or exists (select from job o where o.company_id = job.company_id and o.key = job.key and o.state = 'waiting')
        then null else key end
where id = $1 and tries = $2 and state = 'running'
"""
_DEAD = "update job set state = 'dead', lease_until = null, last_error = $3 where id = $1 and tries = $2"
_NEXT = """
select id, queue, next_at from job where company_id = $1 and queue = $2 and state = 'waiting' and next_at <= now()
order by next_at, id limit 1
"""
# By turns, so that who has many due jobs holds nobody else's up.
_DUE = """
select id, queue, next_at from (
    select id, queue, next_at, row_number() over (partition by company_id, queue order by state, next_at, id) as place from job
    where state = 'waiting' and next_at <= now() or state = 'running' and lease_until < now()) due
where place = 1 or queue <> all($1::text[])
order by place, next_at limit 500
"""


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


JobFunction = Callable[[UUID, Any], Awaitable[None]]
GivenUp = Callable[[UUID, Any, str], Awaitable[None]]
"""Told of a job that will not be tried again, so that what waits for it does not wait for ever. Must be harmless when repeated."""


async def _witnessed(company_id: UUID, job_id: UUID, job: Job) -> bool:
    """Tells the witness of a job that somebody outside notices, before it runs. False: the installation began another life. While
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
        functions: dict[type[Job], JobFunction],
        given_up: dict[type[Job], GivenUp] | None = None,
        slots: Mapping[str, int] | None = None,
    ) -> None:
        """`slots`: how many of each queue run at once, of which companies take turns."""
        self._functions = functions
        self._given_up = given_up or {}
        self._shares = {name: Shares(places) for name, places in (slots or {}).items()}
        self._choosing = {name: asyncio.Lock() for name in self._shares}

    async def run(self, job_id: UUID) -> str:
        """Runs one job row if it is due and free; returns the outcome: done, retry, snooze, cancel, or `none`."""
        row = await self._claim(job_id, None, [], [])
        return "none" if row is None else await self._run(row)

    async def run_next(self, name: QueueName) -> str:
        """Runs the job of this queue whose company is next, if any is due and free; returns the outcome as `run`."""
        shares = self._shares[name]
        async with self._choosing[name]:  # two that choose at once would give one company both places
            full = [company_id for company_id in shares.held if shares.full(company_id)]
            row = await self._claim(None, name, full, shares.known())
            if row is None:
                return "none"
            shares.take(row["company_id"])
        try:
            outcome = await self._run(row)
        finally:
            refused = shares.full(row["company_id"]) and name not in ALONE
            shares.give(row["company_id"])
        if refused:
            await self._wake_next(row["company_id"], name)
        return outcome

    async def _claim(
        self, job_id: UUID | None, name: QueueName | None, full: list[UUID], order: list[UUID]
    ) -> asyncpg.Record | None:
        kinds = list(self._functions)
        try:
            async with system_work() as s:
                return await s.fetchrow(
                    _CLAIM,
                    job_id,
                    name,
                    full,
                    order,
                    [kind.__name__ for kind in kinds],
                    [kind.timeout + 5 for kind in kinds],
                    list(ALONE),
                    *installation.fence(),
                )
        except asyncpg.UniqueViolationError:  # two of a company that run alone were claimed at the same moment
            return None

    async def _run(self, row: asyncpg.Record) -> str:
        job = queue.decode(row["payload"])
        outcome = await self._carry_out(row["id"], job, row)
        if job.queue in ALONE:
            await self._wake_next(row["company_id"], job.queue)
        return outcome

    async def _wake_next(self, company_id: UUID, name: QueueName) -> None:
        """A job that could not run beside others of its company used its wake-up in vain."""
        async with system_read() as s:
            waiting = await s.fetch(_NEXT, company_id, name)
        await queue.wake([queue.Wake(item["id"], item["queue"], item["next_at"]) for item in waiting])

    async def _carry_out(self, job_id: UUID, job: Job, row: asyncpg.Record) -> str:
        company_id, tries = row["company_id"], row["tries"]
        if not await _witnessed(company_id, job_id, job):
            await self._write(_AGAIN, job_id, tries, now(), None, 1)
            return "none"
        structlog.contextvars.bind_contextvars(company_id=str(company_id), job_id=str(job_id), job=type(job).__name__)
        try:
            if tries > row["max_tries"]:  # every run ended with its worker
                return await self._give_up(company_id, job_id, job, tries, "its worker died each time")
            async with asyncio.timeout(job.timeout):
                await self._functions[type(job)](company_id, job)
        except Snooze as snooze:
            await self._again(job_id, tries, snooze.until, None, 1)
            return "snooze"
        except asyncio.CancelledError:  # this process ends: another one goes on now, and not when the lease is over
            with contextlib.suppress(Unavailable):
                await self._again(job_id, tries, now(), None, 1)
            raise
        except Cancel as cancel:
            log.warning("job.cancelled", reason=str(cancel))
            return await self._give_up(company_id, job_id, job, tries, str(cancel))
        except Exception as error:
            after = error.after if isinstance(error, Retry) else None
            if tries >= row["max_tries"]:
                log.error("job.dead", tries=tries, error=repr(error), exc_info=not isinstance(error, Retry))
                return await self._give_up(company_id, job_id, job, tries, _told(error))
            delay = after if after is not None else min(RETRY_CAP, RETRY_BASE**tries) * random.uniform(0.8, 1.2)
            log.warning("job.retry", tries=tries, after=round(delay, 1), error=repr(error), exc_info=not isinstance(error, Retry))
            await self._again(job_id, tries, now() + timedelta(seconds=delay), _told(error), 0)
            return "retry"
        finally:
            structlog.contextvars.clear_contextvars()
        await self._write(_DONE, job_id, tries)
        return "done"

    async def _give_up(self, company_id: UUID, job_id: UUID, job: Job, tries: int, reason: str) -> str:
        tell = self._given_up.get(type(job))
        if tell is not None:
            await tell(company_id, job, reason)
        await self._write(_DEAD, job_id, tries, storable.text(reason, 2000))
        return "cancel"

    async def _again(self, job_id: UUID, tries: int, at: datetime, error: str | None, forgiven: int) -> None:
        """The row waits once more, without its key when another one waits under it."""
        try:
            await self._write(_AGAIN, job_id, tries, at, error, forgiven, False)
        except (
            asyncpg.UniqueViolationError
        ):  # the other one was being written and could not be seen: the index made us wait for it
            await self._write(_AGAIN, job_id, tries, at, error, forgiven, True)

    async def _write(self, sql: str, *args: object) -> None:
        """The outcome, fenced by the try: a run whose lease was taken over writes nothing."""
        async with system_work() as s:
            await s.execute(sql, *args)


def _told(error: Exception) -> str:
    """The error as the job's row keeps it."""
    return redact(repr(error))[:2000]


async def sweep() -> int:
    """Wakes every due job again that lacks a wake-up; harmless for those that run. Returns how many are due."""
    async with system_read() as s:
        rows = await s.fetch(_DUE, list(ALONE))
    due: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        due.setdefault(row["queue"], []).append(row)
    for name, jobs in due.items():
        for row in jobs[await queue.waiting(name) :]:  # whose wake-up it is does not matter
            await queue.wake_one(name, "run_job", key=queue.wake_key(row["id"]), job_id=str(row["id"]))
    return len(rows)
