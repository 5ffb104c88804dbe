"""How people come into a cadence and are taken out. Nobody stands in one twice; who came to its end comes in again only where the plan
says so, and who left it never by a rule."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from db.cadences import clocks, parting, publishing, rounds
from db.cadences.enums import CadenceState, EnrolmentState, EntrySource, Joined, StopReason
from db.cadences.errors import CadenceError
from db.cadences.events import CadenceProgress
from db.cadences.plan import WaitUntil, first, nodes
from db.cadences.stops import stop
from db.cadences.timing import due
from db.campaigns import letters
from db.clock import now
from db.contacts import filters, segments
from db.contacts.filter import ContactFilter
from db.errors import AppError, RequestError
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, Work, system_read, work

log = structlog.get_logger("db.cadences")

AT_ONCE = 50_000
"""By a rule, in one transaction."""
PIECE = 10_000
"""With one statement: on a busy machine more would take longer than one may."""
# `again` lets those in whose last time is over; by hand also those who were stopped, and by a rule only those who match it anew: who still
# matches it since they came to the end would come in with every look.
_ENROL = f"""
with meant as materialized (
    select c.id from contact c where c.company_id = $1 and c.opted_out_at is null and {{chosen}} and ($8::uuid is null or c.id > $8)
    and not exists (select from enrolment e where e.company_id = $1 and e.cadence_id = $2 and e.contact_id = c.id
        and (not $6 or e.state = '{EnrolmentState.ACTIVE}' or $3 = '{EntrySource.AI}' and e.state = '{EnrolmentState.STOPPED}'
            or $3 = '{EntrySource.RULE}' and (e.state = '{EnrolmentState.STOPPED}' or not e.left_rule)))
    order by c.id limit $7
), put as (
    insert into enrolment(company_id, cadence_id, contact_id, source, step_id, due_at)
    select $1, $2, id, $3, $4, $5 from meant order by id on conflict do nothing returning true
)
select (select count(*) from meant) as meant, (select count(*) from put) as put, (select id from meant order by id desc limit 1) as last
"""
_LEFT = f"""
update enrolment e set left_rule = true where e.company_id = $1 and e.cadence_id = $2 and e.state = '{EnrolmentState.DONE}' and not e.left_rule
    and not exists (select from contact c where c.company_id = $1 and c.id = e.contact_id and {{chosen}})
"""
# Who was in it before they became one with another contact was in it as that one, until the two are parted.
_FOLLOW = f"""
update enrolment e set contact_id = m.contact_id, came_as = coalesce(e.came_as, m.merged_id)
from contact_merge m where m.company_id = $1 and m.undone_at is null
    and e.company_id = $1 and e.cadence_id = $2 and e.contact_id = m.merged_id and e.state <> '{EnrolmentState.ACTIVE}'
"""
_THEM = f"""
select id from enrolment where company_id = $1 and cadence_id = $2 and contact_id = any($3::uuid[])
    and state in ('{EnrolmentState.ACTIVE}', '{EnrolmentState.DONE}')
"""
_ENTRANCES = f"""
select c.id, c.name, exists (select from enrolment e where e.company_id = $1 and e.cadence_id = c.id and e.contact_id = $3
    and (not coalesce((v.plan->>'again')::boolean, false) or e.state in ('{EnrolmentState.ACTIVE}', '{EnrolmentState.STOPPED}'))) as inside
from cadence c join cadence_version v on v.company_id = $1 and v.cadence_id = c.id and v.number = c.live
where c.company_id = $1 and c.id = any($2::uuid[]) and c.state = '{CadenceState.RUNNING}' order by c.name, c.id
"""
_STANDS = f"""
select id from enrolment where company_id = $1 and cadence_id = $2 and contact_id = $3 and state = '{EnrolmentState.ACTIVE}'
"""
_LOOKING = f"""
select company_id, id from cadence where state = '{CadenceState.RUNNING}' and plan->'entry' is not null
    and (entry_at is null or entry_at < now() - make_interval(secs => $1))
"""


class Entrance(NamedTuple):
    """A cadence that runs. `inside`: one person stands in it, or was in it and is not taken in again by rules."""

    id: UUID
    name: str
    inside: bool


class Enrolled(NamedTuple):
    """`matched`: so many people were meant; the others are in it, were in it, or asked for no more messages."""

    matched: int
    enrolled: int


async def enrol(actor: Actor, cadence_id: UUID, chosen: ContactFilter) -> Enrolled:
    """By hand or by a program. Raises NotFound, Conflict `cadence_not_running`, Forbidden (also `test_key`)."""
    source = EntrySource.PERSON if actor.kind == "user" else EntrySource.API
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        await letters.reaches(w, cadence_id)
        args: list[object] = [w.company_id]
        meant = await segments.resolved(w, chosen)
        condition = filters.picked(meant, args)
        matched: int = await w.fetchval(f"select count(*) from contact c where c.company_id = $1 and {condition}", *args)
        added = await take_in(w, cadence_id, meant, source)
        w.audit("cadence.enrolled", cadence_id, count=added)
        return Enrolled(matched, added)


async def take_in(w: Work, cadence_id: UUID, chosen: ContactFilter, source: EntrySource) -> int:
    """The same inside a unit of work; by a rule at most AT_ONCE, the others with the next call. The segment of `chosen` is looked up already. Raises
    NotFound, Conflict `cadence_not_running`."""
    state = await w.fetchval("select state from cadence where company_id = $1 and id = $2 for share", w.company_id, cadence_id)
    if state is None:
        raise RequestError.NOT_FOUND(what="cadence")
    version = await publishing.live(w, cadence_id)
    if state not in (CadenceState.RUNNING, CadenceState.PAUSED) or version is None:
        raise CadenceError.CADENCE_NOT_RUNNING(state=state)
    begin = first(version.plan)
    assert begin is not None  # a version has a step that writes
    known, zone = nodes(version.plan), await publishing.zone(w)
    at: datetime = due(known, begin, now(), version.plan.hours, zone)
    await parting.go_back(w, cadence_id)
    await w.execute(_FOLLOW, w.company_id, cadence_id)
    args: list[object] = [w.company_id, cadence_id, source.value, begin, at, version.plan.again, PIECE, None]
    sql = _ENROL.format(chosen=filters.picked(chosen, args))
    added, most = 0, AT_ONCE if source is EntrySource.RULE else None
    if not chosen.ids:
        # Of people who came just now nothing is known: the planner takes them for a few, and would read all who are in it once for each.
        await w.execute("set local enable_nestloop = off")
    while most is None or added < most:
        args[6] = piece = PIECE if most is None else min(PIECE, most - added)
        some = await w.fetchrow(sql, *args)
        assert some is not None
        added += some["put"]
        args[7] = some["last"]  # each goes on behind the one before
        if some["meant"] < piece:
            break
    if not chosen.ids:
        await w.execute("set local enable_nestloop = on")
    if added and isinstance(step := known[begin].step, WaitUntil):
        await clocks.wait(w, step, zone, "e.cadence_id = $2 and e.step_id = $3 and e.arrived_at = now()", cadence_id, begin)
    if added:
        w.emit(CadenceProgress(cadence_id=cadence_id))
    return added


async def remove(actor: Actor, cadence_id: UUID, contact_ids: list[UUID]) -> int:
    """Takes people out; what waits to be sent to them by it is cancelled. Returns how many left. Raises NotFound."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        if not await w.fetchval("select true from cadence where company_id = $1 and id = $2", w.company_id, cadence_id):
            raise RequestError.NOT_FOUND(what="cadence")
        await letters.reaches(w, cadence_id)
        ids = [row["id"] for row in await w.fetch(_THEM, w.company_id, cadence_id, contact_ids)]
        left = await stop(w, ids, StopReason.PERSON)
        w.audit("cadence.removed", cadence_id, count=left)
        return left


async def look_for_people(seconds: float = 30.0) -> int:
    """One round over cadences that take people in by a rule, each at most so often. Returns how many came in."""
    async with system_read() as s:
        rows = await s.fetch(_LOOKING, seconds)
    added = 0
    for row in rows:
        try:
            if await rounds.mine(row["company_id"], row["id"], "entry_at", seconds):
                added += await _look(row["company_id"], row["id"])
        except AppError as error:  # a rule that can no longer be asked means nobody, and holds up no other cadence
            if error.status >= 500:
                raise
            log.warning("cadences.entry", cadence_id=str(row["id"]), error=error.code.value)
    return added


async def _look(company_id: UUID, cadence_id: UUID) -> int:
    """Until nobody is left, each time in a transaction of its own."""
    added = some = await _take(company_id, cadence_id)
    while some == AT_ONCE:
        some = await _take(company_id, cadence_id)
        added += some
    return added


async def _take(company_id: UUID, cadence_id: UUID) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        version = await publishing.live(w, cadence_id)
        if version is None or version.plan.entry is None:
            return 0
        meant = await segments.resolved(w, version.plan.entry)
        if version.plan.again:
            args: list[object] = [company_id, cadence_id]
            await w.execute(_LEFT.format(chosen=filters.picked(meant, args)), *args)
        return await take_in(w, cadence_id, meant, EntrySource.RULE)


async def hold(w: Work, cadence_id: UUID) -> None:
    """Until this transaction ends the cadence stays in its state. Before the contact is held."""
    await w.fetch("select from cadence where company_id = $1 and id = $2 for share", w.company_id, cadence_id)


async def entrances(r: Read, company_id: UUID, cadence_ids: list[UUID], contact_id: UUID) -> list[Entrance]:
    """Those of them that run, for one person."""
    if not cadence_ids:
        return []
    return [Entrance(*row) for row in await r.fetch(_ENTRANCES, company_id, cadence_ids, contact_id)]


async def standing(r: Read, company_id: UUID, cadence_id: UUID, contact_id: UUID) -> UUID | None:
    """The enrolment in which a person stands now."""
    found: UUID | None = await r.fetchval(_STANDS, company_id, cadence_id, contact_id)
    return found


async def leave(w: Work, cadence_id: UUID, enrolment_id: UUID) -> bool:
    """What `join` did is taken back; what waits to be sent by it is cancelled. False: they left already, or came to the end."""
    left = await stop(w, [enrolment_id], StopReason.PERSON)
    if left:
        w.audit("cadence.removed", cadence_id, count=left)
    return bool(left)


async def join(w: Work, cadence_id: UUID, contact_id: UUID, source: EntrySource = EntrySource.HOOK) -> Joined:
    """One person, because of what came for a hook, or what an AI proposed. Nothing is refused: what did not happen is said."""
    try:
        added = await take_in(w, cadence_id, ContactFilter(ids=[contact_id]), source)
    except AppError as error:
        if error.status == 404:
            return Joined.GONE
        if error.code is CadenceError.CADENCE_NOT_RUNNING:
            return Joined.OVER
        raise
    if added:
        w.audit("cadence.enrolled", cadence_id, count=added)
        return Joined.IN
    out = await w.fetchval(
        "select opted_out_at is not null from contact where company_id = $1 and id = $2", w.company_id, contact_id
    )
    return Joined.OPTED_OUT if out else Joined.ALREADY
