"""What is found by words and by meaning, and by whom."""

import hashlib
import math
import random
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from db.knowledge import bases, sources, vectors
from db.knowledge.enums import BaseLanguage
from db.knowledge.search import Passage, literal, search
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MODEL = "test/words/64"


def vector(text: str) -> list[float]:
    """Of the words in it."""
    found = [0.0] * 64
    for word in text.lower().split():
        found[hashlib.sha256(word.encode()).digest()[0] % 64] += 1.0
    length = math.hypot(*found) or 1.0
    return [value / length for value in found]


async def found(
    actor: Actor, ids: Sequence[UUID], question: str, *, model: str | None = None, v: Sequence[float] = ()
) -> list[Passage]:
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        return await search(r, ids, question, {model: v} if model else {})


async def embed(actor: Actor, base_id: UUID, model: str = MODEL, most: int = 100) -> int:
    """What the job does, with vectors of words."""
    assert await vectors.wanted(actor.company_id, base_id, model)
    lacking = await vectors.lacking(actor.company_id, base_id, model, most)
    await vectors.keep(actor.company_id, base_id, model, [(each.id, vector(each.text)) for each in lacking])
    return len(lacking)


async def test_words_are_found_at_once_as_people_type_them(owner: Actor, base_id: UUID, text_id: UUID) -> None:
    for question, heading in {
        "Qual o prazo de entrega no interior?": "Entrega > Prazos",
        "frete gratis": "Entrega > Frete",
        "vcs aceitam cartao": "Pagamento",
        "peca intima troca": "Trocas",
    }.items():
        first = (await found(owner, [base_id], question))[0]
        assert (first.heading, first.source_id, first.source_title) == (heading, text_id, "Como vendemos"), question
        assert first.meaning is None
        assert 0 < first.lexical <= 1
    assert sorted((await found(owner, [base_id], "frete gratis"))[0].words) == ["frete", "gratis"]
    assert await found(owner, [base_id], "helicóptero") == []
    assert await found(owner, [], "frete") == []


async def test_another_company_finds_nothing(owner: Actor, stranger: Actor, base_id: UUID, text_id: UUID) -> None:
    assert await found(stranger, [base_id], "frete gratis") == []
    await embed(owner, base_id)
    assert await found(stranger, [base_id], "frete gratis", model=MODEL, v=vector("frete")) == []
    other = (await bases.create_base(stranger, name="Loja", language=BaseLanguage.PORTUGUESE)).id
    await sources.add_text(stranger, other, "Frete", "O frete custa caro.")
    both = await found(stranger, [base_id, other], "frete")
    assert [passage.source_title for passage in both] == ["Frete"]


async def test_the_function_alone_keeps_companies_apart(
    owner: Actor, stranger: Actor, base_id: UUID, text_id: UUID, owner_db: asyncpg.Connection
) -> None:
    sql = "select count(*) from knowledge_search(array[$1::uuid], 'knowledge_pt', 'frete', null, null, 8)"
    async with owner_db.transaction():
        await owner_db.execute("set local role masteria_app")
        assert await owner_db.fetchval(sql, base_id) == 0
        for company_id, count in ((stranger.company_id, 0), (owner.company_id, 1)):
            await owner_db.execute("select set_config('app.company', $1, true)", str(company_id))
            assert await owner_db.fetchval(sql, base_id) == count


async def test_meaning_decides_where_words_do_not(owner: Actor, base_id: UUID, text_id: UUID) -> None:
    """Of a question whose words stand nowhere the nearest passages are found; with words both count the same."""
    await embed(owner, base_id)
    near = vector("Pagamento\nAceitamos Pix, cartão em até seis vezes e boleto.")
    first = (await found(owner, [base_id], "dinheiro", model=MODEL, v=near))[0]
    assert (first.heading, first.words, first.lexical, round(first.meaning or 0, 2), first.score) == (
        "Pagamento",
        [],
        0.0,
        1.0,
        1.0,
    )
    both = await found(owner, [base_id], "frete gratis", model=MODEL, v=near)
    assert {passage.heading for passage in both[:2]} == {"Entrega > Frete", "Pagamento"}
    assert all(passage.score == pytest.approx(0.5, abs=0.01) for passage in both[:2])


async def test_two_models_are_never_compared_and_one_follows_the_other_without_a_gap(
    owner: Actor, base_id: UUID, text_id: UUID
) -> None:
    passages = await embed(owner, base_id)
    assert passages == 4
    v = vector("frete")
    for done in (3, 1):  # the next model is indexed beside it
        assert (await found(owner, [base_id], "xyz", model="test/next/64", v=v)) == []
        assert len(await found(owner, [base_id], "xyz", model=MODEL, v=v)) == 4
        assert await embed(owner, base_id, "test/next/64", most=3) == done
        await vectors.finish(owner.company_id, base_id, "test/next/64")
        base = await bases.one_base(owner, base_id)
        assert (base.embedder, base.next_embedder) == ((MODEL, "test/next/64") if done == 3 else ("test/next/64", None))
    assert (await found(owner, [base_id], "xyz", model=MODEL, v=v)) == []
    assert len(await found(owner, [base_id], "xyz", model="test/next/64", v=v)) == 4
    assert (base.passages, base.embedded) == (4, 4)


async def test_bases_of_two_languages_and_models_are_searched_together(owner: Actor, base_id: UUID, text_id: UUID) -> None:
    english = (await bases.create_base(owner, name="Shop", language=BaseLanguage.ENGLISH)).id
    await sources.add_answer(owner, english, "Do you ship abroad?", "Yes, shipping abroad takes ten days.")
    await embed(owner, english, "test/other/64")
    assert [p.source_title for p in await found(owner, [base_id, english], "shipped abroad")] == ["Do you ship abroad?"]
    both = await found(owner, [base_id, english], "frete", model="test/other/64", v=vector("shipping"))
    assert {p.source_title for p in both} == {"Do you ship abroad?", "Como vendemos"}


async def test_the_vector_is_parsed_once_however_many_passages_there_are(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    """A parameter that is cast beside the column is parsed for each row as soon as the plan is a generic one: twenty times slower."""
    await sources.add_text(owner, base_id, "Preços", "\n\n".join(f"# Produto {n}\nCusta {n} reais." for n in range(50)))
    await owner_db.execute(
        """insert into knowledge_chunk(company_id, base_id, source_id, seq, heading, body, t, len, body_sha256)
           select c.company_id, c.base_id, c.source_id, n, '', '', '', 0, '' from knowledge_source s
           join knowledge_chunk c on c.company_id = s.company_id and c.source_id = s.id and c.seq = 1, generate_series(1, 4000) n
           where s.base_id = $1""",
        base_id,
    )
    v = [random.uniform(-1, 1) for _ in range(384)]
    await owner_db.execute(
        "insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb)"
        " select company_id, base_id, id, 'test/random/384', $2::text::halfvec from knowledge_chunk where base_id = $1",
        base_id,
        literal(v),
    )
    await owner_db.execute("update knowledge_base set embedder = 'test/random/384' where id = $1", base_id)

    async def fastest(times: int, statement: object) -> float:
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            await statement()  # type: ignore[operator]
            taken.append(time.perf_counter() - began)
        return min(taken)

    async def ours() -> None:
        assert len(await found(owner, [base_id], "reais", model="test/random/384", v=v)) == 8

    trap = await owner_db.prepare(
        "select chunk_id from knowledge_vector where base_id = $1 order by emb <=> $2::text::halfvec limit 8"
    )

    async def trapped() -> None:
        await trap.fetch(base_id, literal(v))

    await owner_db.execute("set plan_cache_mode = force_generic_plan")
    assert await fastest(10, ours) * 3 < await fastest(3, trapped)
