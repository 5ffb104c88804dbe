"""Carries out what is due: some hundred people at once, in one transaction with what it causes: who passes a wait or a question gets what follows
at once, and not behind everybody who waits there, too. Who dies in between leaves them where they stood; two at once take different people; and a
step's message has a key that no second one has. Whose message has not left yet is nobody's to carry out (`unsent.py`).

Before anything is sent it is looked at once more whether the person is still there, said stop, wrote, or reached the goal: with opt-outs
of the company held, so that one that came before is seen and one that comes later finds the message in its queue.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.cadences import clocks, conditions, parting, publishing, unsent
from db.cadences.conditions import REPLIED, UNSENT
from db.cadences.enums import CadenceState, EnrolmentState, StepOutcome, StopReason
from db.cadences.events import CadenceProgress
from db.cadences.plan import Branch, Node, Plan, Send, WaitUntil, nodes
from db.cadences.stops import key, stop
from db.cadences.timing import due, opened
from db.campaigns import letters
from db.campaigns.letters import Letter
from db.clock import now
from db.contacts import consent
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, system_read, work

BATCH = 1000
TOO_LATE = timedelta(hours=2)
"""So long after a time of day it counts as missed, because the cadence or all workers stood still: then the next one is waited for."""
ROUNDS = 30  # batches of one cadence before the others have their turn

# "limit 1" and not "exists": that one becomes a join, which reads everybody who waits.
_DUE = f"""
select c.company_id, c.id from cadence c where c.state = '{CadenceState.RUNNING}' and (select true from enrolment e
    where e.company_id = c.company_id and e.cadence_id = c.id and e.state = '{EnrolmentState.ACTIVE}' and not e.awaits_message
    and e.due_at <= now() order by e.due_at limit 1)
"""
_TAKE = f"""
select id from enrolment where company_id = $1 and cadence_id = $2 and state = '{EnrolmentState.ACTIVE}' and not awaits_message and due_at <= now()
    and step_id = any($3::uuid[]) order by due_at limit $4 for update skip locked
"""
_LOOK = """
select e.id, e.contact_id, e.step_id, e.due_at, c.id is null as gone, c.opted_out_at is not null as out, {replied} as replied, {goal} as converted,
    {unsent} as unsent
from enrolment e left join contact c on c.company_id = $1 and c.id = e.contact_id where e.company_id = $1 and e.id = any($2::uuid[])
"""
_STAYED = """
with recursive way as (
    select $2::uuid as id, 0 as far
    union all select m.contact_id, far + 1 from way join contact_merge m on m.company_id = $1 and m.merged_id = way.id and m.undone_at is null
    where far < 20
) select c.id from way join contact c on c.company_id = $1 and c.id = way.id limit 1
"""
_IN_IT = f"""
select true from enrolment where company_id = $1 and cadence_id = $2 and contact_id = $3 and state = '{EnrolmentState.ACTIVE}'
"""
_BEEN = """
insert into enrolment_step(company_id, enrolment_id, step_id, cadence_id, outcome)
select $1, id, $3, $4, outcome from unnest($2::uuid[], $5::text[]) r(id, outcome) on conflict do nothing returning enrolment_id
"""
_NOT_WRITTEN = f"""
select r.id from unnest($2::uuid[], $3::text[]) r(id, key)
where not exists (select from message m where m.company_id = $1 and m.dedupe_key = r.key and m.state <> {MessageState.SKIPPED})
"""
_ON = """
update enrolment set step_id = $3, arrived_at = now(), due_at = $4, awaits_message = id = any($5::uuid[]) where company_id = $1 and id = any($2::uuid[])
"""
_LATER = "update enrolment set due_at = $3 where company_id = $1 and id = any($2::uuid[])"
_DONE = f"""
update enrolment set state = '{EnrolmentState.DONE}', step_id = null, ended_at = now() where company_id = $1 and id = any($2::uuid[])
"""


class Person(NamedTuple):
    """One who is due."""

    id: UUID  # of the enrolment
    contact_id: UUID
    due_at: datetime


async def carry_out() -> int:
    """One round over all cadences with somebody due. Any number of workers may do it at once. Returns how many people moved."""
    async with system_read() as s:
        rows = await s.fetch(_DUE)
    moved = 0
    for row in rows:
        for _ in range(ROUNDS):
            count = await step(row["company_id"], row["id"])
            moved += count
            if not count:
                break
    return moved


async def step(company_id: UUID, cadence_id: UUID, most: int = BATCH) -> int:
    """Carries out the step that is due for some people. Returns how many were looked at: none, when nobody is due whom no other has."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        state = await w.fetchval("select state from cadence where company_id = $1 and id = $2 for share", company_id, cadence_id)
        version = await publishing.live(w, cadence_id)
        if state != CadenceState.RUNNING or version is None:
            return 0
        known = nodes(version.plan)
        posts = await letters.load(w, list(version.letters.values()))
        sends = {step_id: posts[letter_id] for step_id, letter_id in version.letters.items() if letter_id in posts}
        lost, aimless = await publishing.gone(w, version.plan)
        able = [
            step_id
            for step_id, node in known.items()
            if step_id not in lost and (not isinstance(node.step, Send) or (not aimless and _takes(sends.get(step_id))))
        ]
        await parting.go_back(w, cadence_id)
        taken = [row["id"] for row in await w.fetch(_TAKE, company_id, cadence_id, able, most)]
        if not taken:
            return 0
        await consent.hold(w)
        run = _Run(w, cadence_id, version.plan, known, sends, able)
        await run.all(await _staying(w, cadence_id, version.plan, taken))
        w.emit(CadenceProgress(cadence_id=cadence_id))
        return len(taken)


def _takes(letter: Letter | None) -> bool:
    return letter is not None and letter.takes


async def _staying(w: Work, cadence_id: UUID, plan: Plan, taken: Sequence[UUID]) -> dict[UUID, list[Person]]:
    """Those who go on, by the step that they stand at; the others leave here."""
    args: list[object] = [w.company_id, list(taken)]

    def arg(value: object) -> str:
        args.append(value)
        return f"${len(args)}"

    goal = conditions.sql(plan.goal, arg) if plan.goal is not None else "false"
    replied = REPLIED if plan.stop_on_reply else "false"
    rows = await w.fetch(_LOOK.format(replied=replied, goal=goal, unsent=UNSENT), *args)
    leaving: dict[StopReason, list[UUID]] = defaultdict(list)
    staying: dict[UUID, list[Person]] = defaultdict(list)
    waiting: list[UUID] = []
    for row in sorted(rows, key=lambda row: row["id"]):
        reason = await _gone(w, cadence_id, row) if row["gone"] else _reason(row)
        if reason is not None:
            leaving[reason].append(row["id"])
        elif row["unsent"]:  # it came back into its queue, or was there before anybody waited for it
            waiting.append(row["id"])
        elif not row["gone"]:  # who became another contact is looked at again as that one
            staying[row["step_id"]].append(Person(row["id"], row["contact_id"], row["due_at"]))
    for reason, ids in leaving.items():
        await stop(w, ids, reason)
    await unsent.hold(w, waiting)
    return staying


def _reason(row: asyncpg.Record) -> StopReason | None:
    if row["out"]:
        return StopReason.OPTED_OUT
    if row["replied"]:
        return StopReason.REPLIED
    return StopReason.CONVERTED if row["converted"] else None


async def _gone(w: Work, cadence_id: UUID, row: asyncpg.Record) -> StopReason | None:
    """The contact is no more. None: it became another one, who goes on in its place."""
    stayed = await w.fetchval(_STAYED, w.company_id, row["contact_id"])
    if stayed is None:
        return StopReason.CONTACT_GONE
    if await w.fetchval(_IN_IT, w.company_id, cadence_id, stayed):
        return StopReason.MERGED
    await w.execute(
        "update enrolment set contact_id = $3, came_as = coalesce(came_as, contact_id) where company_id = $1 and id = $2",
        w.company_id,
        row["id"],
        stayed,
    )
    return None


class _Run:
    """One transaction's view of the cadence."""

    def __init__(
        self, w: Work, cadence_id: UUID, plan: Plan, known: dict[UUID, Node], sends: dict[UUID, Letter], able: Sequence[UUID]
    ) -> None:
        """`able`: the steps that can be carried out now."""
        self._w, self._cadence_id, self._plan, self._known, self._sends = w, cadence_id, plan, known, sends
        self._able = frozenset(able)
        self._ahead: dict[UUID, list[Person]] = defaultdict(list)

    async def all(self, staying: dict[UUID, list[Person]]) -> None:
        """Everybody, by the step that they stand at, until something is to be waited for."""
        while staying:
            for step_id, people in staying.items():
                await self._carry_out(self._known[step_id], people)
            staying, self._ahead = self._ahead, defaultdict(list)

    async def _carry_out(self, node: Node, people: list[Person]) -> None:
        ids = [one.id for one in people]
        match node.step:
            case Send(id=step_id):
                at = now()
                open_at = opened(at, self._plan.hours, await publishing.zone(self._w))
                if open_at > at:  # it stood still meanwhile, or the hours were changed
                    await self._w.execute(_LATER, self._w.company_id, ids, open_at)
                    return
                await self._on(people, node.next, await self._send(step_id, people))
            case Branch(id=step_id):
                yes = await self._answer(ids, node)
                await self._note(step_id, ids, [StepOutcome.YES if one in yes else StepOutcome.NO for one in ids])
                await self._on([one for one in people if one.id in yes], node.yes)
                await self._on([one for one in people if one.id not in yes], node.no)
            case WaitUntil() as step:
                at = now()
                late = [one.id for one in people if at - one.due_at > TOO_LATE]
                if late:
                    await clocks.wait(self._w, step, await publishing.zone(self._w), clocks.THESE, late)
                await self._pass(node, [one for one in people if one.id not in late])
            case _:
                await self._pass(node, people)

    async def _pass(self, node: Node, people: list[Person]) -> None:
        await self._note(node.step.id, [one.id for one in people], [StepOutcome.DONE] * len(people))
        await self._on(people, node.next)

    async def _send(self, step_id: UUID, people: list[Person]) -> list[UUID]:
        """Queues the step's message for those who have not been through it, in whatever version. Returns to whom one goes now."""
        w = self._w
        been = await w.fetch(
            "select enrolment_id from enrolment_step where company_id = $1 and step_id = $2 and enrolment_id = any($3::uuid[])",
            w.company_id,
            step_id,
            [one.id for one in people],
        )
        over = {row["enrolment_id"] for row in been}
        fresh = [one for one in people if one.id not in over]
        if not fresh:
            return []
        keys = {one.contact_id: key(one.id, step_id) for one in fresh}
        await letters.write(w, self._sends[step_id], keys)
        rows = await w.fetch(_NOT_WRITTEN, w.company_id, [one.id for one in fresh], list(keys.values()))
        without = {row["id"] for row in rows}
        outcomes = [StepOutcome.SKIPPED if one.id in without else StepOutcome.DONE for one in fresh]
        await self._note(step_id, [one.id for one in fresh], outcomes)
        return [one.id for one in fresh if one.id not in without]

    async def _answer(self, ids: list[UUID], node: Node) -> set[UUID]:
        args: list[object] = [self._w.company_id, ids]

        def arg(value: object) -> str:
            args.append(value)
            return f"${len(args)}"

        assert isinstance(node.step, Branch)
        holds = conditions.sql(node.step.condition, arg)
        rows = await self._w.fetch(
            f"select e.id from enrolment e where e.company_id = $1 and e.id = any($2::uuid[]) and {holds}", *args
        )
        return {row["id"] for row in rows}

    async def _note(self, step_id: UUID, ids: Sequence[UUID], outcomes: Iterable[StepOutcome]) -> None:
        """Who has been through it before keeps what is noted."""
        await self._w.fetch(
            _BEEN, self._w.company_id, list(ids), step_id, self._cadence_id, [outcome.value for outcome in outcomes]
        )

    async def _on(self, people: Sequence[Person], goal: UUID | None, written: Sequence[UUID] = ()) -> None:
        """`written`: those of them whose message must leave first."""
        if not people:
            return
        ids = [one.id for one in people]
        if goal is None:
            await self._w.execute(_DONE, self._w.company_id, ids)
            return
        zone = await publishing.zone(self._w)
        at = due(self._known, goal, now(), self._plan.hours, zone)
        await self._w.execute(_ON, self._w.company_id, ids, goal, at, list(written))
        if isinstance(step := self._known[goal].step, WaitUntil):
            await clocks.wait(self._w, step, zone, clocks.THESE, ids)
        elif goal in self._able and at <= now():
            stopped = frozenset(written)
            self._ahead[goal] += [one._replace(due_at=at) for one in people if one.id not in stopped]
