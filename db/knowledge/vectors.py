"""The vectors of a base: which passages lack one, and the change from one model to another.

Vectors of two models are never compared: a base is searched by those of its `embedder`. Another model is indexed beside it as
`next_embedder`; once no passage lacks a vector of it, one statement makes it the embedder, and the old vectors go.

The vectors of a base are compared one by one, up to EXACT of them. Of a larger one they are put into an index (m0084), batch by batch,
and it is searched by that only once all of them are in it: whoever adds vectors holds the base's row meanwhile, so none stays outside.

Each change of what is found has the base measured (questions.py), in the transaction that makes it.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.ai.errors import CallFailure
from db.jobs import EmbedBase
from db.knowledge import questions
from db.knowledge.bases import lock
from db.knowledge.events import KnowledgeBaseChanged, KnowledgeSourceChanged
from db.knowledge.search import literal
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, read, system_read, work


class Lacking(NamedTuple):
    """A passage without a vector. `text` is what is embedded."""

    id: UUID
    text: str


_LACKING = """
select c.id, case when c.heading = '' then c.body else c.heading || E'\\n' || c.body end as text from knowledge_chunk c
where c.company_id = $1 and c.base_id = $2
    and not exists (select from knowledge_vector v where v.company_id = $1 and v.base_id = $2 and v.embedder = $3 and v.chunk_id = c.id)
order by c.id limit $4
"""
# Of the same text any passage of the company.
_TAKE_OVER = """
insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb, near)
select $1, $2, c.id, $3, known.emb, case when vector_dims(known.emb) = $5 then $5 end from knowledge_chunk c, lateral (
    select v.emb from knowledge_chunk o join knowledge_vector v on v.company_id = $1 and v.embedder = $3 and v.chunk_id = o.id
    where o.company_id = $1 and o.body_sha256 = c.body_sha256 and o.id <> c.id limit 1) known
where c.company_id = $1 and c.base_id = $2 and c.id = any($4::uuid[]) on conflict do nothing returning chunk_id
"""
_STORE = """
insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb, near)
select $1, $2, c.id, $3, x.emb, case when vector_dims(x.emb) = $6 then $6 end
from (select id, emb::halfvec as emb from unnest($4::uuid[], $5::text[]) g(id, emb)) x
join knowledge_chunk c on c.company_id = $1 and c.base_id = $2 and c.id = x.id on conflict do nothing
"""
_LACKS = "select true from knowledge_source where company_id = $1 and base_id = $2 and embedded < chunks limit 1"
_COUNT = """
update knowledge_source s set embedded = x.n from (
    select c.source_id, count(v.chunk_id) as n from knowledge_chunk c
    left join knowledge_vector v on v.company_id = $1 and v.base_id = $2 and v.embedder = $3 and v.chunk_id = c.id
    where c.company_id = $1 and c.base_id = $2 and ($4::uuid[] is null or c.source_id = any($4)) group by c.source_id) x
where s.company_id = $1 and s.id = x.source_id and s.embedded <> x.n returning s.id
"""


EXACT = 20_000
"""Vectors of one base that are compared one by one within the time that a search may take (docs/benchmarks.md)."""
INDEXED = frozenset((384, 768, 1024, 1536, 3072))
"""Lengths of vectors for which there is an index; those of another length are compared one by one however many there are."""
INDEXED_AT_ONCE = 500
_INTO_INDEX = """
update knowledge_vector v set near = $4 where v.company_id = $1 and v.base_id = $2 and v.embedder = $3 and v.chunk_id in (
    select chunk_id from knowledge_vector where company_id = $1 and base_id = $2 and embedder = $3 and near is null
        and vector_dims(emb) = $4 order by chunk_id limit $5)
"""
_OUTSIDE = """
select true from knowledge_vector where company_id = $1 and base_id = $2 and embedder = $3 and near is distinct from $4 limit 1
"""


async def queue_unfinished() -> None:
    """Has every base go on whose passages lack vectors, whose model is being changed, or which is to be indexed."""
    async with system_read() as s:
        rows = await s.fetch(
            "select company_id, base_id from knowledge_source where embedded < chunks"
            " union select company_id, id from knowledge_base where next_embedder is not null or chunks > $1 and embedder is not null"
            " and near is distinct from split_part(embedder, '/', -1)::int and split_part(embedder, '/', -1)::int = any($2::int[])",
            EXACT,
            list(INDEXED),
        )
    for row in rows:
        async with work(worker(row["company_id"]), Permission.KNOWLEDGE_WRITE) as w:
            w.enqueue(EmbedBase(base_id=row["base_id"]))


async def wanted(company_id: UUID, base_id: UUID, embedder: str) -> bool:
    """The base is to have vectors of this model: at once where it had none, else beside what it has. False: it is gone."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        row = await _held(w, base_id)
        if row is None:
            return False
        now = row["embedder"] or embedder
        following = None if now == embedder else embedder
        if (now, following) != (row["embedder"], row["next_embedder"]):
            await w.execute(
                "update knowledge_base set embedder = $3, next_embedder = $4 where company_id = $1 and id = $2",
                company_id,
                base_id,
                now,
                following,
            )
            await w.execute(
                "delete from knowledge_vector where company_id = $1 and base_id = $2 and embedder <> all($3::text[])",
                company_id,
                base_id,
                [now, embedder],
            )
            w.emit(KnowledgeBaseChanged(base_id=base_id))
        return True


async def lacking(company_id: UUID, base_id: UUID, embedder: str, most: int) -> list[Lacking]:
    """At most so many passages that have no vector of this model."""
    async with read(worker(company_id), Permission.KNOWLEDGE_READ) as r:
        return [Lacking(*row) for row in await r.fetch(_LACKING, company_id, base_id, embedder, most)]


async def keep(company_id: UUID, base_id: UUID, embedder: str, vectors: Sequence[tuple[UUID, Sequence[float]]]) -> None:
    """Keeps vectors of passages; of those that are gone meanwhile none. Under the lock of the base, as who replaces passages: two who
    write its vectors come one after the other."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        base = await _held(w, base_id)
        if base is None:
            return
        ids = [chunk_id for chunk_id, _ in vectors]
        await w.execute(_STORE, company_id, base_id, embedder, ids, [literal(vector) for _, vector in vectors], base["near"])
        await _kept(w, base, base_id, embedder, ids)


async def take_over(company_id: UUID, base_id: UUID, embedder: str, chunk_ids: Sequence[UUID]) -> bool:
    """Gives these passages the vectors that the company has for the same text already; whether there was one. What is known costs
    nothing a second time."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        base = await _held(w, base_id)
        if base is None:
            return False
        taken = await w.fetch(_TAKE_OVER, company_id, base_id, embedder, list(chunk_ids), base["near"])
        if taken:
            await _kept(w, base, base_id, embedder, [row["chunk_id"] for row in taken])
        return bool(taken)


async def _kept(w: Work, base: asyncpg.Record, base_id: UUID, embedder: str, chunk_ids: list[UUID]) -> None:
    """Passages have their vectors now: their sources count them, and with the last of them the base is measured."""
    if base["embedder"] == embedder:
        sources = await w.fetch(
            "select distinct source_id from knowledge_chunk where company_id = $1 and id = any($2::uuid[])",
            w.company_id,
            chunk_ids,
        )
        await _count(w, base_id, embedder, [row["source_id"] for row in sources])
        if not await w.fetchval(_LACKS, w.company_id, base_id):
            await questions.measure_anew(w, base_id)
    w.emit(KnowledgeBaseChanged(base_id=base_id))


async def finish(company_id: UUID, base_id: UUID, embedder: str) -> None:
    """Searches by this model from now on, unless a passage lacks its vector; those of others go."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        await _held(w, base_id)
        changed = await w.fetchval(
            "update knowledge_base b set embedder = $3, next_embedder = null where company_id = $1 and id = $2 and next_embedder = $3"
            " and b.chunks <= (select count(*) from knowledge_vector v where v.company_id = $1 and v.base_id = $2 and v.embedder = $3)"
            " returning true",
            company_id,
            base_id,
            embedder,
        )
        if changed:
            await w.execute(
                "delete from knowledge_vector where company_id = $1 and base_id = $2 and embedder <> $3",
                company_id,
                base_id,
                embedder,
            )
            w.emit(KnowledgeBaseChanged(base_id=base_id))
        again = await w.execute(
            "update knowledge_base set embedding_problem = null where company_id = $1 and id = $2 and embedding_problem is not null",
            company_id,
            base_id,
        )
        if changed or again:
            await questions.measure_anew(w, base_id)
        await _count(w, base_id, embedder, None)


async def index_step(company_id: UUID, base_id: UUID) -> bool:
    """Puts some vectors of a base that is too large to compare them one by one into the index of their length; whether there is more to
    do. Once all are in it, the base is searched by it. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        row = await w.fetchrow(
            "select embedder, chunks, near from knowledge_base where company_id = $1 and id = $2", company_id, base_id
        )
        if row is None or row["embedder"] is None or row["chunks"] <= EXACT:
            return False
        dims = int(row["embedder"].rpartition("/")[2])
        if dims not in INDEXED or row["near"] == dims:
            return False
        if await w.execute(_INTO_INDEX, company_id, base_id, row["embedder"], dims, INDEXED_AT_ONCE):
            return True
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id)  # nobody adds a vector now
        if await w.fetchval(_OUTSIDE, company_id, base_id, row["embedder"], dims):
            return True
        await w.execute(
            "update knowledge_base set near = $3 where company_id = $1 and id = $2 and embedder = $4",
            company_id,
            base_id,
            dims,
            row["embedder"],
        )
        await questions.measure_anew(w, base_id)
        w.audit("knowledge_base.indexed", base_id)
        return False


async def _held(w: Work, base_id: UUID) -> asyncpg.Record | None:
    """The base, locked before its passages and sources, as by who replaces passages. None: it is gone."""
    return await w.fetchrow(
        "select embedder, next_embedder, near from knowledge_base where company_id = $1 and id = $2 for no key update",
        w.company_id,
        base_id,
    )


async def _count(w: Work, base_id: UUID, embedder: str, sources: list[UUID] | None) -> None:
    for row in await w.fetch(_COUNT, w.company_id, base_id, embedder, sources):
        w.emit(KnowledgeSourceChanged(base_id=base_id, source_id=row["id"]))


async def problem(company_id: UUID, base_id: UUID, why: CallFailure) -> None:
    """Vectors do not come; said once, and the base is measured without those that lack."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        if await w.execute(
            "update knowledge_base set embedding_problem = $3 where company_id = $1 and id = $2 and embedding_problem is distinct from $3",
            company_id,
            base_id,
            why.value,
        ):
            await questions.measure_anew(w, base_id)
            w.emit(KnowledgeBaseChanged(base_id=base_id))
