"""Knowledge bases: made, renamed, deleted; and how far their vectors are."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db import event_consumers, versions
from db.ai.errors import CallFailure
from db.ai.events import AiConnectionChanged
from db.errors import RequestError
from db.jobs import EmbedBase
from db.knowledge.enums import BaseLanguage
from db.knowledge.errors import KnowledgeError
from db.knowledge.events import KnowledgeBaseChanged
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 50
CONSUMER = "knowledge"
"""Hears of every change of the company's AI service, because another model makes other vectors."""


class Base(NamedTuple):
    """`embedder`: the model whose vectors are searched, `next_embedder` the one that is being indexed beside it; `embedded` counts the
    passages that have a vector of the newest of the two, of `passages`."""

    id: UUID
    name: str
    language: BaseLanguage
    sources: int
    passages: int
    embedded: int
    embedder: str | None
    next_embedder: str | None
    problem: CallFailure | None
    open_gaps: int
    version: int
    created_at: datetime


_SELECT = """
select b.id, b.name, b.language,
    (select count(*) from knowledge_source s where s.company_id = b.company_id and s.base_id = b.id) as sources, b.chunks as passages,
    (select count(*) from knowledge_vector v where v.company_id = b.company_id and v.base_id = b.id
        and v.embedder = coalesce(b.next_embedder, b.embedder)) as embedded, b.embedder, b.next_embedder, b.embedding_problem as problem,
    (select count(*) from knowledge_gap g where g.company_id = b.company_id and g.base_id = b.id and g.state = 'open') as open_gaps,
    b.version, b.created_at
from knowledge_base b where b.company_id = $1
"""


def _base(row: asyncpg.Record) -> Base:
    known = {**row, "language": BaseLanguage(row["language"])}
    return Base(**known | {"problem": CallFailure(row["problem"]) if row["problem"] else None})


async def bases(actor: Actor) -> list[Base]:
    """By name."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        return [_base(row) for row in await r.fetch(f"{_SELECT} order by lower(b.name)", actor.company_id)]


async def one_base(actor: Actor, base_id: UUID) -> Base:
    """Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        return await _one(r, actor.company_id, base_id)


async def _one(r: Read, company_id: UUID, base_id: UUID) -> Base:
    row = await r.fetchrow(f"{_SELECT} and b.id = $2", company_id, base_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="knowledge_base")
    return _base(row)


async def all_of(r: Read) -> list[UUID]:
    """The ids of the company's bases."""
    return [row["id"] for row in await r.fetch("select id from knowledge_base order by id")]


async def must_exist(r: Read, company_id: UUID, base_id: UUID) -> None:
    """Raises NotFound unless the company has this base."""
    if not await r.fetchval("select true from knowledge_base where company_id = $1 and id = $2", company_id, base_id):
        raise RequestError.NOT_FOUND(what="knowledge_base")


async def lock(w: Work, base_id: UUID, expected: Expected = None) -> asyncpg.Record:
    """The base's row, so that its passages and the counts of its words change together. Raises NotFound, PreconditionFailed."""
    row = await w.fetchrow(
        "select id, name, language, embedder, next_embedder, embedding_problem, chunks, near, version from knowledge_base"
        " where company_id = $1 and id = $2 for no key update",
        w.company_id,
        base_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="knowledge_base")
    versions.check(row["version"], expected)
    return row


async def create_base(actor: Actor, *, name: str, language: BaseLanguage) -> Base:
    """Raises Conflict `knowledge_base_exists`, `too_many_knowledge_bases`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await w.execute("select from company where id = $1 for no key update", w.company_id)
        if await w.fetchval("select count(*) from knowledge_base where company_id = $1", w.company_id) >= MOST:
            raise KnowledgeError.TOO_MANY_BASES(most=MOST)
        base_id = await w.fetchval(
            "insert into knowledge_base(company_id, name, language) values ($1, $2, $3)"
            " on conflict (company_id, lower(name)) do nothing returning id",
            w.company_id,
            name,
            language.value,
        )
        if base_id is None:
            raise KnowledgeError.BASE_EXISTS()
        await event_consumers.subscribe(w, CONSUMER, [AiConnectionChanged])
        w.enqueue(EmbedBase(base_id=base_id))  # says at once whether there is a model for its vectors
        return await _changed(w, base_id, "knowledge_base.created")


async def rename_base(actor: Actor, base_id: UUID, name: str | None, expected: Expected = None) -> Base:
    """None leaves the name as it is. Raises NotFound, PreconditionFailed, Conflict `knowledge_base_exists`."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id, expected)
        if await w.fetchval(
            "select true from knowledge_base where company_id = $1 and lower(name) = lower($3) and id <> $2",
            w.company_id,
            base_id,
            name,
        ):
            raise KnowledgeError.BASE_EXISTS()
        await w.execute(
            "update knowledge_base set name = coalesce($3, name), version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            base_id,
            name,
        )
        return await _changed(w, base_id, "knowledge_base.changed")


async def delete_base(actor: Actor, base_id: UUID, expected: Expected = None) -> None:
    """With all that it holds. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id, expected)
        await w.execute("delete from knowledge_base where company_id = $1 and id = $2", w.company_id, base_id)
        w.audit("knowledge_base.deleted", base_id)
        w.emit(KnowledgeBaseChanged(base_id=base_id))


async def _changed(w: Work, base_id: UUID, what: str) -> Base:
    w.audit(what, base_id)
    w.emit(KnowledgeBaseChanged(base_id=base_id))
    return await _one(w, w.company_id, base_id)
