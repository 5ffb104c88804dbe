"""Places of a queue: companies take turns at them, none takes the last, and one that is free is used at once."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from db import queue
from db.jobs import Job, PrepareCampaign
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from workers import runtime
from workers.runtime import Runner


class Desk:
    """Preparations that last until the test lets them go."""

    def __init__(self, slots: int) -> None:
        self.began: list[UUID] = []
        self.go = asyncio.Semaphore(0)
        self.runner = Runner({PrepareCampaign: self._run}, slots={"bulk": slots})
        self.runs: list[asyncio.Task[str]] = []

    async def _run(self, company_id: UUID, job: Job) -> None:
        self.began.append(company_id)
        await self.go.acquire()

    async def look(self, times: int) -> None:
        """So many wake-ups come; returns when nothing moves any more."""
        looking = [asyncio.create_task(self.runner.run_next("bulk")) for _ in range(times)]
        self.runs += looking
        while sum(not task.done() for task in self.runs) > self.runner._shares["bulk"].held.total():
            await asyncio.sleep(0.01)

    async def end(self, count: int) -> None:
        """So many come to their end."""
        before = sum(task.done() for task in self.runs)
        for _ in range(count):
            self.go.release()
        while sum(task.done() for task in self.runs) < before + count:
            await asyncio.sleep(0.01)


async def _launches(db: asyncpg.Connection, actor: Actor, count: int) -> None:
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        for _ in range(count):
            w.enqueue(PrepareCampaign(campaign_id=uuid4()))


async def test_a_company_never_takes_the_last_slot_of_a_queue(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    await owner_db.execute("delete from job")
    desk = Desk(3)
    await _launches(owner_db, owner, 10)
    await desk.look(10)
    assert desk.began == [owner.company_id] * 2
    await _launches(owner_db, stranger, 1)
    await desk.look(1)
    assert desk.began[2:] == [stranger.company_id]
    await desk.end(3)


async def test_companies_take_turns_whoever_asked_first(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("delete from job")
    desk = Desk(1)
    await _launches(owner_db, owner, 10)
    await _launches(owner_db, stranger, 2)
    for _ in range(5):
        await desk.look(1)
        await desk.end(1)
    ours, theirs = owner.company_id, stranger.company_id
    assert desk.began == [ours, theirs, ours, theirs, ours]


async def test_who_was_kept_back_is_woken_when_one_of_its_jobs_ends(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("delete from job")
    desk = Desk(3)
    await _launches(owner_db, owner, 4)
    await desk.look(4)  # two of these wake-ups are used up in vain
    await queue.queues()["bulk"].redis.flushdb()
    await desk.end(1)
    assert await queue.waiting("bulk") == 1
    await desk.end(1)


async def test_a_place_goes_on_by_itself_while_wake_ups_came_in_vain(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("delete from job")
    desk = Desk(3)
    await _launches(owner_db, owner, 8)
    places = [asyncio.create_task(desk.runner.run_on("bulk", lambda: True)) for _ in range(2)]
    while len(desk.began) < 2:
        await asyncio.sleep(0.01)
    await desk.runner.run_on("bulk", lambda: True)  # all other wake-ups are used up by it
    for _ in range(8):
        desk.go.release()
    await asyncio.gather(*places)
    assert len(desk.began) == 8
    assert await owner_db.fetchval("select count(*) from job") == 0


async def test_the_sweeper_adds_no_wake_up_to_those_that_wait(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner_db.execute("delete from job")
    await _launches(owner_db, owner, 12)
    await queue.queues()["bulk"].redis.flushdb()
    for later in range(3):
        monkeypatch.setattr(queue, "wake_key", lambda subject, later=later: f"{subject}:{later}")
        assert await runtime.sweep() == 12
        assert await queue.waiting("bulk") == 12
