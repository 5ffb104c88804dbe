"""What a turn keeps of what it did, whatever customers and models write."""

import asyncpg
import msgspec
import pytest

from db.ai import connection
from db.ai.connection import Settled
from db.ai.enums import EmbedderKind, Provider
from db.assistant import assists, turns
from db.assistant.assists import Written
from db.assistant.enums import AssistKind
from db.tenancy import Actor
from tests.db.assistant.scene import Scene


@pytest.mark.parametrize(
    ("said", "kept"), [("a\0b", "ab"), ("a\\u0000", "a\\u0000"), ("a\\\0b", "a\\b"), ("a\ud83db", "a\ufffdb")]
)
async def test_any_text_is_kept(owner: Actor, owner_db: asyncpg.Connection, said: str, kept: str) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote()
    turn = await scene.begun()
    await turns.trace(owner.company_id, turn, [{"prompt": said}])
    steps = await owner_db.fetchval("select steps from ai_trace where turn_id = $1", turn.id)
    assert msgspec.json.decode(steps) == [{"prompt": kept}]
    await connection.save(owner, Settled(provider=Provider.SANDBOX, chat_model="gpt-4o", embedder=EmbedderKind.NONE))
    made = await assists.ask(owner, turn.conversation_id, AssistKind.SUMMARY)
    asked = await assists.begin(owner.company_id, made.id)
    assert asked is not None
    assert await assists.finish(owner.company_id, asked, Written(text="Resumo"), [{"prompt": said}])
    assert (await assists.trace(owner, turn.conversation_id, made.id)).steps == [{"prompt": kept}]
