"""A crowd stands at one step of a cadence and all are due in the same minute, while what breaks a campaign breaks here, and workers are killed
between the messages that they queue and the people that they move on. Everybody gets each step once, nobody goes on before their message has left,
nobody is forgotten, and nobody's message leaves later than the limiter makes it wait."""

import random
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from db.cadences import actions, enrolling
from db.cadences.plan import Plan, Send, StepBinding, Wait
from db.contacts.filter import ContactFilter
from db.messages.enums import MessageState as M
from tests import factories
from tests.faults.blows import BAD_WEATHER, crash_postgres, end_provider, lose_valkey
from tests.faults.harness import LARGE, Report, World
from tests.faults.installation import world
from workers.batch import MAX_TRIES
from workers.outcomes import BACKOFF_BASE
from workers.quantum import LANE_MS

HORIZON = 6.0  # seconds until it is decided what became of a message whose worker died; its status comes well before
TEXTS = ("Bem-vindo! Este é o primeiro passo.", "Ainda por aqui? Este é o segundo passo.")
_KEY = 82_003
# In the transaction of a batch: its messages stand in the queue, nobody has been moved on yet.
_GATE = f"""
create function fault_stand_step() returns trigger language plpgsql security definer set search_path = public as $$
begin perform pg_advisory_xact_lock_shared({_KEY}); return null; end $$;
create trigger fault_step after insert on enrolment_step for each statement execute function fault_stand_step();
"""
# Whoever is moved on while something that was written to them has not left.
_EARLY = f"""
create table if not exists fault_early(enrolment_id uuid);
create or replace function fault_too_early() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$ begin
    insert into fault_early select n.enrolment_id from fresh n where exists (select from message m where m.company_id = n.company_id
        and m.dedupe_key >= 'cadence:' || n.enrolment_id || ':' and m.dedupe_key < 'cadence:' || n.enrolment_id || ';'
        and m.dedupe_key <> 'cadence:' || n.enrolment_id || ':' || n.step_id and m.state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}));
    return null;
end $$;
create or replace trigger fault_early after insert on enrolment_step referencing new table as fresh
    for each statement execute function fault_too_early();
"""
_NO_GATE = "drop function if exists fault_stand_step cascade"
_STANDS = f"""
select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = {_KEY} and not granted
    and database = (select oid from pg_database where datname = current_database())
"""
_OPEN = f"""
select (select count(*) from enrolment where company_id = $1 and state = 'active')
    + (select count(*) from message where company_id = $1 and state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}))
    + (select count(*) from enrolment where company_id = $1 and state = 'active' and awaits_message)
    + (select count(*) from enrolment_news where company_id = $1)
    + $3 - (select count(*) from enrolment_step where company_id = $1 and step_id = $2)
"""
_ROWS = """
select m.address, m.state, k.cadence_step as step_id, (
    select extract(epoch from min(a.started_at))::float8 from attempt a where a.company_id = $1 and a.message_id = m.id) as claimed_at
from message m join campaign k on k.company_id = $1 and k.id = m.campaign_id where m.company_id = $1
"""
_LETTER = "select id from campaign where cadence_id = $1 and cadence_step = $2"
_DUE = "update enrolment set due_at = now() where cadence_id = $1 and state = 'active'"
_CONNECTED = "select count(*) >= 2 from pg_stat_activity where application_name = 'masteria' and backend_start > $1"
_NOW = "select extract(epoch from clock_timestamp())::float8"

RATE, LONG_RATE = 150.0, 60.0
"""Messages per second, of a LONG crowd for a long time: less than a busy machine can do, so that it is the limiter that they wait for."""
LONG = 50_000
"""From so many people on the first of the two messages is enough: half an hour."""
START = 10.0
"""Seconds from a worker's first connection until a first message leaves: it recognises the database, looks after cadences and after what is queued
(rounds of 1 s each), and the bucket begins empty (1 s)."""
TAKEN_OVER = LANE_MS / 1000 + 2.0
"""Seconds until another worker goes on with what a dead one sent: its place stays taken, and a round of sending (1 s) begins; what it had claimed has
used its permits (less than a second's worth)."""
BEHIND = 5.0
"""Seconds that other work on the machine may add: a round that begins late, an answer's way."""
RETRIES = 1.3 * sum(BACKOFF_BASE**tries for tries in range(1, MAX_TRIES))
"""Seconds that a message waits between its tries where each is refused, at most."""
SLOWER = 0.5
"""Each refusal for speed lowers the rate by the share of a slice that got it, and it recovers within half a minute."""
ON_TRIAL = 30.0
"""Seconds in which a channel comes back to its full rate after an outage: one message at a time first."""


class Crowd(NamedTuple):
    """All people of a cadence before one of its messages. `mark`: what stands in the provider's ledger of this one and of no other."""

    step_id: UUID
    mark: str


class Bound(NamedTuple):
    """When a crowd was due, in seconds since the epoch, and how long after that the last of its first `n` messages leaves at the latest: after
    `late` seconds and `n / rate`."""

    due_at: float
    late: float
    rate: float


Blow = Callable[[World], Awaitable[str]]


async def cadence_killed(recipients: int) -> Report:
    """SMS. Workers die: both in the middle of a batch of each crowd, and one of two again and again while it is sent."""
    return await _killed(recipients, "sms")


async def cadence_killed_whatsapp(recipients: int) -> Report:
    """The same over WhatsApp."""
    return await _killed(recipients, "whatsapp")


async def _killed(recipients: int, kind: str) -> Report:
    kills = 5 if recipients >= LARGE else 1

    async def blow(w: World) -> str:
        for number in range(kills):
            await w.reached(w.campaign_id, (number + random.random()) / (kills + 1))
            w.kill(w.programs.workers.pop(random.randrange(len(w.programs.workers))))
            w.start_worker()
        return f"{kills + 2} deaths for each crowd"

    late = START + kills * TAKEN_OVER
    return await _run(f"cadence, workers killed, {kind}", recipients, blow, kind=kind, late=late, killed=True)


async def cadence_valkey_lost(recipients: int) -> Report:
    """Valkey is killed and comes back empty."""
    return await _run("cadence, Valkey lost", recipients, lose_valkey)


async def cadence_postgres_restarted(recipients: int) -> Report:
    """Postgres crashes and is started again; no program of ours is restarted."""
    return await _run("cadence, Postgres crashed", recipients, crash_postgres)


async def cadence_bad_provider(recipients: int) -> Report:
    """Refusals, answers that never come, doubled and disordered webhooks, for both crowds."""

    async def blow(w: World) -> str:
        return ""

    return await _run("cadence, bad provider", recipients, blow, late=START + RETRIES, slow=SLOWER, behaviour=BAD_WEATHER)


async def cadence_provider_outage(recipients: int) -> Report:
    """The provider goes down three times; each time the channel pauses and goes on by itself."""
    lasts = 60.0 if recipients >= LARGE else 2.5
    report = await _run("cadence, provider outage", recipients, lambda w: end_provider(w, lasts), late=START + 3 * ON_TRIAL)
    assert "failed" not in report.states, f"an outage is nobody's failure: {report.states}"
    return report


ALL_CADENCES = [
    cadence_killed,
    cadence_killed_whatsapp,
    cadence_valkey_lost,
    cadence_postgres_restarted,
    cadence_bad_provider,
    cadence_provider_outage,
]


async def _run(
    name: str,
    recipients: int,
    blow: Blow,
    *,
    kind: str = "whatsapp",
    late: float = START,
    slow: float = 1.0,
    killed: bool = False,
    behaviour: dict[str, object] | None = None,
) -> Report:
    """Two messages to everybody, a wait between them; of many only the first one. The first crowd meets the blow; `killed`: each does, and before it
    the death of all workers in the middle of a batch. `late`: seconds that it may keep a message from leaving, beside those in which nothing could go
    (`World.away`); `slow`: the share of the rate that a provider's refusals leave, at least."""
    rate = RATE if recipients < LONG else LONG_RATE
    async with world(recipients, kind=kind, horizon=HORIZON, workers=2) as w:
        w.audience = recipients
        await w.rate(rate)
        await w.behave(**(behaviour or {}))
        began = time.monotonic()
        cadence_id, crowds = await _made(w, kind)
        await w.db.execute(_EARLY)
        bounds: dict[UUID, Bound] = {}
        notes = ""
        last, crowds = crowds[-1], crowds[: 2 if recipients < LONG else 1]
        for number, crowd in enumerate(crowds):
            w.away = 0.0
            due_at = await (_die_in_a_batch(w, cadence_id, number) if killed else _due(w, cadence_id, number))
            w.campaign_id = await w.db.fetchval(_LETTER, cadence_id, crowd.step_id)
            if killed or not number:
                notes = await blow(w)
            await w.up(2)
            await _over(w, crowd, 0 if crowd is last else recipients, rate)
            bounds[crowd.step_id] = Bound(due_at, w.away + late + BEHIND, rate * slow)
        return await _prove(w, name, cadence_id, crowds, bounds, began=began, recipients=recipients, notes=notes)


async def _made(w: World, kind: str) -> tuple[UUID, list[Crowd]]:
    """A cadence that runs, and its two crowds."""
    wait = Wait(id=uuid4(), minutes=1440)
    if kind == "sms":
        sends = [Send(id=uuid4(), channel_id=w.channel_id, text=text) for text in TEXTS]
        marks = list(TEXTS)
    else:
        bindings = [StepBinding(**one) for one in factories.BINDINGS]
        templates = [await w.approved_template() for _ in TEXTS]
        sends = [Send(id=uuid4(), channel_id=w.channel_id, template_id=one, bindings=bindings) for one, _ in templates]
        marks = [name for _, name in templates]
    plan = Plan(steps=[sends[0], wait, sends[1]])
    cadence_id: UUID = (await actions.create(w.actor, "Boas-vindas", plan))["id"]
    await actions.start(w.actor, cadence_id)
    return cadence_id, [Crowd(send.id, mark) for send, mark in zip(sends, marks, strict=True)]


async def _due(w: World, cadence_id: UUID, number: int) -> float:
    """Everybody is, from the moment that is returned on."""
    if number == 0:
        put = await enrolling.enrol(w.actor, cadence_id, ContactFilter(everyone=True))
        assert put.enrolled == w.audience
    else:
        await w.db.execute(_DUE, cadence_id)
    since: float = await w.db.fetchval(_NOW)
    return since


async def _die_in_a_batch(w: World, cadence_id: UUID, number: int) -> float:
    """As `_due`; and all workers die while they carry a batch out, and others are started."""
    async with _standing_still(w):
        since = await _due(w, cadence_id, number)
        began = time.monotonic()
        await w.until(lambda: w.db.fetchval(_STANDS), 60, "a worker in the middle of a batch")
        for worker in w.programs.workers:
            with suppress(ProcessLookupError):
                w.kill(worker)
    died_at = await w.db.fetchval("select clock_timestamp()")
    await w.up(2)
    await w.until(lambda: w.db.fetchval(_CONNECTED, died_at), 120, "another worker")
    w.away += time.monotonic() - began
    return since


@asynccontextmanager
async def _standing_still(w: World) -> AsyncIterator[None]:
    """Inside, whoever carries a batch out stands still before anybody is moved on."""
    await w.db.execute(_NO_GATE)
    await w.db.execute(_GATE)
    await w.db.execute(f"select pg_advisory_lock({_KEY})")
    try:
        yield
    finally:
        await w.db.execute(f"select pg_advisory_unlock({_KEY})")

        async def free() -> bool:
            return not await w.db.fetchval(f"select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = {_KEY}")

        await w.until(free, 30, "the end of the dead workers' transactions")
        await w.db.execute(_NO_GATE)


async def _over(w: World, crowd: Crowd, waiting: int, rate: float) -> None:
    """All of a crowd have their message's end, and so many wait for the next step."""

    async def ended() -> bool:
        return await w.db.fetchval(_OPEN, w.actor.company_id, crowd.step_id, w.audience) <= waiting  # type: ignore[no-any-return]

    await w.until(ended, 120 + HORIZON + w.audience / rate * 4, "the end of a crowd")


async def _prove(
    w: World,
    name: str,
    cadence_id: UUID,
    crowds: list[Crowd],
    bounds: Mapping[UUID, Bound],
    *,
    began: float,
    recipients: int,
    notes: str,
) -> Report:
    await w.silence()
    people = await w.db.fetch("select state, count(*) as n from enrolment where cadence_id = $1 group by 1", cadence_id)
    assert {row["state"]: row["n"] for row in people} == {"done" if len(crowds) == 2 else "active": recipients}
    passed = await w.db.fetchval("select count(*) from enrolment_step where cadence_id = $1", cadence_id)
    assert passed == (2 * len(crowds) - 1) * recipients, f"{passed} steps by {recipients}"
    assert await w.db.fetchval("select count(*) from fault_early") == 0, "somebody went on before their message had left"
    accepted = await _accepted(w, crowds)
    rows = await w.db.fetch(_ROWS, w.actor.company_id)
    assert len(rows) == len(crowds) * recipients, f"{len(rows)} messages to {recipients}"
    states: Counter[str] = Counter()
    claimed: dict[UUID, list[float]] = defaultdict(list)
    for row in rows:
        times, state = accepted[row["step_id"], row["address"]], M(row["state"])
        states[state.label] += 1
        claimed[row["step_id"]].append(row["claimed_at"])
        assert len(times) <= 1, f"{row['address']} was sent {row['step_id']} {len(times)} times"
        if state in (M.SENT, M.DELIVERED, M.READ):
            assert times, f"{row['address']} counts as {state.label} and was never accepted"
        else:
            assert state in (M.FAILED, M.FAILED_UNKNOWN), f"{row['address']} ended as {state.label}"
            assert not times, f"{row['address']} counts as {state.label} and was accepted"
    late = [_latest(bounds[crowd.step_id], claimed[crowd.step_id], accepted, crowd) for crowd in crowds]
    told = [f"{seconds:.1f} s ({bounds[crowd.step_id].late:.0f} s allowed)" for seconds, crowd in zip(late, crowds, strict=True)]
    notes = f"{notes}; behind the limiter at most {', '.join(told)}"
    patience = 1 if recipients >= LARGE else 6  # in small it runs beside everything else
    for seconds, crowd in zip(late, crowds, strict=True):
        assert seconds <= patience * bounds[crowd.step_id].late, f"later than the limiter says: {notes}; {dict(states)}"
    count, lost = sum(map(len, accepted.values())), states[M.FAILED_UNKNOWN.label]
    return Report(name, time.monotonic() - began, dict(states), count, 0, lost, notes=notes)


def _latest(bound: Bound, claimed: list[float], accepted: Mapping[tuple[UUID, str], list[float]], crowd: Crowd) -> float:
    """The most seconds by which a message left after the moment at which the limiter lets its place in the crowd go: as many as were claimed by
    then, at the rate, from when all were due."""
    claimed.sort()
    moments = [at for (step_id, _), times in accepted.items() if step_id == crowd.step_id for at in times]
    return max(at - bound.due_at - bisect_right(claimed, at) / bound.rate for at in moments)


async def _accepted(w: World, crowds: list[Crowd]) -> dict[tuple[UUID, str], list[float]]:
    """When the sandbox accepted each message to each number, as often as it did."""
    found: dict[tuple[UUID, str], list[float]] = defaultdict(list)
    async for entry in w.entries():
        said = msgspec.json.encode(entry["content"]).decode()
        crowd = next(crowd for crowd in crowds if crowd.mark in said)
        found[crowd.step_id, "+" + entry["recipient"].lstrip("+")].append(entry["accepted_at"])
    return found
