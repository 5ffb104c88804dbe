"""The passages of a source, replaced as a whole, and with them the counts of their words.

One transaction under the lock of the base: a search sees the old document or the new one, never half of either, and finds the new one
by words at once. Vectors of a text that the company had embedded before are taken over, so that what did not change costs nothing.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db import storable
from db.jobs import EmbedBase
from db.knowledge import questions
from db.knowledge.enums import BaseLanguage
from db.knowledge.events import KnowledgeBaseChanged, KnowledgeSourceChanged
from db.knowledge.passages import Piece
from db.work import Work

MOST = 100_000
"""Passages of one base."""

CONFIGS = {language: f"knowledge_{language.value}" for language in BaseLanguage}
"""The text search configuration of each language (m0068)."""

_INSERT = """
insert into knowledge_chunk(company_id, base_id, source_id, seq, heading, body, page, url, t, len, body_sha256)
select $1, $2, $3, p.seq, p.heading, p.body, p.page, p.url, x.t,
    (select coalesce(sum(cardinality(l.positions)), 0) from unnest(x.t) l), sha256(convert_to(p.heading || E'\\n' || p.body, 'UTF8'))
from unnest($5::text[], $6::text[], $7::int[], $8::text[]) with ordinality p(heading, body, page, url, seq),
    lateral (select to_tsvector($4::text::regconfig, p.heading || E'\\n' || p.body) as t) x
"""
_COUNT = """
insert into knowledge_term(company_id, base_id, lexeme, df)
select $1, $2, l.lexeme, count(*) from knowledge_chunk c, unnest(c.t) l where c.company_id = $1 and c.source_id = $3
group by l.lexeme order by l.lexeme on conflict (company_id, base_id, lexeme) do update set df = knowledge_term.df + excluded.df
"""
_UNCOUNT = """
with gone as (
    select l.lexeme, count(*) as n from knowledge_chunk c, unnest(c.t) l where c.company_id = $1 and c.source_id = $3 group by l.lexeme
), last as (
    delete from knowledge_term t using gone g where t.company_id = $1 and t.base_id = $2 and t.lexeme = g.lexeme and t.df <= g.n
)
update knowledge_term t set df = t.df - g.n from gone g
where t.company_id = $1 and t.base_id = $2 and t.lexeme = g.lexeme and t.df > g.n
"""
_SIZE = "select count(*) as chunks, coalesce(sum(len), 0) as words from knowledge_chunk where company_id = $1 and source_id = $2"
# Of the same text any passage of the company, before the old ones of this source go.
_TAKE_OVER = """
insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb, near)
select $1, $2, c.id, known.embedder, known.emb, case when vector_dims(known.emb) = $5 then $5 end from knowledge_chunk c, lateral (
    select distinct on (v.embedder) v.embedder, v.emb from knowledge_chunk o join knowledge_vector v on v.company_id = o.company_id and v.chunk_id = o.id
    where o.company_id = $1 and o.body_sha256 = c.body_sha256 and o.id <> c.id and v.embedder = any($4::text[]) order by v.embedder) known
where c.company_id = $1 and c.source_id = $3 on conflict do nothing
"""
_COUNTED = """
update knowledge_source set chunks = $4, embedded = (select count(*) from knowledge_chunk c join knowledge_vector v
    on v.company_id = $1 and v.base_id = $2 and v.embedder = $5 and v.chunk_id = c.id where c.company_id = $1 and c.source_id = $3)
where company_id = $1 and id = $3 returning embedded < chunks
"""


async def replace(w: Work, base: asyncpg.Record, source_id: UUID, pieces: Sequence[Piece]) -> int:
    """These are the source's passages now. `base` is the locked row. Where vectors are on their way, whoever keeps the last of them has
    the base measured (vectors.py). Returns how many there are."""
    base_id = base["id"]
    old = await w.fetch("select id from knowledge_chunk where company_id = $1 and source_id = $2", w.company_id, source_id)
    await _forget(w, base_id, source_id)
    await w.execute(
        _INSERT,
        w.company_id,
        base_id,
        source_id,
        CONFIGS[BaseLanguage(base["language"])],
        [storable.text(piece.heading) for piece in pieces],
        [storable.text(piece.body) for piece in pieces],
        [piece.page for piece in pieces],
        [storable.text(piece.url) for piece in pieces],
    )
    models = [model for model in (base["embedder"], base["next_embedder"]) if model]
    if models:
        await w.execute(_TAKE_OVER, w.company_id, base_id, source_id, models, base["near"])
    if old:
        await w.execute(
            "delete from knowledge_chunk where company_id = $1 and id = any($2::uuid[])", w.company_id, [row["id"] for row in old]
        )
    await w.execute(_COUNT, w.company_id, base_id, source_id)
    await _resize(w, base_id, source_id, 1)
    lacks = await w.fetchval(_COUNTED, w.company_id, base_id, source_id, len(pieces), base["embedder"])
    w.enqueue(EmbedBase(base_id=base_id))
    if not lacks or base["embedding_problem"] is not None:
        await questions.measure_anew(w, base_id)
    w.emit(KnowledgeSourceChanged(base_id=base_id, source_id=source_id))
    w.emit(KnowledgeBaseChanged(base_id=base_id))
    return len(pieces)


async def remove(w: Work, base_id: UUID, source_id: UUID) -> None:
    """Takes the source's passages out of the counts of its base, which is locked; the rows go with the source."""
    await _forget(w, base_id, source_id)
    await questions.measure_anew(w, base_id)
    w.emit(KnowledgeBaseChanged(base_id=base_id))


async def _forget(w: Work, base_id: UUID, source_id: UUID) -> None:
    await w.execute(_UNCOUNT, w.company_id, base_id, source_id)
    await _resize(w, base_id, source_id, -1)


async def _resize(w: Work, base_id: UUID, source_id: UUID, sign: int) -> None:
    size = await w.fetchrow(_SIZE, w.company_id, source_id)
    assert size is not None
    await w.execute(
        "update knowledge_base set chunks = chunks + $3, words = words + $4 where company_id = $1 and id = $2",
        w.company_id,
        base_id,
        sign * size["chunks"],
        sign * size["words"],
    )
