"""People see that we read and that we write: one call per conversation and burst, never of the past, and no alarm when it fails."""

import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import queue, valkey
from db.channels import actions as channels
from db.clock import now
from db.contacts import merges
from db.contacts.actions import create_contact
from db.contacts.enums import MergeReason
from db.conversations import actions, presence, queries, receipts
from db.jobs import MarkRead
from db.messages import echoes, inbound, threads
from db.messages.content import MessageContent, Reaction, Text
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin
from db.messages.inbound import Inbound
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from tests.db.channels.factories import make_channel
from tests.workers.providers.peer import Peer, answering, peer
from workers.main import Process
from workers.providers.wire import Wire
from workers.receipts import PATIENCE, STALE, Receipts
from workers.runtime import Retry

PHONE = "+5511987654321"
T0 = now().replace(microsecond=0) - timedelta(hours=2)
DONE = answering(200, b'{"success":true}')
DOWN = answering(503, b"")
REFUSED = answering(400, b'{"error":{"code":131009,"message":"Parameter value is not valid"}}')


class Scene:
    """One person who writes to one number, whose provider is at `url`."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, settings: Settings, wire: Wire) -> None:
        self.db, self.owner, self._settings, self._wire = db, owner, settings, wire
        self.channel = self.contact = owner.company_id

    async def begin(self, kind: str = "whatsapp", **columns: Any) -> "Scene":
        self.channel = await make_channel(self.db, self.owner, kind, **columns)
        self.contact = (await create_contact(self.owner, name="Ana", phone=PHONE, tag_names=[], custom={}))["id"]
        return self

    async def wrote(self, key: str, minute: int = 0, content: MessageContent | None = None, *, history: bool = False) -> UUID:
        async with work(worker(self.owner.company_id), Permission.CONTACTS_WRITE) as w:
            at = T0 + timedelta(minutes=minute)
            message = Inbound(self.channel, self.contact, key, PHONE, content or Text(text=key), at, history=history)
            stored = await inbound.store(w, message)
        assert stored is not None
        return stored.id

    async def phoned(self, minute: int) -> None:
        async with work(worker(self.owner.company_id), Permission.CONTACTS_WRITE) as w:
            at = T0 + timedelta(minutes=minute)
            echo = Echo(self.channel, self.contact, f"wamid.e{minute}", PHONE, Text(text="Já vou"), at, MessageOrigin.PHONE_APP)
            await echoes.store(w, echo)

    async def id(self) -> UUID:
        [found] = await queries.of_contact(self.owner, self.contact)
        return found.id

    async def read(self, seen: UUID | None = None) -> None:
        await actions.mark_read(self.owner, await self.id(), seen)

    async def jobs(self) -> list[UUID]:
        """Conversations of the jobs that wait."""
        rows = await self.db.fetch(
            "select payload::text from job where company_id = $1 and name = 'MarkRead'", self.owner.company_id
        )
        found = [queue.decode(row["payload"]) for row in rows]
        return [job.conversation_id for job in found if isinstance(job, MarkRead)]

    def at(self, url: str) -> Receipts:
        return Receipts(msgspec.structs.replace(self._settings, graph_url=url, sandbox_url=url), self._wire)

    async def run(self, far: Peer) -> list[dict[str, Any]]:
        """Runs the job; what the provider has been told so far."""
        await self.at(far.url).mark_read(self.owner.company_id, MarkRead(conversation_id=await self.id()))
        return bodies(far)


def bodies(far: Peer) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in far.requests]


def receipt(key: str) -> dict[str, str]:
    return {"messaging_product": "whatsapp", "status": "read", "message_id": key}


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire(connect_timeout=20, timeout=60) as made:
        yield made


@pytest.fixture
async def scene(owner_db: asyncpg.Connection, owner: Actor, database: Settings, wire: Wire) -> Scene:
    return await Scene(owner_db, owner, database, wire).begin()


async def test_a_burst_is_told_once_by_its_newest_message(scene: Scene) -> None:
    first = await scene.wrote("wamid.1", 1)
    second = await scene.wrote("wamid.2", 2)
    await scene.read(first)
    await scene.read(second)
    assert await scene.jobs() == [await scene.id()], "one job for both"
    async with peer(DONE) as far:
        assert await scene.run(far) == [receipt("wamid.2")]
        assert far.requests[0][0].startswith("POST /v25.0/1/messages HTTP/1.1\r\n")
        await scene.run(far)
        await scene.read()
        await scene.read(first)
        assert await scene.run(far) == [receipt("wamid.2")], "what is told is not told again"
        await scene.wrote("wamid.3", 3)
        await scene.read()
        assert await scene.run(far) == [receipt("wamid.2"), receipt("wamid.3")]


async def test_what_came_after_the_last_that_was_seen_is_not_told(scene: Scene) -> None:
    first = await scene.wrote("wamid.1", 1)
    await scene.wrote("wamid.2", 2)
    await scene.read(first)
    async with peer(DONE) as far:
        assert await scene.run(far) == [receipt("wamid.1")]


async def test_neither_history_nor_echoes_nor_reactions_are_told(scene: Scene) -> None:
    await scene.wrote("wamid.old", 1, history=True)
    await scene.phoned(2)
    await scene.read()
    assert await scene.jobs() == []
    await scene.wrote("wamid.3", 3)
    await scene.wrote("wamid.4", 4, Reaction(target_id="wamid.e2", emoji="❤"))
    await scene.read()
    async with peer(DONE) as far:
        assert await scene.run(far) == [receipt("wamid.3")]


async def test_a_channel_that_is_set_so_or_cannot_tells_nothing(scene: Scene, owner: Actor) -> None:
    assert (await channels.patch(owner, scene.channel, read_receipts=False)).read_receipts is False
    await scene.wrote("wamid.1", 1)
    await scene.read()
    assert await scene.jobs() == []
    assert await receipts.writes(owner.company_id, await scene.id()) is None
    assert (await channels.patch(owner, scene.channel, name="Loja")).read_receipts is False
    await channels.patch(owner, scene.channel, read_receipts=True)
    await scene.read()
    assert len(await scene.jobs()) == 1
    await channels.patch(owner, scene.channel, read_receipts=False)
    async with peer(DONE) as far:
        assert await scene.run(far) == [], "turned off before the job ran"


async def test_sms_has_no_receipts(owner_db: asyncpg.Connection, owner: Actor, database: Settings, wire: Wire) -> None:
    sms = await Scene(owner_db, owner, database, wire).begin("sms")
    await sms.wrote("SM1", 1)
    await sms.read()
    assert await sms.jobs() == []
    async with peer(DONE) as far:
        await sms.at(far.url).show_typing(owner.company_id, await sms.id(), time.time())
        assert far.requests == []


async def test_a_provider_that_is_away_is_asked_for_two_minutes(scene: Scene, owner_db: asyncpg.Connection) -> None:
    await scene.wrote("wamid.1", 1)
    await scene.read()
    async with peer(DOWN) as far:
        with pytest.raises(Retry):
            await scene.run(far)
        await owner_db.execute("update channel set state = 'paused', state_reason = 'person'")
        with pytest.raises(Retry):
            await scene.run(far)
        assert len(far.requests) == 1, "a paused channel says nothing"
        await owner_db.execute("update channel set state = 'connected', state_reason = null")
        await owner_db.execute("update conversation set seen_at = now() - $1::interval", PATIENCE)
        assert len(await scene.run(far)) == 2, "then it is let go"
    async with peer(DONE) as far:
        assert await scene.run(far) == [receipt("wamid.1")], "and it was never noted as told"


async def test_a_refusal_is_let_go(scene: Scene) -> None:
    await scene.wrote("wamid.1", 1)
    await scene.read()
    async with peer(REFUSED) as far:
        assert len(await scene.run(far)) == 1


async def test_the_simulator_shows_who_was_read(
    owner_db: asyncpg.Connection, owner: Actor, database: Settings, wire: Wire
) -> None:
    scene = await Scene(owner_db, owner, database, wire).begin(sandbox=True)
    await scene.wrote("wamid.1", 1)
    await scene.wrote("wamid.2", 2)
    await scene.read()
    async with peer(DONE) as far:
        await scene.run(far)
    await scene.wrote("wamid.3", 3)
    shown = await threads.thread(owner, scene.channel, PHONE)
    assert [(entry.text, entry.state) for entry in shown] == [("wamid.3", None), ("wamid.2", "read"), ("wamid.1", "read")]


async def test_a_merged_person_keeps_what_was_read_last(scene: Scene, owner: Actor) -> None:
    await scene.wrote("wamid.1", 1)
    await scene.read()
    other = (await create_contact(owner, name="Ana L.", phone="+5511912345678", tag_names=[], custom={}))["id"]
    known, scene.contact = scene.contact, other
    await scene.wrote("wamid.2", 2)
    await scene.read()
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await merges.merge(w, known, other, MergeReason.PHONE_SHOWN)
    scene.contact = known
    async with peer(DONE) as far:
        assert await scene.run(far) == [receipt("wamid.2")]


# -- typing


async def test_a_person_sees_that_somebody_writes(scene: Scene, owner: Actor) -> None:
    await scene.wrote("wamid.1", 110)
    async with peer(DONE) as far:
        await scene.at(far.url).show_typing(owner.company_id, await scene.id(), time.time())
        assert bodies(far) == [{**receipt("wamid.1"), "typing_indicator": {"type": "text"}}]
        await scene.at(far.url).show_typing(owner.company_id, await scene.id(), time.time() - STALE - 1)
        assert len(far.requests) == 1, "too late is never"
    async with peer(REFUSED) as far:
        await scene.at(far.url).show_typing(owner.company_id, await scene.id(), time.time())


async def test_typing_is_woken_at_most_once_in_twenty_seconds_and_only_by_who_may_answer(scene: Scene, owner: Actor) -> None:
    await scene.wrote("wamid.1", 1)
    conversation_id = await scene.id()
    before = await queue.waiting("default")
    viewer = msgspec.structs.replace(owner, permissions=owner.permissions - {Permission.MESSAGES_SEND})
    await presence.say(viewer, conversation_id, here=True, typing=True)
    await presence.say(owner, conversation_id, here=True, typing=False)
    assert await queue.waiting("default") == before
    for _ in range(3):
        await presence.say(owner, conversation_id, here=True, typing=True)
    assert await queue.waiting("default") == before + 1
    left = await valkey.client().ttl(f"typing:{owner.company_id}:{conversation_id}")
    assert 0 < left <= receipts.TYPING


async def test_a_worker_shows_what_it_is_woken_for(scene: Scene, owner: Actor, database: Settings) -> None:
    await scene.wrote("wamid.1", 110)
    async with peer(DONE) as far:
        process = Process(msgspec.structs.replace(database, graph_url=far.url))
        place = {"company_id": str(owner.company_id), "conversation_id": str(await scene.id())}
        await process.show_typing(None, **place, at=int(time.time()))
        await process.wire.close()
        assert len(far.requests) == 1
