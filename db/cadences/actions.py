"""What people and partners do with a cadence: write it, start it, publish a change, pause, resume, end, copy, delete."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import event_consumers, versions
from db.cadences import publishing
from db.cadences.enums import CadenceState, EnrolmentState, StopReason
from db.cadences.errors import CadenceError
from db.cadences.events import CadenceChanged, CadenceDeleted
from db.cadences.plan import Plan, fresh
from db.cadences.queries import one
from db.cadences.stops import CONSUMER, HEARD
from db.campaigns import letters
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Work, work

_plan: msgspec.json.Decoder[Plan] = msgspec.json.Decoder(Plan)
_END = f"""
update enrolment set state = '{EnrolmentState.STOPPED}', reason = '{StopReason.CADENCE_ENDED}', step_id = null, ended_at = now()
where company_id = $1 and cadence_id = $2 and state = '{EnrolmentState.ACTIVE}'
"""


async def create(actor: Actor, name: str, plan: Plan | None = None) -> dict[str, Any]:
    """A new draft; row of `queries.cadence`."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        cadence_id: UUID = await w.fetchval(
            "insert into cadence(company_id, name, plan, created_by) values ($1, $2, $3::jsonb, $4) returning id",
            w.company_id,
            name,
            msgspec.json.encode(plan or Plan()).decode(),
            actor.id if actor.kind == "user" else None,
        )
        w.audit("cadence.created", cadence_id)
        return await _changed(w, cadence_id)


async def edit(
    actor: Actor, cadence_id: UUID, *, name: str | None = None, plan: Plan | None = None, expected: Expected = None
) -> dict[str, Any]:
    """Changes what is edited; people follow it once it is published. Raises NotFound, PreconditionFailed, Conflict `cadence_ended`."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        await _lock_open(w, cadence_id, expected)
        await w.execute(
            "update cadence set name = coalesce($3, name), plan = coalesce($4::jsonb, plan), version = version + 1, updated_at = now()"
            " where company_id = $1 and id = $2",
            w.company_id,
            cadence_id,
            name,
            msgspec.json.encode(plan).decode() if plan is not None else None,
        )
        w.audit("cadence.edited", cadence_id)
        return await _changed(w, cadence_id)


async def start(actor: Actor, cadence_id: UUID, expected: Expected = None) -> dict[str, Any]:
    """Publishes what is edited: a draft begins to run, one that runs or is paused goes on with it. Raises NotFound, PreconditionFailed,
    Conflict `cadence_ended`, `cadence_not_ready` with every problem."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock_open(w, cadence_id, expected)
        paused = row["state"] == CadenceState.PAUSED
        await publishing.publish(w, row, running=not paused)
        await _set(w, cadence_id, CadenceState.PAUSED if paused else CadenceState.RUNNING)
        await event_consumers.subscribe(w, CONSUMER, HEARD)
        w.audit("cadence.published", cadence_id)
        return await _changed(w, cadence_id)


async def pause(actor: Actor, cadence_id: UUID) -> dict[str, Any]:
    """Nobody moves on, and what is queued waits. Raises NotFound, Conflict `cadence_not_running`."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock_open(w, cadence_id)
        if row["state"] != CadenceState.RUNNING:
            raise CadenceError.CADENCE_NOT_RUNNING(state=row["state"])
        await _set(w, cadence_id, CadenceState.PAUSED)
        await letters.pause(w, cadence_id)
        w.audit("cadence.paused", cadence_id)
        return await _changed(w, cadence_id)


async def resume(actor: Actor, cadence_id: UUID) -> dict[str, Any]:
    """Goes on where it stopped; one that runs, with those steps that a limit of costs or the provider stopped. Raises NotFound, Conflict
    `cadence_not_paused`."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await _lock_open(w, cadence_id)
        moved = await letters.resume(w, cadence_id)
        if row["state"] != CadenceState.PAUSED and not (row["state"] == CadenceState.RUNNING and moved):
            raise CadenceError.CADENCE_NOT_PAUSED(state=row["state"])
        await _set(w, cadence_id, CadenceState.RUNNING)
        w.audit("cadence.resumed", cadence_id)
        return await _changed(w, cadence_id)


async def end(actor: Actor, cadence_id: UUID) -> dict[str, Any]:
    """For good: everybody leaves, what is queued is cancelled. Raises NotFound, Conflict `cadence_ended`."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        await _lock_open(w, cadence_id)
        await _set(w, cadence_id, CadenceState.ENDED)
        await w.execute(_END, w.company_id, cadence_id)
        await letters.end(w, cadence_id)
        await letters.retire(w, cadence_id, [])
        w.audit("cadence.ended", cadence_id)
        return await _changed(w, cadence_id)


async def copy(actor: Actor, cadence_id: UUID) -> dict[str, Any]:
    """A new draft with the same steps and rules, of any cadence, as it is edited. Nobody is in it. Raises NotFound."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        source = await _lock(w, cadence_id)
        plan = _plan.decode(source["plan"])
        new_id: UUID = await w.fetchval(
            "insert into cadence(company_id, name, plan, created_by) values ($1, left($2, 110) || ' (2)', $3::jsonb, $4) returning id",
            w.company_id,
            source["name"],
            msgspec.json.encode(msgspec.structs.replace(plan, steps=[fresh(step) for step in plan.steps])).decode(),
            actor.id if actor.kind == "user" else None,
        )
        w.audit("cadence.copied", new_id, source=str(cadence_id))
        return await _changed(w, new_id)


async def delete(actor: Actor, cadence_id: UUID, expected: Expected = None) -> None:
    """One that never ran. Raises NotFound, PreconditionFailed, Conflict `cadence_not_deletable`."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        row = await _lock(w, cadence_id, expected)
        if row["live"] is not None:
            raise CadenceError.CADENCE_NOT_DELETABLE(state=row["state"])
        await w.execute("delete from cadence where company_id = $1 and id = $2", w.company_id, cadence_id)
        w.audit("cadence.deleted", cadence_id)
        w.emit(CadenceDeleted(cadence_id=cadence_id))


async def _lock(w: Work, cadence_id: UUID, expected: Expected = None) -> asyncpg.Record:
    row = await w.fetchrow(
        "select id, name, state, version, live, plan::text as plan from cadence where company_id = $1 and id = $2 for update",
        w.company_id,
        cadence_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="cadence")
    versions.check(row["version"], expected)
    return row


async def _lock_open(w: Work, cadence_id: UUID, expected: Expected = None) -> asyncpg.Record:
    row = await _lock(w, cadence_id, expected)
    if row["state"] == CadenceState.ENDED:
        raise CadenceError.CADENCE_ENDED()
    return row


async def _set(w: Work, cadence_id: UUID, state: CadenceState) -> None:
    await w.execute(
        "update cadence set state = $3, version = version + 1, updated_at = now() where company_id = $1 and id = $2",
        w.company_id,
        cadence_id,
        state.value,
    )


async def _changed(w: Work, cadence_id: UUID) -> dict[str, Any]:
    """Raises Forbidden `test_key` where people of a real channel are in it."""
    await letters.reaches(w, cadence_id)
    row = await one(w, cadence_id)
    w.emit(CadenceChanged(cadence_id=cadence_id, state=CadenceState(row["state"]), version=row["version"]))
    return row
