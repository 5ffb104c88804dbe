"""Background jobs: the row in Postgres is the job, SAQ over Valkey only says "look now".

SAQ alone ran jobs twice without any fault and lost others under kill -9 (decision 3). Here a run first claims the
row under a lease, so a doubled wake-up finds nothing to do and a lost one is made good by the sweeper. A wake-up says in which
queue to look; whose job is next is decided there, by turns of companies.
"""

import random
import time
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, get_args
from uuid import UUID

import msgspec
import structlog
from saq.job import Job as SaqJob
from saq.job import Status
from saq.queue.redis import RedisQueue

from db import valkey
from db.clock import now
from db.jobs import JOBS, QUEUES, Job, WhenHeld

log = structlog.get_logger("db.queue")

_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[Job] = msgspec.json.Decoder(reduce(or_, JOBS))

_INSERT = """
insert into job(company_id, name, queue, key, payload, next_at, max_tries)
select $1, r.name, r.queue, r.key, r.payload::jsonb, coalesce(r.at, now()), r.max_tries
from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::int[]) r(name, queue, key, payload, at, max_tries)
on conflict (company_id, key) where state = 'waiting' and key is not null
do update set next_at = least(job.next_at, excluded.next_at)
returning id, queue, next_at
"""


class Wake(NamedTuple):
    id: UUID
    queue: str
    at: datetime


async def insert(connection: Any, company_id: UUID, jobs: list[tuple[Job, datetime | None]]) -> list[Wake]:
    """Writes job rows in the caller's transaction. Jobs of one key are one, at the earliest of their times (None: now)."""
    once: dict[str | int, tuple[Job, datetime | None]] = {}
    for number, (job, at) in enumerate(jobs):
        key = job.key or number
        known = once.get(key)
        if known is None or (known[1] is not None and (at is None or at < known[1])):
            once[key] = job, at
    jobs = list(once.values())
    rows = await connection.fetch(
        _INSERT,
        company_id,
        [type(job).__name__ for job, _ in jobs],
        [job.queue for job, _ in jobs],
        [job.key for job, _ in jobs],
        [_encode(job).decode() for job, _ in jobs],
        [at for _, at in jobs],
        [job.max_tries for job, _ in jobs],
    )
    return [Wake(row["id"], row["queue"], row["next_at"]) for row in rows]


_NAMES = {how: [kind.__name__ for kind in JOBS if kind.when_held == how] for how in get_args(WhenHeld)}


async def hold(connection: Any, company_id: UUID, only: list[UUID] | None = None) -> dict[str, int]:
    """Takes out what must not run after a restore without a person's word: job name → how many are held. `only`: of these jobs."""
    if only is None:
        await connection.execute(
            "delete from job where company_id = $1 and state <> 'dead' and name = any($2)", company_id, _NAMES["drop"]
        )
    rows = await connection.fetch(
        "with h as (update job set state = 'held', lease_until = null where company_id = $1 and state in ('waiting', 'running')"
        " and name = any($2) and ($3::uuid[] is null or id = any($3)) returning name) select name, count(*)::int as n from h group by 1",
        company_id,
        _NAMES["hold"],
        only,
    )
    return {row["name"]: row["n"] for row in rows}


async def release(connection: Any, company_id: UUID, name: str) -> list[Wake]:
    """Lets the held jobs of one name run after all."""
    rows = await connection.fetch(
        "update job j set state = 'waiting', tries = 0, next_at = now(), key = case when exists (select from job o"
        " where o.company_id = $1 and o.key = j.key and o.state = 'waiting') then null else key end"
        " where company_id = $1 and name = $2 and state = 'held' returning id, queue, next_at",
        company_id,
        name,
    )
    return [Wake(row["id"], row["queue"], row["next_at"]) for row in rows]


async def withdraw(connection: Any, company_id: UUID, key: str) -> None:
    """Takes back the job that waits under a key."""
    await connection.execute("delete from job where company_id = $1 and key = $2 and state = 'waiting'", company_id, key)


async def discard(connection: Any, company_id: UUID, name: str) -> list[Job]:
    """Ends the held jobs of one name; returns them."""
    rows = await connection.fetch(
        "update job set state = 'dead', last_error = 'discarded' where company_id = $1 and name = $2 and state = 'held'"
        " returning payload",
        company_id,
        name,
    )
    return [decode(row["payload"]) for row in rows]


def decode(payload: str | bytes) -> Job:
    return _decode.decode(payload)


class WakeQueue(RedisQueue):
    """SAQ's queue with the three faults measured (decision 3) mended: the sweep that re-ran finished jobs, the 5 s
    per stuck job, and the hot loop while Valkey is away."""

    _backoff = 0.0

    async def dequeue(self, timeout: float = 0.0, poll_interval: float = 0.0) -> SaqJob | None:
        try:
            job = await super().dequeue(timeout=timeout or 2.0, poll_interval=poll_interval)
        except valkey.Down as error:
            log.debug(
                "queue.down", queue=self.name, error=repr(error)
            )  # the pulse has said it: every slot of the worker comes here
            self._backoff = min(5.0, max(0.1, self._backoff * 2))
            await valkey.back(self._backoff * random.uniform(0.5, 1.0))
            return None
        self._backoff = 0.0
        return job

    async def sweep(self, lock: int = 60, abort: float = 5.0) -> list[str]:
        """Only forgets old wake-ups: one whose worker died is replaced from Postgres. They are forgotten, so that the
        active list does not grow; a job row is never run from here."""
        redis: Any = self.redis
        if not await redis.set(self._sweep, 1, ex=lock, nx=True):
            return []
        horizon = (time.time() - 600) * 1000
        swept = []
        for raw in await redis.lrange(self._active, 0, -1):
            job_id = raw.decode() if isinstance(raw, bytes) else raw
            data = await redis.get(job_id)
            if data is None:
                await redis.lrem(self._active, 0, job_id)
                continue
            job = self.deserialize(data)
            if job is not None and job.status in (Status.ACTIVE, Status.ABORTING) and job.touched < horizon:
                await redis.lrem(self._active, 0, job_id)
                await redis.zrem(self._incomplete, job_id)
                await redis.delete(job_id)
                swept.append(job_id)
        return swept


_queues: dict[str, WakeQueue] = {}


def queues() -> dict[str, WakeQueue]:
    """The process's SAQ queues, over the client of `db.valkey`."""
    if not _queues:
        _queues.update({name: WakeQueue(valkey.client(), name=f"masteria:{name}") for name in (*QUEUES, "send")})
    return _queues


def forget_queues() -> None:
    """For a process that opens Valkey anew (tests)."""
    _queues.clear()


async def wake(wakes: list[Wake]) -> None:
    """Tells the workers to look at these rows. Failure is harmless: the sweeper looks too."""
    soon = now() + timedelta(seconds=1)
    for item in wakes:
        if item.at <= soon:
            await wake_one(item.queue, "run_job", key=wake_key(item.id), job_id=str(item.id))


async def waiting(queue: str) -> int:
    """Wake-ups that nobody has taken yet. 0 while Valkey is away."""
    try:
        return await queues()[queue].count("queued")
    except valkey.Down:
        return 0


def wake_key(subject: object) -> str:
    """One wake-up per subject and 5 seconds. Not one for ever: SAQ keeps a key taken while its dead worker's job counts as
    active, which would block the sweeper. Nor more: they would wait in front of everybody else's."""
    return f"{subject}:{int(time.time() // 5)}"


async def wake_one(queue: str, function: str, *, key: str, timeout: int = 1000, **kwargs: str | int) -> bool:
    """One SAQ job; False when Valkey is away or the same key waits already. `timeout` in seconds: more than any job may take, whose
    own limit counts as a try."""
    try:
        job = await queues()[queue].enqueue(SaqJob(function, key=key, timeout=timeout, retries=1, ttl=-1, kwargs=kwargs))
    except valkey.Down as error:
        log.debug(
            "queue.wake_failed", queue=queue, function=function, error=repr(error)
        )  # the pulse says so once, the poller wakes
        return False
    return job is not None
