"""Who comes into a cadence once more: by a rule only those who match it anew, and nobody because two contacts were one for a while. What was deleted
leads nobody the other way."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.cadences import actions, enrolling, queries, steps
from db.cadences.enums import EntrySource
from db.cadences.plan import Plan, Tagged, WaitUntil
from db.clock import now
from db.contacts import merges, tags
from db.contacts.enums import MergeReason
from db.contacts.filter import ContactFilter
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.cadences.scene import EVERYBODY, Scene, ask, scene, wait


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner)


async def tagged(s: Scene, *names: str, name: str = "vip") -> UUID:
    """The tag, on these people."""
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        [tag] = await tags.ensure_tags(w, [name])
        await tags.add_tags(w, [await s.contact(one) for one in names], [tag])
    return tag


async def untag(s: Scene, tag: UUID, name: str) -> None:
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await tags.remove_tags(w, [await s.contact(name)], [tag])


async def join(s: Scene, one: str, two: str) -> UUID:
    keep, other = await s.contact(one), await s.contact(two)
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, keep, other, MergeReason.BY_HAND)
    return keep


async def part(s: Scene, keep: UUID) -> None:
    [one] = await merges.merges(s.actor, keep)
    await merges.undo(s.actor, keep, one.id)


async def test_who_still_matches_does_not_come_in_with_every_look(s: Scene) -> None:
    tag = await tagged(s, "Pessoa 1", "Pessoa 2")
    cadence_id = await s.start(s.say("um"), entry=ContactFilter(tags=[tag]), again=True)
    assert await enrolling.look_for_people(0) == 2
    await s.to_the_end(cadence_id, 2)
    for _ in range(3):
        assert await enrolling.look_for_people(0) == 0
    await untag(s, tag, "Pessoa 1")
    assert await enrolling.look_for_people(0) == 0
    await tagged(s, "Pessoa 1")
    assert await enrolling.look_for_people(0) == 1  # it begins anew for them
    await s.to_the_end(cadence_id, 2)
    assert await s.texts("Pessoa 1") == ["um", "um"]
    assert await s.texts("Pessoa 2") == ["um"]
    assert await enrolling.look_for_people(0) == 0


async def test_who_was_one_with_somebody_does_not_begin_anew(s: Scene) -> None:
    tag = await tagged(s, "Pessoa 2")
    cadence_id = await s.start(s.say("um"), entry=ContactFilter(tags=[tag]))
    assert await enrolling.look_for_people(0) == 1
    await s.to_the_end(cadence_id, 2)
    keep = await join(s, "Pessoa 1", "Pessoa 2")
    assert await enrolling.look_for_people(0) == 0
    await part(s, keep)
    assert await enrolling.look_for_people(0) == 0
    assert await s.texts("Pessoa 2") == ["um"]


async def test_who_is_parted_goes_on_as_who_they_were(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"), wait(), s.say("três"))
    two = await s.contact("Pessoa 2")
    await s.enrol(cadence_id, ContactFilter(ids=[two]))
    await s.run(cadence_id)
    keep = await join(s, "Pessoa 1", "Pessoa 2")
    await s.pass_time()
    await s.run(cadence_id)
    assert await s.db.fetchval("select contact_id from enrolment where cadence_id = $1", cadence_id) == keep
    await part(s, keep)
    await s.pass_time()
    await s.run(cadence_id)
    row = await s.db.fetchrow("select contact_id, came_as from enrolment where cadence_id = $1", cadence_id)
    assert row is not None
    assert tuple(row) == (two, None)
    assert await s.texts("Pessoa 1") + await s.texts("Pessoa 2") == await s.texts("Pessoa 2") or await s.texts("Pessoa 1") == [
        "dois"
    ]
    assert (await s.texts("Pessoa 2"))[-1] == "três"


async def test_however_many_come_in_no_statement_takes_all(s: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolling, "AT_ONCE", 4)
    monkeypatch.setattr(enrolling, "PIECE", 3)
    by_rule = await s.start(s.say("um"), entry=EVERYBODY, again=True)
    assert await enrolling.look_for_people(0) == 6
    by_hand = await s.start(s.say("um"))
    assert await s.enrol(by_hand) == 6
    assert await s.states(by_rule) == await s.states(by_hand) == {"active": 6}


async def test_however_many_come_in_each_is_looked_at_a_few_times(s: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the planner knows nothing of them yet."""
    monkeypatch.setattr(enrolling, "PIECE", 200)
    await factories.contacts(s.db, s.actor, 600, first=100)
    cadence_id = await s.start(s.say("um"))
    async with work(s.actor, Permission.CAMPAIGNS_SEND) as w:
        people = await enrolling.take_in(w, cadence_id, EVERYBODY, EntrySource.PERSON)
        read = await w.fetchval(
            "select pg_stat_get_xact_tuples_returned(t) + pg_stat_get_xact_tuples_fetched(t) from (select 'enrolment'::regclass::oid as t) o"
        )
    assert people == 606
    assert read < 10 * people


async def test_who_waits_for_this_minute_is_not_put_off_by_a_change(s: Scene) -> None:
    at = WaitUntil(id=uuid4(), at="09:00")
    say = s.say("um")
    cadence_id = await s.start(at, say)
    await s.enrol(cadence_id)
    due = now() - timedelta(seconds=5)  # nobody got to it yet
    await s.db.execute("update enrolment set due_at = $2 where cadence_id = $1", cadence_id, due)
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[at, say, wait(), s.say("dois")]))
    await actions.start(s.actor, cadence_id)
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um"]


async def test_a_deleted_tag_leads_nobody_the_other_way(s: Scene) -> None:
    tag = await tagged(s, "Pessoa 1")
    question = ask(Tagged(tag), [s.say("cliente")], [s.say("oferta")])
    cadence_id = await s.start(wait(), question)
    await s.enrol(cadence_id)
    await tags.delete_tag(s.actor, tag)
    await s.to_the_end(cadence_id, 3)
    assert await s.texts("Pessoa 1") == []
    assert await s.states(cadence_id) == {"active": 6}
    told = {one.step_id: one for one in await queries.figures(s.actor, cadence_id)}
    assert (told[question.id].waiting, told[question.id].problem) == (6, "step_gone")
    other = await tagged(s, "Pessoa 1", name="outra")
    mended = ask(Tagged(other), question.yes, question.no, question.id)
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[mended]))
    await actions.start(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 3)
    assert await s.texts("Pessoa 1") == ["cliente"]
    assert await s.texts("Pessoa 2") == ["oferta"]


async def test_without_its_goal_nothing_goes_out(s: Scene) -> None:
    tag = await tagged(s)
    say = s.say("um")
    cadence_id = await s.start(wait(), say, goal=Tagged(tag))
    await s.enrol(cadence_id)
    await tags.delete_tag(s.actor, tag)
    await s.to_the_end(cadence_id, 3)
    assert await s.messages() == {}
    told = {one.step_id: one.problem for one in await queries.figures(s.actor, cadence_id)}
    assert told[say.id] == "goal_gone"
    assert await steps.step(s.actor.company_id, cadence_id) == 0
