"""A provider stops a channel: what it may replace and what it may not, and how a pause with an end is over."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from db.channels import actions, provider_state
from db.channels.enums import ChannelState
from db.clock import now
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.test_work import events_of

SOON, LATER = timedelta(minutes=5), timedelta(hours=2)


class Stage:
    """One channel that is sending."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, channel_id: UUID) -> None:
        self.db, self.actor, self.id = db, actor, channel_id

    async def stop(self, reason: FailureReason, until: datetime | None = None) -> bool:
        async with work(self.actor, Permission.CHANNELS_WRITE) as w:
            return await provider_state.stop(w, self.id, reason, "words", until=until)

    async def row(self) -> tuple[str, str | None, datetime | None]:
        row = await self.db.fetchrow("select state, state_reason, paused_until from channel where id = $1", self.id)
        assert row is not None
        return row["state"], row["state_reason"], row["paused_until"]

    async def audited(self) -> int:
        count: int = await self.db.fetchval(
            "select count(*) from audit_log where company_id = $1 and action = 'channel.stopped'", self.actor.company_id
        )
        return count


@pytest.fixture
async def stage(owner_db: asyncpg.Connection, owner: Actor) -> Stage:
    return Stage(owner_db, owner, await factories.channel(owner_db, owner))


async def test_a_provider_ends_no_pause_of_a_person(stage: Stage) -> None:
    await actions.pause(stage.actor, stage.id)
    for until in (None, now() + SOON):
        assert not await stage.stop(FailureReason.PAYMENT, until)
    assert await stage.row() == ("paused", "person", None)
    assert await stage.audited() == 0


async def test_what_must_be_mended_is_not_made_a_pause(stage: Stage) -> None:
    assert await stage.stop(FailureReason.TOKEN_INVALID)
    assert not await stage.stop(FailureReason.API_RATE, now() + SOON)
    assert not await stage.stop(FailureReason.TOKEN_INVALID)  # the same once more says nothing new
    assert await stage.stop(FailureReason.PAYMENT)
    assert await stage.row() == ("error", "payment", None)
    assert await stage.audited() == 2


async def test_a_pause_is_made_longer_but_not_shorter(stage: Stage) -> None:
    first, second = now() + SOON, now() + LATER
    assert await stage.stop(FailureReason.API_RATE, first)
    assert await stage.stop(FailureReason.SPAM_RATE, second)
    assert not await stage.stop(FailureReason.API_RATE, first)
    assert await stage.row() == ("paused", "spam_rate", second)
    assert await stage.stop(FailureReason.ACCOUNT_LOCKED)
    assert await stage.row() == ("error", "account_locked", None)


async def test_what_binds_the_account_stops_each_of_its_channels_but_those_a_person_paused(stage: Stage, owner: Actor) -> None:
    sibling, by_hand = await factories.channel(stage.db, owner), await factories.channel(stage.db, owner)
    elsewhere = await factories.channel(stage.db, owner, account_id="waba2")
    gone = await factories.channel(stage.db, owner, archived_at=now())
    await actions.pause(owner, by_hand)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert await provider_state.stop(w, stage.id, FailureReason.PAYMENT, whole_account=True)
    rows = await stage.db.fetch("select id, state, state_reason from channel where company_id = $1", owner.company_id)
    assert {row["id"]: (row["state"], row["state_reason"]) for row in rows} == {
        stage.id: ("error", "payment"),
        sibling: ("error", "payment"),
        by_hand: ("paused", "person"),
        elsewhere: ("connected", None),
        gone: ("connected", None),
    }
    assert await stage.audited() == 2


async def test_an_archived_channel_is_not_stopped(stage: Stage) -> None:
    await actions.archive(stage.actor, stage.id)
    assert not await stage.stop(FailureReason.PAYMENT)


async def test_a_pause_whose_time_has_come_is_over_and_told(stage: Stage, owner: Actor) -> None:
    over, running, by_hand = stage.id, await factories.channel(stage.db, owner), await factories.channel(stage.db, owner)
    await actions.pause(owner, by_hand)
    for channel_id, until in ((over, now() - timedelta(seconds=1)), (running, now() + SOON)):
        await stage.db.execute(
            "update channel set state = 'paused', state_reason = 'api_rate', state_detail = 'x', paused_until = $2 where id = $1",
            channel_id,
            until,
        )
    told = len(await events_of(owner.company_id))
    await provider_state.end_pauses()
    rows = await stage.db.fetch(
        "select id, state, state_reason, state_detail, paused_until is null as endless from channel where company_id = $1",
        owner.company_id,
    )
    assert {row["id"]: tuple(row)[1:] for row in rows} == {
        over: ("connected", None, None, True),
        running: ("paused", "api_rate", "x", False),
        by_hand: ("paused", "person", None, True),
    }
    assert [event["data"] for event in (await events_of(owner.company_id))[told:]] == [{"channel_id": str(over)}]


async def test_the_next_check_of_a_paused_channel_leaves_the_pause(stage: Stage) -> None:
    until = now() + SOON
    await stage.stop(FailureReason.API_RATE, until)
    async with work(stage.actor, Permission.CHANNELS_WRITE) as w:
        await provider_state.save_check(w, stage.id, provider_state.CheckResult(lines=[]))
    assert await stage.row() == (ChannelState.PAUSED, "api_rate", until)
