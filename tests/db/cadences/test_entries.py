"""How people come into a cadence: by a segment, by a stage of a board, because of what came for a hook; each once."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.cadences import actions, enrolling
from db.cadences.errors import CadenceError
from db.cadences.plan import Plan
from db.contacts import consent, segments
from db.contacts.errors import ContactError
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import FieldIs, Group, InStage
from db.errors import AppError, Forbidden
from db.incoming import deliveries, hooks
from db.incoming.enums import Sameness
from db.incoming.recipe import EnrolInCadence
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.cadences.scene import Scene, scene
from tests.db.incoming.test_deliveries import ANA, PERSON, hook, outcome, post

NITEROI = Group(conditions=[FieldIs(key="cidade", value="niteroi")])


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner)


async def sources(s: Scene, cadence_id: UUID) -> dict[str, str]:
    rows = await s.db.fetch(
        "select c.name, e.source from enrolment e join contact c on c.id = e.contact_id where e.cadence_id = $1 order by c.name",
        cadence_id,
    )
    return {row["name"]: row["source"] for row in rows}


async def test_a_segment_is_put_in_by_hand_and_comes_in_by_itself(s: Scene) -> None:
    segment = (await segments.create(s.actor, "Niterói", NITEROI))["id"]
    by_hand = await s.start(s.say("um"))
    assert await enrolling.enrol(s.actor, by_hand, ContactFilter(segment_id=segment)) == (3, 3)
    by_rule = await s.start(s.say("um"), entry=ContactFilter(segment_id=segment))
    assert await enrolling.look_for_people(0) == 3
    await s.db.execute(
        "update contact set custom = '{\"cidade\": \"Niterói\"}' where company_id = $1 and name = 'Pessoa 1'", s.actor.company_id
    )
    assert await enrolling.look_for_people(0) == 1
    assert await sources(s, by_rule) == {f"Pessoa {number}": "rule" for number in (0, 1, 2, 4)}


async def test_a_segment_that_is_gone_means_nobody_and_holds_up_nobody(s: Scene) -> None:
    gone = (await segments.create(s.actor, "Sumirá", NITEROI))["id"]
    first = await s.start(s.say("um"), entry=ContactFilter(segment_id=gone))
    second = await s.start(s.say("um"), entry=ContactFilter(rule=NITEROI))
    with pytest.raises(AppError) as used:
        await segments.delete(s.actor, gone)
    assert (used.value.code, used.value.params["uses"]) == (ContactError.SEGMENT_IN_USE, "Boas-vindas")
    await segments.delete(s.actor, gone, detach=True)
    assert await enrolling.look_for_people(0) == 3
    assert await sources(s, first) == {}
    assert len(await sources(s, second)) == 3
    # A field of the rule goes: what can no longer be asked means nobody, and the other cadences are looked after.
    third = await s.start(s.say("um"), entry=ContactFilter(everyone=True))
    await s.db.execute("update custom_field set deleted_at = now() where company_id = $1", s.actor.company_id)
    assert await enrolling.look_for_people(0) == 6
    assert len(await sources(s, third)) == 6
    with pytest.raises(AppError) as refused:
        row = await actions.create(s.actor, "x", Plan(steps=[s.say("um")], entry=ContactFilter(segment_id=gone)))
        await actions.start(s.actor, row["id"])
    assert refused.value.code is CadenceError.CADENCE_NOT_READY
    assert [field.path for field in refused.value.fields] == ["entry"]


async def test_who_comes_to_a_stage_comes_in(s: Scene) -> None:
    person = await s.contact("Pessoa 3")
    lead = await factories.lead(s.db, s.actor, contact_id=person)
    board = await s.db.fetchval("select board_id from lead where id = $1", lead)
    stages = [row["id"] for row in await s.db.fetch("select id from stage where board_id = $1 order by rank", board)]
    entry = ContactFilter(rule=Group(conditions=[InStage(stages=[stages[1]])]))
    cadence_id = await s.start(s.say("um"), entry=entry)
    assert await enrolling.look_for_people(0) == 0
    await s.db.execute("update lead set stage_id = $2 where id = $1", lead, stages[1])
    assert await enrolling.look_for_people(0) == 1
    assert await sources(s, cadence_id) == {"Pessoa 3": "rule"}


async def test_what_comes_for_a_hook_puts_its_person_in_once(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"))
    route = await hook(s.actor, PERSON, EnrolInCadence(cadence_id=cadence_id), sameness=Sameness.NONE.value)
    twins = [await post(route, ANA) for _ in range(5)]
    await asyncio.gather(*(deliveries.run(route.company_id, one) for one in twins))
    rows = [await outcome(s.db, route, one) for one in twins]
    assert [row["cadence_id"] for row in rows].count(cadence_id) == 1
    assert [row["problems"] for row in rows].count([("steps[1].cadence_id", "hook_in_cadence")]) == 4
    found = await s.db.fetch("select source, state from enrolment where cadence_id = $1", cadence_id)
    assert [tuple(row) for row in found] == [("hook", "active")]
    came = await post(route, {**ANA, "novo": 1})
    tried = await deliveries.try_out(
        s.actor, route.hook_id, came, [PERSON, EnrolInCadence(cadence_id=await s.start(s.say("outro")))]
    )
    assert (tried.problems, tried.cadence) == ([], "Boas-vindas")


async def test_who_said_stop_is_not_put_in_and_the_rest_is_done(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"))
    route = await hook(s.actor, PERSON, EnrolInCadence(cadence_id=cadence_id), sameness=Sameness.NONE.value)
    person = (await outcome(s.db, route, await post(route, ANA)))["contact_id"]
    await enrolling.remove(s.actor, cadence_id, [person])
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [person], "person")
    again = await outcome(s.db, route, await post(route, ANA))
    assert (again["state"], again["problems"]) == ("done", [("steps[1].cadence_id", "hook_cadence_opted_out")])
    await actions.end(s.actor, cadence_id)
    over = await outcome(s.db, route, await post(route, {**ANA, "email": "outra@example.com", "fone": "(21) 98888-0001"}))
    assert over["problems"] == [("steps[1].cadence_id", "hook_cadence_over")]


async def test_who_may_not_send_campaigns_makes_no_hook_that_does(s: Scene, stranger: Actor) -> None:
    made = await hooks.create_hook(s.actor, "Site")
    cadence_id = await s.start(s.say("um"))
    rights = {Permission.INCOMING_WRITE, Permission.INCOMING_READ, Permission.CONTACTS_WRITE}
    key = msgspec.structs.replace(s.actor, kind="api_key", permissions=frozenset(rights))
    with pytest.raises(Forbidden):
        await hooks.change_hook(key, made.row["id"], steps=[PERSON, EnrolInCadence(cadence_id=cadence_id)])
    with pytest.raises(AppError) as refused:
        await hooks.change_hook(s.actor, made.row["id"], steps=[PERSON, EnrolInCadence(cadence_id=uuid4())])
    assert [(one.path, one.code.value) for one in refused.value.fields] == [("steps[1].cadence_id", "hook_target_gone")]
