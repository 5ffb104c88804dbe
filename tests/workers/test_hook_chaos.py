"""Receivers of every bad habit beside one that is well; with real processes and for ten minutes: `just faults hooks_chaos`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from db.contacts.events import ContactsChanged
from db.event_consumers import move_noticed, take
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.webhooks import deliveries
from db.webhooks.enums import WebhookType
from db.work import work
from tests import factories
from tests.faults.chaos import HABITS, Sick
from tests.faults.hooks import Receiver
from tests.workers.providers.certificate import contexts
from tests.workers.providers.peer import Peer, answering, peer
from tests.workers.test_webhooks import deliver, made, make_due, states, tell
from workers.hook_wire import HookWire
from workers.webhooks import ALWAYS, OF_COMPANY, Deliverer, read_events


@pytest.fixture
async def hasty() -> AsyncIterator[Deliverer]:
    """Waits for no answer longer than two seconds."""
    async with HookWire(allow_private=True, timeout=2.0) as wire:
        yield Deliverer(wire)


async def test_no_habit_of_a_receiver_loses_or_reorders_anything_or_reaches_another(
    owner: Actor, owner_db: asyncpg.Connection, hasty: Deliverer, tmp_path: Path
) -> None:
    well, sick = Receiver(), {name: Sick(name, 1.0) for name in HABITS}
    contacts, versions = [uuid4() for _ in range(3)], list(range(4))
    async with AsyncExitStack() as stack:
        fine = await stack.enter_async_context(peer(well.step))
        fine_id = (await made(owner, fine.url))[0].id
        ids = {}
        for name, one in sick.items():
            far = await stack.enter_async_context(peer(one.step))
            ids[name] = (await made(owner, far.url))[0].id
        wrong = await stack.enter_async_context(peer(well.step, tls=contexts(tmp_path, "localhost")[0]))
        ids["tls"] = (await made(owner, wrong.url.replace("http:", "https:")))[0].id
        await tell(owner, *(ContactsChanged(contact_id=one, version=version) for version in versions for one in contacts))
        await deliver(hasty)
        while set(await states(owner_db, fine_id)) != {"delivered"}:  # a machine so busy that two seconds were not enough
            await make_due(owner_db, fine_id)
            await deliver(hasty)
        assert {str(one): well.taken[str(one)] for one in contacts} == {str(one): versions for one in contacts}
        assert sum(one.count for one in sick.values()) == 0
        failures = await owner_db.fetch("select distinct endpoint_id, failure from webhook_attempt where failure is not null")
        told = {name: {row["failure"] for row in failures if row["endpoint_id"] == id} for name, id in ids.items()}
        assert (told["slow"], told["drips"]) == ({"timeout"}, {"timeout"})
        assert {name: found - {"timeout"} for name, found in told.items()} == {
            "slow": set(), "status": {"status"}, "resets": {"protocol"}, "redirects": {"redirect"}, "large": {"status"},
            "headers": {"protocol"}, "drips": set(), "other": {"protocol"}, "tls": {"tls"},
        }  # fmt: skip
        for share in (0.5, 0.0, 0.0, 0.0, 0.0):
            for name, one in sick.items():
                one.sick = share
                await make_due(owner_db, ids[name])
            await deliver(hasty)
        for name, one in sick.items():
            assert {str(each): one.taken[str(each)] for each in contacts} == {str(each): versions for each in contacts}, name
            assert set(await states(owner_db, ids[name])) == {"delivered"}
        assert set(await states(owner_db, ids["tls"])) == {"waiting"}


async def test_a_status_of_a_message_arrives(owner: Actor, owner_db: asyncpg.Connection, hasty: Deliverer) -> None:
    channel_id = await factories.channel(owner_db, owner)
    async with peer(answering(200)) as far:
        endpoint, _ = await made(owner, far.url, WebhookType.MESSAGE_STATUS)
        message_id = await owner_db.fetchval(
            "insert into message(company_id, channel_id, queue_id, address, dedupe_key) values ($1, $2, $2, '+5511988887777', 'x') returning id",
            owner.company_id,
            channel_id,
        )
        for state in (MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED):
            await owner_db.execute("update message set state = $2::smallint where id = $1", message_id, int(state))
        await move_noticed()
        async with work(worker(owner.company_id), Permission.EVENTS_READ) as w:
            await read_events(w, str(endpoint.id), await take(w, f"webhooks:{endpoint.id}"))
        await deliver(hasty)
        told = [json.loads(body) for _, body in far.requests]
    assert [one["type"] for one in told] == ["message.status"] * 2
    assert [one["data"]["state"] for one in told] == ["sent", "delivered"]
    assert {one["data"]["message_id"] for one in told} == {str(message_id)}


async def test_many_that_fail_together_are_one_outage_of_seconds(
    owner_db: asyncpg.Connection, owner: Actor, hasty: Deliverer
) -> None:
    async with peer(answering(500)) as far:
        endpoint, _ = await made(owner, far.url)
        await tell(owner, *(ContactsChanged(contact_id=uuid4()) for _ in range(100)))
        await deliver(hasty)
        assert len(far.requests) >= 60
    row = await owner_db.fetchrow(
        "select failures, paused_until < now() + interval '7 seconds' as soon, paused_until > now() as paused from webhook_endpoint where id = $1",
        endpoint.id,
    )
    assert row is not None
    assert tuple(row) == (deliveries.BROKEN_AFTER, True, True)


async def test_slow_endpoints_of_one_company_take_no_more_than_their_share(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    asked, go = 0, asyncio.Event()

    async def slow(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await far.read(reader)
        asked += 1
        await go.wait()
        await far.answer(writer, 204)

    async with peer(slow) as sick, peer(answering(204)) as well, HookWire(allow_private=True, timeout=60) as wire:
        deliverer = Deliverer(wire)
        for _ in range(6):
            await made(owner, sick.url)
        await made(stranger, well.url)
        await tell(owner, *(ContactsChanged(contact_id=uuid4()) for _ in range(80)))
        await deliverer.round()
        while asked < OF_COMPANY:
            await asyncio.sleep(0.02)
        await tell(stranger, *(ContactsChanged(contact_id=uuid4()) for _ in range(20)))
        await deliverer.round()
        while len(well.requests) < 20:
            await asyncio.sleep(0.02)
        assert OF_COMPANY <= asked <= OF_COMPANY + 6 * ALWAYS
        go.set()
        await deliverer.idle()
