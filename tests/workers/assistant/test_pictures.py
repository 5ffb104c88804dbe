"""Pictures that a customer sends count for what the persona may spend."""

from pathlib import Path

import asyncpg

from db.messages.content import File, Image
from db.settings import Settings
from db.tenancy import Actor
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import run
from tests.workers.llm.conftest import Service, connect, service
from tests.workers.notes import fetched, file_store

__all__ = ["service"]


async def test_pictures_cost_what_the_persona_may_spend(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, database: Settings, tmp_path: Path
) -> None:
    with file_store(database, tmp_path):
        await connect(owner)
        scene = await Scene.make(owner, owner_db, budget={"per_conversation_micro": 1000})
        await fetched(owner_db, await scene.wrote(content=Image(file=File(id="9", mime_type="image/png"))))
        await run(scene)
    assert await owner_db.fetchval("select count(*) from ai_usage where company_id = $1", owner.company_id) == 0
