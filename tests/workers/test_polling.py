"""How lanes come to their turn: by the poller of a process, past the queue, or once through it."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from db import queue, valkey
from db.campaigns import actions, lifecycle
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from workers.main import Process
from workers.turns import Lane


async def test_a_lane_that_begins_waits_behind_nobodys_wake_ups(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    """The poller puts it among the waiting of its own process, unless another process serves it."""
    channel_id = await factories.channel(owner_db, owner, throughput=1000)
    template_id = await factories.template(owner_db, owner, channel_id)
    await factories.contacts(owner_db, owner, 3)
    campaign_id = await factories.campaign(owner_db, owner, channel_id, template_id)
    await actions.launch(owner, campaign_id, None)
    await lifecycle.prepare(owner.company_id, campaign_id)
    await queue.queues()["send"].redis.flushdb()
    taken, free = (Lane(owner.company_id, channel_id, number) for number in (0, 1))
    await valkey.client().set(f"lane:{channel_id}:0", 1)
    process = Process(database)
    process.draining.set()  # turns begin and end at once
    await process._poll_sending()
    assert free in process.turns
    assert taken not in process.turns
    assert await queue.waiting("send") == 0
    while free in process.turns:
        await asyncio.sleep(0)


async def test_a_lane_waits_in_the_queue_once(database: Settings, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is said to have more to do while nobody took it."""
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)  # not across the border of two windows
    await queue.queues()["send"].redis.flushdb()
    process, lane = Process(database), Lane(owner.company_id, uuid4(), 0)
    for _ in range(5):
        await process._wake_lane(lane)
        await asyncio.sleep(0.12)
    assert await queue.waiting("send") == 1
