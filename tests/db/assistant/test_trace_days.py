"""What a run did can be read for as long as its company chose."""

from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.ai import safety
from db.assistant import queries, turns
from db.errors import Forbidden
from db.ids import first_of
from db.jobs import KeepRules
from db.permissions import Permission
from db.privacy import retention
from db.tenancy import Actor
from db.work import system_work
from tests.db.assistant.scene import Scene
from workers.privacy import job


async def _kept(scene: Scene, ages: list[int]) -> list[int]:
    """Of traces so many days old, those that housekeeping leaves."""
    await scene.wrote()
    turn_id = await scene.turn_id()
    await scene.db.execute("delete from ai_trace where company_id = $1", scene.owner.company_id)
    for age in ages:
        await scene.db.execute(
            "insert into ai_trace(company_id, turn_id, epoch, at, steps) values ($1, $2, $3, now() - make_interval(days => $3, mins => 5), '[]')",
            scene.owner.company_id,
            turn_id,
            age,
        )
    async with system_work() as s:
        await turns.forget_traces(s)
    rows = await scene.db.fetch("select epoch from ai_trace where turn_id = $1 order by epoch", turn_id)
    return [row["epoch"] for row in rows]


async def test_traces_stay_as_long_as_their_company_says(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    ages = [0, 3, 7, 29, 30, 200]
    mine, theirs = await Scene.make(owner, owner_db), await Scene.make(stranger, owner_db)
    assert await _kept(mine, ages) == [0, 3, 7, 29]
    await safety.set_safety(owner, 7, False)
    assert await _kept(mine, ages) == [0, 3]
    await safety.set_safety(owner, 365, False)
    assert await _kept(mine, ages) == ages
    assert await _kept(theirs, ages) == [0, 3, 7, 29], "another company's choice is its own"
    await retention.set_retention(owner, 7, None, None)
    assert await _kept(mine, ages) == [0, 3], "never longer than what was said"
    who = msgspec.structs.replace(owner, permissions=owner.permissions - {Permission.CONVERSATIONS_READ})
    assert mine.conversation is not None
    with pytest.raises(Forbidden):
        await queries.trace_of(who, mine.conversation, await mine.turn_id())
    with pytest.raises(Forbidden):
        await queries.turns_of(who, mine.conversation)


async def test_what_answers_and_proposals_say_goes_with_the_messages(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    ids = []
    for days, place in ((8, 0), (8, 1), (1, 0)):
        await scene.wrote(f"Oi {days} {place}")
        await scene.answered(f"Olá {days} {place}")
        ids.append(UUID(int=first_of(scene.ago(days=days)).int + place + (7 << 76) + (2 << 62)))
        await owner_db.execute("update ai_turn set id = $2 where id = $1", await scene.turn_id(), ids[-1])
        await owner_db.execute(
            "insert into lead_proposal(company_id, id, board_id, conversation_id, through_id, tool, args, reason, confidence, evidence, state)"
            " select $1, $2, $2, $3, $2, 'move_lead', '{}', 'Quer comprar', 1, '[{\"quote\": \"Oi\"}]', $4",
            owner.company_id, ids[-1], scene.conversation, "proposed" if place else "refused",
        )  # fmt: skip
    draft = await Scene.make(owner, owner_db, "suggest")
    await draft.wrote("Oi")
    await draft.answered("Olá")
    assert await draft.states() == [("ready", None)]
    await owner_db.execute("update ai_turn set id = $2 where id = $1", await draft.turn_id(), first_of(draft.ago(days=8)))
    await retention.set_retention(owner, 7, None, None)
    await job.keep_rules(owner.company_id, KeepRules())
    for table, column in (("ai_turn", "answer"), ("lead_proposal", "nullif(evidence, '[]')")):
        left = await owner_db.fetch(f"select id from {table} where company_id = $1 and {column} is not null", owner.company_id)
        assert [row["id"] for row in left] == ids[2:], table
    assert await draft.states() == [("superseded", "put_away")], "nobody used it"
