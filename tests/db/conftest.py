"""Scenes of the ground."""

import shutil
from collections.abc import AsyncIterator

import pytest

from db import queue, valkey
from db.settings import Settings

POOLER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
collect_ignore = [] if POOLER else ["test_pooler.py"]  # `just test` installs it, or says that it could not


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
