"""Who has said enough hands over: once, in fixed words, and no model is asked."""

import asyncpg
import pytest

from db.assistant import actions as assistant
from db.tenancy import Actor
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import answers, run
from tests.workers.llm.conftest import Service, connect, ok, service

__all__ = ["service"]


@pytest.mark.parametrize(("budget", "reason"), [({"max_turns": 1}, "max_turns"), ({"max_turns_per_hour": 1}, "too_many_turns")])
async def test_who_has_said_enough_hands_over_once_and_asks_no_model(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, budget: dict[str, int], reason: str
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db, budget=budget)
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    asked = len(service.asked)
    await scene.wrote("Queria trocar uma blusa")
    assert scene.speaks, "nothing else answers in its place"
    await scene.wrote("Ela veio rasgada")
    await run(scene)
    assert await scene.said() == ["Oi! Como posso ajudar?", "Vou chamar uma pessoa da equipe para continuar com você."]
    assert (await scene.states())[-1] == ("handed_over", reason)
    assert len(service.asked) == asked
    assert ("handed_over", reason) in await scene.lines()
    note = await owner_db.fetchval(
        "select body from conversation_entry where kind = 'note' and company_id = $1", owner.company_id
    )
    assert "Queria trocar uma blusa\nEla veio rasgada" in note
    assert (await scene.one("owner"), await scene.one("alarm")) == ("human", None)
    await scene.wrote("Oi?")
    assert not scene.speaks
    assert len(await scene.said()) == 2
    assert scene.conversation is not None
    await assistant.give_back(owner, scene.conversation)
    if reason == "max_turns":  # another talk: it answers again
        service.chat = [ok(answers("Claro!"))]
        await run(scene)
        assert (await scene.said())[-1] == "Claro!"


async def test_a_message_while_it_hands_over_is_part_of_it(owner: Actor, owner_db: asyncpg.Connection, service: Service) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db, budget={"max_turns": 1})
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    await scene.wrote("Queria trocar")
    await scene.begun()
    await scene.wrote("uma blusa")
    await run(scene)
    assert [state for state, _ in await scene.states()] == ["sent", "superseded", "handed_over"]
    assert len(await scene.said()) == 2
