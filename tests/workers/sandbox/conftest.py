"""What the tests of this folder are given: a running sandbox, a file store, somebody who answers with files."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from db import blobs
from db.blobs import DiskBlobs
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.sandbox.desk import Desk, desk_over
from tests.workers.sandbox.world import Sandbox, running
from workers.providers.wire import Wire


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as it:
        yield it


@pytest.fixture
def store(database: Settings, tmp_path: Path) -> Iterator[DiskBlobs]:
    before = blobs._store
    made = blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path / "ours", s3_bucket=""))
    assert isinstance(made, DiskBlobs)
    yield made
    blobs._store = before


@pytest.fixture
async def desk(
    sandbox: Sandbox, store: DiskBlobs, owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> AsyncIterator[Desk]:
    async with Wire() as wire:
        yield await desk_over("whatsapp", sandbox, owner, owner_db, database, wire)
