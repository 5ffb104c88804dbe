"""Durable events: in the transaction of the change, in the order of commits, once for each consumer, whatever dies in between."""

import asyncio
import os
import re
import signal
import sys
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db import event_consumers, outbox
from db.accounts.events import CompanyChanged, SessionRevoked, TeamChanged
from db.campaigns.enums import CampaignState
from db.campaigns.events import CampaignChanged, CampaignProgress
from db.event_consumers import Batch, subscribe, take, unsubscribe
from db.events import Event
from db.jobs import ReadEvents
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import Work, one_transaction, system_work, work
from tests.db.test_work import nothing_first
from workers.event_consumers import ConsumerJobs
from workers.runtime import Cancel


async def emit(actor: Actor, *events: Event, fail: bool = False) -> None:
    async with work(actor, Permission.COMPANY_WRITE) as w:
        for event in events:
            w.emit(event)
        if fail:
            raise RuntimeError("changed its mind")


async def ask(actor: Actor, name: str, *kinds: type[Event]) -> None:
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await subscribe(w, name, kinds)


async def read(actor: Actor, name: str, limit: int = 500) -> Batch:
    async with work(actor, Permission.COMPANY_WRITE) as w:
        return await take(w, name, limit)


def types(batch: Batch) -> list[str]:
    return [event.type for event in batch.events]


async def kept(owner_db: asyncpg.Connection, actor: Actor) -> list[str]:
    rows = await owner_db.fetch("select type from event_outbox where company_id = $1 order by id", actor.company_id)
    return [row["type"] for row in rows]


async def jobs(owner_db: asyncpg.Connection, actor: Actor) -> list[str]:
    rows = await owner_db.fetch("select key from job where company_id = $1 order by key", actor.company_id)
    return [row["key"] for row in rows]


async def test_what_nobody_asks_for_is_not_written(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(stranger, "test", TeamChanged)
    await ask(owner, "test", TeamChanged)
    await emit(owner, CompanyChanged(), CampaignProgress(campaign_id=uuid4()))
    assert (await kept(owner_db, owner), await jobs(owner_db, owner)) == ([], [])
    await emit(owner, CompanyChanged(), TeamChanged(), TeamChanged())
    assert await kept(owner_db, owner) == ["team.changed", "team.changed"]
    assert (await kept(owner_db, stranger), await jobs(owner_db, stranger)) == ([], [])
    async with work(owner, Permission.COMPANY_WRITE) as w:
        await unsubscribe(w, "test")
    await emit(owner, TeamChanged())
    assert len(await kept(owner_db, owner)) == 2


async def test_what_only_screens_need_is_never_kept(owner: Actor) -> None:
    with pytest.raises(ValueError, match=r"session\.revoked"):
        await ask(owner, "test", TeamChanged, SessionRevoked)


async def test_it_is_written_with_the_change_or_not_at_all(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "test:1", TeamChanged, CampaignChanged)
    await ask(owner, "test:2", TeamChanged)
    with pytest.raises(RuntimeError):
        await emit(owner, TeamChanged(), fail=True)
    assert (await kept(owner_db, owner), await jobs(owner_db, owner)) == ([], [])
    campaign = CampaignChanged(campaign_id=uuid4(), state=CampaignState.RUNNING, version=2)
    await emit(owner, campaign)
    assert await jobs(owner_db, owner) == ["events:test:1"]
    await emit(owner, TeamChanged())
    assert await jobs(owner_db, owner) == ["events:test:1", "events:test:2"]
    first, second = await read(owner, "test:1"), await read(owner, "test:2")
    assert (types(first), types(second)) == (["campaign.changed", "team.changed"], ["team.changed"])
    assert msgspec.json.decode(first.events[0].data, type=CampaignChanged) == campaign
    assert first.events[1] == second.events[0]


async def test_of_several_actions_in_one_it_is_written_last(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "test", TeamChanged)
    with pytest.raises(ZeroDivisionError):
        async with one_transaction(owner.company_id, nothing_first):
            await emit(owner, TeamChanged())
            raise ZeroDivisionError
    async with one_transaction(owner.company_id, nothing_first) as ambient:
        await emit(owner, TeamChanged())
        assert await ambient.connection.fetchval("select count(*) from event_outbox") == 0
        await emit(owner, TeamChanged(), CompanyChanged())
    assert await kept(owner_db, owner) == ["team.changed", "team.changed"]
    assert await jobs(owner_db, owner) == ["events:test"]


async def test_across_companies_too(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "test", TeamChanged)
    async with system_work() as s:
        s.emit(stranger.company_id, TeamChanged())
        s.emit(owner.company_id, TeamChanged())
    assert (await kept(owner_db, owner), await jobs(owner_db, owner)) == (["team.changed"], ["events:test"])
    assert await kept(owner_db, stranger) == []


async def test_numbers_are_in_the_order_of_commits(owner: Actor, owner_db: asyncpg.Connection, settings: Settings) -> None:
    """A reader that has passed a number never finds a lower one later."""
    await ask(owner, "test", TeamChanged, CompanyChanged)
    writing, looked = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with owner_db.transaction():
            await outbox.append(owner_db, owner.company_id, [TeamChanged()])
            writing.set()
            await looked.wait()

    first = asyncio.create_task(slow())
    await writing.wait()
    second = asyncio.create_task(emit(owner, CompanyChanged()))
    await asyncio.sleep(0.1)
    assert types(await read(owner, "test")) == []
    looked.set()
    await first
    await second
    assert types(await read(owner, "test")) == ["team.changed", "company.changed"]


async def test_each_event_is_taken_once(owner: Actor) -> None:
    await ask(owner, "test", TeamChanged)
    for _ in range(5):
        await emit(owner, TeamChanged())
    with pytest.raises(RuntimeError):
        async with work(owner, Permission.COMPANY_WRITE) as w:
            assert len((await take(w, "test", 2)).events) == 2
            raise RuntimeError("died before it was done")
    batches = await asyncio.gather(*(asyncio.create_task(read(owner, "test", 2)) for _ in range(4)))
    found = [event.id for batch in batches for event in batch.events]
    assert len(found) == len(set(found)) == 5
    assert (await read(owner, "test")).events == []
    assert (await read(owner, "nobody")).events == []


async def test_a_new_consumer_begins_now(owner: Actor) -> None:
    await ask(owner, "early", TeamChanged)
    await emit(owner, TeamChanged())
    await ask(owner, "late", TeamChanged)
    await emit(owner, TeamChanged())
    assert len((await read(owner, "early")).events) == 2
    assert len((await read(owner, "late")).events) == 1


async def test_what_all_have_read_is_forgotten(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Nor does a consumer hold up what it does not ask for."""
    await ask(owner, "fast", TeamChanged)
    await ask(owner, "slow", TeamChanged)
    await ask(owner, "quiet", CampaignChanged)
    await emit(owner, TeamChanged())
    await read(owner, "fast")
    async with system_work() as s:
        await event_consumers.prune(s)
    assert len(await kept(owner_db, owner)) == 1
    await read(owner, "slow")
    await emit(owner, TeamChanged())
    async with system_work() as s:
        await event_consumers.prune(s)
    assert len(await kept(owner_db, owner)) == 1


async def test_who_reads_too_late_is_told(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "slow", TeamChanged)
    await ask(owner, "quiet", CampaignChanged)
    await emit(owner, TeamChanged())
    await owner_db.execute("update event_outbox set at = now() - interval '15 days' where company_id = $1", owner.company_id)
    async with system_work() as s:
        await event_consumers.prune(s)
    await emit(owner, TeamChanged())
    batch = await read(owner, "slow")
    assert (batch.missed, len(batch.events)) == (True, 1)
    assert not (await read(owner, "slow")).missed
    assert not (await read(owner, "quiet")).missed


async def test_a_consumer_whose_job_died_is_woken_again(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "test", TeamChanged)
    await emit(owner, TeamChanged())
    await owner_db.execute("update job set state = 'dead' where company_id = $1", owner.company_id)
    await event_consumers.wake_behind()
    waiting = "select count(*) from job where company_id = $1 and state = 'waiting'"
    assert await owner_db.fetchval(waiting, owner.company_id) == 1
    await owner_db.execute("delete from job where company_id = $1", owner.company_id)
    await read(owner, "test")
    await event_consumers.wake_behind()
    assert await owner_db.fetchval(waiting, owner.company_id) == 0


async def test_a_job_reads_until_there_is_nothing_left(owner: Actor) -> None:
    await ask(owner, "test:abc", TeamChanged)
    for _ in range(3):
        await emit(owner, TeamChanged())
    got: list[tuple[str, int]] = []

    async def reader(w: Work, subject: str, batch: Batch) -> None:
        got.append((subject, len(batch.events)))

    run = ConsumerJobs({"test": reader}).read_events
    await run(owner.company_id, ReadEvents(consumer="test:abc"))
    await run(owner.company_id, ReadEvents(consumer="test:abc"))
    assert got == [("abc", 3)]
    with pytest.raises(Cancel):
        await run(owner.company_id, ReadEvents(consumer="other"))


async def test_no_reader_walks_the_whole_table(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "test", TeamChanged)
    async with owner_db.transaction():
        await owner_db.execute(
            "insert into event_outbox(company_id, type, data) select $1, 'team.changed', '{}' from generate_series(1, 20000)",
            owner.company_id,
        )
        await owner_db.execute("analyze event_outbox")
        await owner_db.execute("set local enable_seqscan = off")  # what is cheap depends on what other tests left
        arguments = f"'{owner.company_id}', 5, 100, array['team.changed'], 500"
        for statement in (event_consumers._NEXT, event_consumers._BEHIND, event_consumers._TOO_OLD):
            name = f"plan_{uuid4().hex}"
            await owner_db.execute(f"prepare {name} as {statement}")
            given = f"({arguments})" if "$5" in statement else ""
            plan = "\n".join(row[0] for row in await owner_db.fetch(f"explain execute {name}{given}"))
            assert "Seq Scan on event_outbox" not in plan, plan
            assert re.search(r"on event_outbox.*\n.*Index Cond", plan), plan
        await owner_db.execute("delete from event_outbox where company_id = $1", owner.company_id)


_CONSUMER = """
import asyncio, sys
from uuid import UUID
from db.engine import open_pools
from db.jobs import ReadEvents
from db.settings import Settings
from workers.event_consumers import ConsumerJobs

async def reader(w, subject, batch):
    for event in batch.events:
        await w.execute("insert into tag(company_id, name) values ($1, $2)", w.company_id, str(event.id))

async def main(url, system_url, company):
    await open_pools(Settings(database_url=url, database_system_url=system_url), size=2)
    print("ready", flush=True)
    while True:
        await ConsumerJobs({"test": reader}).read_events(UUID(company), ReadEvents(consumer="test"))
        await asyncio.sleep(0.01)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_consumer_loses_and_repeats_nothing(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    await ask(owner, "test", TeamChanged)
    done = "select count(*) from tag where company_id = $1"
    emitted = 0

    async def start() -> asyncio.subprocess.Process:
        urls = (database.database_url, database.database_system_url)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CONSUMER, *urls, str(owner.company_id), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process

    for _ in range(2):
        process = await start()
        for _ in range(40):
            await emit(owner, TeamChanged())
        emitted += 40
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    process = await start()
    async with asyncio.timeout(120):
        while await owner_db.fetchval(done, owner.company_id) < emitted:
            await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    names = {row["name"] for row in await owner_db.fetch("select name from tag where company_id = $1", owner.company_id)}
    numbers = {
        str(row["id"]) for row in await owner_db.fetch("select id from event_outbox where company_id = $1", owner.company_id)
    }
    assert names == numbers
    assert len(names) == emitted


async def test_what_nobody_asks_for_any_more_is_forgotten(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, "only", TeamChanged)
    await emit(owner, TeamChanged())
    async with work(owner, Permission.COMPANY_WRITE) as w:
        await unsubscribe(w, "only")
    async with system_work() as s:
        await event_consumers.prune(s)
    assert await kept(owner_db, owner) == []
