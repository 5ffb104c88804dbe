"""A file store on the disk, and the way out."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from db import blobs
from db.blobs import DiskBlobs
from db.settings import Settings
from workers.providers.wire import Wire


@pytest.fixture
def store(database: Settings, tmp_path: Path) -> Iterator[DiskBlobs]:
    before = blobs._store
    made = blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path / "data", s3_bucket=""))
    assert isinstance(made, DiskBlobs)
    yield made
    blobs._store = before


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire() as made:
        yield made
