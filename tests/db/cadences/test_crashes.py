"""Random cadences and histories, messages that are held, fail, come back and of which nobody knows anything, workers that race and die at any
write: everybody comes to an end, nobody gets a step twice, and nobody goes on before what was written to them has left."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.cadences import actions, steps, unsent
from db.cadences.plan import Branch, FieldEquals, Plan, Send, Step, Wait, nodes
from db.messages.enums import MessageState as M
from db.tenancy import Actor
from tests.db.cadences.scene import Scene, ask, scene, wait

PEOPLE = 24
_CRASHES = """
create or replace function fault_crash() returns trigger language plpgsql as $$ begin
    if random() < 0.12 and current_setting('app.company', true) <> '' then raise exception 'a worker dies here'; end if;
    return null;
end $$;
create trigger fault_a after insert on message for each statement execute function fault_crash();
create trigger fault_b after insert on enrolment_step for each statement execute function fault_crash();
create trigger fault_c after update on enrolment for each statement execute function fault_crash();
create trigger fault_d after delete on enrolment_news for each statement execute function fault_crash();
create table fault_early(enrolment_id uuid, step_id uuid);
create or replace function fault_too_early() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$ begin
    insert into fault_early select new.enrolment_id, new.step_id where exists (select from message m where m.company_id = new.company_id
        and m.dedupe_key like 'cadence:' || new.enrolment_id || ':%' and m.dedupe_key not like '%:' || new.step_id and m.state < 3);
    return null;
end $$;
create trigger fault_e after insert on enrolment_step for each row execute function fault_too_early();
"""
_NO_CRASHES = "drop function if exists fault_crash cascade"
# One step on the way of a message, of those that may follow its state; it may stay where it is.
_BECOMES = {
    M.QUEUED: [M.QUEUED, M.QUEUED, M.SENDING, M.SENDING, M.CANCELLED, M.SKIPPED],
    M.SENDING: [M.SENDING, M.SENT, M.SENT, M.FAILED, M.UNKNOWN, M.QUEUED],
    M.UNKNOWN: [M.UNKNOWN, M.SENT, M.FAILED_UNKNOWN],
    M.SENT: [M.SENT, M.DELIVERED, M.READ],
}


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> AsyncIterator[Scene]:
    yield await scene(owner_db, owner, PEOPLE)
    await owner_db.execute(_NO_CRASHES)
    await owner_db.execute("drop function if exists fault_too_early cascade; drop table if exists fault_early")


def some_steps(rng: random.Random, s: Scene, most: int, depth: int = 0) -> list[Step]:
    found: list[Step] = []
    for _ in range(rng.randint(1, most)):
        kind = rng.choice("sssw" if depth > 1 else "ssswb")
        if kind == "b":
            condition = FieldEquals("cidade", "Niterói")
            found.append(ask(condition, some_steps(rng, s, 2, depth + 1), rng.choice([[], some_steps(rng, s, 2, depth + 1)])))
        else:
            found.append(s.say(f"passo {uuid4()}") if kind == "s" else wait())
    return found


def changed(rng: random.Random, s: Scene, plan: list[Step]) -> list[Step]:
    """Some steps gone, some new, some in another place."""
    kept = [step for step in plan if rng.random() < 0.75]
    kept.insert(rng.randint(0, len(kept)), s.say(f"novo {uuid4()}"))
    if rng.random() < 0.4:
        rng.shuffle(kept)
    return kept


def way(plan: Plan, near: bool) -> list[UUID]:
    """The steps that somebody goes through, told by a walk of its own."""

    def walk(some: list[Step]) -> list[UUID]:
        found = []
        for step in some:
            found.append(step.id)
            if isinstance(step, Branch):
                found += walk(step.yes if near else step.no)
        return found

    return walk(plan.steps)


async def move(s: Scene, rng: random.Random, *, back: bool = False) -> None:
    """What the night, the limits and the provider do with messages. `back`: some that were accepted come back into their queue."""
    rows = await s.db.fetch("select id, state from message where company_id = $1 and state < 4", s.actor.company_id)
    for row in rows:
        state = M.QUEUED if back and row["state"] == M.SENT and rng.random() < 0.2 else rng.choice(_BECOMES[M(row["state"])])
        if state != row["state"]:
            await s.db.execute(
                "update message set state = $3 where company_id = $1 and id = $2 and state = $4",
                s.actor.company_id, row["id"], int(state), row["state"],
            )  # fmt: skip


async def dying(does: Callable[[UUID, UUID, int], Awaitable[int]], s: Scene, cadence_id: UUID, rng: random.Random) -> None:
    """A worker that may die in the middle of a batch: by an error at a write, or cut off wherever it stands."""
    task = asyncio.ensure_future(does(s.actor.company_id, cadence_id, rng.randint(1, 9)))
    if rng.random() < 0.3:
        await asyncio.sleep(rng.random() * 0.02)
        task.cancel()
    try:
        await task
    except (asyncpg.RaiseError, asyncio.CancelledError):
        pass


async def through(s: Scene, cadence_id: UUID, rng: random.Random, rounds: int) -> None:
    for _ in range(rounds):
        await asyncio.gather(
            move(s, rng),
            *(dying(steps.step, s, cadence_id, rng) for _ in range(3)),
            *(dying(unsent.take, s, cadence_id, rng) for _ in range(3)),
        )
        await move(s, rng, back=True)
        await s.due()


async def left(s: Scene) -> int:
    count: int = await s.db.fetchval(
        "select count(*) from enrolment where company_id = $1 and state = 'active'", s.actor.company_id
    )
    return count


@pytest.mark.parametrize("seed", range(6))
async def test_no_history_sends_a_step_twice_or_loses_somebody(s: Scene, seed: int) -> None:
    rng = random.Random(seed)
    plan = Plan(steps=[s.say("primeiro"), *some_steps(rng, s, 4)])
    cadence_id = (await actions.create(s.actor, f"Sequência {seed}", plan))["id"]
    await actions.start(s.actor, cadence_id)
    await s.enrol(cadence_id)
    await s.db.execute(_CRASHES)
    await through(s, cadence_id, rng, 6)
    changes = rng.randint(0, 2)
    for _ in range(changes):
        await s.db.execute("alter table enrolment disable trigger fault_c")  # the change itself is one transaction more
        plan = Plan(steps=changed(rng, s, plan.steps))
        await actions.edit(s.actor, cadence_id, plan=plan)
        await actions.start(s.actor, cadence_id)
        await s.db.execute("alter table enrolment enable trigger fault_c")
        await through(s, cadence_id, rng, 3)
    await s.db.execute(_NO_CRASHES)
    await s.hear()
    await s.to_the_end(cadence_id)
    assert await s.db.fetchval("select count(*) from fault_early") == 0
    assert await s.db.fetchval("select count(*) from enrolment_news where company_id = $1", s.actor.company_id) == 0

    assert await left(s) == 0
    messages = await s.messages()
    assert max(messages.values()) == 1
    been = await s.db.fetch(
        "select e.id, c.custom ? 'cidade' as near, array_agg(b.step_id order by b.at) as steps from enrolment e"
        " join contact c on c.id = e.contact_id join enrolment_step b on b.enrolment_id = e.id where e.cadence_id = $1 group by 1, 2",
        cadence_id,
    )
    assert len(been) == PEOPLE
    texts = await s.db.fetch(
        "select m.contact_id, k.cadence_step from message m join campaign k on k.id = m.campaign_id where k.cadence_id = $1",
        cadence_id,
    )
    assert max(Counter((row["contact_id"], row["cadence_step"]) for row in texts).values()) == 1  # whatever the version
    if changes == 0:
        sends = {step_id for step_id, node in nodes(plan).items() if isinstance(node.step, Send)}
        waits = {step_id for step_id, node in nodes(plan).items() if isinstance(node.step, Wait)}
        for row in been:
            expected = way(plan, row["near"])
            assert [one for one in row["steps"] if one not in waits] == [one for one in expected if one not in waits]
            got = {key.split(":")[2] for key in messages if key.startswith(f"cadence:{row['id']}:")}
            assert got == {str(one) for one in expected if one in sends}


async def test_two_workers_share_what_is_due(s: Scene) -> None:
    cadence_id = await s.start(s.say("um"))
    await s.enrol(cadence_id)
    moved = await asyncio.gather(*(steps.step(s.actor.company_id, cadence_id, 5) for _ in range(8)))
    assert sum(moved) == PEOPLE
    assert sum((await s.messages()).values()) == PEOPLE
