"""Answers of a persona: many customers write a burst each, all at once, then at half the pace that was reached.

The way is whole and real: the customer's phone of the simulator, its signed webhooks, the API, one worker, the simulator's model (a tool
call and an answer for each), the ledger, and the simulator again as the provider. Nothing is drawn from a clock of ours: the times are
those that the rows of the turn, of its calls, messages and attempts have.
"""

import asyncio
import random
import time
from typing import NamedTuple

import asyncpg
import httpx

from tests.bench.harness import Harness, cpu_seconds
from tests.faults.harness import World
from tests.faults.talks import BURST, Customer, Talks

AT_ONCE = 32  # requests that write for customers
CALM_SECONDS = 40.0
_TIMES = """
select extract(epoch from s.sent - t.due_at)::float8 as wait, extract(epoch from u.asked - t.due_at)::float8 as begun,
    extract(epoch from u.composed - u.asked)::float8 as composing, extract(epoch from m.said - u.composed)::float8 as saying,
    extract(epoch from s.sent - m.said)::float8 as sending, extract(epoch from s.sent)::float8 as sent_at,
    extract(epoch from t.since)::float8 as since, v.contact_id
from ai_turn t join conversation v on v.company_id = t.company_id and v.id = t.conversation_id,
    lateral (select min(at) as asked, max(at + milliseconds * interval '1 millisecond') as composed from ai_usage
        where company_id = t.company_id and turn_id = t.id) u,
    lateral (select min(uuid_extract_timestamp(id)) as said, min(id::text)::uuid as first from message where company_id = t.company_id
        and contact_id = v.contact_id and dedupe_key like 'ai:' || t.id || ':%') m,
    lateral (select min(started_at) as sent from attempt where company_id = t.company_id and message_id = m.first) s
where t.company_id = $1 and t.state = 'sent' and v.contact_id = any($2::uuid[])
"""
_ENDS = """
select t.state, t.reason, t.bubbles, count(*) as n from ai_turn t
join conversation v on v.company_id = t.company_id and v.id = t.conversation_id
where t.company_id = $1 and v.contact_id = any($2::uuid[]) group by 1, 2, 3 order by 4 desc
"""


class Answers(NamedTuple):
    """Seconds, sorted: `waits` from the pause after the last bubble to the first byte of the answer; `steps` the medians of what they are
    made of. `turns`: that spoke; `bubbles`: that they answer. `cpu`: seconds by program."""

    conversations: int
    turns: int
    bubbles: int
    rate: float
    waits: list[float]
    steps: dict[str, float]
    cpu: dict[str, float]
    rss: int = 0

    def quantile(self, share: float) -> float:
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


async def measure(base: Harness, count: int) -> tuple[Answers, Answers]:
    """All at once, and calmly. Raises AssertionError where a bubble got no answer, or two."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=AT_ONCE)) as http:
            w = World(base, http, db, None)  # type: ignore[arg-type]  # nobody cuts its network
            await w.up(1)
            await w.settle_in(2 * count, "whatsapp", 60)
            t = await Talks.begin(w, 2 * count)
            await w.behave()
            await _round(t, t.some(min(20, count)), None)  # what only a first time costs
            full = await _round(t, t.some(count), None)
            calm_rate = max(1.0, full.rate / 2)
            calm = await _round(t, t.some(min(count - 20, int(calm_rate * CALM_SECONDS)) or 1), calm_rate)
            return full, calm
    finally:
        await db.close()


async def _round(t: Talks, customers: list[Customer], rate: float | None) -> Answers:
    """`rate`: so many of them begin in a second; None: all at once."""
    w = t.w
    assert w.programs.api
    assert w.programs.sandbox
    programs = {
        "API": w.programs.api.pid,
        "worker": w.programs.workers[0].pid,
        "simulator": w.programs.sandbox.pid,
        "Postgres": w.base.postgres.pid,
    }
    before = {name: cpu_seconds(pid) for name, pid in programs.items()}
    places, began = asyncio.Semaphore(AT_ONCE), time.monotonic()

    async def burst(number: int, customer: Customer) -> None:
        if rate is not None:
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        for text in BURST:
            async with places:
                await t.write([customer], [text])
            await asyncio.sleep(random.uniform(0.1, 0.4))

    await asyncio.gather(*(burst(number, customer) for number, customer in enumerate(customers)))
    await t.ended(120 + len(customers))
    cpu = {name: cpu_seconds(pid) - before[name] for name, pid in programs.items()}
    rows = await w.db.fetch(_TIMES, w.actor.company_id, [one.contact_id for one in customers])
    ends = await w.db.fetch(_ENDS, w.actor.company_id, [one.contact_id for one in customers])
    bubbles = sum(row["bubbles"] * row["n"] for row in ends if row["state"] in ("sent", "no_answer"))
    assert bubbles == len(customers) * len(BURST), f"{bubbles} bubbles of {len(customers)}: {[tuple(row) for row in ends]}"
    assert len({row["contact_id"] for row in rows}) == len(customers), "somebody got no answer"
    seconds = max(row["sent_at"] for row in rows) - min(row["since"] for row in rows)
    steps = {name: sorted(row[name] for row in rows)[len(rows) // 2] for name in ("begun", "composing", "saying", "sending")}
    waits = sorted(row["wait"] for row in rows)
    return Answers(len(customers), len(rows), bubbles, len(customers) / seconds, waits, steps, cpu)
