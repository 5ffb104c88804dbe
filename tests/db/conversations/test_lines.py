"""What became of the person stands in the thread: whether they are written to, and that two turned out to be one."""

from uuid import UUID

import asyncpg
import pytest

from db.contacts import consent, merges
from db.contacts.actions import create_contact
from db.contacts.enums import MergeReason
from db.conversations import thread
from db.conversations.enums import LineKind
from db.conversations.thread import Line
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.conversations.test_conversations import PHONE, Scene


async def made(owner: Actor, channel: UUID, name: str, phone: str) -> Scene:
    return Scene(owner, channel, (await create_contact(owner, name=name, phone=phone, tag_names=[], custom={}))["id"])


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await made(owner, await factories.channel(owner_db, owner), "Ana Lima", PHONE)


async def lines(scene: Scene) -> list[Line]:
    found = await thread.entries(scene.owner, (await scene.the()).id)
    return [entry.line for entry in reversed(found) if entry.line is not None]


async def test_who_says_stop_is_said_to_have_said_so_also_with_the_first_word(scene: Scene) -> None:
    await scene.wrote(1, "SAIR")
    await scene.wrote(1, "SAIR")  # told twice
    assert [(line.kind, line.what) for line in await lines(scene)] == [(LineKind.OPTED_OUT, "keyword")]
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_in(w, scene.contact)
        await consent.opt_in(w, scene.contact)
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [scene.contact], "person")
    assert [(line.kind, line.what, line.by.id if line.by else None) for line in (await lines(scene))[1:]] == [
        (LineKind.OPTED_IN, None, scene.owner.id),
        (LineKind.OPTED_OUT, "person", scene.owner.id),
    ]


async def test_two_who_are_one_are_said_to_be_one(scene: Scene) -> None:
    other = await made(scene.owner, scene.channel, "Ana L.", "+5511987650000")
    await scene.wrote(1, key="one")
    await other.wrote(2, key="two")
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        assert await merges.merge(w, scene.contact, other.contact, MergeReason.PHONE_SHOWN)
    assert [(line.kind, line.what) for line in await lines(scene)] == [(LineKind.MERGED, "Ana L.")]
