"""When a turn is due, too old or given up; who holds it back, and a persona that serves no more."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from db.assistant import turns
from db.assistant.enums import TurnReason, TurnState
from db.assistant.outlet import Held, Spoken
from db.assistant.turns import Answer, Composed, Later, Stale
from db.clock import now
from db.conversations import presence
from db.permissions import Role
from db.personas import personas
from db.tenancy import Actor
from tests.api.conftest import make_member
from tests.db.assistant.scene import Scene


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await Scene.make(owner, owner_db)


async def _older(scene: Scene, age: timedelta) -> None:
    await scene.db.execute(
        "update ai_turn set opened_at = now() - $2::interval where conversation_id = $1", scene.conversation, age
    )


@pytest.mark.parametrize("skew", [timedelta(seconds=40), timedelta(seconds=-40)])
async def test_a_worker_whose_clock_is_wrong_gives_nothing_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, skew: timedelta
) -> None:
    await scene.wrote()
    monkeypatch.setattr(turns, "now", lambda: now() + skew)
    found = await turns.begin(scene.owner.company_id, await scene.turn_id())
    assert isinstance(found, Later)
    await scene.begun()
    assert isinstance(await turns.begin(scene.owner.company_id, await scene.turn_id()), Later)


async def test_an_old_answer_is_not_said_and_people_are_called(scene: Scene) -> None:
    await scene.wrote()
    await scene.composed("De ontem")
    await _older(scene, timedelta(hours=3))
    found = await turns.begin(scene.owner.company_id, await scene.turn_id())
    assert isinstance(found, Stale)
    spoken = await scene.speak(found.turn._replace(answer=Answer(decision="no_reply", reason="crashed", trouble=True)))
    assert spoken == Spoken(TurnState.FAILED, TurnReason.CRASHED)
    assert await scene.said() == []
    assert await scene.one("alarm") == "crashed"


async def test_what_cannot_be_said_is_tried_after_its_lease_and_ends(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("Sim!")
    await scene.died()
    assert isinstance(await turns.begin(scene.owner.company_id, turn.id), Composed)
    assert turn.id not in [one.turn_id for one in await turns.due()]
    await _older(scene, timedelta(hours=3))
    for _ in range(2 * turns.RUNS):
        if not isinstance(await turns.begin(scene.owner.company_id, turn.id), Stale):
            break
    assert (await scene.states())[-1] == ("failed", "crashed")


async def test_who_only_looks_does_not_stop_the_typing_of_another(scene: Scene, owner_db: asyncpg.Connection) -> None:
    bia = await make_member(owner_db, scene.owner, Role.AGENT)
    await scene.wrote()
    turn = await scene.composed("Sim!")
    await presence.say(bia, turn.conversation_id, here=True, typing=True)
    await scene.db.execute("update ai_conversation set typing_since = now() - interval '4 seconds'")
    await presence.say(scene.owner, turn.conversation_id, here=True, typing=False)
    assert isinstance(await scene.speak(turn), Held)
    await presence.say(scene.owner, turn.conversation_id, here=True, typing=True)
    await presence.say(bia, turn.conversation_id, here=True, typing=False)
    assert isinstance(await scene.speak(turn), Held)
    await presence.say(scene.owner, turn.conversation_id, here=False, typing=False)
    assert isinstance(await scene.speak(turn), Spoken)


@pytest.mark.parametrize("end", ["paused", "deleted", "unbound"])
async def test_a_persona_that_serves_no_more_says_nothing_more(scene: Scene, end: str) -> None:
    await scene.wrote()
    turn = await scene.composed("Sim!")
    match end:
        case "paused":
            await personas.pause(scene.owner, turn.persona_id)
        case "deleted":
            await personas.delete_persona(scene.owner, turn.persona_id)
        case _:
            await scene.db.execute("update persona_binding set channel_id = $2 where persona_id = $1", turn.persona_id, uuid4())
    assert await scene.speak(turn) == Spoken(TurnState.SUPERSEDED, TurnReason.SWITCHED_OFF)
    assert await scene.said() == []
