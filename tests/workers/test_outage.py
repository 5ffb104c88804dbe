"""A provider that is down: the breaker opens after few messages, pauses the channel, and a probe closes it."""

import random
from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.channels import actions as channel_actions
from db.channels import notices, outages
from db.clock import now
from db.jobs import ProbeChannel
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.workers.providers.peer import answering, peer
from tests.workers.test_lanes import stage
from tests.workers.test_sending import load
from workers import outage
from workers.outage import ON_TRIAL, OPEN_AT, Breaker, ProbeJobs, Tally, level_after, narrowed
from workers.outcomes import Accepted, Outcome, Rejected, RetryAfter, Scope, Unknown
from workers.providers.wire import Wire

OUTAGE = ("paused", "provider_outage")
NUMBER = msgspec.json.encode({"id": "1", "display_phone_number": "+55 11 4000-1234", "quality_rating": "GREEN"})


async def state(db: asyncpg.Connection, channel_id: UUID) -> tuple[str, str | None]:
    row = await db.fetchrow("select state, state_reason from channel where id = $1", channel_id)
    assert row is not None
    return row[0], row[1]


async def begin(owner: Actor, channel_id: UUID) -> bool:
    channel = await load(owner, channel_id)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        return await outages.begin(w, channel_id, "HTTP 503", period=channel.probe_at)


# the decision


def answers_until_open(failing: float, most: int) -> int | None:
    dice, level = random.Random(7), 0.0
    for number in range(most):
        level = level_after(level, 1, dice.random() < failing)
        if level >= OPEN_AT:
            return number + 1
    return None


def test_the_share_of_failures_decides() -> None:
    assert answers_until_open(1.0, 100) == 10
    assert answers_until_open(0.1, 100_000) is None  # a bad provider that works
    halves = answers_until_open(0.5, 200)
    assert halves is not None
    assert halves <= 100


def test_the_order_within_a_slice_matters_little() -> None:
    at_once = level_after(0.0, 20, 10)
    assert 0.25 < at_once < 0.4
    assert level_after(0.3, 0, 0) == 0.3


REFUSED, LATE, WELL = Unknown("HTTP 503"), Unknown("no complete answer in time"), Accepted("wamid.1")


def test_refusals_that_overtake_the_other_answers_are_no_outage() -> None:
    breaker, slices = Breaker(UUID(int=0), None), [Tally(32) for _ in range(4)]
    for slice_ in slices:
        for _ in range(4):
            breaker.record(REFUSED, slice_)
    assert breaker.level == 0.0
    for slice_ in slices:
        for _ in range(28):
            breaker.record(WELL, slice_)
    assert breaker.level == pytest.approx(4 / 32, abs=0.001)


def test_time_outs_in_a_row_are_no_outage_when_what_left_with_them_is_answered() -> None:
    breaker, slices = Breaker(UUID(int=0), None), [Tally(32) for _ in range(16)]
    for slice_ in slices:
        for _ in range(30):
            breaker.record(WELL, slice_)
        breaker.wait_no_longer(slice_)
    for slice_ in slices:
        for _ in range(2):
            breaker.record(LATE, slice_)
    assert breaker.level < outage.NARROW_FROM


@pytest.mark.parametrize("failure", [REFUSED, LATE])
def test_half_a_slice_of_failures_is_an_outage_at_once(failure: Outcome) -> None:
    breaker, slice_ = Breaker(UUID(int=0), None), Tally(32)
    for _ in range(15):
        breaker.record(failure, slice_)
    assert not breaker.is_open
    breaker.record(failure, slice_)
    assert breaker.is_open


def test_what_a_slow_slice_has_answered_counts_when_it_is_written() -> None:
    breaker, slice_ = Breaker(UUID(int=0), None), Tally(64)
    for outcome in (*[REFUSED] * 12, *[WELL] * 12):
        breaker.record(outcome, slice_)
    assert breaker.level == 0.0
    breaker.wait_no_longer(slice_)
    assert 0.3 < breaker.level < 0.4
    breaker.wait_no_longer(slice_)  # nothing new
    assert 0.3 < breaker.level < 0.4


def test_less_goes_on_the_wire_the_likelier_an_outage_is() -> None:
    assert [narrowed(level, 64) for level in (0.0, 0.15, 0.225, 0.3, ON_TRIAL)] == [64, 64, 32, 1, 1]
    assert level_after(ON_TRIAL, 1, 1) >= OPEN_AT
    assert narrowed(level_after(ON_TRIAL, 20, 0), 64) == 64


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        (Unknown("HTTP 503"), True),
        (RetryAfter(None, FailureReason.NETWORK, scope=Scope.CHANNEL), True),
        (RetryAfter(None, FailureReason.TEMPORARY, 131000), True),
        (RetryAfter(None, FailureReason.THROUGHPUT, 130429), False),
        (Rejected(FailureReason.NOT_ON_WHATSAPP, 131026), False),
        (Accepted("wamid.1"), False),
    ],
)
def test_what_speaks_against_the_provider(outcome: Outcome, failure: bool) -> None:
    assert outage.is_failure(outcome) is failure


async def test_workers_share_the_level(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner)
    one, other = Breaker(channel_id, None), Breaker(channel_id, None)
    for breaker in (one, other):
        for _ in range(5):
            breaker.record(Unknown("HTTP 503"), Tally(1))
        assert not breaker.is_open
        await breaker.exchange()
    assert other.is_open
    await one.exchange()
    assert one.is_open


# what it does to a campaign


async def test_a_provider_that_answers_503_costs_few_messages(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, lambda to, times: (503, 131016), people=300) as s:
        await s.run()
        counts = await s.counts()
        assert counts["unknown"] <= 20
        assert counts == {"unknown": counts["unknown"], "queued": 300 - counts["unknown"]}
        assert sum(s.far.seen.values()) == counts["unknown"]
        assert await state(owner_db, s.channel_id) == OUTAGE
        assert await s.campaign() == "running"
        audited = "select count(*) from audit_log where subject_id = $1 and action = 'channel.paused'"
        assert await owner_db.fetchval(audited, s.channel_id) == 1
        await s.run()
        assert sum(s.far.seen.values()) == counts["unknown"]


async def test_a_provider_that_is_silent_costs_what_was_on_the_wire(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, lambda to, times: "hang", people=300, patience=2.0) as s:
        await s.run()
        counts = await s.counts()
        assert counts["unknown"] <= 20
        assert counts["queued"] == 300 - counts["unknown"]
        assert await state(owner_db, s.channel_id) == OUTAGE


async def test_refused_for_a_passing_reason_costs_no_try_while_the_provider_is_down(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    async with stage(owner_db, owner, database, lambda to, times: (400, 131000), people=60) as s:
        await s.run()
        assert await s.counts() == {"queued": 60}
        assert await state(owner_db, s.channel_id) == OUTAGE
        assert await owner_db.fetchval("select sum(tries) from message where campaign_id = $1", s.campaign_id) < 10


async def test_some_failures_stop_nobody(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with stage(
        owner_db, owner, database, lambda to, times: (503, 131016) if to.endswith("5") else (200, None), people=200
    ) as s:
        await s.run()
        assert await s.counts() == {"sent": 180, "unknown": 20}
        assert (await s.channel())["state"] == "connected"


async def test_after_an_outage_one_message_tries_and_the_rest_waits(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """The provider answers the probe, and fails again with the first message; then it is well, and everybody gets theirs."""
    well = False
    async with stage(owner_db, owner, database, lambda to, times: (200, None) if well else (503, 131016), people=100) as s:
        await s.run()
        before = sum(s.far.seen.values())
        since = (await s.channel())["outage_since"]
        async with work(owner, Permission.CHANNELS_WRITE) as w:
            assert await outages.over(w, s.channel_id)
        await s.run()
        assert sum(s.far.seen.values()) == before + 1
        assert await state(owner_db, s.channel_id) == OUTAGE
        assert (await s.channel())["outage_since"] == since
        well = True
        async with work(owner, Permission.CHANNELS_WRITE) as w:
            assert await outages.over(w, s.channel_id)
        await s.run()
        assert await s.counts() == {"unknown": before + 1, "sent": 100 - before - 1}


async def test_an_open_breaker_on_which_nobody_could_act_stops_nothing_for_ever(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """The provider fails while a person pauses the channel, or the worker dies that saw it: nobody could pause it as an outage. When
    the channel goes on, it is paused and probed like any other."""
    async with stage(owner_db, owner, database, lambda to, times: (200, None), people=20) as s:
        breaker = Breaker(s.channel_id, None)
        for _ in range(10):
            breaker.record(Unknown("HTTP 503"), Tally(1))
        await breaker.exchange()
        await s.run()
        assert await state(owner_db, s.channel_id) == OUTAGE
        async with work(owner, Permission.CHANNELS_WRITE) as w:
            assert await outages.over(w, s.channel_id)
        await s.run()
        assert await s.counts() == {"sent": 20}


# the channel's state


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "paused", "state_reason": "person"},
        {"state": "paused", "state_reason": "spam_rate", "paused_until": now() + timedelta(days=1)},
        {"state": "error", "state_reason": "token_invalid"},
    ],
    ids=["person", "provider", "error"],
)
async def test_an_outage_replaces_no_other_stop(owner_db: asyncpg.Connection, owner: Actor, columns: dict[str, object]) -> None:
    channel_id = await factories.channel(owner_db, owner, **columns)
    assert not await begin(owner, channel_id)
    assert await state(owner_db, channel_id) == (columns["state"], columns["state_reason"])
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert not await outages.over(w, channel_id)


async def test_a_person_may_pause_and_resume_during_an_outage(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner)
    await channel_actions.pause(owner, channel_id)
    await channel_actions.resume(owner, channel_id)
    assert (await load(owner, channel_id)).probe_at is None  # nothing to do with an outage: full speed at once
    await owner_db.execute("update channel set state = 'connected' where id = $1", channel_id)
    assert await begin(owner, channel_id)
    await channel_actions.pause(owner, channel_id)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert not await outages.over(w, channel_id)
    assert await state(owner_db, channel_id) == ("paused", "person")
    await channel_actions.resume(owner, channel_id)
    channel = await load(owner, channel_id)
    assert Breaker(channel.id, channel.probe_at).level == ON_TRIAL


async def test_old_answers_do_not_begin_another_outage(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner)
    before = await load(owner, channel_id)
    assert await begin(owner, channel_id)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert await outages.over(w, channel_id)
        assert not await outages.begin(w, channel_id, "late", period=before.probe_at)


def test_probes_become_rarer() -> None:
    waits = [outages.pause(timedelta(seconds=seconds), 0.2).total_seconds() for seconds in (0, 1, 50, 3600)]
    for found, usual in zip(waits, (2, 2, 10, 60), strict=True):
        assert 0.8 * usual <= found <= 1.2 * usual


async def test_a_probe_is_begun_by_one_worker_and_again_when_that_one_died(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner)
    assert await begin(owner, channel_id)
    waiting = "select count(*) from job where name = 'ProbeChannel' and company_id = $1"
    await outages.probe_due()
    assert await owner_db.fetchval(waiting, owner.company_id) == 0  # not yet
    for _ in range(2):
        await owner_db.execute("delete from job where company_id = $1", owner.company_id)
        await owner_db.execute("update channel set probe_at = now() where id = $1", channel_id)
        await outages.probe_due()
        await outages.probe_due()
        assert await owner_db.fetchval(waiting, owner.company_id) == 1


async def test_the_owners_hear_once_of_a_long_outage(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner, sandbox=False)
    assert await begin(owner, channel_id)
    mails = "select array_agg(params->>'code') from mail where company_id = $1"
    for minutes, told in ((9, None), (11, ["outage"]), (12, ["outage"])):
        await owner_db.execute(
            "update channel set outage_since = least(outage_since, now() - make_interval(mins => $2)) where id = $1",
            channel_id,
            minutes,
        )
        async with work(owner, Permission.CHANNELS_WRITE) as w:
            await outages.goes_on(w, channel_id)
        assert await owner_db.fetchval(mails, owner.company_id) == told
    assert await notices.open_notices(owner, channel_id) == []  # the channel's state says it already


@pytest.mark.parametrize(
    ("status", "body", "goes_on"),
    [
        (200, NUMBER, True),
        (401, b'{"error":{"code":190,"message":"expired"}}', True),  # the provider lives; the next message stops the channel
        (503, b'{"error":{"code":131016,"message":"Service unavailable"}}', False),
        (502, b"<html>", False),
    ],
)
async def test_a_probe_ends_the_outage_when_the_provider_answers(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor, status: int, body: bytes, goes_on: bool
) -> None:
    channel_id = await factories.channel(owner_db, owner)
    assert await begin(owner, channel_id)
    planned = await owner_db.fetchval("select probe_at from channel where id = $1", channel_id)
    async with peer(answering(status, body)) as far, Wire(timeout=20, connect_timeout=10) as wire:
        settings = msgspec.structs.replace(database, sandbox_url=far.url)
        await ProbeJobs(settings, wire).probe_channel(owner.company_id, ProbeChannel(channel_id=channel_id))
        assert far.requests[0][0].startswith("GET ")
    found = await owner_db.fetchrow("select state, probe_at from channel where id = $1", channel_id)
    assert found is not None
    assert found["state"] == ("connected" if goes_on else "paused")
    assert found["probe_at"] != planned
    assert await owner_db.fetchval("select ok from channel_log where channel_id = $1", channel_id) is (status == 200)


async def test_a_probe_to_nobody_waits_for_the_next(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner, kind="sms")
    assert await begin(owner, channel_id)
    async with Wire(timeout=20, connect_timeout=10) as wire:
        settings = msgspec.structs.replace(database, sandbox_url="http://127.0.0.1:1")
        await ProbeJobs(settings, wire).probe_channel(owner.company_id, ProbeChannel(channel_id=channel_id))
    assert await state(owner_db, channel_id) == OUTAGE
