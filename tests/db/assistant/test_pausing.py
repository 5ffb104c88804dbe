"""Whoever goes on writing is waited for longer, within the limit of the turn."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from db.assistant import pausing
from db.tenancy import Actor
from tests.db.assistant.scene import Scene

DUE = "select due_at - now(), hard_at - due_at from ai_turn where conversation_id = $1 order by seq desc limit 1"


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await Scene.make(owner, owner_db)


async def types(scene: Scene) -> None:
    assert scene.conversation is not None
    await pausing.customer_types(scene.owner.company_id, scene.conversation)


async def about_to_answer(scene: Scene, left: str) -> None:
    await scene.db.execute(
        "update ai_turn set due_at = now(), hard_at = now() + $2::text::interval where conversation_id = $1",
        scene.conversation,
        left,
    )


async def test_an_answer_waits_for_who_goes_on_writing(scene: Scene) -> None:
    await scene.wrote()
    await about_to_answer(scene, "10 minutes")
    await types(scene)
    wait, rest = await scene.db.fetchrow(DUE, scene.conversation)
    assert timedelta(0) < wait <= pausing.GOES_ON
    assert rest > timedelta(minutes=9)
    assert await scene.states() == [("collecting", None)]


async def test_but_never_beyond_the_limit_of_its_turn_and_no_wait_gets_shorter(scene: Scene) -> None:
    await scene.wrote()
    await about_to_answer(scene, "1 second")
    await types(scene)
    assert (await scene.db.fetchrow(DUE, scene.conversation))[1] == timedelta(0)
    await scene.db.execute(
        "update ai_turn set due_at = now() + interval '1 hour', hard_at = now() + interval '2 hours' where conversation_id = $1",
        scene.conversation,
    )
    await types(scene)
    assert (await scene.db.fetchrow(DUE, scene.conversation))[0] > timedelta(minutes=50)


async def test_typing_opens_no_turn_and_leaves_alone_what_is_composed(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.begun()
    before = await scene.db.fetchval("select due_at from ai_turn where id = $1", turn.id)
    await types(scene)
    assert await scene.db.fetchval("select due_at from ai_turn where id = $1", turn.id) == before
    assert await scene.keep(turn) is not None
    await scene.db.execute("update ai_turn set state = 'sent' where id = $1", turn.id)
    await types(scene)
    assert await scene.states() == [("sent", None)]
    await pausing.customer_types(scene.owner.company_id, uuid4())


async def test_who_is_watched_is_who_is_gathered(scene: Scene) -> None:
    await scene.wrote()
    found = await pausing.gathered([scene.channel])
    assert [(one.conversation_id, one.channel_id, one.address) for one in found] == [
        (scene.conversation, scene.channel, scene.phone)
    ]
    assert await pausing.gathered([uuid4()]) == []
    await scene.db.execute("update ai_turn set mode = 'suggest' where conversation_id = $1", scene.conversation)
    assert await pausing.gathered([scene.channel]) == [], "a draft waits for a person anyway"
    await scene.db.execute("update ai_turn set mode = 'auto' where conversation_id = $1", scene.conversation)
    await scene.begun()
    assert await pausing.gathered([scene.channel]) == []
