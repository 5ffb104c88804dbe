"""Who takes the watch of a conversation, and when: behind the conversation and before its looks, never in a circle, and never for long."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import asyncpg
import pytest

from db.contacts import merges
from db.contacts.enums import MergeReason
from db.permissions import Permission
from db.proposals import store, watch
from db.proposals.enums import LeadTool
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.proposals.scene import Scene

BUY = "Quero fechar a reforma"
ENOUGH = 30.0  # seconds after which it is sure that somebody waits for ever


async def _begins(scene: Scene) -> Coroutine[Any, Any, Any]:
    await scene.paused()
    assert scene.conversation is not None
    return watch.begin(scene.owner.company_id, scene.conversation, scene.board)


async def _proposes(scene: Scene) -> Coroutine[Any, Any, Any]:
    return store.propose(await scene.looked(), [scene.proposed(LeadTool.SET_VALUE, value_cents=1)])


async def _merge(keep: Scene, gone: Scene) -> None:
    async with work(keep.owner, Permission.CONTACTS_WRITE) as w:
        assert await merges.merge(w, keep.contact, gone.contact, MergeReason.PHONE_SHOWN)


@pytest.mark.parametrize("act", [_begins, _proposes])
async def test_the_conversation_comes_before_its_watch(
    owner: Actor, owner_db: asyncpg.Connection, act: Callable[[Scene], Awaitable[Coroutine[Any, Any, Any]]]
) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    await scene.wrote(BUY)
    happening = await act(scene)
    watched = f"lead_watch where conversation_id = '{scene.conversation}'"
    await factories.comes_first(owner_db, f"conversation where id = '{scene.conversation}'", watched, happening)


async def test_the_watch_comes_before_its_looks(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Two people become one while a look comes to its end."""
    scene = await Scene.make(owner, owner_db)
    other = await scene.another()
    await scene.wrote("Oi")
    await other.wrote(BUY)
    judging = await other.begun()
    assert judging is not None
    watched, looks = (f"{table} where conversation_id = '{other.conversation}'" for table in ("lead_watch", "lead_judging"))
    await factories.comes_first(owner_db, watched, looks, _merge(scene, other))


async def test_switching_off_waits_for_no_conversation(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """A batch of messages has the watches of several, in the order in which they came."""
    scene = await Scene.make(owner, owner_db)
    await scene.wrote(BUY)
    async with owner_db.transaction():
        await owner_db.execute("select from lead_watch where conversation_id = $1 for update", scene.conversation)
        await asyncio.wait_for(scene.chosen(watching=False), ENOUGH)


async def test_a_lead_that_others_hold_keeps_no_messages_waiting(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    given = [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])]
    async with owner_db.transaction():
        await owner_db.execute("select from lead where id = $1 for update", lead_id)
        assert await asyncio.wait_for(store.propose(seen, given, ["asked"]), ENOUGH) is None
        assert await scene.looks() == [("later", '["asked"]')]
    found = await store.propose(await scene.looked(), given)
    assert found is not None
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Proposta"]


async def test_what_waits_with_either_of_two_waits_with_the_one_they_become(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Though the one that stays was judged after the other wrote, or is being judged."""
    scene = await Scene.make(owner, owner_db)
    for running in (False, True):
        other = await scene.another()
        await other.wrote(BUY)
        await scene.wrote("Oi")
        seen = await scene.looked()
        if not running:
            assert await store.propose(seen, []) == []
        await _merge(scene, other)
        if running:
            assert await store.propose(seen, []) is None
        after = await scene.looked()
        assert BUY in [one.text for one in after.said if after.judging.judged_id is None or one.id > after.judging.judged_id]
        assert await store.propose(after, []) == []
        assert await scene.begun() is None
