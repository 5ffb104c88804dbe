"""A company that is connected to the sandbox's model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from db.ai import connection
from db.ai.connection import Settled
from db.ai.enums import EmbedderKind, Provider
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.sandbox.world import running
from workers.llm import client


@asynccontextmanager
async def connected(owner: Actor, settings: Settings, folder: Path) -> AsyncIterator[None]:
    async with running(folder) as it:
        client.connect(client.Models(msgspec.structs.replace(settings, sandbox_url=it.base)))
        await connection.save(owner, Settled(provider=Provider.SANDBOX, chat_model="gpt-4o", embedder=EmbedderKind.NONE))
        yield
        await client.close()
