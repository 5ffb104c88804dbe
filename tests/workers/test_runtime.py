"""Jobs: the row is the job, a wake-up only says "look". Real Postgres and Valkey."""

import asyncio
import inspect
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db import job_runs, queue
from db.clock import now
from db.jobs import JOBS, CheckChannel, InspectImport, Job, PrepareCampaign, SendMail
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import campaigns, runtime
from workers.main import SaqWorker
from workers.runtime import Cancel, Retry, Runner, Snooze


class Bench:
    """A runner whose one job does what the test says, and counts."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, channel_id: UUID) -> None:
        self.db, self.actor, self.channel_id = db, actor, channel_id
        self.runs = 0
        self.raises: BaseException | None = None
        self.seconds = 0.0
        self.runner = Runner({CheckChannel: self._run})

    async def _run(self, company_id: UUID, job: Job) -> None:
        assert company_id == self.actor.company_id
        self.runs += 1
        await asyncio.sleep(self.seconds)
        if self.raises is not None:
            raise self.raises

    async def enqueue(self, at: Any = None) -> UUID:
        async with work(self.actor, Permission.CHANNELS_WRITE) as w:
            w.enqueue(CheckChannel(channel_id=self.channel_id), at=at)
        job_id: UUID = await self.db.fetchval(
            "select id from job where company_id = $1 order by id desc limit 1", self.actor.company_id
        )
        return job_id

    async def row(self, job_id: UUID) -> asyncpg.Record | None:
        return await self.db.fetchrow("select * from job where id = $1", job_id)


@pytest.fixture
async def bench(owner_db: asyncpg.Connection, owner: Actor) -> Bench:
    return Bench(owner_db, owner, await factories.channel(owner_db, owner))


async def test_a_job_runs_once_however_often_it_is_woken(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.seconds = 0.1
    ends = await asyncio.gather(*(bench.runner.run(job_id) for _ in range(5)))
    assert sorted(ends) == ["done", "none", "none", "none", "none"]
    assert bench.runs == 1
    assert await bench.row(job_id) is None
    assert await bench.runner.run(job_id) == "none"


async def test_two_waiting_with_one_key_are_one(bench: Bench) -> None:
    later = await bench.enqueue(at=now() + timedelta(hours=1))
    assert await bench.enqueue() == later
    row = await bench.row(later)
    assert row is not None
    assert row["next_at"] <= now()  # the earlier time holds


async def test_retry_counts_and_waits(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.raises = Retry(30, "busy")
    assert await bench.runner.run(job_id) == "retry"
    row = await bench.row(job_id)
    assert row is not None
    assert (row["state"], row["tries"]) == ("waiting", 1)
    assert 25 < (row["next_at"] - now()).total_seconds() <= 30
    assert await bench.runner.run(job_id) == "none"  # not due


async def test_a_job_that_takes_longer_than_it_may_is_broken_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CheckChannel, "timeout", 0.2)
    bench.seconds = 60.0
    job_id = await bench.enqueue()
    assert await bench.runner.run(job_id) == "retry"
    row = await bench.row(job_id)
    assert row is not None
    assert (row["state"], row["tries"], row["last_error"]) == ("waiting", 1, "TimeoutError()")


async def test_a_short_lease_is_prolonged_while_the_job_runs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CheckChannel, "lease", 0.4)
    job_id = await bench.enqueue()

    async def runs(company_id: UUID, job: Job) -> None:
        first = (await bench.row(job_id))["lease_until"]  # type: ignore[index]
        while (await bench.row(job_id))["lease_until"] <= first:  # type: ignore[index]
            await asyncio.sleep(0.02)

    assert await asyncio.wait_for(Runner({CheckChannel: runs}).run(job_id), 20) == "done"
    assert await bench.row(job_id) is None


@pytest.mark.parametrize("end", [Retry(30, "busy"), Snooze(now() + timedelta(minutes=5))], ids=["retry", "snooze"])
async def test_a_row_of_the_same_key_that_is_being_written_stops_no_retry(bench: Bench, end: Exception) -> None:
    """The other one is not committed yet when the retry looks, and is when it writes."""
    job_id = await bench.enqueue()
    go = asyncio.Event()

    async def runs(company_id: UUID, job: Job) -> None:
        await go.wait()
        raise end

    running = asyncio.create_task(Runner({CheckChannel: runs}).run(job_id))
    while await bench.db.fetchval("select state from job where id = $1", job_id) != "running":
        await asyncio.sleep(0.01)
    async with work(bench.actor, Permission.CHANNELS_WRITE) as w:
        await queue.insert(w.connection, w.company_id, [(CheckChannel(channel_id=bench.channel_id), None)])
        go.set()
        while not await bench.db.fetchval(
            "select true from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)
    assert await running in ("retry", "snooze")
    rows = await bench.db.fetch(
        "select key is null as keyless, state from job where company_id = $1 order by id", bench.actor.company_id
    )
    assert [tuple(row) for row in rows] == [(True, "waiting"), (False, "waiting")]


async def test_snooze_does_not_count(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.raises = Snooze(now() + timedelta(minutes=5))
    assert await bench.runner.run(job_id) == "snooze"
    row = await bench.row(job_id)
    assert row is not None
    assert (row["state"], row["tries"]) == ("waiting", 0)


async def test_cancel_keeps_the_row_with_its_reason(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.raises = Cancel("the channel is gone")
    assert await bench.runner.run(job_id) == "cancel"
    row = await bench.row(job_id)
    assert row is not None
    assert (row["state"], row["last_error"]) == ("dead", "the channel is gone")


async def test_after_its_last_try_a_job_is_dead(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.raises = RuntimeError("no")
    for _ in range(CheckChannel.max_tries - 1):
        assert await bench.runner.run(job_id) == "retry"
        await bench.db.execute("update job set next_at = now() where id = $1", job_id)
    assert await bench.runner.run(job_id) == "cancel"
    row = await bench.row(job_id)
    assert row is not None
    assert row["state"] == "dead"


async def test_a_dead_workers_job_is_taken_over_and_its_late_end_changes_nothing(bench: Bench) -> None:
    job_id = await bench.enqueue()
    bench.seconds = 2
    slow = asyncio.create_task(bench.runner.run(job_id))
    while not bench.runs:
        await asyncio.sleep(0.01)
    bench.seconds = 0
    await bench.db.execute("update job set lease_until = now() - interval '1 second' where id = $1", job_id)
    bench.raises = Retry(60)
    assert await bench.runner.run(job_id) == "retry"
    await slow
    row = await bench.row(job_id)
    assert row is not None
    assert (row["state"], row["tries"]) == ("waiting", 2)


async def test_a_job_whose_process_ends_waits_at_once_and_it_costs_no_try(bench: Bench) -> None:
    idle = asyncio.Event()

    async def run_job(ctx: Any, *, job_id: str) -> None:
        try:
            await bench.runner.run(UUID(job_id))
        finally:
            idle.set()

    await queue.queues()["default"].redis.flushdb()
    job_id = await bench.enqueue()
    await runtime.sweep()
    bench.seconds = 30.0
    timers: Any = {"sweep": 60, "schedule": 3600, "worker_info": 3600, "abort": 60}
    carrier = SaqWorker(queue.queues()["default"], functions=[("run_job", run_job)], dequeue_timeout=1.0, timers=timers)
    running = asyncio.create_task(carrier.start())
    while not bench.runs:
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    await asyncio.wait_for(idle.wait(), 20)
    row = await bench.row(job_id)
    assert row is not None
    assert (row["state"], row["tries"], row["lease_until"]) == ("waiting", 0, None)
    bench.seconds = 0.0
    assert await bench.runner.run(job_id) == "done"


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_a_jobs_own_limit_comes_before_that_of_its_wake_up(job: type[Job]) -> None:
    assert job.timeout < inspect.signature(queue.wake_one).parameters["timeout"].default


async def test_the_sweeper_wakes_what_was_never_queued(bench: Bench) -> None:
    job_id = await bench.enqueue()
    await queue.queues()["default"].redis.flushdb()
    assert await runtime.sweep() >= 1
    job = await queue.queues()["default"].dequeue(timeout=1)
    woken = set()
    while job is not None:
        woken.add((job.kwargs or {}).get("job_id"))
        job = await queue.queues()["default"].dequeue(timeout=0.2)
    assert str(job_id) in woken


async def test_a_job_that_kills_its_worker_each_time_is_given_up(bench: Bench) -> None:
    told: list[str] = []

    async def tell(company_id: UUID, job: Job, reason: str) -> None:
        told.append(reason)

    runner = Runner({CheckChannel: bench._run}, {CheckChannel: tell})
    job_id = await bench.enqueue()
    await bench.db.execute(
        "update job set state = 'running', tries = max_tries, lease_until = now() - interval '1 second' where id = $1", job_id
    )
    assert await runner.run(job_id) == "cancel"
    assert bench.runs == 0
    assert told == ["its worker died each time"]
    row = await bench.row(job_id)
    assert row is not None
    assert row["state"] == "dead"


async def test_a_campaign_whose_audience_cannot_be_written_fails_instead_of_preparing_for_ever(bench: Bench) -> None:
    template = await factories.template(bench.db, bench.actor, bench.channel_id)
    campaign = await factories.campaign(bench.db, bench.actor, bench.channel_id, template, state="preparing")
    async with work(bench.actor, Permission.CAMPAIGNS_SEND) as w:
        w.enqueue(PrepareCampaign(campaign_id=campaign))
    job_id = await bench.db.fetchval("select id from job where company_id = $1", bench.actor.company_id)

    async def broken(company_id: UUID, job: Job) -> None:
        raise Cancel("it breaks")

    assert await Runner({PrepareCampaign: broken}, {PrepareCampaign: campaigns.give_up}).run(job_id) == "cancel"
    row = await bench.db.fetchrow("select state, state_reason from campaign where id = $1", campaign)
    assert row is not None
    assert tuple(row) == ("failed", "preparing_failed")


class Files:
    """Inspections that last until the test lets them go, and a mail job."""

    def __init__(self) -> None:
        self.running: set[UUID] = set()
        self.most = 0
        self.go = asyncio.Event()
        self.mails = 0
        self.runner = Runner({InspectImport: self._look, SendMail: self._mail})

    async def _look(self, company_id: UUID, job: Job) -> None:
        assert company_id not in self.running
        self.running.add(company_id)
        await self.go.wait()
        self.running.discard(company_id)

    async def _mail(self, company_id: UUID, job: Job) -> None:
        self.mails += 1


async def _inspections(db: asyncpg.Connection, actor: Actor, count: int) -> list[UUID]:
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        for _ in range(count):
            w.enqueue(InspectImport(import_id=uuid4()))
    return [
        row["id"]
        for row in await db.fetch("select id from job where company_id = $1 and name = 'InspectImport'", actor.company_id)
    ]


async def test_one_file_of_a_company_is_looked_at_at_a_time(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    files = Files()
    ours, theirs = await _inspections(owner_db, owner, 5), await _inspections(owner_db, stranger, 2)
    running = [asyncio.create_task(files.runner.run(job_id)) for job_id in (*ours, *theirs)]
    while sum(task.done() for task in running) < 5:
        await asyncio.sleep(0.01)
    async with work(stranger, Permission.TEAM_WRITE) as w:
        w.enqueue(SendMail(mail_id=uuid4()))
    mail = await owner_db.fetchval("select id from job where company_id = $1 and name = 'SendMail'", stranger.company_id)
    assert await files.runner.run(mail) == "done"  # while both files are still being looked at
    assert files.mails == 1
    files.go.set()
    assert sorted(await asyncio.gather(*running)) == ["done"] * 2 + ["none"] * 5
    left = await owner_db.fetchval("select count(*) from job where company_id = $1 and name = 'InspectImport'", owner.company_id)
    assert left == 4


async def test_the_next_file_is_woken_when_one_is_done(owner: Actor, owner_db: asyncpg.Connection) -> None:
    files = Files()
    files.go.set()
    first, second = await _inspections(owner_db, owner, 2)
    await queue.queues()["inspect"].redis.flushdb()
    assert await files.runner.run(first) == "done"
    woken = await queue.queues()["inspect"].dequeue(timeout=1)
    assert woken is not None
    assert (woken.kwargs or {})["job_id"] == str(second)


async def test_the_sweeper_gives_each_company_its_turn(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    """Whoever waits with very many files does not fill the sweeper's page."""
    await _inspections(owner_db, owner, 600)
    await owner_db.execute("update job set next_at = now() - interval '1 hour' where company_id = $1", owner.company_id)
    (theirs,) = await _inspections(owner_db, stranger, 1)
    due = [row.id for row in await job_runs.due()]
    assert theirs in due
    assert len(due) < 600
