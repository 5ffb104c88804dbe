"""Voice notes whose bytes lie in a file store of a test's own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from db import blobs
from db.messages.content import Audio, File
from db.settings import Settings

NOTE = Audio(file=File(id="9", mime_type="audio/ogg"), voice=True)
SOUND = b"OggS"


@contextmanager
def file_store(database: Settings, folder: Path) -> Iterator[None]:
    before = blobs._store
    blobs.connect(msgspec.structs.replace(database, data_dir=folder, s3_bucket=""))
    try:
        yield
    finally:
        blobs._store = before


async def fetched(db: asyncpg.Connection, message_id: UUID | None) -> None:
    """The provider handed the note over."""
    key = await db.fetchval(
        "update message_file set state = 'stored', mime_type = 'audio/ogg', size = 4 where message_id = $1 returning key",
        message_id,
    )

    async def pieces() -> AsyncIterator[bytes]:
        yield SOUND

    assert blobs._store is not None
    await blobs._store.put(key, pieces(), most=10)
