"""A plan becomes the version that people follow. Nobody is lost and nothing is repeated: who waits for a step that is still there goes on
waiting for it, who waited for one that is gone goes on behind the last step that they have been through."""

import dataclasses
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from db.cadences import clocks
from db.cadences.enums import EnrolmentState
from db.cadences.errors import CadenceError, CadenceField
from db.cadences.plan import (
    MOST_DEPTH,
    MOST_STEPS,
    Branch,
    FieldEquals,
    LeadInStage,
    Node,
    Plan,
    Send,
    Tagged,
    Wait,
    WaitUntil,
    WritingHours,
    depth,
    first,
    nodes,
    places,
)
from db.cadences.timing import due, minutes
from db.campaigns import letters
from db.campaigns.plan import PlanHours
from db.clock import now
from db.contacts import segments
from db.errors import AppError, Field, RequestField
from db.messages.render import Binding
from db.providers import registry
from db.work import Read, Work


class Version(NamedTuple):
    """What people follow. `letters`: step → campaign."""

    number: int
    plan: Plan
    letters: dict[UUID, UUID]


_letters = msgspec.json.Decoder(dict[UUID, UUID])
_plan: msgspec.json.Decoder[Plan] = msgspec.json.Decoder(Plan)
_VERSION = """
select v.number, v.plan::text as plan, v.letters::text as letters from cadence_version v
join cadence c on c.company_id = $1 and c.id = v.cadence_id and c.live = v.number where v.company_id = $1 and v.cadence_id = $2
"""
_STANDING = f"""
select distinct step_id from enrolment where company_id = $1 and cadence_id = $2 and state = '{EnrolmentState.ACTIVE}'
"""
_STAY = f"""
update enrolment set due_at = case when $4::int is null then $5 else arrived_at + make_interval(mins => $4) end
where company_id = $1 and cadence_id = $2 and step_id = $3 and state = '{EnrolmentState.ACTIVE}'
"""
# By the last step of theirs that is still there; null: none of them is.
_STRANDED = f"""
select e.id, (select s.step_id from enrolment_step s where s.company_id = $1 and s.enrolment_id = e.id and s.step_id = any($4::uuid[])
    order by s.at desc limit 1) as last,
    (select s.outcome from enrolment_step s where s.company_id = $1 and s.enrolment_id = e.id and s.step_id = any($4::uuid[])
    order by s.at desc limit 1) as outcome
from enrolment e where e.company_id = $1 and e.cadence_id = $2 and e.state = '{EnrolmentState.ACTIVE}' and e.step_id = any($3::uuid[])
"""
_PLACE = "update enrolment set step_id = $3, arrived_at = now(), due_at = $4 where company_id = $1 and id = any($2::uuid[])"
_FINISH = f"""
update enrolment set state = '{EnrolmentState.DONE}', step_id = null, ended_at = now() where company_id = $1 and id = any($2::uuid[])
"""


async def live(r: Read, cadence_id: UUID) -> Version | None:
    """None: it was never started."""
    assert r.actor is not None
    row = await r.fetchrow(_VERSION, r.actor.company_id, cadence_id)
    return Version(row["number"], _plan.decode(row["plan"]), _letters.decode(row["letters"])) if row is not None else None


async def zone(r: Read) -> ZoneInfo:
    assert r.actor is not None
    return ZoneInfo(await r.fetchval("select time_zone from company where id = $1", r.actor.company_id))


async def publish(w: Work, cadence: asyncpg.Record, *, running: bool) -> None:
    """The cadence (id, name, plan as JSON) is locked. Raises Conflict `cadence_not_ready` with every problem."""
    plan = _plan.decode(cadence["plan"])
    known = nodes(plan)
    found = await problems(w, plan)
    before = await live(w, cadence["id"])
    made, wrong = await _letters_of(w, cadence, known, before, running=running)
    wrong += [] if found + wrong else await _priceless(w, plan, known, made)
    if found + wrong:
        raise CadenceError.CADENCE_NOT_READY(fields=found + wrong)
    number = before.number + 1 if before else 1
    await w.execute(
        "insert into cadence_version(company_id, cadence_id, number, plan, letters, published_by) values ($1, $2, $3, $4::jsonb, $5::jsonb, $6)",
        w.company_id,
        cadence["id"],
        number,
        cadence["plan"],
        msgspec.json.encode(made).decode(),
        w.actor.id if w.actor is not None and w.actor.kind == "user" else None,
    )
    await w.execute("update cadence set live = $3 where company_id = $1 and id = $2", w.company_id, cadence["id"], number)
    await letters.retire(w, cadence["id"], list(made.values()))
    await letters.keep_hours(w, cadence["id"], recipient_hours(plan.hours))
    if running:
        await letters.resume(w, cadence["id"])
    await _replace(w, cadence["id"], plan, known, nodes(before.plan) if before else {})


def recipient_hours(hours: WritingHours | None) -> PlanHours | None:
    """The hours of a plan as its messages are held to them: by the clock where each person is."""
    return PlanHours(minutes(hours.start), minutes(hours.end), tuple(sorted(hours.days))) if hours is not None else None


async def _letters_of(
    w: Work, cadence: asyncpg.Record, known: dict[UUID, Node], before: Version | None, *, running: bool
) -> tuple[dict[UUID, UUID], list[Field]]:
    """The letter of each step that writes: the one that it has, while it says the same and takes messages."""
    old = {step_id: node.step for step_id, node in nodes(before.plan).items()} if before else {}
    kept = await letters.load(w, list(before.letters.values())) if before else {}
    made: dict[UUID, UUID] = {}
    wrong: list[Field] = []
    for step_id, node in known.items():
        step = node.step
        if not isinstance(step, Send):
            continue
        letter = kept.get(before.letters[step_id]) if before and step_id in before.letters else None
        if letter is not None and letter.takes and old.get(step_id) == step:
            made[step_id] = letter.id
            continue
        kind = await w.fetchval("select kind from channel where company_id = $1 and id = $2", w.company_id, step.channel_id)
        if kind is None or registry.provider(kind).capabilities.campaign_content is None:
            wrong.append(CadenceField.STEP_UNKNOWN(f"{node.path}.channel_id"))
            continue
        made[step_id], found = await letters.make(
            w,
            name=cadence["name"],
            cadence_id=cadence["id"],
            step_id=step_id,
            channel_id=step.channel_id,
            template_id=step.template_id,
            bindings=[Binding(one.placeholder, one.source, one.fallback) for one in step.bindings],
            body=step.text,
            running=running,
        )
        wrong += [dataclasses.replace(field, path=node.path) for field in found]
    return made, wrong


async def _priceless(w: Work, plan: Plan, known: dict[UUID, Node], made: dict[UUID, UUID]) -> list[Field]:
    """Steps that a limit of costs would stop, because what they cost is not known: of those who come in by themselves, else of anybody."""
    people = await segments.resolved(w, plan.entry) if plan.entry is not None else None
    steps = {letter_id: known[step_id].path for step_id, letter_id in made.items()}
    wrong = await letters.without_price(w, list(steps), people)
    return [dataclasses.replace(field, path=steps[letter_id]) for letter_id, fields in wrong.items() for field in fields]


async def problems(r: Read, plan: Plan) -> list[Field]:
    """What is wrong with a plan but for its messages."""
    assert r.actor is not None
    found: list[Field] = []
    all_steps = places(plan)
    seen: set[UUID] = set()
    for step_id, path in all_steps:
        if step_id in seen:
            found.append(CadenceField.STEP_TWICE(path))
        seen.add(step_id)
    known = nodes(plan)
    if not any(isinstance(node.step, Send) for node in known.values()):
        found.append(CadenceField.NO_STEPS("steps"))
    if len(all_steps) > MOST_STEPS:
        found.append(CadenceField.TOO_MANY_STEPS("steps", most=MOST_STEPS))
    if depth(plan.steps) > MOST_DEPTH:
        found.append(CadenceField.STEPS_TOO_DEEP("steps", most=MOST_DEPTH))
    if plan.hours is not None and plan.hours.end <= plan.hours.start:
        found.append(CadenceField.HOURS_TURNED("hours.end"))
    found += await _entry(r, plan)
    lost, aimless = await gone(r, plan)
    found += [CadenceField.STEP_UNKNOWN(f"{node.path}.condition") for step_id, node in known.items() if step_id in lost]
    if aimless:
        found.append(CadenceField.STEP_UNKNOWN("goal"))
    return found


async def gone(r: Read, plan: Plan) -> tuple[set[UUID], bool]:
    """Questions about a tag, field or stage that was deleted, and whether the goal is such a one. Without it everybody would be led the other way:
    nobody is led on before somebody says what is meant."""
    assert r.actor is not None
    asked = {step_id: _named(node.step.condition) for step_id, node in nodes(plan).items() if isinstance(node.step, Branch)}
    goal = _named(plan.goal)
    there: set[tuple[str, str]] = set()
    for table, column in {named[:2] for named in (*asked.values(), goal) if named[0]}:
        values = [str(value) for of, _, value in (*asked.values(), goal) if of == table]
        alive = " and deleted_at is null" if table == "custom_field" else ""
        sql = f"select {column}::text from {table} where company_id = $1 and {column}::text = any($2::text[]){alive}"
        there |= {(table, row[0]) for row in await r.fetch(sql, r.actor.company_id, values)}
    lost = {step_id for step_id, (table, _, value) in asked.items() if table and (table, str(value)) not in there}
    return lost, bool(goal[0]) and (goal[0], str(goal[2])) not in there


async def entry_gone(r: Read, plan: Plan) -> bool:
    """Whom it takes in by itself was deleted, or cannot be asked about any more: nobody comes in."""
    assert r.actor is not None
    if plan.entry is None:
        return False
    try:
        if segments.gone(await segments.resolved(r, plan.entry)):
            return True
    except AppError as error:
        if error.status >= 500:
            raise
        return True
    tags = plan.entry.tags
    there = await r.fetchval("select count(*) from tag where company_id = $1 and id = any($2::uuid[])", r.actor.company_id, tags)
    return bool(tags) and (there < len(set(tags)) if plan.entry.all_tags else not there)


async def _entry(r: Read, plan: Plan) -> list[Field]:
    if plan.entry is None:
        return []
    if not plan.entry.picks:
        return [RequestField.REQUIRED("entry")]
    try:
        meant = await segments.resolved(r, plan.entry)
    except AppError as error:
        if error.status >= 500 or not error.fields:
            raise
        return [dataclasses.replace(field, path=f"entry.{field.path}") for field in error.fields]
    return [CadenceField.STEP_UNKNOWN("entry")] if segments.gone(meant) else []


def _named(condition: object) -> tuple[str, str, object]:
    match condition:
        case Tagged(tag_id=tag_id):
            return "tag", "id", tag_id
        case LeadInStage(stage_id=stage_id):
            return "stage", "id", stage_id
        case FieldEquals(key=key):
            return "custom_field", "key", key
        case _:
            return "", "", None


async def _replace(w: Work, cadence_id: UUID, plan: Plan, known: dict[UUID, Node], before: dict[UUID, Node]) -> None:
    """Everybody who is in it stands at a step of this version. Whose time of day is still the same waits for it no longer than before."""
    place, at = await zone(w), now()
    standing = {row["step_id"] for row in await w.fetch(_STANDING, w.company_id, cadence_id)}
    for step_id in standing & known.keys():
        step = known[step_id].step
        if isinstance(step, WaitUntil) and step_id in before and before[step_id].step == step:
            continue
        minutes = step.minutes if isinstance(step, Wait) else None
        await w.execute(_STAY, w.company_id, cadence_id, step_id, minutes, due(known, step_id, at, plan.hours, place))
        if isinstance(step, WaitUntil):
            which = f"e.cadence_id = $2 and e.step_id = $3 and e.state = '{EnrolmentState.ACTIVE}'"
            await clocks.wait(w, step, place, which, cadence_id, step_id)
    gone = list(standing - known.keys())
    if not gone:
        return
    goals: dict[UUID | None, list[UUID]] = {}
    for row in await w.fetch(_STRANDED, w.company_id, cadence_id, gone, list(known)):
        goals.setdefault(_behind(plan, known, row["last"], row["outcome"]), []).append(row["id"])
    for goal, ids in goals.items():
        if goal is None:
            await w.execute(_FINISH, w.company_id, ids)
        else:
            await w.execute(_PLACE, w.company_id, ids, goal, due(known, goal, at, plan.hours, place))
            if isinstance(step := known[goal].step, WaitUntil):
                await clocks.wait(w, step, place, clocks.THESE, ids)


def _behind(plan: Plan, known: dict[UUID, Node], last: UUID | None, outcome: str | None) -> UUID | None:
    if last is None:
        return first(plan)
    node = known[last]
    return {"yes": node.yes, "no": node.no}.get(outcome or "", node.next) if isinstance(node.step, Branch) else node.next
