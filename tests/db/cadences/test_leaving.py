"""Who leaves while their message waits, is claimed or is just being queued; who becomes one with somebody, is erased; time that stood still."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.cadences import actions, enrolling, steps, stops
from db.cadences.plan import Plan, Tagged, WaitUntil
from db.contacts import actions as contacts
from db.contacts import consent, merges
from db.contacts.enums import MergeReason
from db.contacts.events import ConsentChanged
from db.contacts.filter import ContactFilter
from db.event_consumers import Batch, Recorded
from db.messages import ledger
from db.messages.enums import MessageState
from db.messages.events import MessageReceived
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests.db.cadences.scene import Scene, scene, wait


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner)


async def heard(s: Scene, kind: type, *people: UUID) -> None:
    """As the worker reads the events of the company."""
    events = [
        Recorded(number, kind.type, None, msgspec.Raw(msgspec.json.encode({"contact_id": one})))
        for number, one in enumerate(people)
    ]  # type: ignore[arg-type]
    async with work(worker(s.actor.company_id), Permission.EVENTS_READ) as w:
        await stops.heard(w, "", Batch(events))


async def of(s: Scene, name: str) -> Counter[int]:
    rows = await s.db.fetch(
        "select m.state from message m join contact c on c.id = m.contact_id where m.company_id = $1 and c.name = $2",
        s.actor.company_id,
        name,
    )
    return Counter(row["state"] for row in rows)


async def test_an_answer_cancels_the_last_message_that_still_waits(s: Scene) -> None:
    """They stand at no step any more, and the night holds what was queued."""
    cadence_id = await s.start(s.say("um"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    assert await s.states(cadence_id) == {"done": 6}
    await s.writes("Pessoa 1")
    await heard(s, MessageReceived, await s.contact("Pessoa 1"))
    assert await of(s, "Pessoa 1") == {MessageState.CANCELLED: 1}
    assert await s.states(cadence_id) == {"done": 5, "stopped:replied": 1}
    await s.db.execute("update message set state = 3 where company_id = $1 and state = 0", s.actor.company_id)
    await s.writes("Pessoa 2")
    await heard(s, MessageReceived, await s.contact("Pessoa 2"))
    assert await s.states(cadence_id) == {"done": 5, "stopped:replied": 1}, "who got all of it came to its end"


async def test_who_reaches_the_goal_does_not_get_what_waits(s: Scene) -> None:
    tag: UUID = await s.db.fetchval("insert into tag(company_id, name) values ($1, 'comprou') returning id", s.actor.company_id)
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"), goal=Tagged(tag))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    assert await stops.look_for_converted(0) == 0
    await s.db.execute(
        "insert into contact_tag(company_id, contact_id, tag_id) values ($1, $2, $3)",
        s.actor.company_id,
        await s.contact("Pessoa 1"),
        tag,
    )
    assert await stops.look_for_converted(0) == 1
    assert await of(s, "Pessoa 1") == {MessageState.CANCELLED: 1}
    assert await s.states(cadence_id) == {"active": 5, "stopped:converted": 1}
    assert await stops.look_for_converted(0) == 0


@pytest.mark.parametrize("how", ["answer", "stop", "goal"])
@pytest.mark.parametrize("seed", range(3))
async def test_leaving_races_with_the_sender(s: Scene, how: str, seed: int) -> None:
    """Whatever comes first: a message is in hand or cancelled, nobody is queued anything afterwards, and no state is left between."""
    tag: UUID = await s.db.fetchval("insert into tag(company_id, name) values ($1, 'comprou') returning id", s.actor.company_id)
    cadence_id = await s.start(s.say("um"), s.say("dois"), goal=Tagged(tag))
    await s.enrol(cadence_id)
    names = [f"Pessoa {number}" for number in range(6)]
    people = [await s.contact(name) for name in names]
    for name, person in zip(names, people, strict=True):
        if how == "answer":
            await s.writes(name)
        elif how == "goal":
            await s.db.execute(
                "insert into contact_tag(company_id, contact_id, tag_id) values ($1, $2, $3)", s.actor.company_id, person, tag
            )
        elif seed:
            await asyncio.sleep(0)
    held: set[UUID] = set()

    async def lane() -> None:
        for _ in range(6):
            rows = await s.db.fetch("select id from campaign where cadence_id = $1", cadence_id)
            for row in rows:
                async with work(worker(s.actor.company_id), Permission.CAMPAIGNS_SEND) as w:
                    held.update(one.message_id for one in await ledger.claim(w, s.channel_id, row["id"], limit=2, units=10))
            await asyncio.sleep(0.001 * seed)

    async def leave() -> None:
        await asyncio.sleep(0.002 * seed)
        if how == "stop":
            async with work(s.actor, Permission.CONTACTS_WRITE) as w:
                await consent.opt_out(w, people, "person")
            await heard(s, ConsentChanged, *people)
        elif how == "answer":
            await heard(s, MessageReceived, *people)
        else:
            await stops.look_for_converted(0)

    await asyncio.gather(leave(), lane(), *(steps.step(s.actor.company_id, cadence_id, 2) for _ in range(4)))
    await s.to_the_end(cadence_id, 3)
    await stops.look_for_converted(0)
    await heard(s, MessageReceived, *people)
    rows = await s.db.fetch("select id, state from message where company_id = $1", s.actor.company_id)
    states = {row["id"]: row["state"] for row in rows}
    assert {state for message, state in states.items() if message not in held} <= {MessageState.CANCELLED, MessageState.SKIPPED}
    assert all(states[message] == MessageState.SENDING for message in held)
    reason = {"answer": "stopped:replied", "stop": "stopped:opted_out", "goal": "stopped:converted"}[how]
    assert set(await s.states(cadence_id)) <= {reason, "done"}
    assert set((await s.messages()).values()) <= {1}


async def test_two_who_become_one_get_each_step_once(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    one, two, three = [await s.contact(f"Pessoa {number}") for number in (1, 2, 3)]
    await enrolling.remove(s.actor, cadence_id, [three])
    four = await s.contact("Pessoa 4")
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, one, two, MergeReason.BY_HAND)  # both are in it
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, three, four, MergeReason.BY_HAND)  # one of them is in it
    await s.to_the_end(cadence_id, 4)
    got = await s.db.fetch(
        "select k.cadence_step, count(*) as n from message m join campaign k on k.id = m.campaign_id where m.contact_id = $1 and m.state in (0, 3) group by 1",
        one,
    )
    assert [row["n"] for row in got] == [1, 1]
    assert await s.states(cadence_id) == {"done": 4, "stopped:merged": 1, "stopped:person": 1}


async def test_an_answer_under_the_other_name_stops_who_was_merged(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    one, two = await s.contact("Pessoa 1"), await s.contact("Pessoa 2")
    await s.enrol(cadence_id)
    await enrolling.remove(s.actor, cadence_id, [one])
    await s.run(cadence_id)
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, one, two, MergeReason.BY_HAND)
    await s.writes("Pessoa 1")
    await heard(s, MessageReceived, one)
    assert (await s.states(cadence_id))["stopped:replied"] == 1
    assert MessageState.QUEUED not in await of(s, "Pessoa 1")


async def test_who_was_in_it_under_another_name_does_not_come_in_again(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"))
    one, two = await s.contact("Pessoa 1"), await s.contact("Pessoa 2")
    assert await s.enrol(cadence_id, ContactFilter(ids=[two])) == 1
    await s.to_the_end(cadence_id, 2)
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, one, two, MergeReason.BY_HAND)
    assert await s.enrol(cadence_id, ContactFilter(ids=[one])) == 0


async def test_who_is_deleted_gets_nothing_more(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"), wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await contacts.delete_contact(s.actor, await s.contact("Pessoa 1"))
    await s.to_the_end(cadence_id, 3)
    assert await s.states(cadence_id) == {"done": 5, "stopped:contact_gone": 1}
    waiting = await s.db.fetchval(
        "select count(*) from message where company_id = $1 and contact_id is null and queued", s.actor.company_id
    )
    assert waiting == 0


async def test_a_time_of_day_that_was_missed_is_waited_for_again(s: Scene) -> None:
    """Paused before nine, resumed at some hour days later: not at once, at the next nine o'clock. Who is minutes late goes on."""
    at = await s.db.fetchval(
        "select to_char((now() - interval '3 hours') at time zone time_zone, 'HH24:MI') from company where id = $1",
        s.actor.company_id,
    )
    until = WaitUntil(id=uuid4(), at=at)
    cadence_id = await s.start(s.say("um"), until, s.say("dois"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await s.leave()
    await actions.pause(s.actor, cadence_id)
    await s.db.execute("update enrolment set due_at = now() - interval '3 days' where cadence_id = $1", cadence_id)
    one = await s.contact("Pessoa 1")
    await s.db.execute("update enrolment set due_at = now() - interval '5 minutes' where contact_id = $1", one)
    await actions.resume(s.actor, cadence_id)
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um", "dois"]
    assert await s.texts("Pessoa 2") == ["um"]
    ahead = await s.db.fetchval(
        "select count(*) from enrolment where cadence_id = $1 and due_at > now() + interval '12 hours'", cadence_id
    )
    assert ahead == 5
    await s.pass_time()
    await s.run(cadence_id)
    assert await s.texts("Pessoa 2") == ["um", "dois"]


async def test_paused_for_days_and_changed_meanwhile_nobody_is_lost(s: Scene) -> None:
    first, pause, second = s.say("um"), wait(60 * 24), s.say("dois")
    cadence_id = await s.start(first, pause, second)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await actions.pause(s.actor, cadence_id)
    await s.db.execute("update enrolment set arrived_at = arrived_at - interval '3 days' where cadence_id = $1", cadence_id)
    # The step at which all stand goes, and another wait comes in its place; published while it stands still.
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[first, wait(60), second, s.say("três")]))
    await actions.start(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 1)
    assert await s.texts("Pessoa 1") == ["um"], "it is still paused"
    await actions.resume(s.actor, cadence_id)
    await s.to_the_end(cadence_id, 4)
    assert await s.texts("Pessoa 1") == ["um", "dois", "três"]
    assert await s.states(cadence_id) == {"done": 6}
