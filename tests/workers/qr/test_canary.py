"""A number proves that it is connected: what nobody hears of for hours writes to itself, and is connected only once that comes back."""

import asyncpg
import msgspec
import pytest

from db.qr import sessions
from db.tenancy import Actor
from tests.db.qr import scenes
from tests.workers.qr.conftest import Scene
from tests.workers.qr.test_gateway import opened, said, told
from workers.qr.canary import BACK, QUIET, TEXT
from workers.qr.port import Letter, Line, Lost, Message, Opened, Receipt, Taken

OWN = "5511999990000@s.whatsapp.net"


class Sent(list[Letter]):
    """What a number wrote, and to whom. `taken`: whether the platform answers to it."""

    taken = True

    def __init__(self, scene: Scene) -> None:
        async def send(line: Line, jid: str, letter: Letter) -> Taken:
            assert jid == OWN
            self.append(letter)
            if not self.taken:
                raise Lost
            return Taken()

        scene.port.send = send  # type: ignore[method-assign,assignment]


async def back(scene: Scene, line: Line, letter: Letter) -> None:
    await scene.port.tell(line, Receipt(chat=OWN, id=letter.id, status=3))


async def test_a_number_with_traffic_writes_nothing_to_itself(scene: Scene, owner_db: asyncpg.Connection, owner: Actor) -> None:
    line, sent = await opened(scene, owner_db, owner), Sent(scene)
    for number in range(3):
        scene.clock.now += QUIET - 1
        await scene.port.tell(line, said(f"M{number}"))
        await scene.gateway.watch()
    assert sent == []


async def test_one_that_comes_back_proves_it_and_is_nobodys_message(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line, sent = await opened(scene, owner_db, owner), Sent(scene)
    scene.clock.now += QUIET
    await scene.gateway.watch()
    await scene.gateway.watch()
    (letter,) = sent
    await back(scene, line, letter)
    scene.clock.now += BACK + 1
    await scene.gateway.watch()
    assert await told(owner_db, line.channel_id) == ("open", "connected", None)
    assert await scenes.column(owner_db, line.channel_id, "canary_at") is not None
    assert await owner_db.fetchval("select count(*) from webhook_inbox where channel_id = $1", line.channel_id) == 0
    assert len(sent) == 1


async def test_where_it_never_came_back_one_that_does_not_proves_nothing(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line, sent = await opened(scene, owner_db, owner), Sent(scene)
    scene.clock.now += QUIET
    await scene.gateway.watch()
    await scene.port.tell(line, Receipt(chat=OWN, id=sent[0].id, status=2))  # the platform took it; the phone said nothing
    scene.clock.now += BACK + 1
    await scene.gateway.watch()
    assert await told(owner_db, line.channel_id) == ("open", "connected", None)


async def test_those_of_long_ago_in_the_phone_are_nobodys_messages(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line = await opened(scene, owner_db, owner)

    def old(message_id: str, chat: str, text: str) -> Message:
        content = {"extendedTextMessage": {"text": text}}
        raw = msgspec.json.encode({"jid": chat, "from_me": True, "at": 1_700_000_000, "content": content})
        return Message(chat=chat, id=message_id, whole=True, history=True, message=msgspec.Raw(raw))

    await scene.port.tell(line, old("C1", OWN, TEXT))
    assert await owner_db.fetchval("select count(*) from webhook_inbox where channel_id = $1", line.channel_id) == 0
    await scene.port.tell(line, old("C2", "5511987654321@s.whatsapp.net", TEXT))
    await scene.port.tell(line, old("C3", OWN, "Comprar leite"))
    assert await owner_db.fetchval("select count(*) from webhook_inbox where channel_id = $1", line.channel_id) == 2


async def test_a_number_whose_phone_is_off_stays_connected_as_long_as_the_platform_takes_what_it_writes(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line, sent = await opened(scene, owner_db, owner), Sent(scene)
    await owner_db.execute("update qr_session set canary_at = now() - interval '1 day' where id = $1", line.channel_id)
    scene.gateway._sessions[line.channel_id].proves = True  # the phone used to answer
    for turn in range(3):  # it is off for eighteen hours
        scene.clock.now += QUIET
        await scene.gateway.watch()
        assert len(sent) == turn + 1
        scene.clock.now += BACK + 1
        await scene.gateway.watch()
        assert (
            await scenes.column(owner_db, line.channel_id, "reason") == "network"
        )  # a connection that hears nothing is made anew
        assert await scenes.column(owner_db, line.channel_id, "silent_since") is None
        await owner_db.execute("update qr_session set next_at = now() where id = $1", line.channel_id)
        await scene.gateway.take()
        line = scene.port.started[-1]
        await scene.port.tell(line, Opened())
        assert scene.gateway.clients[line.channel_id].speaks, "nobody doubts it"
        assert await told(owner_db, line.channel_id) == ("open", "connected", None)


async def test_a_doubted_connection_is_open_once_the_platform_takes_something_however_late(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    line, sent = await opened(scene, owner_db, owner), Sent(scene)
    sent.taken = False
    session = scene.gateway._sessions[line.channel_id]
    session.doubted, session.client.is_open = True, False
    await scene.port.tell(line, Opened())
    assert not scene.gateway.clients[line.channel_id].speaks
    await scene.port.tell(line, Receipt(chat=OWN, id=sent[0].id, status=2))
    assert scene.gateway.clients[line.channel_id].speaks
    session.doubted, session.client.is_open, sent.taken = True, False, True
    await scene.port.tell(line, Opened())
    assert scene.gateway.clients[line.channel_id].speaks, "taken at once"


@pytest.mark.parametrize("by", ["itself", "somebody"])
async def test_a_silent_connection_says_so_is_opened_anew_and_is_open_once_something_comes(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor, by: str
) -> None:
    line, sent = await opened(scene, owner_db, owner), Sent(scene)
    await owner_db.execute("update qr_session set canary_at = now() where id = $1", line.channel_id)
    scene.gateway._sessions[line.channel_id].proves = True
    sent.taken = False
    scene.clock.now += QUIET
    await scene.gateway.watch()
    scene.clock.now += BACK + 1
    await scene.gateway.watch()
    assert (await told(owner_db, line.channel_id))[0] == "reconnecting"
    assert await scenes.column(owner_db, line.channel_id, "reason") == "silent"
    assert line.channel_id not in scene.gateway.clients
    for _ in range(2):  # it opens again, and nothing comes
        await owner_db.execute("update qr_session set next_at = now() where id = $1", line.channel_id)
        await scene.gateway.take()
        line = scene.port.started[-1]
        await scene.port.tell(line, Opened())
        assert not scene.gateway.clients[line.channel_id].speaks
        scene.clock.now += BACK + 1
        await scene.gateway.watch()
        assert await scenes.column(owner_db, line.channel_id, "reason") == "silent"
    await owner_db.execute("update qr_session set closed_at = now() - interval '6 minutes' where id = $1", line.channel_id)
    await sessions.alarm()
    notices = "select count(*) from channel_notice where channel_id = $1 and code = 'session_away'"
    assert await owner_db.fetchval(notices, line.channel_id) == 1, "the owners are told"
    await owner_db.execute("update qr_session set next_at = now() where id = $1", line.channel_id)
    await scene.gateway.take()
    line = scene.port.started[-1]
    await scene.port.tell(line, Opened())
    if by == "itself":
        await back(scene, line, sent[-1])
    else:
        await scene.port.tell(line, said("M1"))
    assert scene.gateway.clients[line.channel_id].speaks
    assert await told(owner_db, line.channel_id) == ("open", "connected", None)
    assert await scenes.column(owner_db, line.channel_id, "silent_since") is None
