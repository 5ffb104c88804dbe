"""What the job that reads a source tells: it began, how far it is, what it read, or why it could not. And which sources are due again."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db import storable
from db.jobs import ReadSource
from db.knowledge import store
from db.knowledge.bases import lock
from db.knowledge.enums import SourceKind
from db.knowledge.errors import SourceFailure
from db.knowledge.events import KnowledgeSourceChanged
from db.knowledge.passages import Piece
from db.permissions import Permission
from db.tenancy import worker
from db.work import system_read, work


class Reading(NamedTuple):
    """What is to be read."""

    id: UUID
    base_id: UUID
    kind: SourceKind
    title: str
    key: str | None
    mime_type: str | None
    url: str | None
    max_pages: int
    sha256: bytes | None


class Read(NamedTuple):
    """What came of it. `sha256`: of all that was read; `empty_pages`: those without text; `kept`: pages of which `pieces` holds what was
    read before."""

    pieces: Sequence[Piece]
    pages: int
    empty_pages: Sequence[int]
    sha256: bytes
    title: str | None = None
    kept: int = 0


_DUE_AGAIN = "case schedule when 'daily' then now() + interval '1 day' when 'weekly' then now() + interval '7 days' end"


async def begin(company_id: UUID, source_id: UUID) -> Reading | None:
    """None: there is nothing to read any more."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        row = await w.fetchrow(
            "update knowledge_source set state = 'reading', pages_read = 0, failure = null, failure_params = '{}' where company_id = $1"
            " and id = $2 and kind in ('file', 'page', 'site')"
            " returning id, base_id, kind, title, key, mime_type, url, max_pages, sha256",
            company_id,
            source_id,
        )
        if row is None:
            return None
        w.emit(KnowledgeSourceChanged(base_id=row["base_id"], source_id=source_id))
        return Reading(**{**row, "kind": SourceKind(row["kind"])})


async def held(company_id: UUID, source_id: UUID) -> list[Piece]:
    """What is found of it now, in order."""
    async with system_read() as s:
        rows = await s.fetch(
            "select heading, body, page, url from knowledge_chunk where company_id = $1 and source_id = $2 order by seq",
            company_id,
            source_id,
        )
    return [Piece(**row) for row in rows]


async def progress(company_id: UUID, reading: Reading, pages_read: int, pages: int) -> None:
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        await w.execute(
            "update knowledge_source set pages_read = $3, pages = $4 where company_id = $1 and id = $2",
            company_id,
            reading.id,
            pages_read,
            pages,
        )
        w.emit(KnowledgeSourceChanged(base_id=reading.base_id, source_id=reading.id))


async def done(company_id: UUID, reading: Reading, read: Read) -> SourceFailure | None:
    """The source holds this now; the same as before stays as it is. Without effect where the source is gone, or has another file or
    address since the reading began: another one follows. Returns why it could not be kept."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        if not await w.fetchval("select true from knowledge_base where company_id = $1 and id = $2", company_id, reading.base_id):
            return None
        base = await lock(w, reading.base_id)
        row = await w.fetchrow(
            "select chunks, sha256 from knowledge_source where company_id = $1 and id = $2 and key is not distinct from $3"
            " and url is not distinct from $4 for update",
            company_id,
            reading.id,
            reading.key,
            reading.url,
        )
        if row is None:
            return None
        if base["chunks"] - row["chunks"] + len(read.pieces) > store.MOST:
            return SourceFailure.BASE_FULL
        if row["sha256"] != read.sha256:
            await store.replace(w, base, reading.id, read.pieces)
        await w.execute(
            "update knowledge_source set state = 'ready', failure = null, failure_params = '{}', pages = $3, pages_read = $3, empty_pages = $4,"
            f" kept_pages = $7, sha256 = $5, title = coalesce($6, title), read_at = now(), due_at = {_DUE_AGAIN} where company_id = $1 and id = $2",
            company_id,
            reading.id,
            read.pages,
            list(read.empty_pages),
            read.sha256,
            storable.text(read.title, 300),
            read.kept,
        )
        w.emit(KnowledgeSourceChanged(base_id=reading.base_id, source_id=reading.id))
    return None


async def failed(company_id: UUID, source_id: UUID, why: SourceFailure, **params: str | int) -> None:
    """What was read before stays, and is found. A page or site on a schedule is read again at its time."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        base_id = await w.fetchval(
            f"update knowledge_source set state = 'failed', failure = $3, failure_params = $4, due_at = {_DUE_AGAIN}"
            " where company_id = $1 and id = $2 returning base_id",
            company_id,
            source_id,
            why.value,
            msgspec.json.encode(params).decode(),
        )
        if base_id is not None:
            w.emit(KnowledgeSourceChanged(base_id=base_id, source_id=source_id))


async def queue_due(now: datetime) -> int:
    """Has what is due read again; returns how many sources."""
    async with system_read() as s:
        due = await s.fetch("select company_id, id from knowledge_source where due_at <= $1 order by due_at limit 200", now)
    for row in due:
        async with work(worker(row["company_id"]), Permission.KNOWLEDGE_WRITE) as w:
            if await w.execute(
                "update knowledge_source set due_at = null where company_id = $1 and id = $2 and due_at <= $3",
                w.company_id,
                row["id"],
                now,
            ):
                w.enqueue(ReadSource(source_id=row["id"]))
    return len(due)
