"""How well questions find their passages: plain full text, BM25, vectors, and ours, which is the product's own function.

With the set of this repository, and with another one in the same form (a JSON file with `C`: passages `[id, set, text]`, and `Q`:
questions `[set, question, [ids of right passages]]`). Vectors are those of the local model; of large sets they are kept in `.data`,
because a passage takes half a second of a processor.
"""

import array
import hashlib
import random
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.knowledge import bases, search, store, vectors
from db.knowledge.enums import BaseLanguage
from db.knowledge.passages import Piece
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests.eval.own_set import QUESTIONS, TEXTS
from workers.knowledge.expand import expanded
from workers.llm import local
from workers.llm.local import Kind

DEPTH = 10
EMBEDDER = f"local/{local.MODEL}/{local.DIMS}"


class Asked(NamedTuple):
    set: str
    question: str
    right: frozenset[int]


class Bench(NamedTuple):
    """Passages by their number, with a heading each, and what is asked of all of them together."""

    passages: dict[int, tuple[str, str]]
    questions: list[Asked]


class Score(NamedTuple):
    """Percent, percent, and 0 to 1."""

    first: float
    five: float
    mrr: float


Method = Callable[[Asked], Awaitable[Sequence[int]]]


def own() -> Bench:
    """The set of this repository."""
    number = {text.key: place for place, text in enumerate(TEXTS)}
    passages = {number[text.key]: (text.heading, text.body) for text in TEXTS}
    return Bench(passages, [Asked(each.kind, each.text, frozenset({number[each.key]})) for each in QUESTIONS])


def public(path: Path) -> Bench:
    """A set from a file; codes of products and words that stand in no card are added to it, as a shop has them."""
    raw = msgspec.json.decode(path.read_bytes())
    passages = {number: ("", text) for number, _, text in raw["C"]}
    questions = [Asked(name, question, frozenset(right)) for name, question, right in raw["Q"]]
    cards, asked = products(max(passages) + 1)
    return Bench(passages | cards, questions + asked)


def products(start: int) -> tuple[dict[int, tuple[str, str]], list[Asked]]:
    """Cards of products that differ by a sign or two in their codes, and a question for each by its code."""
    chance = random.Random(4)
    kinds = ("Furadeira", "Parafusadeira", "Lixadeira", "Serra", "Chuveiro", "Torneira", "Lâmpada", "Ventilador")
    cards, asked = {}, []
    for place in range(192):
        kind = kinds[place % len(kinds)]
        code = f"{kind[:2].upper()}-{8000 + place // 4}{'XYZW'[place % 4]}"
        body = f"{kind} {code}: {chance.choice((110, 127, 220))} V, garantia de {chance.choice((6, 12, 24))} meses, R$ {chance.randrange(50, 900)}."
        cards[start + place] = ("", body)
        asked.append(Asked("codes", f"vcs tem {code.lower()} ai?", frozenset({start + place})))
    return cards, asked


class Vectors:
    """Vectors of texts by the local model, each made once."""

    def __init__(self, file: Path | None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(file or ":memory:")
        self._kept.execute("create table if not exists vector(kind text, sha bytes, v bytes, primary key(kind, sha))")

    async def of(
        self, texts: Sequence[str], kind: Kind, say: Callable[[int, int], None] = lambda done, of: None
    ) -> list[list[float]]:
        lacking = [text for text in dict.fromkeys(texts) if self._get(text, kind) is None]
        for place in range(0, len(lacking), 16):
            batch = lacking[place : place + 16]
            for text, vector in zip(batch, await local.embed(batch, kind), strict=True):
                self._kept.execute("insert into vector values (?, ?, ?)", (kind, _sha(text), _packed(vector)))
            self._kept.commit()
            say(place + len(batch), len(lacking))
        found = [self._get(text, kind) for text in texts]
        return [vector for vector in found if vector is not None]

    def _get(self, text: str, kind: Kind) -> list[float] | None:
        row = self._kept.execute("select v from vector where kind = ? and sha = ?", (kind, _sha(text))).fetchone()
        return list(memoryview(row[0]).cast("f")) if row else None


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _packed(vector: Sequence[float]) -> bytes:
    return array.array("f", vector).tobytes()


async def fill(actor: Actor, bench: Bench, made: Vectors, **say: Any) -> UUID:
    """A base with the passages and their vectors, as a source of a company."""
    base = await bases.create_base(actor, name="Avaliação", language=BaseLanguage.PORTUGUESE)
    numbers = list(bench.passages)
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        source_id = await w.fetchval(
            "insert into knowledge_source(company_id, base_id, kind, title, state) values ($1, $2, 'text', 'Textos', 'ready') returning id",
            w.company_id,
            base.id,
        )
        pieces = [Piece(heading, body, page=number) for number, (heading, body) in bench.passages.items()]
        await store.replace(w, await bases.lock(w, base.id), source_id, pieces)
    await vectors.wanted(actor.company_id, base.id, EMBEDDER)
    lacking = await vectors.lacking(actor.company_id, base.id, EMBEDDER, len(numbers))
    found = await made.of([each.text for each in lacking], "passage", **say)
    for place in range(0, len(lacking), 500):
        pairs = [(each.id, vector) for each, vector in zip(lacking[place : place + 500], found[place : place + 500], strict=True)]
        await vectors.keep(actor.company_id, base.id, EMBEDDER, pairs)
    return base.id


_PLAIN = """
select page from plain, plainto_tsquery('portuguese', $1) q where t @@ q order by ts_rank(t, q) desc, page limit $2
"""
_NEAR = """
select c.page from knowledge_vector v join knowledge_chunk c on c.company_id = v.company_id and c.id = v.chunk_id
where v.base_id = $1 order by v.emb <=> (select $2::text::halfvec), c.id limit $3
"""


async def methods(
    actor: Actor, db: asyncpg.Connection, base_id: UUID, bench: Bench, made: Vectors, **say: Any
) -> dict[str, Method]:
    """Ways to find passages: what tutorials ship, words, meaning, and the product's search."""
    raw = dict(zip(bench.questions, await made.of([each.question for each in bench.questions], "query", **say), strict=True))
    meant = dict(
        zip(
            bench.questions,
            await made.of([expanded(each.question, portuguese=True) for each in bench.questions], "query", **say),
            strict=True,
        )
    )

    await db.execute(
        "create temp table plain as select page, to_tsvector('portuguese', heading || ' ' || body) as t from knowledge_chunk"
    )

    async def found(asked: Asked, known: dict[str, list[float]]) -> list[int]:
        async with read(actor, Permission.KNOWLEDGE_READ) as r:
            return [passage.page or 0 for passage in await search.search(r, [base_id], asked.question, known, DEPTH)]

    async def plain(asked: Asked) -> list[int]:
        return [row["page"] for row in await db.fetch(_PLAIN, asked.question, DEPTH)]

    async def words(asked: Asked) -> list[int]:
        return await found(asked, {})

    async def meaning(asked: Asked) -> list[int]:
        return [row["page"] for row in await db.fetch(_NEAR, base_id, search.literal(raw[asked]), DEPTH)]

    async def ours(asked: Asked) -> list[int]:
        return await found(asked, {EMBEDDER: meant[asked]})

    return {"full text (plainto_tsquery)": plain, "words (BM25)": words, "vectors": meaning, "ours": ours}


async def scores(bench: Bench, method: Method) -> dict[str, Score]:
    """By set of questions. Of questions with several right passages the share that was found counts."""
    seen: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for asked in bench.questions:
        found = list(await method(asked))
        hits = [place for place, number in enumerate(found, 1) if number in asked.right]
        five = sum(place <= 5 for place in hits) / min(5, len(asked.right))
        seen[asked.set].append((float(bool(hits) and hits[0] == 1), five, 1 / hits[0] if hits else 0.0))
    return {
        name: Score(
            *(100 * sum(values) / len(values) for values in list(zip(*rows, strict=True))[:2]),
            sum(row[2] for row in rows) / len(rows),
        )
        for name, rows in seen.items()
    }
