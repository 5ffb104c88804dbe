"""What a session tells is stored once, whoever tells it."""

import asyncpg

from db.qr import inbound
from db.qr.inbound import Message
from db.qr.names import named
from db.settings import Settings
from db.tenancy import Actor
from db.work import system_work
from tests.db.qr import scenes

CHAT = "5511987654321@s.whatsapp.net"


async def rows(db: asyncpg.Connection, actor: Actor) -> list[bytes]:
    found = await db.fetch("select body from webhook_inbox where company_id = $1 order by id", actor.company_id)
    return [row["body"] for row in found]


async def test_the_same_message_again_is_not_stored_again(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    one, two = Message(CHAT, "A1", True, b"1"), Message(CHAT, "A2", True, b"2")
    assert await inbound.hear(owner.company_id, channel_id, "linked", [one, one]) == 1
    assert await inbound.hear(owner.company_id, channel_id, "linked", [one, two]) == 1
    assert await rows(owner_db, owner) == [b"1", b"2"]
    other_chat = Message("5521@s.whatsapp.net", "A1", True, b"3")
    assert await inbound.hear(owner.company_id, channel_id, "linked", [other_chat]) == 1, "ids are made by who writes"
    other_channel = await scenes.session(owner_db, owner)
    assert await inbound.hear(owner.company_id, other_channel, "linked", [one]) == 1


async def test_one_that_could_not_be_opened_comes_again_whole(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    sealed, whole = Message(CHAT, "B1", False, b"?"), Message(CHAT, "B1", True, b"Oi")
    counts = [
        await inbound.hear(owner.company_id, channel_id, "linked", [told]) for told in (sealed, sealed, whole, whole, sealed)
    ]
    assert counts == [1, 0, 1, 0, 0]
    assert await rows(owner_db, owner) == [b"?", b"Oi"]


async def test_a_gateway_that_lost_its_lease_is_heard_all_the_same(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """The platform will not tell it again."""
    held = await scenes.held(owner_db, owner)
    await scenes.expire(owner_db, held.channel_id)
    assert await inbound.hear(owner.company_id, held.channel_id, "linked", [Message(CHAT, "C1", True, b"Oi")]) == 1


async def test_what_was_heard_long_ago_is_forgotten(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    await inbound.hear(owner.company_id, channel_id, "linked", [Message(CHAT, "D1", True, b"1"), Message(CHAT, "D2", True, b"2")])
    key = named(channel_id, CHAT, "D1")
    await owner_db.execute("update qr_heard set at = now() - interval '41 days' where id = $1", key)
    async with system_work() as s:
        await inbound.forget_old(s)
    left = await owner_db.fetch("select id from qr_heard where company_id = $1", owner.company_id)
    assert [row["id"] for row in left] == [named(channel_id, CHAT, "D2")]
