"""Files of a knowledge base: stored here, read by a job. A file that was replaced, or whose source is gone, goes within a day."""

from collections.abc import AsyncIterator
from uuid import UUID

from db import blobs
from db.errors import AppError, RequestError
from db.knowledge.bases import lock, must_exist
from db.knowledge.enums import SourceKind
from db.knowledge.errors import KnowledgeError, KnowledgeField
from db.knowledge.sources import Source, announce_new, ensure_room, lock_source, queue_reading, row_of
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, system_read, work

MAX_BYTES = 20_000_000  # of a file
MAX_STORED = 1_000_000_000  # bytes of the files of all sources of a company
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "html": "text/html",
    "htm": "text/html",
    "md": "text/markdown",
    "txt": "text/plain",
}
"""What is read, by the end of a file's name."""


async def add_file(actor: Actor, base_id: UUID, filename: str, pieces: AsyncIterator[bytes]) -> Source:
    """Stores a file of at most MAX_BYTES, which a job reads. Raises NotFound, Invalid, TooLarge, Conflict `too_many_sources`,
    `no_room_for_source`."""
    name, mime_type = _named(filename)
    actor.require(Permission.KNOWLEDGE_WRITE)
    async with system_read() as s:  # no transaction of the caller stays open for as long as a slow store takes
        await must_exist(s, actor.company_id, base_id)
        await _ensure_stored(s, actor.company_id, 0)
    key, size = await _put(actor, name, pieces)
    async with _kept(key), work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id)
        await ensure_room(w, base_id)
        await _ensure_stored(w, w.company_id, size)
        source_id = await w.fetchval(
            "insert into knowledge_source(company_id, base_id, kind, title, key, mime_type, size) values ($1, $2, 'file', $3, $4, $5, $6)"
            " returning id",
            w.company_id,
            base_id,
            name,
            key,
            mime_type,
            size,
        )
        return await announce_new(w, base_id, source_id, "file")


async def replace_file(actor: Actor, source_id: UUID, filename: str, pieces: AsyncIterator[bytes]) -> Source:
    """What it held is found until the new file is read. Raises as `add_file`, and Conflict `not_of_this_source`."""
    name, mime_type = _named(filename)
    actor.require(Permission.KNOWLEDGE_WRITE)
    async with system_read() as s:
        if (await row_of(s, actor.company_id, source_id)).kind is not SourceKind.FILE:
            raise KnowledgeError.NOT_OF_THIS_KIND()
        await _ensure_stored(s, actor.company_id, 0)
    key, size = await _put(actor, name, pieces)
    async with _kept(key), work(actor, Permission.KNOWLEDGE_WRITE) as w:
        row = await lock_source(w, source_id)
        await _ensure_stored(w, w.company_id, size)
        await w.execute(
            "update knowledge_source set title = $3, key = $4, mime_type = $5, size = $6, sha256 = null where company_id = $1 and id = $2",
            w.company_id,
            source_id,
            name,
            key,
            mime_type,
            size,
        )
        return await queue_reading(w, row)


def _named(filename: str) -> tuple[str, str]:
    """A name to show and the type that it says. Raises Invalid `source_file_kind`."""
    name = "".join(sign for sign in filename.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable()).strip()[-200:]
    mime_type = TYPES.get(name.rpartition(".")[2].lower()) if "." in name else None
    if mime_type is None:
        raise KnowledgeError.FILE_KIND()
    return name, mime_type


async def _put(actor: Actor, name: str, pieces: AsyncIterator[bytes]) -> tuple[str, int]:
    key = blobs.new_key(actor.company_id, "." + name.rpartition(".")[2])
    size = await blobs.store().put(key, pieces, most=MAX_BYTES)
    if not size:
        await blobs.store().delete(key)
        raise RequestError.INVALID(fields=[KnowledgeField.NO_TEXT("file")])
    return key, size


class _kept:
    """Deletes the stored file unless the block ends well, or nobody knows whether it did."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and not (isinstance(error, AppError) and error.code is RequestError.OUTCOME_UNKNOWN):
            await blobs.store().delete(self._key)


async def _ensure_stored(r: Read, company_id: UUID, size: int) -> None:
    used = await r.fetchval("select coalesce(sum(size), 0) from knowledge_source where company_id = $1", company_id)
    if used + size > MAX_STORED:
        raise KnowledgeError.NO_ROOM_FOR_SOURCE(most_mb=MAX_STORED // 1_000_000)


async def needed(keys: list[str]) -> set[str]:
    """Which of these keys of the file store a source needs."""
    async with system_read() as s:
        return {row["key"] for row in await s.fetch("select key from knowledge_source where key = any($1::text[])", keys)}
