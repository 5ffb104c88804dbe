"""A message over a session: none lost, none shown twice, and what nobody knew is settled by its id."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.messages import answers, changes
from db.messages.enums import AttemptState as A
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.qr import scenes
from tests.workers.qr.conftest import FAST, Scene
from workers.inbound import process_inbox
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.qr.lanes import SessionLanes, SessionSender
from workers.qr.port import Closed, Letter, Line, Message, Opened, Receipt, Refused, Taken
from workers.sending import Lanes
from workers.unknown import reconcile

CHAT = "5511900000000@s.whatsapp.net"


class Shop:
    """One open session with somebody to write to."""

    def __init__(self, scene: Scene, db: asyncpg.Connection, owner: Actor, database: Settings) -> None:
        self.scene, self.db, self.owner, self.database = scene, db, owner, database

    async def open(self) -> None:
        self.channel_id = await scenes.session(self.db, self.owner, kind=FAST.kind)
        await self.people()
        await self.connect()

    async def people(self) -> None:
        await factories.contacts(self.db, self.owner, 1)
        self.contact_id: UUID = await self.db.fetchval(
            "select contact_id from contact_identity where company_id = $1 and kind = 'phone'", self.owner.company_id
        )

    async def connect(self) -> None:
        await self.db.execute("update qr_session set next_at = now() where id = $1", self.channel_id)
        await self.scene.gateway.take()
        self.line = next(one for one in reversed(self.scene.port.started) if one.channel_id == self.channel_id)
        await self.scene.port.tell(self.line, Opened())

    async def write(self, text: str = "Oi") -> UUID:
        return (await answers.send(self.owner, self.contact_id, self.channel_id, TextReply(text))).id

    async def send(self) -> None:
        async with Wire() as wire:
            lanes = SessionLanes(
                self.database, SessionSender(self.database, wire, self.scene.gateway.clients), self.scene.gateway.clients
            )
            await self.db.execute("update message set next_at = now() where channel_id = $1 and queued", self.channel_id)
            await lanes.run(self.owner.company_id, self.channel_id, 0)
            await lanes.drain()

    async def tell(self, *events: Any) -> None:
        await self.scene.port.tell(self.line, *events)
        await process_inbox(self.owner.company_id)

    async def message(self, message_id: UUID) -> asyncpg.Record:
        row = await self.db.fetchrow("select state, provider_id, maybe_duplicate, tries from message where id = $1", message_id)
        assert row is not None
        return row

    async def forget_evidence(self) -> None:
        """The time for evidence is over."""
        await self.db.execute(
            f"update message set lease_until = now() - interval '1 second' where channel_id = $1 and state = {M.UNKNOWN}",
            self.channel_id,
        )
        await reconcile()


@pytest.fixture
async def shop(scene: Scene, owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> Shop:
    made = Shop(scene, owner_db, owner, database)
    await made.open()
    return made


async def test_a_message_goes_out_under_an_id_that_was_written_down_before(shop: Shop) -> None:
    message_id = await shop.write()
    seen: list[tuple[str, str]] = []
    send = shop.scene.port.send

    async def looking(line: Line, jid: str, letter: Letter) -> Taken | Refused:
        row = await shop.db.fetchrow(
            f"select provider_id, state from attempt where message_id = $1 and state = {A.STARTED}", message_id
        )
        assert row is not None
        seen.append((row["provider_id"], letter.id))
        return await send(line, jid, letter)

    shop.scene.port.send = looking  # type: ignore[method-assign]
    await shop.send()
    ((kept, sent),) = seen
    assert kept == sent
    assert sent.startswith("3EB0")
    assert (await shop.message(message_id))["state"] == M.SENT


async def test_ordinary_workers_leave_it_to_the_gateway(shop: Shop) -> None:
    message_id = await shop.write()
    async with Wire() as wire:
        lanes = Lanes(shop.database, Sender(shop.database, wire))
        assert await lanes.run(shop.owner.company_id, shop.channel_id, 0) is None
    assert (await shop.message(message_id))["state"] == M.QUEUED


async def test_receipts_move_it_on(shop: Shop) -> None:
    message_id = await shop.write()
    await shop.send()
    wa_id = (await shop.message(message_id))["provider_id"]
    await shop.tell(Receipt(chat=CHAT, id=wa_id, status=4), Receipt(chat=CHAT, id=wa_id, status=3))
    assert (await shop.message(message_id))["state"] == M.READ


@pytest.mark.parametrize("evidence", ["ack", "delivered", "echo"])
async def test_evidence_settles_what_nobody_knew(shop: Shop, evidence: str) -> None:
    shop.scene.port.script = ["lost_after"]
    message_id = await shop.write()
    await shop.send()
    row = await shop.message(message_id)
    assert row["state"] == M.UNKNOWN
    if evidence == "echo":
        raw = msgspec.json.encode({"jid": CHAT, "from_me": True, "at": 1_700_000_000, "content": {"conversation": "Oi"}})
        await shop.tell(Message(chat=CHAT, id=row["provider_id"], whole=True, history=True, message=msgspec.Raw(raw)))
        assert await shop.db.fetchval("select count(*) from message where channel_id = $1", shop.channel_id) == 1
    else:
        await shop.tell(Receipt(chat=CHAT, id=row["provider_id"], status=2 if evidence == "ack" else 3))
    assert (await shop.message(message_id))["state"] == (M.DELIVERED if evidence == "delivered" else M.SENT)


async def test_without_evidence_an_answer_goes_again_under_the_same_id(shop: Shop) -> None:
    shop.scene.port.script = ["lost_after"]
    message_id = await shop.write()
    await shop.db.execute("update message set at_least_once = true where id = $1", message_id)
    await shop.send()
    await shop.forget_evidence()
    await shop.send()
    row = await shop.message(message_id)
    assert (row["state"], row["maybe_duplicate"]) == (M.SENT, True)
    assert shop.scene.port.times() == {row["provider_id"]: 2}
    assert shop.scene.port.shown == {row["provider_id"]}, "whoever it reached twice sees one message"
    await shop.tell(Receipt(chat=CHAT, id=row["provider_id"], status=3))
    assert (await shop.message(message_id))["state"] == M.DELIVERED


async def test_what_was_lost_before_the_wire_waits_for_evidence_as_long_as_the_session_is_closed(shop: Shop) -> None:
    shop.scene.port.script = ["lost_before"]
    message_id = await shop.write()
    await shop.send()
    left = "select extract(epoch from lease_until - now()) from message where id = $1"
    assert await shop.db.fetchval(left, message_id) > 80_000
    await shop.tell(Closed(code=503))
    await shop.connect()
    assert await shop.db.fetchval(left, message_id) <= 120


async def test_a_number_that_is_not_open_loses_nothing(shop: Shop) -> None:
    message_id = await shop.write()
    await shop.tell(Closed(code=503))
    await shop.send()
    assert (await shop.message(message_id))["state"] == M.QUEUED
    await shop.connect()
    await shop.send()
    assert (await shop.message(message_id))["state"] == M.SENT


async def test_a_closed_door_to_new_people_holds_the_message_and_the_number(shop: Shop) -> None:
    shop.scene.port.script = [463]
    message_id = await shop.write()
    await shop.send()
    row = await shop.message(message_id)
    assert (row["state"], row["tries"]) == (M.QUEUED, 0)
    assert await scenes.column(shop.db, shop.channel_id, "state") == "restricted"
    await shop.send()
    assert shop.scene.port.arrived == [], "nobody is written to first while it lasts"


async def test_only_so_many_people_a_day_are_written_to_first(shop: Shop) -> None:
    await factories.contacts(shop.db, shop.owner, 4, first=1)
    people = await shop.db.fetch("select id from contact where company_id = $1 order by name", shop.owner.company_id)
    for person in people:
        await answers.send(shop.owner, person["id"], shop.channel_id, TextReply("Oi"))
    await shop.send()
    assert len(shop.scene.port.arrived) == 3
    waiting = await shop.db.fetch(
        "select reason, extract(epoch from next_at - now()) as wait from message where channel_id = $1 and queued",
        shop.channel_id,
    )
    assert [row["reason"] for row in waiting] == ["new_people_limit"] * 2
    assert all(80_000 < row["wait"] < 120_000 for row in waiting)
    again = await answers.send(shop.owner, people[0]["id"], shop.channel_id, TextReply("E aí?"))
    await shop.send()
    assert (await shop.message(again.id))["state"] == M.SENT, "whom it wrote to already is not counted again"


TROUBLES: list[str | int] = ["taken", "not_sent", "lost_before", "lost_after", 429]


@pytest.mark.parametrize("first", TROUBLES)
async def test_whatever_happens_nobody_sees_it_twice_and_it_arrives(shop: Shop, first: str | int) -> None:
    """Two troubles after each other, without evidence of either."""
    for second in TROUBLES:
        port = shop.scene.port
        port.script, port.arrived, port.shown = [first, second], [], set()
        message_id = await shop.write(f"{first} {second}")
        await shop.db.execute("update message set at_least_once = true where id = $1", message_id)
        for _ in range(4):
            await shop.send()
            await shop.forget_evidence()
            if (await shop.message(message_id))["state"] == M.SENT:
                break
        row = await shop.message(message_id)
        assert row["state"] == M.SENT, second
        assert port.shown == {row["provider_id"]}, second
        assert set(port.times()) == {row["provider_id"]}, second


async def test_a_claim_lasts_as_long_as_a_message_takes_here_whatever_others_need(shop: Shop) -> None:
    message_id = await shop.write()
    shop.database = msgspec.structs.replace(shop.database, send_timeout=2.0, send_lease=7.0)
    await shop.send()
    assert (await shop.message(message_id))["state"] == M.SENT


async def test_what_became_unknown_while_it_is_open_is_decided_in_two_minutes_too(shop: Shop) -> None:
    message_id = await shop.write()
    shop.scene.port.script = ["lost_before"]
    await shop.send()
    waits = "select extract(epoch from lease_until - now())::float8 from message where id = $1"
    assert await shop.db.fetchval(waits, message_id) > 80_000
    await shop.scene.gateway.watch()
    assert 60 < await shop.db.fetchval(waits, message_id) <= 120
    await shop.db.execute("update message set lease_until = now() + interval '30 seconds' where id = $1", message_id)
    await shop.scene.gateway.watch()
    assert await shop.db.fetchval(waits, message_id) <= 30  # it is not put off again


@pytest.mark.parametrize("doubtful", [False, True])
async def test_a_change_that_came_too_late_is_given_up(shop: Shop, doubtful: bool) -> None:
    message_id = await shop.write()
    await shop.send()
    changed: list[UUID] = []
    for text in ("Chega hoje", "Chega já"):
        async with work(shop.owner, Permission.CONVERSATIONS_WRITE) as w:
            await changes.change(w, shop.contact_id, shop.channel_id, message_id, text)
        changed.append(
            await shop.db.fetchval(
                "select id from message where channel_id = $1 and queued and reacts_to is not null", shop.channel_id
            )
        )
    last = changed[-1]
    await changes.give_up(shop.owner.company_id, last)
    assert (await shop.message(last))["state"] == M.QUEUED  # there is time
    await shop.db.execute(
        "update message set maybe_duplicate = $2, content = jsonb_set(content, '{until}', '\"2026-01-01T00:00:00Z\"') where id = $1",
        last,
        doubtful,
    )
    arrived = len(shop.scene.port.arrived)
    await shop.send()
    row = await shop.db.fetchrow("select state, reason, queued from message where id = $1", last)
    assert row is not None
    gone = (M.FAILED_UNKNOWN, "unknown_outcome") if doubtful else (M.FAILED, "change_too_late")
    assert (row["state"], row["reason"]) == gone
    assert len(shop.scene.port.arrived) == arrived


async def test_a_change_that_nobody_claims_ends_by_itself(shop: Shop) -> None:
    message_id = await shop.write()
    await shop.send()
    async with work(shop.owner, Permission.CONVERSATIONS_WRITE) as w:
        await changes.change(w, shop.contact_id, shop.channel_id, message_id, "Chega hoje")
    row = await shop.db.fetchrow(
        "select (payload->>'message_id')::uuid as id, next_at > now() + interval '14 minutes' as later from job"
        " where company_id = $1 and name = 'GiveUpChange'",
        shop.owner.company_id,
    )
    assert row is not None
    assert row["later"] is True
    await shop.db.execute(
        "update message set content = jsonb_set(content, '{until}', '\"2026-01-01T00:00:00Z\"') where id = $1", row["id"]
    )
    await changes.give_up(shop.owner.company_id, row["id"])
    assert (await shop.message(row["id"]))["state"] == M.FAILED
