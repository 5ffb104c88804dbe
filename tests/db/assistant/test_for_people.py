"""What the assistant leaves for people stays theirs, and what asks for nothing calls nobody."""

from datetime import timedelta

import asyncpg
import pytest

from db.clock import now
from db.conversations import queries as conversations
from db.messages.content import File, Order, Sticker
from db.tenancy import Actor
from tests.db.assistant.scene import Scene


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await Scene.make(owner, owner_db)


async def _waits(scene: Scene) -> int:
    row = await conversations.conversation_of(scene.owner, scene.conversation)  # type: ignore[arg-type]
    return row.unread if row.waiting_since is not None else 0


async def test_an_order_waits_for_people_after_the_assistant_answered_something_else(scene: Scene) -> None:
    await scene.wrote()
    await scene.answered("Sim!")
    assert await _waits(scene) == 0
    await scene.wrote(content=Order(catalog_id="1"))
    assert not scene.speaks
    await scene.wrote("E o prazo?")
    await scene.answered("Dois dias.")
    assert await _waits(scene) == 1


async def test_what_was_told_late_waits_for_people(scene: Scene) -> None:
    await scene.wrote(at=scene.ago(minutes=20))
    await scene.wrote("E o prazo?")
    await scene.answered("Dois dias.")
    assert await _waits(scene) == 1


STICKER = Sticker(file=File(id="1", mime_type="image/webp"))


@pytest.mark.parametrize("what", [STICKER, "late"])
async def test_nothing_else_answers_a_sign_where_the_assistant_does(scene: Scene, what: Sticker | str) -> None:
    await scene.wrote()
    await scene.answered("Sim!")
    if isinstance(what, str):
        await scene.wrote(at=scene.ago(minutes=20))
    else:
        await scene.wrote(content=what)
    assert scene.speaks
    assert await scene.states() == [("sent", None)]
    await scene.db.execute("update persona set state = 'paused' where company_id = $1", scene.owner.company_id)
    await scene.wrote(content=STICKER)
    assert not scene.speaks


async def test_bubbles_that_come_late_or_together_are_no_machine(scene: Scene) -> None:
    await scene.wrote()
    await scene.answered("Sim!")
    for _ in range(6):
        await scene.wrote("mais", at=now() - timedelta(seconds=90))
    assert await scene.one("owner") == "assistant"
    await scene.answered("Pois não.")
    for _ in range(6):
        await scene.wrote("de uma vez")
    assert (await scene.one("owner"), await scene.one("fast")) == ("assistant", 1)
