"""A crowd stands at one step of a cadence and all are due in the same minute, while workers are killed: between the messages that they queue and
the people that they move on, while they claim, while they send, while they hear what was sent. Everybody gets each step once, nobody goes on before
their message has left, and nobody is forgotten."""

import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import httpx
import msgspec

from db.cadences import actions, enrolling
from db.cadences.plan import Plan, Send, Wait
from db.contacts.filter import ContactFilter
from db.messages.enums import MessageState as M
from tests.faults.harness import LARGE, Report, World
from tests.faults.installation import world

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
create trigger fault_early after insert on enrolment_step referencing new table as fresh
    for each statement execute function fault_too_early();
"""
_NO_GATE = "drop function if exists fault_stand_step cascade"
_STANDS = f"""
select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = {_KEY} and not granted
    and database = (select oid from pg_database where datname = current_database())
"""
_HANDED_OVER = f"select count(*) from message where company_id = $1 and state not in ({M.QUEUED}, {M.SKIPPED})"
_OPEN = f"""
select (select count(*) from enrolment where company_id = $1 and state = 'active')
    + (select count(*) from message where company_id = $1 and state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}))
    + (select count(*) from enrolment where company_id = $1 and state = 'active' and awaits_message)
    + (select count(*) from enrolment_news where company_id = $1)
"""
_ROWS = """
select m.address, m.state, k.body from message m join campaign k on k.company_id = $1 and k.id = m.campaign_id where m.company_id = $1
"""


async def cadence_killed(recipients: int) -> Report:
    """At full size each crowd meets ten deaths."""
    kills = 5 if recipients >= LARGE else 1
    rate = max(150.0, recipients / 15)
    async with world(recipients, kind="sms", horizon=HORIZON, workers=2) as w:
        await w.rate(rate)
        began = time.monotonic()
        steps = [Send(id=uuid4(), channel_id=w.channel_id, text=text) for text in TEXTS]
        plan = Plan(steps=[steps[0], Wait(id=uuid4(), minutes=60), steps[1]])
        cadence_id: UUID = (await actions.create(w.actor, "Boas-vindas", plan))["id"]
        await actions.start(w.actor, cadence_id)
        await w.db.execute(_EARLY)
        for crowd in range(len(TEXTS)):
            async with _standing_still(w):
                if crowd == 0:
                    put = await enrolling.enrol(w.actor, cadence_id, ContactFilter(everyone=True))
                    assert put.enrolled == recipients
                else:
                    await w.db.execute(
                        "update enrolment set due_at = now() where cadence_id = $1 and state = 'active'", cadence_id
                    )
                await w.until(lambda: w.db.fetchval(_STANDS), 60, "a worker in the middle of a batch")
                _die(w, 2)
            for number in range(kills):
                w.start_worker()
                await _handed_over(w, recipients * (crowd + (number + random.random()) / (kills + 1)))
                _die(w, 1)
            await w.up(2)
            await _over(w, recipients, crowd, rate)
        return await _prove(w, cadence_id, began, recipients, f"{2 * (kills + 2)} deaths")


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


def _die(w: World, count: int) -> None:
    for _ in range(count):
        if w.programs.workers:
            with suppress(ProcessLookupError):
                w.kill(w.programs.workers.pop())


async def _handed_over(w: World, people: float) -> None:
    async def there() -> bool:
        return await w.db.fetchval(_HANDED_OVER, w.actor.company_id) >= people  # type: ignore[no-any-return]

    await w.until(there, 300, f"{people:.0f} messages")


async def _over(w: World, recipients: int, crowd: int, rate: float) -> None:
    """All of a crowd have their message's end; after the last one nobody is on the way any more."""
    waiting = 0 if crowd == len(TEXTS) - 1 else recipients

    async def ended() -> bool:
        return await w.db.fetchval(_OPEN, w.actor.company_id) <= waiting  # type: ignore[no-any-return]

    await w.until(ended, 120 + HORIZON + recipients / rate * 4, f"the end of crowd {crowd + 1}")


async def _prove(w: World, cadence_id: UUID, began: float, recipients: int, notes: str) -> Report:
    async def quiet() -> bool:
        with suppress(httpx.HTTPError):
            said = (await w.http.get(f"{w.base.settings.sandbox_url}/sandbox/ledger/summary")).json()
            waiting = await w.db.fetchval("select count(*) from webhook_inbox where tries < 5")
            return said["in_flight"] == 0 and said["pending_webhooks"] == 0 and waiting == 0
        return False

    await w.until(quiet, 240, "the sandbox to fall silent")
    people = await w.db.fetch("select state, count(*) as n from enrolment where cadence_id = $1 group by 1", cadence_id)
    assert {row["state"]: row["n"] for row in people} == {"done": recipients}
    passed = await w.db.fetchval("select count(*) from enrolment_step where cadence_id = $1", cadence_id)
    assert passed == 3 * recipients, f"{passed} steps of {3 * recipients}"
    assert await w.db.fetchval("select count(*) from fault_early") == 0, "somebody went on before their message had left"
    accepted = await _accepted(w)
    rows = await w.db.fetch(_ROWS, w.actor.company_id)
    assert len(rows) == 2 * recipients, f"{len(rows)} messages of {2 * recipients}"
    states: Counter[str] = Counter()
    for row in rows:
        times, state = accepted[row["address"], row["body"]], M(row["state"])
        states[state.label] += 1
        assert times <= 1, f"{row['address']} was sent “{row['body']}” {times} times"
        if state in (M.SENT, M.DELIVERED, M.READ):
            assert times, f"{row['address']} counts as {state.label} and was never accepted"
        else:
            assert state is M.FAILED_UNKNOWN, f"{row['address']} ended as {state.label}"
            assert not times, f"{row['address']} counts as unknown and was accepted"
    lost = states[M.FAILED_UNKNOWN.label]
    return Report("cadence, workers killed", time.monotonic() - began, dict(states), sum(accepted.values()), 0, lost, notes=notes)


async def _accepted(w: World) -> Counter[tuple[str, str]]:
    """How often the sandbox accepted each text to each number."""
    found: Counter[tuple[str, str]] = Counter()
    since, url = 0, f"{w.base.settings.sandbox_url}/sandbox/ledger"
    while True:
        page = (await w.http.get(url, params={"since": since, "limit": 1000, "account": w.channel_id.hex})).json()
        for entry in page["data"]:
            said = msgspec.json.encode(entry["content"]).decode()
            found["+" + entry["recipient"].lstrip("+"), next(text for text in TEXTS if text in said)] += 1
        if not page["next"]:
            return found
        since = page["next"]
