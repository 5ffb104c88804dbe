"""Two campaigns, and a campaign and a cadence, with the same text to the same numbers over SMS: real lanes, real sockets, one message each."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.cadences import actions as cadences
from db.cadences import enrolling, steps
from db.cadences.plan import Plan, Send
from db.campaigns import actions, lifecycle
from db.contacts.filter import ContactFilter
from db.messages.enums import MessageState, SkipReason
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.workers.providers.peer import Peer, Step, peer
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.sending import Lanes

PEOPLE = 12


TEXT = "Oi {{first_name|cliente}}, só hoje!"


async def _campaign(db: asyncpg.Connection, owner: Actor, channel_id: UUID) -> UUID:
    campaign_id = await factories.campaign(db, owner, channel_id, body=TEXT)
    await actions.launch(owner, campaign_id, None)
    await lifecycle.prepare(owner.company_id, campaign_id)
    return campaign_id


async def _cadence(db: asyncpg.Connection, owner: Actor, channel_id: UUID) -> UUID:
    """Its step's letter; everybody is in its queue."""
    steps_of = Plan(steps=[Send(id=uuid4(), channel_id=channel_id, text=TEXT.replace("só", " só "))])  # spaces make no other text
    cadence_id = (await cadences.create(owner, "Boas-vindas", steps_of))["id"]
    await cadences.start(owner, cadence_id)
    await enrolling.enrol(owner, cadence_id, ContactFilter(everyone=True))
    assert await steps.step(owner.company_id, cadence_id) == PEOPLE
    found: UUID = await db.fetchval("select id from campaign where cadence_id = $1", cadence_id)
    return found


def _counting(got: Counter[str]) -> Step:
    """A provider that takes everything and notes how often a number gets something."""
    numbers = itertools.count()

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, body = await far.read(reader)
            got[parse_qs(body.decode())["To"][0]] += 1
            told = {"sid": f"SM{next(numbers):032}", "status": "queued"}
            await far.answer(writer, 201, msgspec.json.encode(told))

    return step


async def _run(lane: Lanes, owner: Actor, channel_id: UUID) -> None:
    for _ in range(20):
        if await lane.run(owner.company_id, channel_id, 0) is None:
            break
    await lane.drain()


@pytest.mark.parametrize("other", [_campaign, _cadence])
async def test_the_same_text_goes_once_when_two_race(
    owner_db: asyncpg.Connection,
    owner: Actor,
    database: Settings,
    other: Callable[[asyncpg.Connection, Actor, UUID], Awaitable[UUID]],
) -> None:
    got = Counter[str]()
    await factories.contacts(owner_db, owner, PEOPLE)
    async with peer(_counting(got)) as server, Wire(timeout=10, connect_timeout=5) as wire:
        own = msgspec.structs.replace(database, sandbox_url=server.url, send_timeout=10, send_slice=5, send_concurrency=5)
        lanes = [Lanes(own, Sender(own, wire)) for _ in range(2)]
        channels = [
            await factories.channel(owner_db, owner, "sms", throughput=1000, external_id=f"+1500555000{n}") for n in (6, 7)
        ]
        campaigns = [await _campaign(owner_db, owner, channels[0]), await other(owner_db, owner, channels[1])]
        await asyncio.gather(*(_run(lane, owner, channel_id) for lane, channel_id in zip(lanes, channels, strict=True)))

    assert len(got) == PEOPLE
    assert set(got.values()) == {1}
    rows = await owner_db.fetch(
        "select state, reason, done_at is not null as done from message where campaign_id = any($1::uuid[])", campaigns
    )
    left_out = [row for row in rows if row["state"] == MessageState.SKIPPED]
    assert len(rows) == 2 * PEOPLE
    assert len(left_out) == PEOPLE
    assert {(row["reason"], row["done"]) for row in left_out} == {(SkipReason.SAME_TEXT.value, True)}


async def test_what_waits_for_money_keeps_nobody_from_saying_the_same(
    owner_db: asyncpg.Connection, owner: Actor, database: Settings
) -> None:
    got = Counter[str]()
    await factories.contacts(owner_db, owner, PEOPLE)
    async with peer(_counting(got)) as server, Wire(timeout=10, connect_timeout=5) as wire:
        own = msgspec.structs.replace(database, sandbox_url=server.url, send_timeout=10, send_slice=5, send_concurrency=5)
        lane = Lanes(own, Sender(own, wire))
        channel = await factories.channel(owner_db, owner, "sms", throughput=1000, external_id="+15005550006")
        dear = await _campaign(owner_db, owner, channel)
        await owner_db.execute(
            "insert into spend_cap(company_id, subject_id, currency, most) values ($1, $2, 'USD', 1)", owner.company_id, dear
        )
        await _run(lane, owner, channel)
        assert not got
        assert await owner_db.fetchval("select state_reason from campaign where id = $1", dear) == "spend_cap"
        await _campaign(owner_db, owner, channel)
        await _run(lane, owner, channel)
        assert got.total() == PEOPLE
        await owner_db.execute("delete from spend_cap where subject_id = $1", dear)
        await owner_db.execute("update campaign set state = 'running', state_reason = null where id = $1", dear)
        await owner_db.execute("update message set next_at = now() where campaign_id = $1", dear)
        await _run(lane, owner, channel)
    assert got.total() == PEOPLE, "nobody gets it twice"
    rows = await owner_db.fetch("select state, reason from message where campaign_id = $1", dear)
    assert {(row["state"], row["reason"]) for row in rows} == {(MessageState.SKIPPED, SkipReason.SAME_TEXT.value)}
