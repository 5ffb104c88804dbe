"""What a customer is told where no answer can be composed."""

import asyncpg

from db.ai import connection
from db.tenancy import Actor
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import answers, run
from tests.workers.llm.conftest import Service, connect, ok, refused, service

__all__ = ["service"]


async def stopped(scene: Scene) -> int:
    return [line for line, _ in await scene.lines()].count("assistant_stopped")


async def test_a_refused_key_is_told_once_and_people_are_called_once(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    service.chat = [refused(401, "invalid_api_key")]
    for text in ("Oi, tudo bem?", "Alô?"):
        await scene.wrote(text)
        await run(scene)
    (told,) = await scene.said()
    assert "problema técnico" in told
    assert await scene.states() == [("failed", "key_refused")] * 2
    assert (await scene.one("alarm"), await stopped(scene)) == ("key_refused", 1)


async def test_who_was_answered_is_told_that_the_service_is_gone(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    await connection.remove(owner)
    await scene.wrote("Alô?")
    await run(scene)
    first, told = await scene.said()
    assert first == "Oi! Como posso ajudar?"
    assert "problema técnico" in told
    assert (await scene.states())[-1] == ("failed", "not_connected")
