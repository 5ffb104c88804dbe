"""Outcomes nobody knows, over Twilio: what it took without answering is found by asking, and what the asking tells has the
same effect as a callback."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, lifecycle
from db.jobs import LookUpUnknown
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.workers.providers.peer import Peer, peer
from workers import inbound, unknown
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.sending import Lanes


class Deaf:
    """A Twilio that takes every message and answers none; the list tells all of them with the given state."""

    def __init__(self, **told: Any) -> None:
        self.told = told
        self.messages: list[dict[str, Any]] = []
        self.garbled: set[str] = set()

    async def step(self, far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await far.read(reader)
            method, path, _ = head.split(" ", 2)
            if method == "POST":
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                self.take(form["To"], form["Body"], form["From"])
                return
            query = parse_qs(urlsplit(path).query)
            page: list[Any] = [message for message in self.messages if message["to"] == query["To"][0]]
            if page and page[0]["to"] in self.garbled:
                page = ["nonsense"]
            await far.answer(writer, 200, json.dumps({"messages": page, "next_page_uri": None}).encode())

    def take(self, to: str, body: str, sender: str) -> str:
        sid = f"SM{uuid4().hex}"
        self.messages.insert(
            0,
            {
                "sid": sid, "status": "delivered", "to": to, "from": sender, "body": body, "direction": "outbound-api",
                "error_code": None, "date_created": format_datetime(datetime.now(UTC)), **self.told,
            },
        )  # fmt: skip
        return sid


async def sms(db: asyncpg.Connection, owner: Actor, people: int) -> tuple[UUID, UUID]:
    channel_id = await factories.channel(db, owner, kind="sms", throughput=1000, unknown_horizon=600)
    await factories.contacts(db, owner, people)
    campaign = await factories.campaign(db, owner, channel_id, body="Oi!")
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return channel_id, campaign


async def states(db: asyncpg.Connection, campaign: UUID) -> list[tuple[int, int | None]]:
    rows = await db.fetch("select state, code from message where campaign_id = $1 order by address", campaign)
    return [(row["state"], row["code"]) for row in rows]


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ({}, (4, None)),
        ({"status": "queued"}, (3, None)),
        ({"status": "undelivered", "error_code": 30005}, (6, 30005)),
        ({"date_created": "Thu, 01 Jan 2099 10:00:00 -0000"}, (4, None)),
        ({"body": "Oi!", "price": "\0", "sender": "\ud83d", "error_code": 10**12}, (4, None)),
    ],
    ids=["delivered", "still queued", "undelivered", "date without a zone", "poison"],
)
async def test_what_twilio_took_in_silence_is_found(
    owner_db: asyncpg.Connection, owner: Actor, settings: Settings, told: dict[str, Any], end: tuple[int, int | None]
) -> None:
    channel_id, campaign = await sms(owner_db, owner, 3)
    far = Deaf(**told)
    async with peer(far.step) as server, Wire(timeout=3, connect_timeout=1.5) as wire:
        there = msgspec.structs.replace(settings, sandbox_url=server.url)
        sender = Sender(there, wire)
        lanes = Lanes(there, sender)
        await lanes.run(owner.company_id, channel_id, 0)
        await lanes.drain()
        assert await states(owner_db, campaign) == [(2, None)] * 3
        for _ in range(2):  # asking again changes nothing
            await unknown.lookup_job(sender)(owner.company_id, LookUpUnknown(channel_id=channel_id))
            await inbound.process_inbox(owner.company_id)
            assert await states(owner_db, campaign) == [end] * 3
    assert len(far.messages) == 3, "never sent again"


async def test_answers_that_cannot_be_read_keep_nobody_else_from_being_asked_about(
    owner_db: asyncpg.Connection, owner: Actor, settings: Settings
) -> None:
    channel_id, campaign = await sms(owner_db, owner, 30)
    far = Deaf()
    async with peer(far.step) as server, Wire(timeout=3, connect_timeout=1.5) as wire:
        there = msgspec.structs.replace(settings, sandbox_url=server.url)
        sender = Sender(there, wire)
        lanes = Lanes(there, sender)
        await lanes.run(owner.company_id, channel_id, 0)
        await lanes.drain()
        people = sorted(message["to"] for message in far.messages)
        far.garbled = set(people[:20])
        await unknown.lookup_job(sender)(owner.company_id, LookUpUnknown(channel_id=channel_id))
        await inbound.process_inbox(owner.company_id)
    assert sorted(await states(owner_db, campaign)) == [(2, None)] * 20 + [(4, None)] * 10


async def test_a_refusal_that_was_found_opts_the_person_out(
    owner_db: asyncpg.Connection, owner: Actor, settings: Settings
) -> None:
    channel_id, campaign = await sms(owner_db, owner, 1)
    far = Deaf(status="failed", error_code=21610)
    async with peer(far.step) as server, Wire(timeout=3, connect_timeout=1.5) as wire:
        there = msgspec.structs.replace(settings, sandbox_url=server.url)
        sender = Sender(there, wire)
        lanes = Lanes(there, sender)
        await lanes.run(owner.company_id, channel_id, 0)
        await lanes.drain()
        await unknown.lookup_job(sender)(owner.company_id, LookUpUnknown(channel_id=channel_id))
        await inbound.process_inbox(owner.company_id)
    assert await states(owner_db, campaign) == [(6, 21610)]
    assert await owner_db.fetchval("select opted_out_at is not null from contact where company_id = $1", owner.company_id)


async def test_the_same_text_of_another_message_is_no_evidence(
    owner_db: asyncpg.Connection, owner: Actor, settings: Settings
) -> None:
    """The person got the same words a minute ago, as a message that is known: this one is still unknown."""
    channel_id, campaign = await sms(owner_db, owner, 1)
    far = Deaf()
    async with peer(far.step) as server, Wire(timeout=3, connect_timeout=1.5) as wire:
        there = msgspec.structs.replace(settings, sandbox_url=server.url)
        sender = Sender(there, wire)
        lanes = Lanes(there, sender)
        await lanes.run(owner.company_id, channel_id, 0)
        await lanes.drain()
        [taken] = [message["sid"] for message in far.messages]
        earlier = await owner_db.fetchval(
            "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, provider_id, sent_at)"
            " select company_id, channel_id, channel_id, contact_id, address, 'earlier', 3, $2, $3 from message"
            " where campaign_id = $1 returning id",
            campaign,
            taken,
            datetime.now(UTC) - timedelta(minutes=1),
        )
        await owner_db.execute(
            "insert into attempt(company_id, message_id, channel_id, epoch, state, provider_id)"
            " select company_id, id, channel_id, 1, 1, provider_id from message where id = $1",
            earlier,
        )
        await unknown.lookup_job(sender)(owner.company_id, LookUpUnknown(channel_id=channel_id))
        await inbound.process_inbox(owner.company_id)
    assert await states(owner_db, campaign) == [(2, None)]
