"""Wake-ups are only wake-ups: doubled ones run a job once, lost ones are made good, a missing Valkey costs no CPU."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from saq.job import Job as SaqJob
from saq.queue.redis import RedisQueue
from valkey.asyncio import Valkey

from db import queue, valkey
from db.clock import now
from db.jobs import CheckChannel, Job
from db.permissions import Permission
from db.queue import WakeQueue
from db.settings import Settings
from db.tenancy import Actor
from db.work import take_tick, work
from workers.runtime import Runner, sweep


@pytest.fixture
async def empty_valkey(database: Settings) -> Valkey:
    client = valkey.client()
    await client.flushdb()
    return client


async def enqueue(owner: Actor) -> CheckChannel:
    job = CheckChannel(channel_id=uuid4())
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        w.enqueue(job)
    return job


async def job_id(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    found: UUID = await owner_db.fetchval("select id from job where company_id = $1", owner.company_id)
    return found


async def test_a_job_is_a_row_and_a_wake_up(empty_valkey: Valkey, owner: Actor, owner_db: asyncpg.Connection) -> None:
    job = await enqueue(owner)
    row = await owner_db.fetchrow("select * from job where company_id = $1", owner.company_id)
    assert queue.decode(row["payload"]) == job
    assert (row["state"], row["queue"], row["key"]) == ("waiting", "default", job.key)
    woken = await queue.queues()["default"].dequeue(timeout=1)
    assert woken is not None
    assert woken.kwargs == {"job_id": str(row["id"])}


async def test_a_doubled_wake_up_runs_the_job_once(empty_valkey: Valkey, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await enqueue(owner)
    row_id = await job_id(owner_db, owner)
    runs: list[Job] = []

    async def slow(company_id: UUID, job: Job) -> None:
        runs.append(job)
        await asyncio.sleep(0.05)

    runner = Runner({CheckChannel: slow})
    outcomes = await asyncio.gather(*(asyncio.create_task(runner.run(row_id)) for _ in range(5)))
    assert sorted(outcomes) == ["done", "none", "none", "none", "none"]
    assert len(runs) == 1
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 0


async def test_one_key_waits_once(empty_valkey: Valkey, owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = uuid4()
    for _ in range(3):
        async with work(owner, Permission.CHANNELS_WRITE) as w:
            w.enqueue(CheckChannel(channel_id=channel))
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 1


async def test_one_key_twice_in_one_transaction_waits_once(
    empty_valkey: Valkey, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = uuid4()
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        w.enqueue(CheckChannel(channel_id=channel), at=now() + timedelta(hours=1))
        w.enqueue(CheckChannel(channel_id=channel))
    rows = await owner_db.fetch("select next_at <= now() as due from job where company_id = $1", owner.company_id)
    assert [row["due"] for row in rows] == [True]


async def test_a_wiped_valkey_loses_no_job(empty_valkey: Valkey, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("delete from job")
    await enqueue(owner)
    await empty_valkey.flushdb()
    assert await sweep() == 1
    woken = await queue.queues()["default"].dequeue(timeout=1)
    assert woken is not None
    assert woken.kwargs == {"job_id": str(await job_id(owner_db, owner))}


async def test_a_job_is_stored_although_valkey_is_away(valkey_away: None, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await enqueue(owner)
    assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == 1


def _away() -> Valkey:
    return Valkey.from_url("valkey://127.0.0.1:1", socket_connect_timeout=1)


async def _dequeues(waiting: RedisQueue, seconds: float) -> int:
    """How often a worker's loop asks while Valkey is away."""
    calls = 0
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        calls += 1
        try:
            await asyncio.wait_for(waiting.dequeue(timeout=1), max(0.01, deadline - asyncio.get_running_loop().time()))
        except valkey.Down:
            await asyncio.sleep(0)
    return calls


async def test_a_missing_valkey_is_asked_with_growing_pauses() -> None:
    assert await _dequeues(WakeQueue(_away(), name="away"), 2) < 12


async def test_stock_saq_asks_without_a_pause() -> None:
    assert await _dequeues(RedisQueue(_away(), name="away"), 0.5) > 15


async def _fetched_but_not_started(client: Valkey, kind: type[RedisQueue]) -> tuple[RedisQueue, bytes]:
    """A queue whose only job was taken from the list a moment ago; its status still reads "queued"."""
    waiting = kind(client, name=f"race-{kind.__name__}")
    await waiting.enqueue(SaqJob("run_job", key="one", retries=3))
    raw = await client.blmove(waiting._queued, waiting._active, 1, "LEFT", "RIGHT")
    return waiting, raw


async def test_the_sweep_leaves_a_job_that_was_just_taken(empty_valkey: Valkey) -> None:
    waiting, raw = await _fetched_but_not_started(empty_valkey, WakeQueue)
    assert await waiting.sweep(lock=1) == []
    assert await empty_valkey.lrange(waiting._queued, 0, -1) == []
    assert await empty_valkey.lrange(waiting._active, 0, -1) == [raw]


async def test_stock_saq_sweeps_it_and_runs_it_again(empty_valkey: Valkey) -> None:
    waiting, raw = await _fetched_but_not_started(empty_valkey, RedisQueue)
    assert await waiting.sweep(lock=1, abort=0.1) == [raw.decode()]
    assert await empty_valkey.lrange(waiting._queued, 0, -1) == [raw]


async def test_the_sweep_forgets_what_a_dead_worker_left(empty_valkey: Valkey) -> None:
    waiting, raw = await _fetched_but_not_started(empty_valkey, WakeQueue)
    await empty_valkey.delete(raw)
    await waiting.sweep(lock=1)
    assert await empty_valkey.lrange(waiting._active, 0, -1) == []


async def test_a_tick_is_taken_by_one_of_three(owner: Actor) -> None:
    at = now()
    taken = await asyncio.gather(*(asyncio.create_task(take_tick("hourly", at)) for _ in range(3)))
    assert sorted(taken) == [False, False, True]
    assert await take_tick("daily", at)
