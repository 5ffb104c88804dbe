"""A base is measured with its questions: where the source of each stands, before and after what it holds changed."""

from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.errors import Conflict, Invalid, NotFound
from db.jobs import EmbedBase, MeasureBase
from db.knowledge import bases, questions, sources, vectors
from db.knowledge.enums import BaseLanguage
from db.tenancy import Actor
from tests.workers.llm.conftest import Service, connect, connected, refused, service
from tests.workers.llm.conftest import vectors as vectors_of
from workers.knowledge import embedding, measuring
from workers.runtime import Retry

__all__ = ["connected", "service"]


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    return (await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)).id


async def waiting(owner_db: asyncpg.Connection, base_id: UUID) -> list[UUID | None]:
    """What is to be measured: one question, or all; asked about once."""
    rows = await owner_db.fetch(
        "with gone as (delete from job where name = 'MeasureBase' and payload->>'base_id' = $1 returning payload->>'question_id' as one)"
        " select one::uuid from gone order by one",
        str(base_id),
    )
    return [row["one"] for row in rows]


async def measure(owner: Actor, base_id: UUID) -> list[tuple[int | None, int | None]]:
    await measuring.measure(owner.company_id, MeasureBase(base_id=base_id))
    return [(one.place, one.place_before) for one in await questions.questions(owner, base_id)]


async def embed(owner: Actor, base_id: UUID) -> None:
    with suppress(Retry):
        await embedding.embed_base(owner.company_id, EmbedBase(base_id=base_id))


async def test_where_the_source_stands_is_kept_with_what_was_before(owner: Actor, base_id: UUID) -> None:
    returns = await sources.add_text(owner, base_id, "Trocas", "Trocamos vestidos em até 30 dias.")
    price = await sources.add_text(owner, base_id, "Preços", "O vestido custa cem reais.")
    asked = await questions.add(owner, base_id, "  vcs trocam\nvestidos? ", returns.id)
    assert (asked.question, asked.place, asked.source_title) == ("vcs trocam vestidos?", None, "Trocas")
    await questions.add(owner, base_id, "Vocês têm estacionamento?", price.id)
    assert await measure(owner, base_id) == [(1, None), (0, None)]
    await sources.add_answer(owner, base_id, "Vocês trocam vestidos?", "Sim, trocam.")
    await sources.delete_source(owner, price.id)
    await measure(owner, base_id)
    first, second = await questions.questions(owner, base_id)
    assert (first.place, first.place_before) == (2, 1)
    assert (second.source_id, second.source_title, second.place) == (None, None, 0)  # it is not measured any more
    await questions.delete(owner, second.id)
    assert [one.id for one in await questions.questions(owner, base_id)] == [first.id]


async def test_a_place_before_stays_until_the_place_is_another(owner: Actor, base_id: UUID) -> None:
    made = await sources.add_text(owner, base_id, "Trocas", "Trocamos vestidos em até 30 dias.")
    await questions.add(owner, base_id, "vcs trocam vestidos?", made.id)
    assert await measure(owner, base_id) == [(1, None)]
    assert await measure(owner, base_id) == [(1, None)]
    nearer = await sources.add_answer(owner, base_id, "Vocês trocam vestidos?", "Sim, trocam.")
    for _ in range(3):
        assert await measure(owner, base_id) == [(2, 1)]
    await sources.delete_source(owner, nearer.id)
    assert await measure(owner, base_id) == [(1, 2)]


async def test_a_new_question_is_measured_alone(owner: Actor, base_id: UUID, owner_db: asyncpg.Connection) -> None:
    made = await sources.add_text(owner, base_id, "Trocas", "Trocamos vestidos em até 30 dias.")
    first = await questions.add(owner, base_id, "vcs trocam vestidos?", made.id)
    second = await questions.add(owner, base_id, "trocam em 30 dias?", made.id)
    assert await waiting(owner_db, base_id) == [first.id, second.id]
    await measuring.measure(owner.company_id, MeasureBase(base_id=base_id, question_id=second.id))
    assert [one.place for one in await questions.questions(owner, base_id)] == [None, 1]


async def test_without_a_service_it_is_measured_when_the_base_holds_something_else_and_not_with_each_round(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    await embed(owner, base_id)
    made = await sources.add_text(owner, base_id, "Trocas", "Trocamos em até 30 dias.")
    assert await waiting(owner_db, base_id) == []  # there is no question
    await questions.add(owner, base_id, "Trocam?", made.id)
    await waiting(owner_db, base_id)
    for _ in range(3):
        await vectors.queue_unfinished()
        await embed(owner, base_id)
        assert await waiting(owner_db, base_id) == []
    other = await sources.add_answer(owner, base_id, "E fora do prazo?", "Não.")
    assert await waiting(owner_db, base_id) == [None]
    await sources.delete_source(owner, other.id)
    assert await waiting(owner_db, base_id) == [None]


async def test_where_vectors_come_it_is_measured_once_the_last_of_them_is_there(
    connected: Actor, service: Service, base_id: UUID, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "AT_ONCE", 1)
    await embed(connected, base_id)
    made = await sources.add_text(connected, base_id, "Loja", "# Pagamento\nAceitamos Pix.\n# Entrega\nEm dois dias.")
    await questions.add(connected, base_id, "Pix?", made.id)
    await waiting(owner_db, base_id)
    service.embedding = lambda body: refused(500, None) if "Entrega" in str(body["input"]) else vectors_of(body)
    await embed(connected, base_id)
    assert await waiting(owner_db, base_id) == [None]  # vectors do not come: what the base has is measured
    await embed(connected, base_id)
    assert await waiting(owner_db, base_id) == []
    service.embedding = vectors_of
    await embed(connected, base_id)
    assert await waiting(owner_db, base_id) == [None]
    await embed(connected, base_id)
    assert await waiting(owner_db, base_id) == [], "nothing lacked any more"
    await sources.add_answer(connected, base_id, "Parcelam?", "Sim.")
    assert await waiting(owner_db, base_id) == [], "its vectors are on their way"
    await embed(connected, base_id)
    assert await waiting(owner_db, base_id) == [None]
    await sources.add_text(connected, base_id, "Loja de novo", "# Pagamento\nAceitamos Pix.")
    assert await waiting(owner_db, base_id) == [None], "vectors of a known text are taken over"
    await connect(connected, embedding_model="other")
    await embed(connected, base_id)
    assert await waiting(owner_db, base_id) == [None]


async def test_without_the_vector_of_a_question_nothing_is_kept(connected: Actor, service: Service, base_id: UUID) -> None:
    made = await sources.add_text(connected, base_id, "Trocas", "Trocamos em até 30 dias.")
    await embed(connected, base_id)
    await questions.add(connected, base_id, "Trocam?", made.id)
    await questions.add(connected, base_id, "Em que prazo?", made.id)
    asked = len(service.asked)
    assert await measure(connected, base_id) == [(1, None), (1, None)]
    assert [body["input"] for body in service.bodies[asked:]] == [["Trocam?", "Em que prazo?"]], "all in one call"
    await sources.add_answer(connected, base_id, "Trocam?", "Sim.")
    service.embedding = lambda _: refused(500, None)
    with pytest.raises(Retry):
        await measure(connected, base_id)
    service.embedding = lambda _: refused(401, "invalid_api_key")
    assert await measure(connected, base_id) == [(1, None), (1, None)]


async def test_a_question_names_a_source_of_its_base(
    owner: Actor, stranger: Actor, base_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = (await bases.create_base(owner, name="Outra", language=BaseLanguage.PORTUGUESE)).id
    theirs = await sources.add_text(owner, other, "Trocas", "Trocamos.")
    for source_id in (theirs.id, uuid4()):
        with pytest.raises(Invalid):
            await questions.add(owner, base_id, "Trocam?", source_id)
    with pytest.raises(NotFound):
        await questions.add(stranger, other, "Trocam?", theirs.id)
    one = await questions.add(owner, other, "Trocam?", theirs.id)
    with pytest.raises(NotFound):
        await questions.delete(stranger, one.id)
    monkeypatch.setattr(questions, "MOST", 1)
    with pytest.raises(Conflict):
        await questions.add(owner, other, "E agora?", theirs.id)
