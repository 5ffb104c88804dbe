"""The way of people through a cadence: step by step, out of it, and through a change of it."""

from uuid import uuid4

import asyncpg
import pytest

from db.cadences import actions, enrolling, queries, steps
from db.cadences.errors import CadenceError
from db.cadences.plan import FieldEquals, Plan, Replied, Send
from db.contacts import consent
from db.contacts.filter import ContactFilter
from db.errors import AppError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.cadences.scene import Scene, ask, scene, wait

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner)


async def test_people_get_one_message_after_another(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    assert await s.enrol(cadence_id) == 6
    assert await s.enrol(cadence_id) == 0  # nobody stands in it twice
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um"]
    await s.pass_time()
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um", "dois"]
    assert await s.states(cadence_id) == {"done": 6}
    await s.to_the_end(cadence_id, 2)
    assert set((await s.messages()).values()) == {1}


async def test_a_branch_has_two_ways_and_goes_on_behind_them(s: Scene) -> None:
    cadence_id = await s.start(
        ask(FieldEquals("cidade", "niterói"), [s.say("de perto")], [s.say("de longe"), wait(), s.say("ainda longe")]),
        s.say("fim"),
    )
    await s.enrol(cadence_id)
    await s.to_the_end(cadence_id, 3)
    assert await s.texts("Pessoa 2") == ["de perto", "fim"]
    assert await s.texts("Pessoa 3") == ["de longe", "ainda longe", "fim"]
    figures = {one.step_id: one for one in await queries.figures(s.actor, cadence_id)}
    branch = next(one for one in figures.values() if one.yes)
    assert (branch.yes, branch.no, branch.reached) == (3, 3, 6)
    assert [one.queued + one.sent for one in figures.values()] == [0, 3, 3, 0, 3, 6]


async def test_who_passes_a_wait_and_a_question_gets_what_follows_before_the_others_have_passed(s: Scene) -> None:
    pause, second = wait(), s.say("dois")
    question = ask(Replied(), [], [second])
    cadence_id = await s.start(s.say("um"), pause, question, stop_on_reply=False)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await s.pass_time()
    assert await steps.step(s.actor.company_id, cadence_id, 2) == 2
    been = await s.db.fetch(
        "select array_agg(step_id order by at) as steps from enrolment_step where cadence_id = $1 group by enrolment_id",
        cadence_id,
    )
    assert sorted(row["steps"][1:] for row in been) == [[]] * 4 + [[pause.id, question.id, second.id]] * 2


async def test_who_answers_leaves(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await s.writes("Pessoa 1")
    await s.pass_time()
    await s.run(cadence_id)
    assert await s.states(cadence_id) == {"done": 5, "stopped:replied": 1}
    assert await s.texts("Pessoa 1") == ["um"]


async def test_who_wrote_before_they_came_in_stays(s: Scene) -> None:
    await s.writes("Pessoa 1")
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await s.to_the_end(cadence_id, 3)
    assert await s.states(cadence_id) == {"done": 6}


async def test_replies_may_only_choose_the_way(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), ask(Replied(), [s.say("obrigado")], [s.say("e então?")]), stop_on_reply=False)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await s.writes("Pessoa 1")
    await s.pass_time()
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um", "obrigado"]
    assert await s.texts("Pessoa 2") == ["um", "e então?"]


async def test_who_says_stop_gets_nothing_more(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [await s.contact("Pessoa 1")], "person")
    await s.pass_time()
    await s.run(cadence_id)
    assert await s.states(cadence_id) == {"done": 5, "stopped:opted_out": 1}
    assert await s.texts("Pessoa 1") == []  # also what waited is skipped


async def test_a_person_takes_somebody_out(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    assert await enrolling.remove(s.actor, cadence_id, [await s.contact("Pessoa 1")]) == 1
    await s.to_the_end(cadence_id, 3)
    assert await s.states(cadence_id) == {"done": 5, "stopped:person": 1}


async def test_nothing_moves_while_it_is_paused(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await actions.pause(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 2)
    assert await s.texts("Pessoa 1") == []
    await actions.resume(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 3)
    assert await s.texts("Pessoa 1") == ["um", "dois"]


async def test_a_change_loses_nobody_and_repeats_nothing(s: Scene) -> None:
    first, pause, second = s.say("um"), wait(), s.say("dois")
    cadence_id = await s.start(first, pause, second)
    await s.enrol(cadence_id)
    await s.run(cadence_id)  # all wait
    # The wait is gone, the second step says something else, and the first one comes once more at the end.
    other = Send(id=second.id, channel_id=s.channel_id, text="dois, melhor")
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[first, other, s.say("três")]))
    await actions.start(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 4)
    assert await s.texts("Pessoa 1") == ["um", "dois, melhor", "três"]
    assert await s.states(cadence_id) == {"done": 6}


async def test_steps_that_change_places_are_not_said_again(s: Scene) -> None:
    first, pause, second = s.say("um"), wait(), s.say("dois")
    cadence_id = await s.start(first, pause, second)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[second, pause, first]))
    await actions.start(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 4)
    assert await s.states(cadence_id) == {"done": 6}
    assert (await s.texts("Pessoa 1")).count("um") == 1


async def test_who_matches_later_comes_in_by_themselves_once(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), entry=ContactFilter(custom={"cidade": "Natal"}))
    assert await enrolling.look_for_people(0) == 0
    await s.db.execute(
        "update contact set custom = '{\"cidade\": \"Natal\"}' where company_id = $1 and name in ('Pessoa 1', 'Pessoa 3')",
        s.actor.company_id,
    )
    assert await enrolling.look_for_people(0) == 2
    assert await enrolling.look_for_people(0) == 0
    await s.to_the_end(cadence_id, 2)
    assert await enrolling.look_for_people(0) == 0
    assert await s.texts("Pessoa 1") == ["um"]


async def test_one_without_a_number_goes_on_without_the_message(s: Scene) -> None:
    await s.db.execute("delete from contact_identity where company_id = $1 and value = '+5511900000001'", s.actor.company_id)
    say = s.say("um")
    cadence_id = await s.start(say)
    await s.enrol(cadence_id)
    await s.to_the_end(cadence_id, 2)
    assert await s.states(cadence_id) == {"done": 6}
    [figures] = await queries.figures(s.actor, cadence_id)
    assert (figures.reached, figures.skipped, figures.queued) == (6, 1, 5)


async def test_it_does_not_run_before_every_step_can(s: Scene) -> None:
    twice = uuid4()
    row = await actions.create(
        s.actor, "x", Plan(steps=[s.say("Oi {{first_name}}"), wait(step_id=twice), wait(step_id=twice), s.say(" ")])
    )
    with pytest.raises(AppError) as refused:
        await actions.start(s.actor, row["id"])
    assert refused.value.code is CadenceError.CADENCE_NOT_READY
    assert {field.path for field in refused.value.fields} == {"steps[0]", "steps[2]", "steps[3]"}
    assert await s.db.fetchval("select count(*) from campaign where cadence_id = $1", row["id"]) == 0


async def test_the_end_takes_everybody_out(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await actions.end(s.actor, cadence_id)
    assert await s.states(cadence_id) == {"stopped:cadence_ended": 6}
    with pytest.raises(AppError):
        await s.enrol(cadence_id)
