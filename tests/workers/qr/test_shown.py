"""What people see of us over a number that is connected by a code, and what its phone writes."""

from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from db.assistant.pausing import GOES_ON
from db.clock import now
from db.conversations import actions, queries
from db.qr import typing
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.workers.qr.conftest import Scene
from tests.workers.qr.test_settling import CHAT, Shop
from workers.providers.linked import errors
from workers.qr import shown
from workers.qr.client import SessionClient
from workers.qr.gateway import WATCHED
from workers.qr.port import Closed, Letter, Message, Writes


class Desk(Shop):
    """Somebody wrote, and their messages are looked at."""

    async def wrote(self, *ids: str, from_me: bool = False, at: int = -1000) -> None:
        for number, one in enumerate(ids):
            said = {
                "jid": CHAT,
                "from_me": from_me,
                "at": int(now().timestamp()) + at + number,
                "content": {"conversation": f"Oi {one}"},
            }
            raw = msgspec.Raw(msgspec.json.encode(said))
            await self.tell(Message(chat=CHAT, id=one, whole=True, message=raw))

    async def conversation_id(self) -> Any:
        [found] = await queries.of_contact(self.owner, self.contact_id)
        return found.id

    async def read(self) -> None:
        """Looked at, and long enough ago for a burst to be over."""
        await actions.mark_read(self.owner, await self.conversation_id(), None)
        await self.db.execute(
            "update conversation set seen_at = seen_at - interval '3 seconds' where company_id = $1", self.owner.company_id
        )


@pytest.fixture
async def desk(scene: Scene, owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> Desk:
    made = Desk(scene, owner_db, owner, database)
    await made.open()
    await owner_db.execute("update channel set read_receipts = true where id = $1", made.channel_id)
    return made


async def test_every_message_that_was_read_is_marked_once(desk: Desk) -> None:
    await desk.wrote("R1", "R2")
    await desk.read()
    assert (
        await desk.db.fetchval("select count(*) from job where name = 'MarkRead' and company_id = $1", desk.owner.company_id) == 0
    )
    assert await shown.tell_read(desk.scene.gateway) == 1
    assert sorted(desk.scene.port.read) == [(CHAT, "R1"), (CHAT, "R2")]
    assert await shown.tell_read(desk.scene.gateway) == 0
    await desk.wrote("R3", at=-900)
    await desk.read()
    await shown.tell_read(desk.scene.gateway)
    assert desk.scene.port.read[2:] == [(CHAT, "R3")]


async def test_who_wants_it_untold_is_not_told_of(desk: Desk) -> None:
    await desk.wrote("R1")
    await desk.db.execute("update channel set read_receipts = false where id = $1", desk.channel_id)
    await desk.read()
    assert await shown.tell_read(desk.scene.gateway) == 0


async def test_what_was_not_told_is_told_when_it_can_be(desk: Desk) -> None:
    await desk.wrote("R1")
    await desk.read()
    desk.scene.port.deaf = True
    assert await shown.tell_read(desk.scene.gateway) == 0
    desk.scene.port.deaf = False
    await desk.tell(Closed(code=503))
    assert await shown.tell_read(desk.scene.gateway) == 0
    await desk.connect()
    assert await shown.tell_read(desk.scene.gateway) == 1


async def test_somebody_writes_and_the_person_sees_it(desk: Desk) -> None:
    gateway = desk.scene.gateway
    gateway.owner = f"g-{desk.channel_id}"
    await desk.db.execute("update qr_session set lease_owner = $2 where id = $1", desk.channel_id, gateway.owner)
    assert await typing.say(desk.owner.company_id, desk.channel_id, "+5511900000000")
    await shown.show_typing(gateway)
    await shown.show_typing(gateway)
    assert desk.scene.port.typed == [(CHAT, "typing")]
    await desk.db.execute("update qr_session set lease_until = now() - interval '1 second' where id = $1", desk.channel_id)
    assert not await typing.say(desk.owner.company_id, desk.channel_id, "+5511900000000"), "nobody holds it"


async def test_who_goes_on_writing_is_waited_for(desk: Desk) -> None:
    """Only they, and only while their messages are gathered."""
    assert GOES_ON.total_seconds() < WATCHED <= 10, "who is watched sees the number online"
    gateway, heard = desk.scene.gateway, Writes(chat=CHAT)
    await factories.persona(desk.db, desk.owner, desk.channel_id)
    await desk.tell(heard)
    await desk.wrote("W1", at=0)
    due = "select hard_at - due_at from ai_turn where company_id = $1"
    await desk.db.execute(
        "update ai_turn set due_at = now(), hard_at = now() + interval '1 hour' where company_id = $1", desk.owner.company_id
    )
    await desk.tell(heard, Writes(chat="5521@s.whatsapp.net"))
    assert await desk.db.fetchval(due, desk.owner.company_id) == timedelta(hours=1), "nobody watches them yet"
    await shown.watch_writers(gateway)
    await shown.watch_writers(gateway)
    assert desk.scene.port.watched == [CHAT]
    await desk.tell(Writes(chat="95511900000000@lid", alt=CHAT))
    assert await desk.db.fetchval(due, desk.owner.company_id) < timedelta(hours=1)
    desk.scene.clock.now += WATCHED
    await desk.db.execute(
        "update ai_turn set due_at = now(), hard_at = now() + interval '1 hour' where company_id = $1", desk.owner.company_id
    )
    await desk.tell(heard)
    assert await desk.db.fetchval(due, desk.owner.company_id) == timedelta(hours=1), "nobody watches them any more"


async def test_before_a_message_somebody_writes(desk: Desk) -> None:
    async def refused(_: object) -> None:
        raise AssertionError

    client = SessionClient(desk.scene.port, desk.line, errors.outcome_for, refused, desk.scene.clock, typing=(0.01, 0.02))
    client.is_open, client.until = True, desk.scene.clock.now + 60
    letter = Letter(to=CHAT, id="3EB0", message={"conversation": "Oi"})
    await client.send(msgspec.json.encode(letter), desk.scene.clock.now + 30)
    assert (desk.scene.port.typed, desk.scene.port.arrived) == ([(CHAT, "typing")], ["3EB0"])
    reaction = Letter(to=CHAT, id="3EB1", reaction=("R1", "👍"))
    await client.send(msgspec.json.encode(reaction), desk.scene.clock.now + 30)
    assert len(desk.scene.port.typed) == 1, "nobody types a reaction"


async def test_what_the_phone_writes_stands_as_ours_and_the_assistant_is_silent(desk: Desk) -> None:
    await desk.wrote("R1")
    conversation_id = await desk.conversation_id()
    await desk.db.execute(
        "insert into ai_conversation(company_id, conversation_id, owner, serving, episode_at) values ($1, $2, 'assistant', 'auto', now())"
        " on conflict (company_id, conversation_id) do update set owner = 'assistant', serving = 'auto'",
        desk.owner.company_id,
        conversation_id,
    )
    await desk.wrote("P1", from_me=True, at=-950)
    row = await desk.db.fetchrow("select origin, content->>'text' as text from message where channel_id = $1", desk.channel_id)
    assert row is not None
    assert tuple(row) == ("phone_app", "Oi P1")
    answers = "select owner, owner_reason from ai_conversation where conversation_id = $1"
    assert tuple(await desk.db.fetchrow(answers, conversation_id) or ()) == ("human", "phone")
