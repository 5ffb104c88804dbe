"""Questions that found nothing: together where they are alike, and closed by an answer."""

from uuid import UUID

import pytest

from db.errors import Conflict, NotFound
from db.knowledge import gaps
from db.knowledge.enums import GapState
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.knowledge.test_search import found


async def note(actor: Actor, base_id: UUID, *questions: str) -> None:
    for question in questions:
        async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
            await gaps.note_gap(w, base_id, question, None)


async def open_gaps(actor: Actor, base_id: UUID) -> list[gaps.Gap]:
    return await gaps.gaps(actor, base_id, state=GapState.OPEN, after=None, limit=50)


async def test_similar_questions_are_one_gap_which_an_answer_closes(owner: Actor, stranger: Actor, base_id: UUID) -> None:
    await note(
        owner, base_id, "Vocês entregam em Santos?", "entrega em santos", "Tem estacionamento?", "Santos: vcs entregam", "?!", " "
    )
    asked = await open_gaps(owner, base_id)
    assert [(gap.times, gap.questions[0]) for gap in asked] == [(3, "Santos: vcs entregam"), (1, "Tem estacionamento?")]
    assert asked[0].questions == ["Santos: vcs entregam", "entrega em santos", "Vocês entregam em Santos?"]
    source = await gaps.answer_gap(owner, asked[0].id, "Sim, em três dias.", "Vocês entregam em Santos?")
    assert (await found(owner, [base_id], "entregam em santos"))[0].source_id == source.id
    with pytest.raises(Conflict):
        await gaps.answer_gap(owner, asked[0].id, "Não.")
    await note(owner, base_id, "Vendem helicópteros?")
    later = (await open_gaps(owner, base_id))[0]
    assert (await gaps.dismiss_gap(owner, later.id)).state is GapState.DISMISSED
    with pytest.raises(NotFound):
        await gaps.dismiss_gap(stranger, asked[1].id)
    assert [gap.questions[0] for gap in await open_gaps(owner, base_id)] == ["Tem estacionamento?"]
    closed = await gaps.gaps(owner, base_id, state=GapState.ANSWERED, after=None, limit=50)
    assert [gap.source_id for gap in closed] == [source.id]
    await note(owner, base_id, "vcs entregam em Santos?")
    assert len(await open_gaps(owner, base_id)) == 2


async def test_of_too_many_gaps_the_oldest_gives_way(owner: Actor, base_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "MOST_OPEN", 2)
    await note(owner, base_id, "estacionamento", "helicóptero", "cachorro")
    assert [gap.questions[0] for gap in await open_gaps(owner, base_id)] == ["cachorro", "helicóptero"]
