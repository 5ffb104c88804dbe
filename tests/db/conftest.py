"""Scenes of the ground."""

from collections.abc import AsyncIterator

import pytest

from db import queue, valkey
from db.settings import Settings


@pytest.fixture
async def valkey_away(database: Settings) -> AsyncIterator[None]:
    """Nobody listens where this process looks for Valkey."""
    await valkey.close()
    valkey.connect("valkey://127.0.0.1:1")
    queue.forget_queues()
    yield
    await valkey.close()
    valkey.connect(database.valkey_url)
    queue.forget_queues()
