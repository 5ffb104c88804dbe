"""Persons that are merged, parted and deleted: people go on where they answered."""

import asyncpg

from db.assistant import actions as assistant
from db.contacts import merges
from db.contacts.actions import delete_contact
from db.contacts.enums import MergeReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.assistant.scene import Scene


async def test_after_a_merge_people_go_on(owner: Actor, owner_db: asyncpg.Connection) -> None:
    kept = await Scene.make(owner, owner_db)
    other = await Scene.another(owner, owner_db, kept.channel)
    await kept.wrote("Oi")
    await kept.answered("Olá!")
    await other.wrote("Quero falar com gente")
    turn = await other.composed("Eu respondo")
    assert other.conversation is not None
    await assistant.take_over(owner, other.conversation)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, kept.contact, other.contact, MergeReason.NUMBER_CHANGED)
    assert await kept.one("owner") == "human"
    assert await other.speak(turn) is None
    assert len(await kept.states()) == 2
    await kept.wrote("E agora?")
    assert not kept.speaks


async def test_who_is_deleted_leaves_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote()
    await scene.composed()
    await delete_contact(owner, scene.contact)
    assert await scene.states() == []
    assert await scene.one("owner") is None
