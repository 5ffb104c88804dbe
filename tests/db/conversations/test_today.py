"""The inbox's day so far."""

from datetime import timedelta

import asyncpg
import msgspec
import pytest

from db.clock import now
from db.contacts.actions import create_contact
from db.conversations import actions, today
from db.errors import Forbidden
from db.messages import inbound
from db.messages.content import Text
from db.messages.inbound import Inbound
from db.messages.replies import TextReply
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.conversations.test_conversations import Scene


async def _people(owner: Actor, db: asyncpg.Connection, count: int) -> list[Scene]:
    channel = await factories.channel(db, owner)
    found = []
    for number in range(count):
        phone = f"+55119876543{number:02}"
        contact = (await create_contact(owner, name=f"P {number}", phone=phone, tag_names=[], custom={}))["id"]
        found.append(Scene(owner, channel, contact))
    return found


async def _writes(scene: Scene, ago: timedelta) -> None:
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        key = f"{scene.contact}-{ago}"
        await inbound.store(w, Inbound(scene.channel, scene.contact, key, "+5511987654300", Text(text="Oi"), now() - ago))


async def test_the_day_so_far(owner: Actor, owner_db: asyncpg.Connection) -> None:
    # A zone in which it is now past noon: so that minutes ago are of today wherever the clock stands.
    zone = await owner_db.fetchval(
        "select name from pg_timezone_names where name like 'Etc/GMT%' and extract(hour from now() at time zone name) = 12 limit 1"
    )
    await owner_db.execute("update company set time_zone = $2 where id = $1", owner.company_id, zone)
    assert await today.today(owner) == (0, 0, 0, None)
    first, second, third, fourth = await _people(owner, owner_db, 4)
    await _writes(first, timedelta(minutes=30))
    await _writes(second, timedelta(minutes=20))
    await _writes(third, timedelta(minutes=10))
    await _writes(fourth, timedelta(days=2))
    assert await today.today(owner) == (3, 0, 4, None), "who waits since the day before waits still"
    for scene in (first, second):
        await actions.reply(owner, (await scene.the()).id, TextReply("Olá!"))
    found = await today.today(owner)
    assert found[:3] == (3, 2, 2)
    assert found.first_reply_seconds is not None
    assert 1500 <= found.first_reply_seconds < 1600, "between twenty minutes and thirty"


async def test_who_may_not_read_conversations_is_told_nothing(owner: Actor) -> None:
    with pytest.raises(Forbidden):
        await today.today(msgspec.structs.replace(owner, permissions=frozenset()))
