"""A question that no passage answers is noted when the turn says so, once, and never by a turn that was lost."""

from uuid import UUID

import asyncpg
import pytest

from db.assistant import turns
from db.jobs import NoteGap
from db.knowledge import bases
from db.knowledge.enums import BaseLanguage
from db.queue import decode
from db.tenancy import Actor
from tests.db.assistant.scene import Scene

ASKED = "Vocês consertam geladeira?"


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    return (await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)).id


async def _noted(scene: Scene) -> int:
    """Runs what was asked for; returns how often the question counts."""
    rows = await scene.db.fetch(
        "select payload::text as payload from job where company_id = $1 and name = 'NoteGap'", scene.owner.company_id
    )
    for row in rows:
        job = decode(row["payload"])
        assert isinstance(job, NoteGap)
        await turns.note_gap(scene.owner.company_id, job.turn_id)
    times = await scene.db.fetchval("select sum(times) from knowledge_gap where company_id = $1", scene.owner.company_id)
    return int(times or 0)


@pytest.mark.parametrize("mode", ["auto", "suggest"])
async def test_a_gap_is_noted_with_the_answer_and_not_by_a_turn_that_was_superseded(
    owner: Actor, owner_db: asyncpg.Connection, base_id: UUID, mode: str
) -> None:
    scene = await Scene.make(owner, owner_db, mode)
    await scene.wrote(ASKED)
    lost = await scene.composed("Não sei.", unknown=True, asked=ASKED, base_id=base_id)
    await scene.wrote("E fogão?")
    assert await scene.speak(lost) is None
    assert await scene.db.fetchval("select count(*) from job where name = 'NoteGap' and company_id = $1", owner.company_id) == 0
    await scene.answered("Não sei.", unknown=True, asked=f"{ASKED} E fogão?", base_id=base_id)
    assert await _noted(scene) == 1


async def test_an_answer_that_knows_notes_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote()
    await scene.answered("Sim!")
    assert await _noted(scene) == 0
