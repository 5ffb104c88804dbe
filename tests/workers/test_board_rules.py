"""Rules of stages as jobs: the row that a move writes is enough, whatever the worker that began it came to."""

import asyncpg

from db.boards import moves
from db.boards.rule import WriteNote
from db.jobs import RunRules
from db.tenancy import Actor
from tests import factories
from tests.db.boards.test_moves import stages_of
from tests.db.boards.test_rules import rule
from workers import board_rules
from workers.runtime import Runner


async def test_a_worker_that_died_and_one_that_comes_twice_leave_one_effect(owner: Actor, owner_db: asyncpg.Connection) -> None:
    _first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, WriteNote(body="Ligar"))
    lead_id = await factories.lead(owner_db, owner)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    job = await owner_db.fetchval("select id from job where company_id = $1 and name = 'RunRules'", owner.company_id)
    # Its worker claimed it and was killed; its lease is over.
    await owner_db.execute("update job set state = 'running', tries = 1, lease_until = now() - interval '1 s' where id = $1", job)
    runner = Runner({RunRules: board_rules.run_rules}, {RunRules: board_rules.give_up})
    assert await runner.run(job) == "done"
    assert await runner.run(job) == "none"
    await board_rules.run_rules(owner.company_id, RunRules(lead_id=lead_id))
    assert await owner_db.fetchval("select count(*) from lead_note where lead_id = $1", lead_id) == 1
