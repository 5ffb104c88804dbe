"""A person takes a conversation over while something else changes its messages: nobody waits in a circle, so nobody is told to try again.

Locks are taken in one order: channel, contact, conversation, its assistant, its turn, its messages."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.assistant import actions as assistant
from db.contacts import actions as contacts
from db.contacts import consent, merges
from db.contacts.enums import MergeReason
from db.messages.enums import AttemptState
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.assistant.scene import Scene
from tests.db.assistant.test_silence import Lane
from tests.db.channels.factories import envelope, make_channel, put_inbox, status, text
from tests.factories import persona
from workers import inbound


class _Talk:
    """The assistant said something to a person. `on_its_way`: and a lane has sent it."""

    def __init__(self, scene: Scene, conversation: UUID, attempt_id: UUID | None, other: UUID) -> None:
        self.scene, self.conversation, self.attempt_id, self.other = scene, conversation, attempt_id, other

    @classmethod
    async def make(cls, owner: Actor, db: asyncpg.Connection, *, on_its_way: bool) -> "_Talk":
        channel = await make_channel(db, owner)
        await persona(db, owner, channel, name=f"Lia {uuid4().hex[:6]}")
        scene = await Scene.another(owner, db, channel)
        await scene.wrote()
        await scene.answered("Sim!")
        assert scene.conversation is not None
        attempt_id = None
        if on_its_way:
            [sent] = await Lane(scene).claim()
            await Lane(scene).finish(sent, M.SENT, AttemptState.ACCEPTED, provider_id="wamid.OUR")
            attempt_id = sent.attempt_id
        other = (await contacts.create_contact(owner, name="Bia", phone="+5511911110000", tag_names=[], custom={}))["id"]
        return cls(scene, scene.conversation, attempt_id, other)

    async def told(self, *values: dict[str, Any]) -> Awaitable[Any]:
        """A webhook came; what a worker does with it."""
        owner = self.scene.owner
        await put_inbox(self.scene.db, owner, self.scene.channel, envelope(*values))
        return inbound._take(owner.company_id, [], None)


async def _read_and_answered(talk: _Talk) -> Awaitable[Any]:
    phone = talk.scene.phone.lstrip("+")
    return await talk.told(status(talk.attempt_id, "read", phone=phone), text("E a troca?", phone=phone))


async def _quoted(talk: _Talk) -> Awaitable[Any]:
    phone = talk.scene.phone.lstrip("+")
    return await talk.told(text("E isto?", phone=phone, quotes="wamid.OUR"), text("E a troca?", wamid="wamid.IN2", phone=phone))


async def _said_stop(talk: _Talk) -> Awaitable[Any]:
    return await talk.told(text("PARAR", phone=talk.scene.phone.lstrip("+")))


async def _opted_out(talk: _Talk) -> Awaitable[Any]:
    return _opt_out(talk)


async def _opt_out(talk: _Talk) -> None:
    async with work(talk.scene.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [talk.scene.contact], "person")


async def _merged(talk: _Talk) -> Awaitable[Any]:
    return _merge(talk)


async def _merge(talk: _Talk) -> None:
    async with work(talk.scene.owner, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, talk.other, talk.scene.contact, MergeReason.PHONE_SHOWN)


async def _deleted(talk: _Talk) -> Awaitable[Any]:
    return contacts.delete_contact(talk.scene.owner, talk.scene.contact)


ACTS: dict[str, tuple[Callable[[_Talk], Awaitable[Awaitable[Any]]], bool]] = {
    "a status and a message": (_read_and_answered, True),
    "a quoting answer": (_quoted, True),
    "a word that says stop": (_said_stop, False),
    "an opt-out": (_opted_out, False),
    "a merge": (_merged, True),
    "a deletion": (_deleted, True),
}


async def _waits(db: asyncpg.Connection, most: int, act: asyncio.Future[Any]) -> None:
    """Until so many sessions wait for a lock, this act among them."""
    sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while await db.fetchval(sql) < most:
        assert not act.done(), f"it waited for nobody: {act}"
        await asyncio.sleep(0.01)
        await db.execute("select pg_stat_clear_snapshot()")


@pytest.mark.parametrize("act", ACTS)
async def test_who_takes_over_never_waits_in_a_circle(owner: Actor, owner_db: asyncpg.Connection, act: str) -> None:
    happens, on_its_way = ACTS[act]
    talk = await _Talk.make(owner, owner_db, on_its_way=on_its_way)
    happening = await happens(talk)
    async with owner_db.transaction():
        await owner_db.execute("select from conversation where id = $1 for update", talk.conversation)
        taken = asyncio.create_task(assistant.take_over(owner, talk.conversation))
        await _waits(owner_db, 1, taken)
        other = asyncio.ensure_future(happening)  # as far as it comes while somebody is before it in the conversation
        await _waits(owner_db, 2, other)
    assert [one for one in await asyncio.gather(taken, other, return_exceptions=True) if isinstance(one, BaseException)] == []
