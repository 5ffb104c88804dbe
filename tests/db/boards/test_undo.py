"""Taking a bulk move back: who goes where, and who stays."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from db.boards import boards, history, leads, moves, stage_removal, undo
from db.boards.enums import LeadEvent
from db.clock import now
from db.errors import Conflict, NotFound
from db.tenancy import Actor
from db.work import system_work
from tests import factories
from tests.db.boards.test_moves import column, some, stages_of, totals_are_right


async def test_everybody_goes_back_to_stage_and_place(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, third, _, lost = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcdefg")
    for title, stage in (("e", second), ("f", second), ("g", lost)):
        reason = "Preço" if stage is lost else None
        await moves.move_lead(owner, made[title], stage_id=stage["id"], lost_reason=reason)
    before = [await column(owner, stage) for stage in (first, second, third, lost)]
    rows = await owner_db.fetch(
        "select id, lost_reason, stage_since from lead where company_id = $1 order by id", owner.company_id
    )
    done = await moves.move_leads(owner, [made[title] for title in "gbdfe"], stage_id=second["id"])
    assert await column(owner, second) == list("gbdfe")
    assert done.id
    assert await undo.undo_move(owner, done.id) == (5, 0)
    assert [await column(owner, stage) for stage in (first, second, third, lost)] == before
    assert rows == await owner_db.fetch(
        "select id, lost_reason, stage_since from lead where company_id = $1 order by id", owner.company_id
    )
    await totals_are_right(owner_db, owner)
    told = await history.history(owner, made["b"], after=None, limit=9)
    assert [(row["kind"], row["from_stage"], row["to_stage"], row["by_id"]) for row in told] == [
        (LeadEvent.MOVED_BACK, second["name"], first["name"], owner.id),
        (LeadEvent.MOVED, first["name"], second["name"], owner.id),
    ]
    with pytest.raises(Conflict, match="move_undone"):
        await undo.undo_move(owner, done.id)


async def test_what_somebody_moved_since_stays(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Elsewhere, or within the stage; another title is no move. What is gone, or came from a stage that is gone, stays too."""
    first, second, third, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcdef")
    await moves.move_lead(owner, made["f"], stage_id=third["id"])
    done = await moves.move_leads(owner, list(made.values()), stage_id=second["id"])
    assert done.id
    await moves.move_lead(owner, made["a"], stage_id=first["id"])
    await moves.move_lead(owner, made["b"], stage_id=second["id"], after_id=made["e"])
    await leads.change_lead(owner, made["c"], title="C")
    await leads.delete_lead(owner, made["d"])
    await stage_removal.delete_stage(owner, third["id"], move_to=None)
    assert await undo.undo_move(owner, done.id) == (2, 4)
    assert (await column(owner, first), await column(owner, second)) == (list("Cea"), list("bf"))
    await totals_are_right(owner_db, owner)


async def test_two_at_once_undo_it_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abc")
    done = await moves.move_leads(owner, list(made.values()), stage_id=second["id"])
    assert done.id
    answers = await asyncio.gather(*(undo.undo_move(owner, done.id) for _ in range(2)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Undone"]
    assert await column(owner, first) == list("abc")
    await totals_are_right(owner_db, owner)


async def test_whose_it_is_and_for_how_long(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    lead = await factories.lead(owner_db, owner, "a")
    done = await moves.move_leads(owner, [lead], stage_id=second["id"])
    assert done.id
    with pytest.raises(NotFound):
        await undo.undo_move(stranger, done.id)
    await boards.archive_board(owner, first["board_id"])
    with pytest.raises(Conflict, match="board_archived"):
        await undo.undo_move(owner, done.id)
    await owner_db.execute("update lead_bulk_move set at = $2 where id = $1", done.id, now() - timedelta(days=8))
    async with system_work() as s:
        await undo.forget_old(s)
    with pytest.raises(NotFound):
        await undo.undo_move(owner, done.id)
