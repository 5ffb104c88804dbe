"""A base is measured with its questions: where the source of each stands, before and after what it holds changed."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from db.errors import Conflict, Invalid, NotFound
from db.jobs import EmbedBase, MeasureBase
from db.knowledge import bases, questions, sources
from db.knowledge.enums import BaseLanguage
from db.tenancy import Actor
from workers.knowledge import embedding, measuring


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    return (await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)).id


async def waiting(owner_db: asyncpg.Connection, base_id: UUID) -> int:
    found: int = await owner_db.fetchval("select count(*) from job where key = $1", f"measure:{base_id}")
    return found


async def test_where_the_source_stands_is_kept_with_what_was_before(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    returns = await sources.add_text(owner, base_id, "Trocas", "Trocamos vestidos em até 30 dias.")
    price = await sources.add_text(owner, base_id, "Preços", "O vestido custa cem reais.")
    asked = await questions.add(owner, base_id, "  vcs trocam\nvestidos? ", returns.id)
    assert (asked.question, asked.place, asked.source_title) == ("vcs trocam vestidos?", None, "Trocas")
    await questions.add(owner, base_id, "Vocês têm estacionamento?", price.id)
    await measuring.measure(owner.company_id, MeasureBase(base_id=base_id))
    found = await questions.questions(owner, base_id)
    assert [(one.place, one.place_before) for one in found] == [(1, None), (0, None)]
    await sources.add_answer(owner, base_id, "Vocês trocam vestidos?", "Sim, trocam.")
    await sources.delete_source(owner, price.id)
    await measuring.measure(owner.company_id, MeasureBase(base_id=base_id))
    first, second = await questions.questions(owner, base_id)
    assert (first.place, first.place_before) == (2, 1)
    assert (second.source_id, second.source_title, second.place) == (None, None, 0)  # it is not measured any more
    await questions.delete(owner, second.id)
    assert [one.id for one in await questions.questions(owner, base_id)] == [first.id]


async def test_it_is_measured_anew_whenever_the_base_holds_something_else(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    made = await sources.add_text(owner, base_id, "Trocas", "Trocamos em até 30 dias.")
    await embedding.embed_base(owner.company_id, EmbedBase(base_id=base_id))
    assert await waiting(owner_db, base_id) == 0  # there is no question
    await questions.add(owner, base_id, "Trocam?", made.id)
    await owner_db.execute("delete from job where key = $1", f"measure:{base_id}")
    await embedding.embed_base(owner.company_id, EmbedBase(base_id=base_id))
    assert await waiting(owner_db, base_id) == 1


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
