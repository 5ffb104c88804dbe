"""A crowd in a cadence, all due in the same minute: how long until each has its message in the queue, and until all go on once their messages have left.
The channel stands still, so that nothing but the cadence is measured; real workers, the programs' role, row-level security."""

import asyncio
import time
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from db.cadences import actions, enrolling
from db.cadences.plan import Branch as Question
from db.cadences.plan import Plan, Replied, Send, StepBinding, Wait
from db.contacts.filter import ContactFilter
from tests import factories
from tests.bench.campaign import ready
from tests.bench.harness import Harness, company, cpu_seconds, harness
from tests.bench.report import keep, machine, table

_PATIENCE = 900.0
_COUNTS = """
select (select count(*) from message where company_id = $1 and campaign_id is not null), (select count(*) from enrolment_step where cadence_id = $2 and step_id = $3)
"""
_WAITING = "select count(*) from enrolment where cadence_id = $1 and state = 'active' and awaits_message"
_LATENESS = """
select percentile_cont(0.5) within group (order by late), max(late) from (
    select extract(epoch from b.at - e.entered_at)::float8 as late from enrolment_step b join enrolment e on e.id = b.enrolment_id
    where b.cadence_id = $1 and b.step_id = $2) l
"""


class Crowd(NamedTuple):
    """Seconds until all were in; until all were queued by the first step; half of them, and the last one, after their time; until nobody waited for a
    message any more after all had left at once; until all had been asked and were queued again. `cpu`: of workers and servers, µs for each message."""

    workers: int
    entered: float
    queued: float
    half: float
    last: float
    heard: float
    again: float
    cpu: float


async def measure(base: Harness, people: int, workers: int) -> Crowd:
    """A new company with `people` in a cadence: write, wait, ask whether they answered, write."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    programs = [base.start("-m", "workers") for _ in range(workers)]
    try:
        actor = await company(db)
        channel_id = await factories.channel(db, actor, sandbox=False)
        template_id = await factories.template(db, actor, channel_id)
        await factories.contacts(db, actor, people)
        await db.execute("vacuum analyze contact, contact_identity")
        bindings = [StepBinding(one["placeholder"], one["source"], one["fallback"]) for one in factories.BINDINGS]

        def write() -> Send:
            return Send(id=uuid4(), channel_id=channel_id, template_id=template_id, bindings=bindings)

        first, ask = write(), Question(id=uuid4(), condition=Replied(), yes=[], no=[write()])
        plan = Plan(steps=[first, Wait(id=uuid4(), minutes=525_600), ask], stop_on_reply=False)
        cadence_id: UUID = (await actions.create(actor, "Boas-vindas", plan))["id"]
        await actions.start(actor, cadence_id)
        await db.execute("update channel set state = 'paused' where id = $1", channel_id)
        await ready(base, programs)
        pids = [*(program.pid for program in programs), base.postgres.pid]
        used = sum(cpu_seconds(pid) for pid in pids)
        began = time.monotonic()
        await enrolling.enrol(actor, cadence_id, ContactFilter(everyone=True))
        entered = time.monotonic() - began
        queued = await _until(db, actor.company_id, cadence_id, first.id, people, people) - began
        cpu = (sum(cpu_seconds(pid) for pid in pids) - used) / people * 1e6
        half, last = await db.fetchrow(_LATENESS, cadence_id, first.id)
        await db.execute("vacuum analyze enrolment, enrolment_step, message")
        await db.execute("update message set state = 3, sent_at = now() where company_id = $1 and queued", actor.company_id)
        began = time.monotonic()
        while await db.fetchval(_WAITING, cadence_id):
            await asyncio.sleep(0.2)
        heard = time.monotonic() - began
        await db.execute("vacuum analyze enrolment, message")
        began = time.monotonic()
        await db.execute("update enrolment set due_at = now() where cadence_id = $1 and state = 'active'", cadence_id)
        again = await _until(db, actor.company_id, cadence_id, ask.no[0].id, 2 * people, people) - began
        doubled = await db.fetchval(
            "select count(*) from (select from message where company_id = $1 group by contact_id, campaign_id having count(*) > 1) d",
            actor.company_id,
        )
        if doubled:
            raise SystemExit(f"The run is void: {doubled} people have a step twice.")
        return Crowd(workers, entered, queued, half, last, heard, again, cpu)
    finally:
        for program in programs:
            await asyncio.to_thread(base.stop, program)
        await db.close()


async def _until(db: asyncpg.Connection, company_id: UUID, cadence_id: UUID, step_id: UUID, messages: int, passed: int) -> float:
    limit = time.monotonic() + _PATIENCE
    while True:
        row = await db.fetchrow(_COUNTS, company_id, cadence_id, step_id)
        if tuple(row) == (messages, passed):
            return time.monotonic()
        if time.monotonic() > limit:
            raise SystemExit(f"The run is void: {tuple(row)} of {(messages, passed)} after {_PATIENCE:.0f} s.")
        await asyncio.sleep(0.2)


async def bench(people: int) -> None:
    """One worker, and two, for docs/benchmarks.md."""
    async with harness() as base:
        crowds = [await measure(base, people, workers) for workers in (1, 2)]
        facts = await machine(base)
    rows = [
        [str(one.workers), f"{one.entered:.1f}", f"{one.queued:.1f}", f"{people / one.queued:,.0f}", f"{one.half:.1f}", f"{one.last:.1f}",
         f"{one.heard:.1f}", f"{one.again:.1f}", f"{one.cpu:.0f}"]
        for one in crowds
    ]  # fmt: skip
    text = (
        f"{facts}. {people:,} people are put into a cadence in one statement, all due at once: until each has the template of the first step in the"
        " queue, filled with their name and city; half of them, and the last one, after their time. Then all messages leave in one moment: until nobody"
        " waits for theirs any more. Then all are due again at once, at a question and the message behind it. The channel stands still. Nobody had a step twice, nobody was left out (asserted).\n\n"
    )
    head = [
        "workers",
        "put in, s",
        "all queued, s",
        "people/s",
        "half after, s",
        "last after, s",
        "heard that all left, s",
        "asked and queued, s",
        "CPU µs/message",
    ]
    keep("Cadences", text + table(head, rows))
