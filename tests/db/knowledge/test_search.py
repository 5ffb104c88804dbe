"""What is found by words and by meaning, and by whom."""

import hashlib
import math
import random
import re
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from db.knowledge import bases, sources, vectors
from db.knowledge.enums import BaseLanguage
from db.knowledge.search import _FOUND, Passage, literal, search
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


NEAR = "test/near/384"


def direction(seed: int) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(0, 1) for _ in range(384)]


async def many(owner_db: asyncpg.Connection, actor: Actor, base_id: UUID, count: int, seed: int) -> None:
    """Passages without words, with vectors of their own."""
    source_id = await owner_db.fetchval(
        "insert into knowledge_source(company_id, base_id, kind, title, state) values ($1, $2, 'text', 'x', 'ready') returning id",
        actor.company_id,
        base_id,
    )
    await owner_db.execute(
        "insert into knowledge_chunk(company_id, base_id, source_id, seq, heading, body, t, len, body_sha256)"
        " select $1, $2, $3, n, '', n::text, '', 0, '' from generate_series(1, $4) n",
        actor.company_id,
        base_id,
        source_id,
        count,
    )
    ids = await owner_db.fetch("select id from knowledge_chunk where source_id = $1 order by seq", source_id)
    await owner_db.execute("update knowledge_base set chunks = chunks + $2, words = words + $2 where id = $1", base_id, count)
    assert await vectors.wanted(actor.company_id, base_id, NEAR)
    pairs = [(row["id"], direction(seed + n)) for n, row in enumerate(ids)]
    await vectors.keep(actor.company_id, base_id, NEAR, pairs)


async def test_a_large_base_is_searched_by_an_index_that_loses_no_rows(
    owner: Actor, stranger: Actor, base_id: UUID, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a larger one of others whose vectors are all nearer to the question than any of ours."""
    monkeypatch.setattr(vectors, "EXACT", 100)
    monkeypatch.setattr(vectors, "INDEXED_AT_ONCE", 400)
    theirs = (await bases.create_base(stranger, name="Outra", language=BaseLanguage.PORTUGUESE)).id
    await many(owner_db, owner, base_id, 300, 1000)
    await many(owner_db, stranger, theirs, 1500, 5000)
    asked = direction(1007)
    nearer = [literal([one + other / 20 for one, other in zip(asked, direction(n), strict=True)]) for n in range(1500)]
    await owner_db.execute(
        "update knowledge_vector v set emb = g.emb::halfvec from unnest($2::text[]) with ordinality g(emb, seq)"
        " join knowledge_chunk c on c.base_id = $1 and c.seq = g.seq where v.base_id = $1 and v.chunk_id = c.id",
        theirs,
        nearer,
    )
    before = await found(owner, [base_id], "xyz", model=NEAR, v=asked)
    for actor, each in ((owner, base_id), (stranger, theirs)):
        while await vectors.index_step(actor.company_id, each):
            pass
    assert await owner_db.fetchval("select near from knowledge_base where id = $1", base_id) == 384
    after = await found(owner, [base_id], "xyz", model=NEAR, v=asked)
    assert [one.id for one in after] == [one.id for one in before]
    assert len(after) == 8
    assert round(after[0].meaning or 0, 3) == 1.0
    rows = await owner_db.fetch(
        "select count(*) as n from knowledge_near($1, $2, $3, $4::text::halfvec, 50)",
        owner.company_id,
        base_id,
        NEAR,
        literal(asked),
    )
    assert rows[0]["n"] == 50
    assert await found(stranger, [base_id], "xyz", model=NEAR, v=asked) == []
    await many(owner_db, owner, base_id, 20, 9000)  # what comes later is in the index at once
    (first, *_) = await found(owner, [base_id], "xyz", model=NEAR, v=direction(9003))
    assert first.body == "4"
    assert await owner_db.fetchval("select count(*) from knowledge_vector where base_id = $1 and near is null", base_id) == 0


async def test_a_base_stays_exact_until_the_last_vector_is_in_the_index(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT", 100)
    monkeypatch.setattr(vectors, "INDEXED_AT_ONCE", 60)
    await many(owner_db, owner, base_id, 120, 1)
    for expected in (True, True):
        assert await vectors.index_step(owner.company_id, base_id) is expected
        assert await owner_db.fetchval("select near from knowledge_base where id = $1", base_id) is None
    await many(owner_db, owner, base_id, 1, 7000)
    assert await vectors.index_step(owner.company_id, base_id)
    assert (await found(owner, [base_id], "xyz", model=NEAR, v=direction(7000)))[0].meaning == pytest.approx(1.0, abs=0.01)
    assert not await vectors.index_step(owner.company_id, base_id)
    assert await owner_db.fetchval("select near from knowledge_base where id = $1", base_id) == 384
    monkeypatch.setattr(vectors, "EXACT", 1000)
    assert not await vectors.index_step(owner.company_id, base_id)


async def test_bases_of_two_languages_and_models_are_searched_together(owner: Actor, base_id: UUID, text_id: UUID) -> None:
    english = (await bases.create_base(owner, name="Shop", language=BaseLanguage.ENGLISH)).id
    await sources.add_answer(owner, english, "Do you ship abroad?", "Yes, shipping abroad takes ten days.")
    await embed(owner, english, "test/other/64")
    assert [p.source_title for p in await found(owner, [base_id, english], "shipped abroad")] == ["Do you ship abroad?"]
    both = await found(owner, [base_id, english], "frete", model="test/other/64", v=vector("shipping"))
    assert {p.source_title for p in both} == {"Do you ship abroad?", "Como vendemos"}


async def test_only_the_words_that_were_asked_for_become_rows(owner: Actor, base_id: UUID, owner_db: asyncpg.Connection) -> None:
    """Of a passage of a hundred words: a search of many passages would spend most of its time on those that nobody asked for."""
    filler = " ".join(f"palavra{n}" for n in range(100))
    await sources.add_text(owner, base_id, "Fretes", "\n\n".join(f"# Loja {n}\nFrete grátis {filler}" for n in range(60)))
    sql = "select * from knowledge_search(array[$1::uuid], 'knowledge_pt', 'frete gratis palavra7', null, null, 8)"
    passages, plans = await _planned(owner_db, owner, sql, base_id)
    assert [sorted(row["matched"]) for row in passages] == [["frete", "gratis", "palavra7"]] * 8
    rows = [float(n) * int(loops) for plan in plans for n, loops in re.findall(r"actual .*?rows=([\d.]+) loops=(\d+)", plan)]
    assert 60 * 3 <= max(rows) < 60 * 10


async def test_the_vector_is_parsed_once_however_many_passages_there_are(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    """A parameter that is cast beside the column is parsed for each row as soon as the plan is a generic one: twenty times slower."""
    await sources.add_text(owner, base_id, "Preços", "\n\n".join(f"# Produto {n}\nCusta {n} reais." for n in range(50)))
    await embed(owner, base_id)
    await owner_db.execute("set plan_cache_mode = force_generic_plan")
    v = literal(vector("custa reais"))
    parsed_for_each = re.compile(r"<=> \(+\$\d+\)")
    trap = "select chunk_id from knowledge_vector where base_id = $1 order by emb <=> $2::text::halfvec limit 8"
    _, plans = await _planned(owner_db, owner, trap, base_id, v)
    assert parsed_for_each.search("\n".join(plans)), plans
    given = (owner.company_id, [base_id], "knowledge_pt", "reais", MODEL, v, 8)
    passages, plans = await _planned(owner_db, owner, _FOUND, *given)
    assert len(passages) == 8
    assert "<=> '[" in "\n".join(plans), plans
    assert not parsed_for_each.search("\n".join(plans)), plans


async def _planned(owner_db: asyncpg.Connection, actor: Actor, sql: str, *args: object) -> tuple[list[asyncpg.Record], list[str]]:
    """What a statement gives, and the plans of it and of what the functions in it ask, as they were run."""
    plans: list[str] = []

    def planned(_: object, message: object) -> None:
        plans.append(str(message))

    await owner_db.execute(
        "load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on;"
        " set auto_explain.log_nested_statements = on; set client_min_messages = log"
    )
    await owner_db.execute("select set_config('app.company', $1, false)", str(actor.company_id))
    owner_db.add_log_listener(planned)
    found = await owner_db.fetch(sql, *args)
    owner_db.remove_log_listener(planned)
    return found, plans
