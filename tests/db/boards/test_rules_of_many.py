"""Rules where many leads come into a stage or a move is taken back: days that are counted, people that are written to once."""

import asyncio
from contextvars import copy_context
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.boards import moves, rule_steps, rules, stage_removal, undo
from db.boards.enums import RuleOccasion, RunState
from db.boards.rule import AddTag, Move, SendTemplate, WriteNote
from db.errors import Forbidden
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
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


async def test_other_days_or_another_occasion_reach_what_waits(owner: Actor, owner_db: asyncpg.Connection) -> None:
    _first, talking, proposal, *_ = await stages_of(owner_db, owner)
    made = await rule(owner, talking, AddTag(tag="parado"), RuleOccasion.STAY, 30)
    lead_id = await factories.lead(owner_db, owner)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    for days in (2, 9):
        await rules.change_rule(owner, made, days=days)
        assert await waiting(owner_db, owner) == [(lead_id, days)]
    due = await owner_db.fetchval(
        "select next_at - created_at from job where company_id = $1 and name = 'RunRules' order by next_at limit 1",
        owner.company_id,
    )
    assert due < timedelta(days=3)
    changes: list[dict[str, Any]] = [{"stage_id": proposal["id"]}, {"occasion": RuleOccasion.ENTER}]
    for given in changes:
        await moves.move_lead(owner, lead_id, stage_id=proposal["id"])
        await moves.move_lead(owner, lead_id, stage_id=talking["id"])
        await rules.change_rule(owner, made, **given)
        assert await waiting(owner_db, owner) == []
        await rules.change_rule(owner, made, stage_id=talking["id"], occasion=RuleOccasion.STAY, days=9)


async def test_a_lead_that_becomes_one_of_another_person_is_looked_at_again(
    owner: Actor, owner_db: asyncpg.Connection, letter: SendTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is held, so that they neither opt out nor are merged while they are written to."""
    _first, talking, *_ = await stages_of(owner_db, owner)
    await factories.contacts(owner_db, owner, 2)
    one, other = [row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)]
    await rule(owner, talking, letter)
    lead_id = await factories.lead(owner_db, owner, contact_id=one)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await owner_db.execute("update rule_run set due_at = now() where company_id = $1", owner.company_id)
    real = rule_steps.lock

    async def late(*args: Any) -> None:
        await owner_db.execute("update lead set contact_id = $2 where id = $1", lead_id, other)
        await real(*args)

    monkeypatch.setattr(rule_steps, "lock", late)
    assert await rule_steps.step(owner.company_id, lead_id)
    assert await messages(owner_db, owner) == []
    monkeypatch.setattr(rule_steps, "lock", real)
    await run_all(owner, owner_db, lead_id)
    assert [row["contact_id"] for row in await messages(owner_db, owner)] == [other]


async def test_a_list_of_rules_reads_no_more_of_their_runs_than_it_shows(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    made = await rule(owner, first, AddTag(tag="vip"))
    await owner_db.execute(
        "insert into rule_run(company_id, rule_id, lead_id, entry_id, depth, visited, due_at, state, done_at) select $1, $2, uuidv7(),"
        " uuidv7(), 0, '{}', now(), case when n < 5 then 'done' else 'waiting' end, case when n < 5 then now() end"
        " from generate_series(1, 20000) n",
        owner.company_id,
        made,
    )
    await owner_db.execute("analyze rule_run")
    plan = "\n".join(
        row[0]
        for row in await owner_db.fetch(
            f"explain (analyze, costs off, timing off) {rules._SELECT} and r.id = $2", owner.company_id, made
        )
    )
    assert "using rule_run_last on rule_run" in plan, plan
    assert "Removed by Filter" not in plan, plan


async def test_a_template_that_changed_is_not_sent_as_it_was_filled_before(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate
) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, letter)
    assert [row["problem"] for row in await rules.rules(owner, first["board_id"])] == [None]
    body = '[{"type": "BODY", "text": "Oi {{1}}"}]'
    await owner_db.execute("update template set components = $2::jsonb where id = $1", letter.template_id, body)
    assert [row["problem"] for row in await rules.rules(owner, first["board_id"])] == ["template_changed"]
    lead_id = await factories.lead(owner_db, owner, contact_id=person)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await run_all(owner, owner_db, lead_id)
    assert await outcomes(owner_db, owner) == [("skipped", "template_changed")]


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


async def test_trying_out_waits_for_totals_before_it_changes_any(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Tags come behind totals with everybody else who moves: somebody has the total of a stage to which a rule moves the lead."""
    first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, first, AddTag(tag="novo"))
    await rule(owner, first, Move(stage_id=talking["id"]))
    lead_id = await factories.lead(owner_db, owner, tags=["vip"])
    outside = copy_context()
    async with work(owner, Permission.LEADS_WRITE) as w:
        await w.execute(
            "update stage_total set version = version + 1 where company_id = $1 and stage_id = $2",
            owner.company_id,
            talking["id"],
        )
        trying = asyncio.create_task(rule_steps.try_out(owner, first["id"], lead_id), context=outside)
        while not trying.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
        await w.execute(
            "insert into stage_tag_total(company_id, stage_id, tag, leads, value_cents) values ($1, $2, 'novo', 1, 0)"
            " on conflict (company_id, stage_id, tag) do update set leads = stage_tag_total.leads + 1",
            owner.company_id,
            first["id"],
        )
        await w.execute("delete from stage_tag_total where company_id = $1 and tag = 'novo'", owner.company_id)
    assert [one.outcome.state for one in await trying] == [RunState.DONE, RunState.DONE]
