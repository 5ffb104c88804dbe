"""Sources of a knowledge base: texts, questions with answers, files, pages and sites; made, changed, read again, deleted.

What a person typed is cut into passages at once; files and pages are read by a job (`workers/knowledge/reading.py`).
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import storable, versions
from db.errors import RequestError
from db.jobs import ReadSource
from db.knowledge import store
from db.knowledge.bases import lock, must_exist
from db.knowledge.enums import Schedule, SourceKind, SourceState
from db.knowledge.errors import KnowledgeError, KnowledgeField, SourceFailure
from db.knowledge.events import KnowledgeBaseChanged, KnowledgeSourceChanged
from db.knowledge.passages import Section, cut, sections
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 5000  # of one base
MAX_PAGES = 200  # of a site


class Source(NamedTuple):
    """`pages_read` of `pages` while it is read; `embedded` of its `passages` have a vector. `empty_pages`: those of a file without
    text. `url` of a page or site, `file_name` of a file."""

    id: UUID
    base_id: UUID
    kind: SourceKind
    title: str
    body: str | None
    url: str | None
    file_name: str | None
    size: int | None
    max_pages: int
    schedule: Schedule
    state: SourceState
    failure: SourceFailure | None
    failure_params: dict[str, str | int]
    pages: int
    pages_read: int
    empty_pages: list[int]
    kept_pages: int
    passages: int
    embedded: int
    read_at: datetime | None
    due_at: datetime | None
    version: int
    created_at: datetime

    @property
    def failed_because(self) -> str | None:
        """The English sentence."""
        return self.failure.said(self.failure_params) if self.failure else None


_SELECT = f"""
select s.id, s.base_id, s.kind, s.title, s.body, s.url, case when s.kind = 'file' then s.title end as file_name, s.size, s.max_pages,
    s.schedule, case when s.state = 'ready' and s.embedded < s.chunks and b.embedder is not null and b.embedding_problem is null
        then '{SourceState.EMBEDDING}' else s.state end as state,
    s.failure, s.failure_params, s.pages, s.pages_read, s.empty_pages, s.kept_pages, s.chunks as passages, s.embedded, s.read_at, s.due_at, s.version,
    s.created_at
from knowledge_source s join knowledge_base b on b.company_id = s.company_id and b.id = s.base_id where s.company_id = $1
"""


def _source(row: asyncpg.Record) -> Source:
    known: dict[str, Any] = {
        **row,
        "kind": SourceKind(row["kind"]),
        "schedule": Schedule(row["schedule"]),
        "state": SourceState(row["state"]),
        "failure": SourceFailure(row["failure"]) if row["failure"] else None,
        "failure_params": msgspec.json.decode(row["failure_params"]),
    }
    return Source(**known)


async def sources(
    actor: Actor,
    base_id: UUID,
    *,
    kind: SourceKind | None,
    failed: bool,
    text: str | None,
    after: UUID | None,
    limit: int,
) -> list[Source]:
    """Newest first, without the bodies of texts. Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        await must_exist(r, actor.company_id, base_id)
        rows = await r.fetch(
            f"{_SELECT} and s.base_id = $2 and ($3::text is null or s.kind = $3) and (not $4 or s.state = 'failed')"
            " and ($5::text is null or strpos(fold(s.title), fold($5)) > 0) and ($6::uuid is null or s.id < $6)"
            " order by s.id desc limit $7",
            actor.company_id,
            base_id,
            kind.value if kind else None,
            failed,
            text,
            after,
            limit,
        )
        return [_source(row)._replace(body=row["body"] if row["kind"] == SourceKind.QA else None) for row in rows]


async def one_source(actor: Actor, source_id: UUID) -> Source:
    """Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        return await row_of(r, actor.company_id, source_id)


async def passages(actor: Actor, source_id: UUID, *, after: int | None, limit: int) -> list[asyncpg.Record]:
    """Rows `id, seq, heading, body, page, url`, in order: what is found of it. Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        await row_of(r, actor.company_id, source_id)
        return await r.fetch(
            "select id, seq, heading, body, page, url from knowledge_chunk where company_id = $1 and source_id = $2"
            " and ($3::int is null or seq > $3) order by seq limit $4",
            actor.company_id,
            source_id,
            after,
            limit,
        )


async def row_of(r: Read, company_id: UUID, source_id: UUID) -> Source:
    """Raises NotFound."""
    row = await r.fetchrow(f"{_SELECT} and s.id = $2", company_id, source_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="knowledge_source")
    return _source(row)


async def add_text(actor: Actor, base_id: UUID, title: str, body: str) -> Source:
    """Raises NotFound, Invalid, Conflict `too_many_sources`, `knowledge_base_full`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        return await _typed(w, base_id, SourceKind.TEXT, title, body)


async def add_answer(actor: Actor, base_id: UUID, question: str, answer: str) -> Source:
    """As `add_text`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        return await typed_answer(w, base_id, question, answer)


async def typed_answer(w: Work, base_id: UUID, question: str, answer: str) -> Source:
    """As `add_answer`, inside a unit of work."""
    return await _typed(w, base_id, SourceKind.QA, question, answer)


async def _typed(w: Work, base_id: UUID, kind: SourceKind, title: str, body: str) -> Source:
    base = await lock(w, base_id)
    await ensure_room(w, base_id)
    source_id = await w.fetchval(
        "insert into knowledge_source(company_id, base_id, kind, title, body, state) values ($1, $2, $3, $4, $5, 'ready') returning id",
        w.company_id,
        base_id,
        kind.value,
        storable.text(title),
        storable.text(body, 1_000_000),
    )
    await _cut(w, base, source_id, kind, title, body)
    w.audit("knowledge_source.created", source_id, kind=kind.value)
    return await row_of(w, w.company_id, source_id)


async def _cut(w: Work, base: asyncpg.Record, source_id: UUID, kind: SourceKind, title: str, body: str) -> None:
    """Raises Invalid, Conflict `knowledge_base_full`."""
    if kind is SourceKind.QA:
        pieces = list(cut([Section(f"{title.strip()}\n{body.strip()}", whole=True)])) if body.strip() else []
    else:
        pieces = list(cut(sections(body, title)))
    if not pieces:
        raise RequestError.INVALID(fields=[KnowledgeField.NO_TEXT("content.answer" if kind is SourceKind.QA else "content.body")])
    had = await w.fetchval("select chunks from knowledge_source where company_id = $1 and id = $2", w.company_id, source_id)
    if base["chunks"] - had + len(pieces) > store.MOST:
        raise KnowledgeError.BASE_FULL(most=store.MOST)
    await store.replace(w, base, source_id, pieces)
    await w.execute(
        "update knowledge_source set pages = 1, pages_read = 1, read_at = now() where company_id = $1 and id = $2",
        w.company_id,
        source_id,
    )


async def ensure_room(w: Work, base_id: UUID) -> None:
    """For one more source; the base is locked. Raises Conflict `too_many_sources`."""
    count = await w.fetchval(
        "select count(*) from knowledge_source where company_id = $1 and base_id = $2", w.company_id, base_id
    )
    if count >= MOST:
        raise KnowledgeError.TOO_MANY_SOURCES(most=MOST)


async def add_pages(
    actor: Actor, base_id: UUID, url: str, *, max_pages: int | None, schedule: Schedule, title: str | None = None
) -> Source:
    """A page, or with `max_pages` a site; read by a job. Raises NotFound, Invalid, Conflict `too_many_sources`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id)
        await ensure_room(w, base_id)
        source_id = await w.fetchval(
            "insert into knowledge_source(company_id, base_id, kind, title, url, max_pages, schedule) values ($1, $2, $3, $4, $5, $6, $7)"
            " returning id",
            w.company_id,
            base_id,
            (SourceKind.SITE if max_pages else SourceKind.PAGE).value,
            title or url.partition("://")[2][:300] or url[:300],
            url,
            max_pages or 1,
            schedule.value,
        )
        return await announce_new(w, base_id, source_id, "site" if max_pages else "page")


async def announce_new(w: Work, base_id: UUID, source_id: UUID, kind: str) -> Source:
    """A source that a job is to read was made."""
    w.enqueue(ReadSource(source_id=source_id))
    w.audit("knowledge_source.created", source_id, kind=kind)
    w.emit(KnowledgeSourceChanged(base_id=base_id, source_id=source_id))
    w.emit(KnowledgeBaseChanged(base_id=base_id))
    return await row_of(w, w.company_id, source_id)


async def lock_source(w: Work, source_id: UUID, expected: Expected = None) -> asyncpg.Record:
    """The source's row, its base locked before it. Raises NotFound, PreconditionFailed."""
    base_id = await w.fetchval("select base_id from knowledge_source where company_id = $1 and id = $2", w.company_id, source_id)
    if base_id is None:
        raise RequestError.NOT_FOUND(what="knowledge_source")
    await lock(w, base_id)
    row = await w.fetchrow(
        "select id, base_id, kind, version from knowledge_source where company_id = $1 and id = $2 for update",
        w.company_id,
        source_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="knowledge_source")
    versions.check(row["version"], expected)
    return row


async def change_source(
    actor: Actor,
    source_id: UUID,
    *,
    title: str | None = None,
    body: str | None = None,
    url: str | None = None,
    max_pages: int | None = None,
    schedule: Schedule | None = None,
    expected: Expected = None,
) -> Source:
    """None leaves a value as it is. A text is cut anew at once, another address is read. Raises NotFound, PreconditionFailed, Invalid,
    Conflict `not_of_this_source`, `knowledge_base_full`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        row = await lock_source(w, source_id, expected)
        kind = SourceKind(row["kind"])
        typed, online = kind in (SourceKind.TEXT, SourceKind.QA), kind in (SourceKind.PAGE, SourceKind.SITE)
        if (
            (body is not None and not typed)
            or ((url is not None or schedule is not None) and not online)
            or (max_pages is not None and kind is not SourceKind.SITE)
        ):
            raise KnowledgeError.NOT_OF_THIS_KIND()
        changed = await w.fetchrow(
            "update knowledge_source set title = coalesce($3, title), body = coalesce($4, body), url = coalesce($5, url),"
            " max_pages = coalesce($6, max_pages), schedule = coalesce($7, schedule), version = version + 1,"
            " due_at = case coalesce($7, schedule) when 'daily' then coalesce(read_at, now()) + interval '1 day'"
            " when 'weekly' then coalesce(read_at, now()) + interval '7 days' end where company_id = $1 and id = $2 returning title, body",
            w.company_id,
            source_id,
            storable.text(title),
            storable.text(body, 1_000_000),
            url,
            max_pages,
            schedule.value if schedule else None,
        )
        assert changed is not None
        if typed and (title is not None or body is not None):
            await _cut(w, await lock(w, row["base_id"]), source_id, kind, changed["title"], changed["body"])
        w.audit("knowledge_source.changed", source_id)
        w.emit(KnowledgeSourceChanged(base_id=row["base_id"], source_id=source_id))
        if url is not None or max_pages is not None:
            return await queue_reading(w, row)
        return await row_of(w, w.company_id, source_id)


async def read_again(actor: Actor, source_id: UUID) -> Source:
    """Reads a file, a page or a site again, also after it failed. Raises NotFound, Conflict `nothing_to_read`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        row = await lock_source(w, source_id)
        if row["kind"] in (SourceKind.TEXT, SourceKind.QA):
            raise KnowledgeError.NOTHING_TO_READ()
        w.audit("knowledge_source.read", source_id)
        return await queue_reading(w, row)


async def queue_reading(w: Work, row: asyncpg.Record) -> Source:
    """Has a job read the locked source."""
    await w.execute(
        "update knowledge_source set state = 'queued', failure = null, failure_params = '{}', version = version + 1"
        " where company_id = $1 and id = $2",
        w.company_id,
        row["id"],
    )
    w.enqueue(ReadSource(source_id=row["id"]))
    w.emit(KnowledgeSourceChanged(base_id=row["base_id"], source_id=row["id"]))
    return await row_of(w, w.company_id, row["id"])


async def delete_source(actor: Actor, source_id: UUID, expected: Expected = None) -> None:
    """With its passages; its file goes within a day (`db/blobs.py`). Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        row = await lock_source(w, source_id, expected)
        await store.remove(w, row["base_id"], source_id)
        await w.execute("delete from knowledge_source where company_id = $1 and id = $2", w.company_id, source_id)
        w.audit("knowledge_source.deleted", source_id)
        w.emit(KnowledgeSourceChanged(base_id=row["base_id"], source_id=source_id))
