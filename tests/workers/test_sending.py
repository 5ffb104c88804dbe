"""Lanes when the world is against them: a provider out of reach, a channel that a person stopped, a slice with mixed answers."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, lifecycle
from db.channels import provider_state
from db.channels.secrets import ChannelRow, load_channel
from db.clock import now
from db.messages.ledger import Claimed
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import read, work
from tests import factories
from workers import outgoing
from workers.batch import Batch
from workers.outcomes import OptedOut, OptOutScope, PauseChannel
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.sending import Lanes


async def load(actor: Actor, channel_id: UUID) -> ChannelRow:
    async with read(actor, Permission.CHANNELS_READ) as r:
        channel = await load_channel(r, channel_id)
    assert channel is not None
    return channel


async def state(db: asyncpg.Connection, channel_id: UUID) -> tuple[str, str | None, bool]:
    row = await db.fetchrow("select state, state_reason, paused_until is null from channel where id = $1", channel_id)
    assert row is not None
    return row[0], row[1], row[2]


@pytest.mark.parametrize("seconds", [60.0, None])
async def test_a_providers_pause_does_not_end_a_persons(
    owner_db: asyncpg.Connection, owner: Actor, seconds: float | None
) -> None:
    channel_id = await factories.channel(owner_db, owner, state="paused", state_reason="person")
    await outgoing.pause_channel(await load(owner, channel_id), PauseChannel(FailureReason.SPAM_RATE, seconds=seconds))
    assert await state(owner_db, channel_id) == ("paused", "person", True)


async def test_a_passing_reason_does_not_heal_what_must_be_mended(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await factories.channel(owner_db, owner, state="error", state_reason="token_invalid")
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        await provider_state.stop(w, channel_id, FailureReason.SPAM_RATE, until=now() + timedelta(minutes=1))
    assert await state(owner_db, channel_id) == ("error", "token_invalid", True)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "paused", "state_reason": "spam_rate", "paused_until": now() + timedelta(minutes=5)},
        {"state": "paused", "state_reason": "provider_outage", "probe_at": now()},
    ],
    ids=["for a while", "outage"],
)
async def test_what_must_be_mended_replaces_a_pause_that_would_end_by_itself(
    owner_db: asyncpg.Connection, owner: Actor, columns: dict[str, object]
) -> None:
    channel_id = await factories.channel(owner_db, owner, **columns)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        await provider_state.stop(w, channel_id, FailureReason.SPAM_RATE, until=now() + timedelta(minutes=1))
    assert (await state(owner_db, channel_id))[:2] == ("paused", columns["state_reason"])
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        await provider_state.stop(w, channel_id, FailureReason.ACCOUNT_LOCKED)
    assert await state(owner_db, channel_id) == ("error", "account_locked", True)


async def test_an_opt_out_counts_also_when_its_slice_paused_the_channel(
    owner_db: asyncpg.Connection, owner: Actor, settings: Settings
) -> None:
    channel_id = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    contact_id = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    channel = await load(owner, channel_id)
    async with Wire(timeout=20, connect_timeout=10) as wire:
        sender = Sender(settings, wire)
        batch = Batch(channel, sender.composer(channel, None), sender, 0.0, 60.0, [], 1)
        message = Claimed(channel_id, 1, channel_id, None, contact_id, "+5511900000000", 1, 0, [], None)
        batch.notable = [
            (message, PauseChannel(FailureReason.SPAM_RATE, seconds=60)),
            (message, OptedOut(OptOutScope.MARKETING)),
        ]
        await Lanes(settings, sender)._act(batch)
    assert (await state(owner_db, channel_id))[0] == "paused"
    assert await owner_db.fetchval("select opted_out_at is not null from contact where id = $1", contact_id)


async def test_a_provider_out_of_reach_pauses_the_channel_and_costs_no_message(
    owner_db: asyncpg.Connection, owner: Actor, settings: Settings
) -> None:
    channel_id = await factories.channel(owner_db, owner, messaging_limit=None, throughput=400)
    template = await factories.template(owner_db, owner, channel_id)
    await factories.contacts(owner_db, owner, 500)
    campaign = await factories.campaign(owner_db, owner, channel_id, template)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    away = msgspec.structs.replace(settings, sandbox_url="http://127.0.0.1:1")
    async with Wire(timeout=20, connect_timeout=10) as wire:
        lanes = Lanes(away, Sender(away, wire))
        for _ in range(4):  # as the poller wakes it
            await lanes.run(owner.company_id, channel_id, 0)
            await lanes.drain()
    assert 0 < await owner_db.fetchval("select count(*) from attempt where channel_id = $1", channel_id) <= 64
    assert await state(owner_db, channel_id) == ("paused", "provider_outage", True)
    rows = await owner_db.fetch(
        "select state, max(tries) as tries, count(*) as n from message group by 1, campaign_id having campaign_id = $1", campaign
    )
    assert [tuple(row) for row in rows] == [(0, 0, 500)]
