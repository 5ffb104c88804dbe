"""A time of day comes for each person when it comes on their own clock."""

from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from db.cadences import actions, steps
from db.cadences.plan import Plan, Step, WaitUntil
from db.tenancy import Actor
from tests.db.cadences.scene import Scene, scene, wait

HOMES = {
    "Pessoa 0": ("+5511900000000", "America/Sao_Paulo"),
    "Pessoa 1": ("+5568900000001", "America/Rio_Branco"),
    "Pessoa 2": ("+4915110000002", "Europe/Berlin"),
    "Pessoa 3": (None, "America/Sao_Paulo"),  # nobody knows: as the company
}


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    found = await scene(owner_db, owner, len(HOMES))
    for name, (phone, _zone) in HOMES.items():
        contact = await found.contact(name)
        if phone is None:
            await owner_db.execute("delete from contact_identity where contact_id = $1", contact)
        else:
            await owner_db.execute("update contact_identity set value = $2 where contact_id = $1", contact, phone)
    return found


async def clocks_of(s: Scene, step: WaitUntil) -> dict[str, str]:
    """What the clock of each shows when they are due at the step, and on which day from now."""
    rows = await s.db.fetch(
        "select c.name, e.due_at from enrolment e join contact c on c.id = e.contact_id where e.company_id = $1 and e.step_id = $2",
        s.actor.company_id,
        step.id,
    )
    found = {}
    for row in rows:
        due: datetime = row["due_at"]
        assert due > await s.db.fetchval("select now() - interval '1 minute'")
        assert due < await s.db.fetchval("select now() + interval '26 hours'")
        found[row["name"]] = due.astimezone(ZoneInfo(HOMES[row["name"]][1])).strftime("%H:%M")
    return found


NINE = dict.fromkeys(HOMES, "09:00")


async def test_whoever_comes_in_waits_for_their_own_nine_o_clock(s: Scene) -> None:
    until = WaitUntil(id=uuid4(), at="09:00")
    cadence_id = await s.start(until, s.say("bom dia"))
    await s.enrol(cadence_id)
    assert await clocks_of(s, until) == NINE


async def test_so_does_whoever_arrives_by_another_step_is_late_or_follows_a_new_version(s: Scene) -> None:
    until, pause = WaitUntil(id=uuid4(), at="09:00"), wait()
    cadence_id = await s.start(pause, until, s.say("bom dia"))
    await s.enrol(cadence_id)
    await s.pass_time()
    await s.run(cadence_id)
    assert await clocks_of(s, until) == NINE

    await s.db.execute("update enrolment set due_at = now() - interval '3 days' where cadence_id = $1", cadence_id)
    await steps.step(s.actor.company_id, cadence_id)
    assert await clocks_of(s, until) == NINE  # missed: the next one

    later = WaitUntil(id=until.id, at="17:30")
    await change(s, cadence_id, [pause, later, s.say("bom dia")])
    assert await clocks_of(s, later) == dict.fromkeys(HOMES, "17:30")

    moved = WaitUntil(id=uuid4(), at="10:15")
    await change(s, cadence_id, [pause, moved, s.say("bom dia")])  # theirs is gone: they go on behind the last that is left
    assert await clocks_of(s, moved) == dict.fromkeys(HOMES, "10:15")


async def change(s: Scene, cadence_id: UUID, some: list[Step]) -> None:
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=some))
    await actions.start(s.actor, cadence_id)
