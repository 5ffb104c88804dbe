"""What a customer is told where no answer can be composed."""

from pathlib import Path

import asyncpg
import pytest

from db.ai import connection
from db.settings import Settings
from db.tenancy import Actor
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import answers, run
from tests.workers.llm.conftest import Service, connect, ok, refused, service
from tests.workers.notes import NOTE, fetched, file_store

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


@pytest.mark.parametrize("unanswered", [2, 1])
async def test_who_sends_a_voice_note_that_nobody_can_hear_is_asked_to_write(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, database: Settings, tmp_path: Path, unanswered: int
) -> None:
    with file_store(database, tmp_path):
        await connect(owner)
        scene = await Scene.make(owner, owner_db, handover={"unanswered": unanswered})
        service.heard = refused(400, None)
        await fetched(owner_db, await scene.wrote(content=NOTE))
        await run(scene)
        assert [path for path, _, _ in service.asked if path.endswith("/completions")] == [], "no model reads what it cannot hear"
        if unanswered == 1:
            assert await scene.states() == [("handed_over", "unanswered")]
            return
        assert await scene.said() == ["Não consegui ouvir seu áudio. Pode me escrever?"]
        await fetched(owner_db, await scene.wrote(content=NOTE))
        await run(scene)
        assert await scene.states() == [("sent", None), ("handed_over", "unanswered")]
        assert (await scene.said())[-1] == "Vou chamar uma pessoa da equipe para continuar com você."
    gaps = "select count(*) from ai_turn where answer->>'asked' <> '' and conversation_id = $1"
    assert await owner_db.fetchval(gaps, scene.conversation) == 0


async def test_words_beside_a_voice_note_that_nobody_can_hear_are_answered(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, database: Settings, tmp_path: Path
) -> None:
    with file_store(database, tmp_path):
        await connect(owner)
        scene = await Scene.make(owner, owner_db)
        service.heard, service.chat = refused(400, None), [ok(answers("Oi! Como posso ajudar?"))]
        await fetched(owner_db, await scene.wrote(content=NOTE))
        await scene.wrote("Oi, tudo bem?")
        await run(scene)
        assert await scene.said() == ["Oi! Como posso ajudar?"]


async def test_without_a_service_nobody_is_asked_to_write(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote(content=NOTE)
    await owner_db.execute("update message_file set state = 'failed' where company_id = $1", owner.company_id)
    await run(scene)
    assert (await scene.said(), await scene.states()) == ([], [("failed", "not_connected")])
