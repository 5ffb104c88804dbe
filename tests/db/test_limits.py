"""The limits on a real Valkey: throughput, pair rate, portfolio tier, and what is left of them after a loss."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from db import limits, valkey
from db.limits import WindowLost
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from tests import factories


@pytest.fixture
def number(database: Settings) -> UUID:
    return uuid4()


async def recipients(actor: Actor, number: UUID, portfolio: str, limit: int | None, addresses: list[str]) -> list[float]:
    """As a lane asks: in a transaction of its own, again when the window had to be rebuilt."""
    for _ in range(3):
        try:
            async with work(worker(actor.company_id), Permission.CAMPAIGNS_SEND) as w:
                return await limits.recipients(w, number, portfolio, limit, addresses)
        except WindowLost:
            await rebuild(actor, portfolio)
    raise AssertionError("rebuilt in vain")


async def rebuild(actor: Actor, portfolio: str) -> None:
    async with work(worker(actor.company_id), Permission.CAMPAIGNS_SEND) as w:
        await limits.rebuild_window(w, portfolio)


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
    assert 8 <= granted <= 200 * (time.monotonic() - began) + 1


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


async def test_one_person_gets_a_burst_and_then_one_in_six_seconds(owner: Actor, number: UUID) -> None:
    assert await recipients(owner, number, "p", None, []) == []
    waits = await recipients(owner, number, "p", None, ["+551190000001"] * 47 + ["+551190000002"])
    assert waits[:45] == [0.0] * 45
    assert waits[45] == pytest.approx(6, abs=0.1)
    assert waits[47] == 0.0
    assert await recipients(owner, uuid4(), "p", None, ["+551190000001"]) == [0.0]  # another number of ours


async def test_the_tier_counts_people_not_messages(owner: Actor, stranger: Actor, number: UUID) -> None:
    portfolio = uuid4().hex
    assert await recipients(owner, number, portfolio, 3, ["a", "b", "a"]) == [0.0, 0.0, 0.0]
    assert await limits.tier_used(owner.company_id, portfolio) == 2
    assert await recipients(owner, uuid4(), portfolio, 3, ["b", "c", "d", "c", "e"]) == [0.0, 0.0, -1.0, 0.0, -1.0]
    assert await limits.tier_used(owner.company_id, portfolio) == 3
    free_at = await limits.tier_free_at(owner.company_id, portfolio)
    assert free_at == pytest.approx(time.time() + limits.WINDOW, abs=60)
    # Who names the portfolio of another company sees nothing of it.
    assert await limits.tier_used(stranger.company_id, portfolio) == 0
    assert await limits.tier_free_at(stranger.company_id, portfolio) is None
    assert await recipients(stranger, uuid4(), portfolio, 3, ["d"]) == [0.0]


async def test_who_has_to_wait_is_not_counted(owner: Actor, number: UUID) -> None:
    portfolio = uuid4().hex
    await recipients(owner, number, portfolio, None, ["a"] * 45)
    [wait] = await recipients(owner, number, portfolio, 10, ["a"])
    assert wait > 0
    assert await limits.tier_used(owner.company_id, portfolio) == 0
    assert await limits.tier_free_at(owner.company_id, portfolio) is None


async def test_more_people_than_one_script_call_may_unpack(owner: Actor, number: UUID) -> None:
    portfolio = uuid4().hex
    assert set(await recipients(owner, number, portfolio, 10_000, [f"+{i}" for i in range(5000)])) == {0.0}
    assert await limits.tier_used(owner.company_id, portfolio) == 5000


class Day:
    """A portfolio whose ledger says: tried within the day +1 (twice), +2 (nobody knows), +5 (on the wire); not +3 (yesterday),
    +4 (surely refused)."""

    def __init__(self, owner: Actor, portfolio: str, channel_id: UUID) -> None:
        self.owner, self.portfolio, self.channel_id = owner, portfolio, channel_id

    async def used(self) -> int:
        return await limits.tier_used(self.owner.company_id, self.portfolio)

    async def ask(self, limit: int | None, *addresses: str) -> list[float]:
        return await recipients(self.owner, self.channel_id, self.portfolio, limit, list(addresses))

    async def key(self) -> str:
        return f"tier:{self.owner.company_id}:{self.portfolio}"


@pytest.fixture
async def day(owner: Actor, owner_db: asyncpg.Connection) -> Day:
    portfolio = uuid4().hex
    channel_id = await factories.channel(owner_db, owner, portfolio_id=portfolio)
    sibling = await factories.channel(owner_db, owner, portfolio_id=portfolio)
    for channel, address, state, attempt, hours in [
        (channel_id, "+1", 4, 1, 1),
        (sibling, "+1", 3, 1, 2),
        (sibling, "+2", 7, 3, 23),
        (channel_id, "+3", 3, 1, 25),
        (channel_id, "+4", 6, 2, 1),
        (sibling, "+5", 1, 0, 0),
    ]:
        await owner_db.execute(
            "with m as (insert into message(company_id, channel_id, queue_id, address, dedupe_key, state)"
            " values ($1, $2, $2, $3, uuidv4()::text, $4) returning id)"
            " insert into attempt(company_id, id, message_id, channel_id, epoch, state, started_at)"
            " select $1, uuidv7(make_interval(hours => -$6::int)), id, $2, 1, $5, now() - make_interval(hours => $6::int) from m",
            owner.company_id, channel, address, state, attempt, hours,
        )  # fmt: skip
    return Day(owner, portfolio, channel_id)


async def test_a_lost_tier_is_rebuilt_from_the_ledger(day: Day) -> None:
    assert await day.ask(3, "+1", "+4", "+5", "+2", "+3") == [0.0, -1.0, 0.0, 0.0, -1.0]
    assert await day.used() == 3
    free_at = await limits.tier_free_at(day.owner.company_id, day.portfolio)
    assert free_at == pytest.approx(time.time() + limits.WINDOW, abs=60)  # all three were written to again
    await rebuild(day.owner, day.portfolio)  # nothing to do
    assert await day.used() == 3


async def _flushed(day: Day) -> Callable[[], Awaitable[None]]:
    async def lose() -> None:
        await valkey.client().delete(await day.key())

    return lose


async def _older(day: Day) -> Callable[[], Awaitable[None]]:
    kept = await valkey.client().dump(await day.key())

    async def lose() -> None:
        await valkey.client().restore(await day.key(), 0, kept, replace=True)

    return lose


@pytest.mark.parametrize("prepare", [_flushed, _older], ids=["flushed", "back with an older state"])
async def test_a_window_that_lost_somebody_is_never_believed(
    day: Day, owner_db: asyncpg.Connection, prepare: Callable[[Day], Awaitable[Callable[[], Awaitable[None]]]]
) -> None:
    assert await day.ask(10, "+1") == [0.0]
    lose = await prepare(day)
    message = await owner_db.fetchval(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state) values ($1, $2, $2, '+9', 'x', 1)"
        " returning id",
        day.owner.company_id,
        day.channel_id,
    )
    async with work(worker(day.owner.company_id), Permission.CAMPAIGNS_SEND) as w:  # claimed with its permit
        assert await limits.recipients(w, day.channel_id, day.portfolio, 10, ["+9"]) == [0.0]
        await w.execute(
            "insert into attempt(company_id, message_id, channel_id, epoch) values ($1, $2, $3, 1)",
            w.company_id, message, day.channel_id,
        )  # fmt: skip
    await lose()
    assert await day.ask(4, "+8", "+9") == [-1.0, 0.0]
    assert await day.used() == 4


async def test_a_permit_whose_claim_was_undone_is_not_the_last_word(day: Day) -> None:
    """The transaction is rolled back after Valkey said yes, as when its worker freezes before the commit."""
    assert await day.ask(4, "+1") == [0.0]
    with pytest.raises(ZeroDivisionError):
        async with work(worker(day.owner.company_id), Permission.CAMPAIGNS_SEND) as w:
            assert await limits.recipients(w, day.channel_id, day.portfolio, 4, ["+8"]) == [0.0]
            raise ZeroDivisionError
    async with work(worker(day.owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        with pytest.raises(WindowLost):
            await limits.recipients(w, day.channel_id, day.portfolio, 4, ["+1"])
    assert await day.ask(4, "+7", "+8") == [-1.0, 0.0]  # who had a permit stays counted


async def test_claims_of_one_portfolio_follow_one_another(day: Day) -> None:
    """Twenty at once: each sees the ones before it, and no one more than the limit goes."""
    waits = await asyncio.gather(*(day.ask(13, f"+55{n}", f"+66{n}") for n in range(20)))
    assert sum(wait.count(0.0) for wait in waits) == 10
    assert await day.used() == 13


async def test_a_day_without_a_limit_is_not_believed_afterwards(day: Day, owner_db: asyncpg.Connection) -> None:
    assert await day.ask(4, "+1") == [0.0]
    assert await day.ask(None, "+7") == [0.0]
    await owner_db.execute(
        "with m as (insert into message(company_id, channel_id, queue_id, address, dedupe_key, state)"
        " values ($1, $2, $2, '+7', 'x', 3) returning id)"
        " insert into attempt(company_id, message_id, channel_id, epoch, state) select $1, id, $2, 1, 1 from m",
        day.owner.company_id,
        day.channel_id,
    )
    assert await day.ask(4, "+8") == [-1.0]


async def test_scripts_survive_a_flush(number: UUID) -> None:
    await limits.acquire(number, rate=10, want=1)
    await valkey.client().script_flush()
    assert (await limits.acquire(number, rate=10, want=1)).granted == 0
