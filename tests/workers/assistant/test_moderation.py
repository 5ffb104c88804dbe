"""What the service's moderation objects to goes to a person; where it does not answer nobody is silenced."""

import asyncpg
import msgspec
import pytest

from db.ai import safety
from db.tenancy import Actor
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import ASKS, answers, model, run, silent
from tests.workers.llm.conftest import Service, connect, ok, refused, service

__all__ = ["model", "service"]


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("on", [True, False])
async def test_what_the_service_objects_to_goes_to_a_person(owner: Actor, owner_db: asyncpg.Connection, on: bool) -> None:
    await safety.set_safety(owner, 30, on)
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Oi, seu idiota, tudo bem?")
    await run(scene)
    steps = msgspec.json.decode(
        await owner_db.fetchval("select steps::text from ai_trace where turn_id = $1", await scene.turn_id())
    )
    looked = [one["answered"] for one in steps if one["kind"] == "moderation"]
    assert (looked, await scene.states()) == (([["harassment"]], [("handed_over", "refused")]) if on else ([], [("sent", None)]))
    assert any(one["kind"] == "model" for one in steps) is not on, "no model reads it"


async def test_a_moderation_that_does_not_answer_silences_nobody(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    await safety.set_safety(owner, 30, True)
    scene = await Scene.make(owner, owner_db)
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    service.moderated = refused(500, None)
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    assert await scene.said() == ["Oi! Como posso ajudar?"]
    assert [path for path, _, _ in service.asked].count("POST /v1/moderations") >= 2


async def test_an_answer_that_the_service_objects_to_is_not_said(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    await safety.set_safety(owner, 30, True)
    scene = await Scene.make(owner, owner_db)
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    service.moderated = lambda body: ok(
        {"id": "m", "model": "m", "results": [{"flagged": "ajudar" in str(body["input"]), "categories": {"hate": True}}]}
    )
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    assert "ajudar" not in " ".join(await scene.said())
    assert await scene.states() == [("handed_over", "refused")]


async def test_after_a_silence_nothing_is_asked_about_no_text(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    await safety.set_safety(owner, 30, True)
    scene = await Scene.make(owner, owner_db, followup=ASKS)
    service.chat = [ok(answers("Oi! Como posso ajudar?")), ok(answers("Ficou alguma dúvida?"))]
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    await silent(scene)
    await run(scene)
    assert len(await scene.said()) == 2
    looked = [body["input"] for path, _, body in service.asked if path == "POST /v1/moderations"]
    assert looked == [["Oi, tudo bem?"], ["Oi! Como posso ajudar?"], ["Ficou alguma dúvida?"]]
