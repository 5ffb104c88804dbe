"""The limits on a real Valkey: throughput, pair rate, portfolio tier, and what is left of them after a loss."""

import asyncio
import time
from uuid import UUID, uuid4

import asyncpg
import pytest

from db import limits, valkey
from db.enums import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import read
from tests import scenes


@pytest.fixture
def number(database: Settings) -> UUID:
    return uuid4()


async def test_a_bucket_starts_empty(number: UUID) -> None:
    first = await limits.acquire(number, rate=100, want=50, least=10)
    assert first.granted == 0
    assert 0 < first.wait <= 0.1
    await asyncio.sleep(first.wait + 0.01)
    assert (await limits.acquire(number, rate=100, want=50, least=10)).granted >= 10


async def test_no_more_than_the_rate_is_granted(number: UUID) -> None:
    began, granted = time.monotonic(), 0
    while time.monotonic() - began < 1.0:
        permit = await limits.acquire(number, rate=200, want=64, least=8)
        granted += permit.granted
        await asyncio.sleep(permit.wait)
    assert 150 <= granted <= 200 * (time.monotonic() - began) + 1


async def test_what_is_not_used_comes_back_and_a_debt_is_kept(number: UUID) -> None:
    await limits.acquire(number, rate=1, want=1)
    await limits.give_back(number, 5)
    assert (await limits.acquire(number, rate=5, want=5, least=5)).granted == 5
    await limits.give_back(number, -20)  # a long text on a slow channel
    permit = await limits.acquire(number, rate=5, want=5)
    assert permit.granted == 0
    assert permit.wait > 3


async def test_429s_slow_down_by_their_share_once_a_second_and_at_most_by_half(number: UUID) -> None:
    other = uuid4()
    assert await limits.slow_down(other, 0.03) == pytest.approx(0.97, abs=0.01)
    await limits.acquire(number, rate=100, want=1)
    assert await limits.slow_down(number, 1.0) == 0.5
    assert await limits.slow_down(number, 1.0) == pytest.approx(0.5, abs=0.01)
    permit = await limits.acquire(number, rate=100, want=100, least=50)
    assert permit.granted == 0
    assert permit.factor == pytest.approx(0.5, abs=0.01)
    assert permit.wait == pytest.approx(1.0, abs=0.1)


async def test_one_person_gets_a_burst_and_then_one_in_six_seconds(number: UUID) -> None:
    assert await limits.recipients(number, "p", None, []) == []
    waits = await limits.recipients(number, "p", None, ["+551190000001"] * 47 + ["+551190000002"])
    assert waits[:45] == [0.0] * 45
    assert waits[45] == pytest.approx(6, abs=0.1)
    assert waits[47] == 0.0
    assert await limits.recipients(uuid4(), "p", None, ["+551190000001"]) == [0.0]  # another number of ours


async def test_the_tier_counts_people_not_messages(number: UUID) -> None:
    portfolio = uuid4().hex
    assert await limits.recipients(number, portfolio, 3, ["a", "b", "a"]) == [0.0, 0.0, 0.0]
    assert await limits.tier_used(portfolio) == 2
    assert await limits.recipients(uuid4(), portfolio, 3, ["b", "c", "d", "c", "e"]) == [0.0, 0.0, -1.0, 0.0, -1.0]
    assert await limits.tier_used(portfolio) == 3
    free_at = await limits.tier_free_at(portfolio)
    assert free_at == pytest.approx(time.time() + limits.DAY, abs=5)


async def test_who_has_to_wait_is_not_counted(number: UUID) -> None:
    portfolio = uuid4().hex
    await limits.recipients(number, portfolio, None, ["a"] * 45)
    [wait] = await limits.recipients(number, portfolio, 10, ["a"])
    assert wait > 0
    assert await limits.tier_used(portfolio) == 0


async def test_more_people_than_one_script_call_may_unpack(number: UUID) -> None:
    portfolio = uuid4().hex
    assert set(await limits.recipients(number, portfolio, 10_000, [f"+{i}" for i in range(5000)])) == {0.0}
    assert await limits.tier_used(portfolio) == 5000


async def test_a_lost_tier_is_rebuilt_from_the_ledger(owner: Actor, owner_db: asyncpg.Connection) -> None:
    portfolio = uuid4().hex
    channel_id = await scenes.channel(owner_db, owner, portfolio_id=portfolio)
    sibling = await scenes.channel(owner_db, owner, portfolio_id=portfolio)
    await owner_db.executemany(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, sent_at)"
        " values ($1, $2, $2, $3, $4, $5, now() - $6::int * interval '1 hour')",
        [
            (owner.company_id, channel_id, "+1", "a", 3, 1),
            (owner.company_id, sibling, "+1", "b", 4, 2),
            (owner.company_id, sibling, "+2", "c", 5, 23),
            (owner.company_id, channel_id, "+3", "d", 3, 25),
        ],
    )
    await valkey.client().delete(f"tier:{portfolio}", f"tier:{portfolio}:known")
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        await limits.ensure_tier(r, owner.company_id, portfolio)
        await limits.ensure_tier(r, owner.company_id, portfolio)
    assert await limits.tier_used(portfolio) == 2
    assert await limits.recipients(channel_id, portfolio, 2, ["+1", "+3"]) == [0.0, -1.0]


async def test_scripts_survive_a_flush(number: UUID) -> None:
    await limits.acquire(number, rate=10, want=1)
    await valkey.client().script_flush()
    assert (await limits.acquire(number, rate=10, want=1)).granted == 0
