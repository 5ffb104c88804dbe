"""A message that is held: whoever waits for it is not asked about it, and their time counts from when it left."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from db.cadences import actions, queries, steps, unsent
from db.cadences.enums import EnrolmentState
from db.cadences.plan import Plan, WasRead
from db.messages import ledger
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result, StatusUpdate
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests.db.cadences.scene import Scene, ask, scene, wait

PEOPLE = 6
STOPS = """
select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%from enrolment%for update%')
"""


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner, PEOPLE)


async def claim(s: Scene, cadence_id: UUID, most: int = PEOPLE) -> list[Claimed]:
    queue = await s.db.fetchval("select id from campaign where cadence_id = $1 order by id limit 1", cadence_id)
    async with work(worker(s.actor.company_id), Permission.CAMPAIGNS_SEND) as w:
        return await ledger.claim(w, s.channel_id, queue, limit=most, units=100)


async def end(
    s: Scene, claimed: Sequence[Claimed], state: MessageState, attempt: AttemptState, reason: str | None = None
) -> None:
    results = [
        Result(one.message_id, one.epoch, one.attempt_id, state, attempt, f"sms-{one.message_id}", reason=reason)
        for one in claimed
    ]
    async with work(worker(s.actor.company_id), Permission.CAMPAIGNS_SEND) as w:
        await ledger.finish(w, results, horizon=900)


async def read(s: Scene, claimed: Sequence[Claimed]) -> None:
    at = await s.db.fetchval("select clock_timestamp()")
    async with work(worker(s.actor.company_id), Permission.CAMPAIGNS_SEND) as w:
        await ledger.apply_statuses(w, [StatusUpdate(one.attempt_id, None, MessageState.READ, at) for one in claimed])


async def waiting(s: Scene, cadence_id: UUID) -> int:
    rows = await queries.enrolments(s.actor, cadence_id, limit=50, states=[EnrolmentState.ACTIVE])
    return sum(row["awaits_message"] for row in rows)


async def due(s: Scene, one: Claimed) -> datetime:
    found: datetime = await s.db.fetchval("select due_at from enrolment where contact_id = $1", one.contact_id)
    return found


async def asked(s: Scene) -> UUID:
    cadence_id = await s.start(s.say("um"), wait(60), ask(WasRead(), [s.say("leu")], [s.say("não leu")]))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    return cadence_id


async def test_nobody_is_asked_before_their_message_has_left(s: Scene) -> None:
    cadence_id = await asked(s)
    for _ in range(3):  # the night is long
        await s.due()
        await s.run(cadence_id)
        assert await unsent.take(s.actor.company_id, cadence_id) == 0
    assert await s.states(cadence_id) == {"active": PEOPLE}
    assert await waiting(s, cadence_id) == PEOPLE
    stands = next(one for one in await queries.figures(s.actor, cadence_id) if one.waiting)
    assert (stands.waiting, stands.unsent) == (PEOPLE, PEOPLE)

    first = await claim(s, cadence_id, 3)
    await s.due()
    await s.run(cadence_id)
    assert await waiting(s, cadence_id) == PEOPLE, "on the wire is not sent"
    await end(s, first, MessageState.SENT, AttemptState.ACCEPTED)
    await s.hear()
    await s.run(cadence_id)
    assert await waiting(s, cadence_id) == PEOPLE - 3
    sent_at = await s.db.fetchval("select sent_at from message where id = $1", first[0].message_id)
    assert (await due(s, first[0]) - sent_at).total_seconds() == 3600, "the hour counts from there"
    await read(s, first[:1])
    await s.due()
    await s.run(cadence_id)
    texts = {name: await s.texts(name) for name in (f"Pessoa {number}" for number in range(PEOPLE))}
    assert sorted(texts.values()) == [["um"]] * 3 + [["um", "leu"]] + [["um", "não leu"]] * 2


async def test_what_surely_failed_was_not_read(s: Scene) -> None:
    cadence_id = await asked(s)
    await end(s, await claim(s, cadence_id), MessageState.FAILED, AttemptState.REJECTED, "not_on_whatsapp")
    await s.hear()
    assert await waiting(s, cadence_id) == 0
    await s.run(cadence_id)
    assert await s.states(cadence_id) == {"active": PEOPLE}, "they still have their hour"
    await s.due()
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um", "não leu"]


async def test_what_nobody_knows_is_waited_for_until_its_time_is_over(s: Scene) -> None:
    cadence_id = await asked(s)
    claimed = await claim(s, cadence_id)
    await end(s, claimed, MessageState.UNKNOWN, AttemptState.UNKNOWN, "unknown_outcome")
    await s.due()
    await s.run(cadence_id)
    assert await waiting(s, cadence_id) == PEOPLE
    await read(s, claimed[:1])  # the provider tells it after all
    await s.hear()
    assert await waiting(s, cadence_id) == PEOPLE - 1
    await s.db.execute(
        "update message set lease_until = now() - interval '1 second' where company_id = $1 and state = 2", s.actor.company_id
    )
    async with work(worker(s.actor.company_id), Permission.CAMPAIGNS_SEND) as w:
        await ledger.resolve_unknown(w)
    await s.hear()
    assert await waiting(s, cadence_id) == 0
    await s.due()
    await s.run(cadence_id)
    texts = [await s.texts(f"Pessoa {number}") for number in range(PEOPLE)]
    assert sorted(texts) == [["um", "leu"]] + [["um", "não leu"]] * (PEOPLE - 1)


async def test_what_comes_back_into_its_queue_is_waited_for_once_more(s: Scene) -> None:
    cadence_id = await asked(s)
    claimed = await claim(s, cadence_id)
    await end(s, claimed, MessageState.SENT, AttemptState.ACCEPTED)
    await s.hear()
    assert await waiting(s, cadence_id) == 0
    at = await s.db.fetchval("select clock_timestamp()")
    failed = StatusUpdate(claimed[0].attempt_id, None, MessageState.FAILED, at, "temporary", 1, retry_in=0.0)
    async with work(worker(s.actor.company_id), Permission.CAMPAIGNS_SEND) as w:
        await ledger.apply_statuses(w, [failed])
    await s.due()
    await s.run(cadence_id)  # before anybody heard of it
    assert await waiting(s, cadence_id) == 1
    await s.hear()
    assert await waiting(s, cadence_id) == 1
    before = await due(s, claimed[0])
    await end(s, await claim(s, cadence_id), MessageState.SENT, AttemptState.ACCEPTED)
    await s.hear()
    assert await waiting(s, cadence_id) == 0
    assert await due(s, claimed[0]) > before


async def test_no_news_is_missed_by_who_looked_before_it_came(s: Scene) -> None:
    """A worker has somebody in hand and saw that their message waits; it leaves, and another worker hears of it before the first one is done."""
    cadence_id = await asked(s)
    await s.db.execute("update enrolment set awaits_message = false where company_id = $1", s.actor.company_id)
    async with s.db.transaction():
        await s.db.execute("select from enrolment where company_id = $1 for update", s.actor.company_id)
        await end(s, await claim(s, cadence_id), MessageState.SENT, AttemptState.ACCEPTED)
        hears = asyncio.create_task(unsent.take(s.actor.company_id, cadence_id))
        while not hears.done() and not await s.db.fetchval(STOPS):
            await asyncio.sleep(0.01)
            await s.db.execute("select pg_stat_clear_snapshot()")
        await s.db.execute("update enrolment set awaits_message = true where company_id = $1", s.actor.company_id)
    assert await hears == PEOPLE
    assert await waiting(s, cadence_id) == 0


async def test_a_change_lets_nobody_go_before_their_message(s: Scene) -> None:
    first, pause, second = s.say("um"), wait(60), s.say("dois")
    cadence_id = await s.start(first, pause, second)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[first, second, s.say("três")]))  # the wait is gone
    await actions.start(s.actor, cadence_id)
    await s.due()
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um"]
    await s.leave()
    await s.run(cadence_id)
    assert await s.texts("Pessoa 1") == ["um", "dois"]


async def test_who_stood_there_before_anybody_waited_for_messages(s: Scene) -> None:
    """As people stand in the rows of an older version of the product."""
    cadence_id = await asked(s)
    await s.db.execute("update enrolment set awaits_message = false where company_id = $1", s.actor.company_id)
    await s.due()
    assert await steps.step(s.actor.company_id, cadence_id) == PEOPLE
    assert await waiting(s, cadence_id) == PEOPLE
    await s.leave()
    assert await waiting(s, cadence_id) == 0
