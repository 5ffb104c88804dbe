"""What a turn keeps of what it did, whatever customers and models write."""

import asyncpg
import msgspec
import pytest

from db.assistant import turns
from db.tenancy import Actor
from tests.db.assistant.scene import Scene


@pytest.mark.parametrize(
    ("said", "kept"), [("a\0b", "ab"), ("a\\u0000b", "a\\u0000b"), ("a\\\0b", "a\\b"), ("a\ud83db", "a\ufffdb")]
)
async def test_any_text_is_kept(owner: Actor, owner_db: asyncpg.Connection, said: str, kept: str) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote()
    turn = await scene.begun()
    await turns.trace(owner.company_id, turn, [{"prompt": said}])
    steps = await owner_db.fetchval("select steps from ai_trace where turn_id = $1", turn.id)
    assert msgspec.json.decode(steps) == [{"prompt": kept}]
