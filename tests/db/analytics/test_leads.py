"""Figures of a board against a plain count of what was done, over random histories; each figure is the number of its rows."""

import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from db.analytics import leads as figures
from db.analytics.enums import Comparison, LeadFact
from db.analytics.leads import LeadWhere
from db.boards import leads, moves, undo
from db.clock import now
from db.contacts.actions import create_contact
from db.conversations.enums import AssignmentStrategy
from db.conversations.teams import create_team
from db.errors import NotFound
from db.stats import check, fold
from db.tenancy import Actor
from db.work import system_work
from tests import factories
from tests.db.boards.test_moves import stages_of

Path = list[str]
"""The stages in which a lead stood, in their order."""


async def _happen(owner: Actor, db: asyncpg.Connection, dice: random.Random) -> tuple[dict[UUID, Path], dict[UUID, int]]:
    stages = {row["name"]: row for row in await stages_of(db, owner)}
    board = stages["Novo"]["board_id"]
    paths: dict[UUID, Path] = {}
    values: dict[UUID, int] = {}
    for number in range(30):
        what = dice.choice(("create", "move", "move", "many", "value"))
        if what == "create" or not paths:
            name = dice.choice(list(stages))
            made = await leads.create_lead(
                owner, board_id=board, stage_id=stages[name]["id"], title=f"Ana {number}", value_cents=number * 100,
                tags=["vip"] if number % 2 else [], lost_reason="Preço" if name == "Perdido" else None,
            )  # fmt: skip
            paths[made["id"]], values[made["id"]] = [name], number * 100
            continue
        some, name = dice.sample(list(paths), min(2, len(paths))), dice.choice(list(stages))
        if what == "value":
            values[some[0]] = number * 1000
            await leads.change_lead(owner, some[0], value_cents=number * 1000)
            continue
        if what == "move":
            await moves.move_lead(owner, some[0], stage_id=stages[name]["id"], lost_reason="Preço")
            some = some[:1]
        else:
            done = await moves.move_leads(owner, some, stage_id=stages[name]["id"], lost_reason="Preço")
            if dice.random() < 0.5 and done.id is not None:
                await undo.undo_move(owner, done.id)
                continue
        for one in some:
            if paths[one][-1] != name:
                paths[one].append(name)
        if dice.random() < 0.3:
            await fold.fold()
    return paths, values


def _passes(path: Path) -> set[tuple[str, str]]:
    return {(a, b) for at, a in enumerate(path) if a not in path[:at] for b in path[at + 1 :] if a != b}


@pytest.mark.parametrize("seed", range(4))
async def test_figures_of_a_board_are_the_number_of_their_rows(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor, seed: int
) -> None:
    paths, values = await _happen(owner, owner_db, random.Random(seed))
    stages = {row["id"]: row["name"] for row in await stages_of(owner_db, owner)}
    board = (await stages_of(owner_db, owner))[0]["board_id"]
    tagged = {
        row["id"]
        for row in await owner_db.fetch("select id from lead where company_id = $1 and 'vip' = any(tags)", owner.company_id)
    }
    team, cared = await _cared_for(owner, owner_db, list(paths)[::2])
    since = now().date() - timedelta(days=2)
    for where, mine in (
        (LeadWhere(), paths),
        (LeadWhere(team_id=team), {key: path for key, path in paths.items() if key in cared}),
        (LeadWhere(team_id=team, tag="vip"), {key: path for key, path in paths.items() if key in cared & tagged}),
        (LeadWhere(tag="vip"), {key: path for key, path in paths.items() if key in tagged}),
    ):
        found = await figures.leads(owner, board, since, None, where)
        arrived = Counter(name for path in mine.values() for name in path)
        left = Counter(name for path in mine.values() for name in path[:-1])
        passed = Counter(pair for path in mine.values() for pair in _passes(path))
        n = found.figures
        then = [day.replace(year=day.year + 1) for day in (found.period.first, found.period.last)]
        assert (await figures.leads(owner, board, then[0], then[1], where, Comparison.YEAR)).before == n
        assert (n.entered, n.moved, n.won, n.lost) == (len(mine), left.total(), arrived["Ganho"], arrived["Perdido"])
        assert {one.name: one.arrived for one in found.stages} == {name: arrived[name] for name in stages.values()}
        assert {one.name: (one.moved, one.stood.amount) for one in found.stages} == {
            name: (left[name], left[name]) for name in stages.values()
        }
        assert {one.name: one.reached for one in found.stages} == {
            name: sum(name in path for path in mine.values()) for name in stages.values()
        }
        assert {(stages[one.from_id], stages[one.to_id]): one.leads for one in found.passed} == passed
        assert sum(day.won for day in found.days.values()) == n.won
        assert sum(count for _reason, count, _value in found.reasons) == n.lost
        standing = sum(values[key] for key, path in mine.items() if path[-1] == "Ganho")
        assert (
            sum(
                one.value_cents for one in (await _rows(owner, board, LeadFact.WON, where))[0] if mine[one.lead_id][-1] == "Ganho"
            )
            >= standing
        )
        for fact, total in (
            (LeadFact.ENTERED, n.entered),
            (LeadFact.MOVED, n.moved),
            (LeadFact.WON, n.won),
            (LeadFact.LOST, n.lost),
        ):
            rows, told = await _rows(owner, board, fact, where)
            assert len(rows) == told == total
        for one in found.stages:
            for fact, total in ((LeadFact.ARRIVED, one.arrived), (LeadFact.MOVED, one.moved), (LeadFact.REACHED, one.reached)):
                rows, told = await _rows(owner, board, fact, where, one.id)
                assert len(rows) == told == total
                if fact is LeadFact.ARRIVED:
                    assert sum(row.value_cents for row in rows) == one.arrived_value
        for pair in found.passed:
            rows, told = await _rows(owner, board, LeadFact.PASSED, where, pair.from_id, pair.to_id)
            assert len(rows) == told == pair.leads
    async with system_work() as s:
        assert await check.differences(s, owner.company_id) == []
    with pytest.raises(NotFound):
        await figures.leads(stranger, board, since, None, LeadWhere())


async def _cared_for(owner: Actor, db: asyncpg.Connection, leads_: list[UUID]) -> tuple[UUID, set[UUID]]:
    """A team, and those of some leads whose conversation it has; the others' have none."""
    team = await create_team(owner, name="Vendas", strategy=AssignmentStrategy.MANUAL, member_ids=[], channel_ids=[])
    channel = await factories.channel(db, owner)
    for number, lead in enumerate(leads_):
        contact = (await create_contact(owner, name="Ana", phone=f"+55119876500{number:02}", tag_names=[], custom={}))["id"]
        await db.execute(
            "with v as (insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, team_id)"
            " values ($1, $2, $3, $4, now(), now(), $5) returning id)"
            " update lead set contact_id = $2, conversation_id = (select id from v) where id = $6",
            owner.company_id, contact, channel, f"+55119876500{number:02}", team.id if number % 3 else None, lead,
        )  # fmt: skip
    return team.id, {lead for number, lead in enumerate(leads_) if number % 3}


async def _rows(
    owner: Actor, board: UUID, fact: LeadFact, where: LeadWhere, stage: UUID | None = None, to: UUID | None = None
) -> tuple[list[figures.LeadRow], int]:
    return await figures.rows(owner, board, fact, (stage, to), now().date() - timedelta(days=2), None, where, None, 500)
