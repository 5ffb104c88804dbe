"""Rules where many leads come into a stage or a move is taken back: days that are counted, people that are written to once."""

from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.boards import moves, rule_steps, stage_removal, undo
from db.boards.enums import RuleOccasion
from db.boards.rule import AddTag, Move, SendTemplate, WriteNote
from db.errors import Forbidden
from db.permissions import Permission
from db.tenancy import Actor
from tests import factories
from tests.db.boards.test_moves import stages_of
from tests.db.boards.test_rules import letter as letter
from tests.db.boards.test_rules import messages, outcomes, rule, run_all
from tests.db.boards.test_rules import person as person


async def waiting(db: asyncpg.Connection, owner: Actor) -> list[tuple[UUID, int]]:
    """Leads for which something waits, and after how many days in their stages it is due."""
    rows = await db.fetch(
        "select u.lead_id, u.due_at - l.stage_since as span from rule_run u join lead l on l.id = u.lead_id"
        " where u.company_id = $1 and u.state = 'waiting' order by u.lead_id",
        owner.company_id,
    )
    return [(row["lead_id"], row["span"].days) for row in rows]


async def test_days_in_a_stage_go_on_when_a_move_is_taken_back(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, proposal, *_ = await stages_of(owner_db, owner)
    one, other = [await factories.lead(owner_db, owner, title) for title in "ab"]
    await rule(owner, first, AddTag(tag="parado"), RuleOccasion.STAY, 3)
    await rule(owner, talking, AddTag(tag="parado"), RuleOccasion.STAY, 5)
    await moves.move_lead(owner, other, stage_id=talking["id"])
    await owner_db.execute("update lead set stage_since = now() - interval '2 days' where company_id = $1", owner.company_id)
    done = await moves.move_leads(owner, [one, other], stage_id=proposal["id"])
    assert await waiting(owner_db, owner) == []
    assert done.id
    await undo.undo_move(owner, done.id)
    assert await waiting(owner_db, owner) == [(one, 3), (other, 5)]
    await moves.move_lead(owner, one, stage_id=proposal["id"])
    await moves.move_lead(owner, one, stage_id=first["id"], run_rules=False)
    assert await waiting(owner_db, owner) == [(one, 3), (other, 5)]


async def test_what_a_rule_did_in_a_stay_it_does_not_again_when_a_move_is_taken_back(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    _first, talking, proposal, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, WriteNote(body="Ligar"), RuleOccasion.STAY, 3)
    lead_id = await factories.lead(owner_db, owner)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await owner_db.execute("update lead set stage_since = now() - interval '4 days' where id = $1", lead_id)
    await owner_db.execute("update rule_run set due_at = now() where company_id = $1", owner.company_id)
    assert await rule_steps.step(owner.company_id, lead_id)
    done = await moves.move_leads(owner, [lead_id], stage_id=proposal["id"])
    assert done.id
    await undo.undo_move(owner, done.id)
    assert await outcomes(owner_db, owner) == [("done", None)]


async def test_however_many_leads_come_into_a_stage_their_days_are_counted(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Moved together without running rules, or out of a stage that is deleted."""
    _first, talking, proposal, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, AddTag(tag="novo"))
    await rule(owner, talking, AddTag(tag="parado"), RuleOccasion.STAY, 3)
    one, other = [await factories.lead(owner_db, owner, title) for title in "ab"]
    await moves.move_leads(owner, [one], stage_id=talking["id"])
    assert await waiting(owner_db, owner) == [(one, 3)]
    await moves.move_lead(owner, other, stage_id=proposal["id"])
    await stage_removal.delete_stage(owner, proposal["id"], move_to=talking["id"])
    assert await waiting(owner_db, owner) == [(one, 3), (other, 3)]


async def test_one_person_with_several_leads_is_written_to_once(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate
) -> None:
    _first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, letter)
    made = [await factories.lead(owner_db, owner, title, contact_id=person) for title in "abc"]
    await moves.move_leads(owner, made, stage_id=talking["id"], run_rules=True)
    for lead_id in made:
        await run_all(owner, owner_db, lead_id)
    assert len(await messages(owner_db, owner)) == 1
    found = await outcomes(owner_db, owner)
    assert sorted(found, key=str) == [("done", None), ("skipped", "already_written"), ("skipped", "already_written")]


async def test_many_leads_run_rules_that_write_only_for_who_may_write(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate
) -> None:
    first, talking, proposal, *_ = await stages_of(owner_db, owner)
    await rule(owner, proposal, letter)
    key = msgspec.structs.replace(owner, kind="api_key", permissions=frozenset({Permission.LEADS_WRITE}))
    lead_id = await factories.lead(owner_db, owner, contact_id=person)
    await moves.move_leads(key, [lead_id], stage_id=talking["id"], run_rules=True)
    await moves.move_leads(key, [lead_id], stage_id=first["id"], run_rules=True)
    await rule(owner, talking, Move(stage_id=proposal["id"]))  # and so does what moves them there
    for stage in (talking, proposal):
        with pytest.raises(Forbidden):
            await moves.move_leads(key, [lead_id], stage_id=stage["id"], run_rules=True)
    await moves.move_leads(key, [lead_id], stage_id=proposal["id"])
