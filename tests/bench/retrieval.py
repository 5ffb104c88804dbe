"""The search of knowledge in a base of 20,000 passages of one company, beside those of ten others: the product's own function, as the
application's role, one question at a time. And how it grows in a base that is larger than the product lets one become.
"""

import random
import time
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.knowledge import bases, search, store, vectors
from db.knowledge.enums import BaseLanguage
from db.knowledge.passages import Piece
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests.bench.harness import company, harness
from tests.bench.reads import Figure

OTHERS = 10
QUESTIONS, WARM = 100, 10
DIMS = 384
EMBEDDER = f"test/random/{DIMS}"
_VOCABULARY, _WORDS = 30_000, 110
_LENGTHS = (1, 3)  # bases of one company as large as the product allows, searched together

_PART = 1000  # passages of one source

_VECTORS = f"""
insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb)
select c.company_id, c.base_id, c.id, '{EMBEDDER}', (select array_agg((random() - .5 + 0 * n)::real)::halfvec from generate_series(1, {DIMS}) n
    where c.id is not null) from knowledge_chunk c where c.base_id = $1
"""
_COPIES = (
    "insert into knowledge_base(company_id, id, name, language, embedder, chunks, words)"
    " select $2, $3::uuid, $3::uuid::text, language, embedder, chunks, words from knowledge_base where id = $1",
    "insert into knowledge_source(company_id, id, base_id, kind, title, state, chunks)"
    " select $2, $4, $3, 'text', 'x', 'ready', chunks from knowledge_base where id = $1",
    "insert into knowledge_chunk(company_id, id, base_id, source_id, seq, heading, body, t, len, body_sha256)"
    " select $2, gen_random_uuid(), $3, $4, row_number() over (order by id), heading, body, t, len, body_sha256 from knowledge_chunk"
    " where base_id = $1 order by id",
    "insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb)"
    " select $2, $3, c.id, v.embedder, v.emb from (select id, row_number() over (order by seq) as n from knowledge_chunk where base_id = $3) c"
    " join (select embedder, emb, row_number() over (order by chunk_id) as n from knowledge_vector where base_id = $1) v using (n)",
    "insert into knowledge_term(company_id, base_id, lexeme, df) select $2, $3, lexeme, df from knowledge_term where base_id = $1",
)


class Search(NamedTuple):
    passages: int
    figures: list[Figure]


class Found(NamedTuple):
    """`beside`: passages of other companies."""

    beside: int
    searches: list[Search]


class _Words:
    """Words as often as people use them: few of them all the time, most of them hardly ever."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._words = [
            f"{a}{b}{n}"
            for n, (a, b) in enumerate((x, y) for x in "bcdfglmnprstv" for y in "aeiou")
            for n in range(_VOCABULARY // 65 + 1)
        ]
        self._weights = list(accumulate(1 / (place + 10) for place in range(len(self._words))))

    def some(self, count: int) -> str:
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=count))


async def _fill(actor: Actor, db: asyncpg.Connection, words: _Words) -> UUID:
    """The largest base there may be."""
    base_id = (await bases.create_base(actor, name="Base", language=BaseLanguage.PORTUGUESE)).id
    for part in range(vectors.EXACT // _PART):
        async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
            source_id = await w.fetchval(
                "insert into knowledge_source(company_id, base_id, kind, title, state) values ($1, $2, 'text', 'x', 'ready') returning id",
                w.company_id,
                base_id,
            )
            pieces = [Piece(f"Parte {part}", words.some(_WORDS)) for _ in range(_PART)]
            await store.replace(w, await bases.lock(w, base_id), source_id, pieces)
    await db.execute(_VECTORS, base_id)
    await db.execute("update knowledge_base set embedder = $2 where id = $1", base_id, EMBEDDER)
    return base_id


async def _copy(db: asyncpg.Connection, of: UUID, company_id: UUID) -> UUID:
    base_id, source_id = await db.fetchrow("select gen_random_uuid(), gen_random_uuid()")
    for statement in _COPIES:
        given = [of, company_id, base_id, source_id]
        await db.execute(statement, *given[: 4 if "$4" in statement else 3])
    return base_id


async def measure() -> Found:
    """Milliseconds of whole searches, from the words of a question to its passages."""
    async with harness() as base:
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            actor, words = await company(db), _Words(1)
            index = await db.fetchval("select pg_get_indexdef('knowledge_chunk_words'::regclass)")
            await db.execute("drop index knowledge_chunk_words")  # to write rows into it one by one takes minutes
            ours = [await _fill(actor, db, words)]
            for number in range(OTHERS):
                await _copy(db, ours[0], (await company(db)).company_id)
                print(f"  company {number + 1} of {OTHERS} beside it", flush=True)
            while len(ours) < _LENGTHS[-1]:
                ours.append(await _copy(db, ours[0], actor.company_id))
            await db.execute(index)
            await db.execute("vacuum analyze knowledge_chunk, knowledge_vector, knowledge_term, knowledge_base")
            searches = []
            for count in _LENGTHS:
                figures = [await _figure(actor, ours[:count], kind) for kind in ("words", "words and meaning")]
                print(f"  {count * vectors.EXACT:,}: {figures}", flush=True)
                searches.append(Search(count * vectors.EXACT, figures))
            return Found(OTHERS * vectors.EXACT, searches)
        finally:
            await db.close()


async def _figure(actor: Actor, ids: Sequence[UUID], kind: str) -> Figure:
    chance, words = random.Random(2), _Words(3)
    taken = []
    for number in range(WARM + QUESTIONS):
        question = words.some(chance.randint(5, 12))
        vector = [chance.uniform(-0.5, 0.5) for _ in range(DIMS)]
        began = time.perf_counter()
        async with read(actor, Permission.KNOWLEDGE_READ) as r:
            assert await search.search(r, ids, question, {EMBEDDER: vector} if kind != "words" else {})
        if number >= WARM:
            taken.append(time.perf_counter() - began)
    taken.sort()
    return Figure(kind, taken[len(taken) // 2], taken[int(len(taken) * 0.95)], taken[-1])
