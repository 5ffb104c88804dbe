"""Finds the passages of knowledge bases that answer a question, by words and by meaning; the statement stands in m0092."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
from msgspec import Struct

from db import storable
from db.knowledge.enums import BaseLanguage
from db.knowledge.store import CONFIGS
from db.work import Read

LONGEST = 2000  # characters of a question

# The vector is parsed once, as an argument of the function: beside a column it would be parsed for each row.
_FOUND = """
select f.chunk_id as id, c.source_id, s.title as source_title, c.heading, c.body, c.page, c.url, f.score, f.matched as words, f.lexical,
    f.meaning
from knowledge_search($2, $3::text::regconfig, $4, $5, $6::text::halfvec, $7) f
join knowledge_chunk c on c.company_id = $1 and c.id = f.chunk_id
join knowledge_source s on s.company_id = c.company_id and s.id = c.source_id
order by f.score desc, c.id
"""


class Passage(Struct, frozen=True):
    """`score` 0 to 1 orders the passages of one search and says nothing about whether one holds the answer. `words`: those of the
    question that stand in it, as they were typed; `lexical`: the share of what is asked that they cover; `meaning`: the cosine of the
    vectors, None where none was compared."""

    id: UUID
    source_id: UUID
    source_title: str
    heading: str
    body: str
    page: int | None
    url: str | None
    score: float
    words: list[str]
    lexical: float
    meaning: float | None


async def search(
    r: Read, bases: Sequence[UUID], question: str, vectors: Mapping[str, Sequence[float]], limit: int = 8
) -> list[Passage]:
    """The best passages first. No base is no passage, and another company's base is none. `vectors`: of the question, by the embedder
    that made it; a base whose embedder made none is searched by words alone."""
    assert r.actor is not None
    company_id = r.actor.company_id
    asked = storable.text(question, LONGEST)
    rows = await r.fetch(
        "select id, language, embedder from knowledge_base where company_id = $1 and id = any($2::uuid[])",
        company_id,
        list(bases),
    )
    alike: dict[tuple[BaseLanguage, str | None], list[UUID]] = defaultdict(list)
    for row in rows:
        alike[BaseLanguage(row["language"]), row["embedder"] if row["embedder"] in vectors else None].append(row["id"])
    found: list[asyncpg.Record] = []
    for (language, embedder), ids in alike.items():
        vector = literal(vectors[embedder]) if embedder else None
        found += await r.fetch(_FOUND, company_id, ids, CONFIGS[language], asked, embedder, vector, limit)
    found.sort(key=lambda row: -row["score"])
    return [Passage(**row) for row in found[:limit]]


async def embedders(r: Read, bases: Sequence[UUID]) -> list[str]:
    """Whose vectors these bases have."""
    rows = await r.fetch(
        "select distinct embedder from knowledge_base where id = any($1::uuid[]) and embedder is not null order by embedder",
        list(bases),
    )
    return [row["embedder"] for row in rows]


async def portuguese(r: Read, bases: Sequence[UUID]) -> bool:
    """Whether these bases are Portuguese, and none of another language: how people type on a phone is written out in that language."""
    found: bool | None = await r.fetchval(
        "select bool_or(language = 'pt') and bool_and(language in ('pt', 'other')) from knowledge_base where id = any($1::uuid[])",
        list(bases),
    )
    return bool(found)


def literal(vector: Sequence[float]) -> str:
    """As pgvector reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
