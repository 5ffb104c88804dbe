"""What a run did can be read for as long as its company chose."""

import asyncpg

from db.ai import safety
from db.assistant import turns
from db.tenancy import Actor
from db.work import system_work
from tests.db.assistant.scene import Scene


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
