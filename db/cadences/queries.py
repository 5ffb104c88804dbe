"""What screens and partners read of cadences: lists, the one that is edited, figures of each step, who is in it."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db.cadences import publishing
from db.cadences.enums import CadenceState, EnrolmentState
from db.cadences.plan import Plan, nodes
from db.campaigns import letters
from db.contacts import search as contact_search
from db.contacts.notes import must_exist as contact_must_exist
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

_COLUMNS = """
c.id, c.name, c.state, c.plan::text as plan, c.live, c.version, c.created_at, c.updated_at, u.name as created_by,
c.live is not null and c.plan is distinct from (select v.plan from cadence_version v where v.company_id = c.company_id
    and v.cadence_id = c.id and v.number = c.live) as changed
"""
_FROM = "from cadence c left join account_user u on u.id = c.created_by"
_PEOPLE = """
select cadence_id, state, reason, count(*)::int as n from enrolment where company_id = $1 and cadence_id = any($2::uuid[]) group by 1, 2, 3
"""
_WAITING = f"""
select step_id, count(*)::int as n, count(*) filter (where awaits_message)::int as unsent from enrolment
where company_id = $1 and cadence_id = $2 and state = '{EnrolmentState.ACTIVE}' group by 1
"""
_BEEN = "select step_id, outcome, count(*)::int as n from enrolment_step where company_id = $1 and cadence_id = $2 group by 1, 2"
_ENROLMENTS = f"""
select e.id, e.contact_id, coalesce(p.name, '') as name, e.state, e.reason, e.source, e.step_id, e.due_at, e.entered_at, e.ended_at,
    e.awaits_message and e.state = '{EnrolmentState.ACTIVE}' as awaits_message
from enrolment e left join contact p on p.company_id = $1 and p.id = e.contact_id
where e.company_id = $1 and e.cadence_id = $2 and ($3::uuid is null or e.id < $3) and ($4::text[] is null or e.state = any($4))
    and ($5::uuid is null or e.step_id = $5) and {{found}} order by e.id desc limit $6
"""
_OF_CONTACT = f"""
select e.id, e.cadence_id, c.name as cadence, c.state as cadence_state, e.state, e.reason, e.source, e.entered_at, e.ended_at,
    e.awaits_message and e.state = '{EnrolmentState.ACTIVE}' as awaits_message
from enrolment e join cadence c on c.company_id = $1 and c.id = e.cadence_id
where e.company_id = $1 and e.contact_id = $2 and ($3::uuid is null or e.id < $3) order by e.id desc limit $4
"""
STEP_GONE, GOAL_GONE, ENTRY_GONE = "step_gone", "goal_gone", "entry_gone"
"""Problems of a step beside those of its messages: what it asks for was deleted, or the goal of the cadence was; and of the cadence
itself, whose entry names what was deleted."""
_decode: msgspec.json.Decoder[Plan] = msgspec.json.Decoder(Plan)


class People(msgspec.Struct, frozen=True):
    """Who came in: entered = active + done + stopped. `stopped_by`: how many left before the end, by reason."""

    entered: int = 0
    active: int = 0
    done: int = 0
    stopped: int = 0
    stopped_by: dict[str, int] = {}


class StepFigures(msgspec.Struct, frozen=True):
    """Of one step, over all versions. `waiting`: who stands at it; `unsent` of them because their message has not left yet. `reached`: who has been through it; of a branch `yes` and `no`, of a step
    that writes `skipped` who got nothing, and what became of the messages. `problem`: why its messages do not go out now."""

    step_id: UUID
    waiting: int = 0
    unsent: int = 0
    reached: int = 0
    yes: int = 0
    no: int = 0
    skipped: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    problem: str | None = None


async def cadences(
    actor: Actor, *, limit: int, after: UUID | None = None, states: list[CadenceState] | None = None
) -> list[dict[str, Any]]:
    """Newest first, each with its `people`."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        rows = await r.fetch(
            f"select {_COLUMNS} {_FROM} where c.company_id = $1 and ($2::uuid is null or c.id < $2)"
            " and ($3::text[] is null or c.state = any($3)) order by c.id desc limit $4",
            actor.company_id,
            after,
            [state.value for state in states] if states else None,
            limit,
        )
        return await _with_people(r, rows)


async def cadence(actor: Actor, cadence_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return await one(r, cadence_id)


async def one(r: Read, cadence_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    assert r.actor is not None
    row = await r.fetchrow(f"select {_COLUMNS} {_FROM} where c.company_id = $1 and c.id = $2", r.actor.company_id, cadence_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="cadence")
    return (await _with_people(r, [row]))[0]


async def _with_people(r: Read, rows: list[asyncpg.Record]) -> list[dict[str, Any]]:
    assert r.actor is not None
    found: dict[UUID, list[asyncpg.Record]] = {row["id"]: [] for row in rows}
    for row in await r.fetch(_PEOPLE, r.actor.company_id, list(found)):
        found[row["cadence_id"]].append(row)
    return [{**row, "plan": _decode.decode(row["plan"]), "people": _people(found[row["id"]])} for row in rows]


def _people(rows: list[asyncpg.Record]) -> People:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["state"]] = counts.get(row["state"], 0) + row["n"]
    stopped_by = {row["reason"]: row["n"] for row in rows if row["reason"] is not None}
    active, done, stopped = (counts.get(state, 0) for state in EnrolmentState)
    return People(active + done + stopped, active, done, stopped, stopped_by)


async def figures(actor: Actor, cadence_id: UUID) -> list[StepFigures]:
    """Of every step that is edited or followed, in the order of the plan that is edited. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        row = await one(r, cadence_id)
        version = await publishing.live(r, cadence_id)
        order = dict.fromkeys([*nodes(row["plan"]), *(nodes(version.plan) if version else ())])
        waiting = {row["step_id"]: (row["n"], row["unsent"]) for row in await r.fetch(_WAITING, actor.company_id, cadence_id)}
        been: dict[UUID, dict[str, int]] = {}
        for passed in await r.fetch(_BEEN, actor.company_id, cadence_id):
            been.setdefault(passed["step_id"], {})[passed["outcome"]] = passed["n"]
        sent = await letters.figures(r, cadence_id)
        lost, aimless = await publishing.gone(r, version.plan) if version else (set(), False)
    found = [_figures(step_id, waiting.get(step_id, (0, 0)), been.get(step_id, {}), sent.get(step_id)) for step_id in order]
    return [_held(one, one.step_id in lost, aimless and one.step_id in sent) for one in found]


def _figures(step_id: UUID, waiting: tuple[int, int], been: dict[str, int], sent: letters.Figures | None) -> StepFigures:
    found = StepFigures(step_id, *waiting, sum(been.values()), been.get("yes", 0), been.get("no", 0), been.get("skipped", 0))
    if sent is None:
        return found
    return msgspec.structs.replace(found, **sent._asdict())


def _held(one: StepFigures, lost: bool, aimless: bool) -> StepFigures:
    problem = STEP_GONE if lost else GOAL_GONE if aimless else one.problem
    return one if problem == one.problem else msgspec.structs.replace(one, problem=problem)


async def enrolments(
    actor: Actor,
    cadence_id: UUID,
    *,
    limit: int,
    after: UUID | None = None,
    states: list[EnrolmentState] | None = None,
    step_id: UUID | None = None,
    search: str | None = None,
) -> list[asyncpg.Record]:
    """Newest first: where people stand, and why they left. `search`: by words of their names and addresses. Raises NotFound."""
    needles = contact_search.needles(search)
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await one(r, cadence_id)
        if needles and not contact_search.findable(needles):
            return []
        wanted = [state.value for state in states] if states else None
        found = contact_search.has_all("p", [f"${number}" for number, _ in enumerate(needles, 7)])
        return await r.fetch(
            _ENROLMENTS.format(found=found), actor.company_id, cadence_id, after, wanted, step_id, limit, *needles
        )


async def of_contact(actor: Actor, contact_id: UUID, *, limit: int, after: UUID | None = None) -> list[asyncpg.Record]:
    """The cadences that a person is in or was in, newest first. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await contact_must_exist(r, actor.company_id, contact_id)
        return await r.fetch(_OF_CONTACT, actor.company_id, contact_id, after, limit)
