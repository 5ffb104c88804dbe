"""Cadences over HTTP: thin, every rule is in db/cadences."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.cadences import (
    Cadence,
    CadenceCreate,
    CadenceEnrol,
    CadenceEnrolled,
    CadenceEnrolment,
    CadencePatch,
    CadencePeople,
    CadenceRemove,
    CadenceRemoved,
    CadenceRow,
    CadenceStep,
    ContactCadence,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.cadences import actions, enrolling, queries
from db.cadences.enums import CadenceState, EnrolmentState


def _people(row: dict[str, Any]) -> CadencePeople:
    return msgspec.convert(row["people"], CadencePeople, from_attributes=True)


def _cadence(row: dict[str, Any]) -> Cadence:
    return struct(row, Cadence, people=_people(row))


class CadenceController(Controller):
    path = "/v1/cadences"
    tags = ("Cadences",)

    @get(summary="List cadences")
    async def list_cadences(
        self,
        actor: Caller,
        states: Annotated[list[CadenceState] | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 25,
    ) -> Page[CadenceRow]:
        """Newest first, each with how many people are in it."""
        after = decode_cursor(cursor, tuple[UUID])
        rows = await queries.cadences(actor, limit=one_over(limit), after=after[0] if after else None, states=states)
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, CadenceRow, people=_people(row)))

    @post(summary="Create a cadence")
    async def create_cadence(self, actor: Caller, data: JSONBody[CadenceCreate]) -> Cadence:
        """A draft: nobody comes in before it is started."""
        return _cadence(await actions.create(actor, data.name, None if data.plan is msgspec.UNSET else data.plan))

    @get("/{cadence_id:uuid}", summary="Get a cadence")
    async def get_cadence(self, actor: Caller, cadence_id: FromPath[UUID]) -> Cadence:
        """With its ETag for If-Match."""
        return _cadence(await queries.cadence(actor, cadence_id))

    @patch("/{cadence_id:uuid}", opt={"versioned": True}, summary="Change a cadence")
    async def patch_cadence(
        self, actor: Caller, cadence_id: FromPath[UUID], data: JSONBody[CadencePatch], expected: IfMatch
    ) -> Cadence:
        """People follow the change once it is published by …/start. 409 `cadence_ended`, 412 when somebody else changed it."""
        given = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not msgspec.UNSET}
        return _cadence(await actions.edit(actor, cadence_id, **given, expected=expected))

    @delete("/{cadence_id:uuid}", opt={"versioned": True}, summary="Delete a cadence", status_code=200)
    async def delete_cadence(self, actor: Caller, cadence_id: FromPath[UUID], expected: IfMatch) -> Done:
        """One that never ran; 409 `cadence_not_deletable`, 412 when somebody else changed it."""
        await actions.delete(actor, cadence_id, expected)
        return Done()

    @post("/{cadence_id:uuid}/start", summary="Start or publish", status_code=200, opt={"rate": "send", "versioned": True})
    async def start_cadence(self, actor: Caller, cadence_id: FromPath[UUID], expected: IfMatch) -> Cadence:
        """What is edited becomes what people follow; a draft begins to run. Nobody is lost and nothing is repeated: who waits for a step that
        is still there goes on waiting for it, others go on behind their last one. 409 `cadence_not_ready` names every problem with its step."""
        return _cadence(await actions.start(actor, cadence_id, expected))

    @post("/{cadence_id:uuid}/pause", summary="Pause", status_code=200)
    async def pause_cadence(self, actor: Caller, cadence_id: FromPath[UUID]) -> Cadence:
        """Nobody moves on, and what is queued waits."""
        return _cadence(await actions.pause(actor, cadence_id))

    @post("/{cadence_id:uuid}/resume", summary="Resume", status_code=200)
    async def resume_cadence(self, actor: Caller, cadence_id: FromPath[UUID]) -> Cadence:
        """Goes on where it stopped."""
        return _cadence(await actions.resume(actor, cadence_id))

    @post("/{cadence_id:uuid}/end", summary="End for good", status_code=200)
    async def end_cadence(self, actor: Caller, cadence_id: FromPath[UUID]) -> Cadence:
        """Everybody leaves, and what is queued is cancelled."""
        return _cadence(await actions.end(actor, cadence_id))

    @post("/{cadence_id:uuid}/copy", summary="Copy", opt={"creates": "/v1/cadences"})
    async def copy_cadence(self, actor: Caller, cadence_id: FromPath[UUID]) -> Cadence:
        """A new draft with the same steps and rules, also of one that has ended. Nobody is in it."""
        return _cadence(await actions.copy(actor, cadence_id))

    @get("/{cadence_id:uuid}/steps", summary="Figures of each step")
    async def list_steps(self, actor: Caller, cadence_id: FromPath[UUID]) -> Page[CadenceStep]:
        """Who waits, who has been through, what became of the messages; over all versions."""
        found = await queries.figures(actor, cadence_id)
        items = [msgspec.convert(one, CadenceStep, from_attributes=True) for one in found]
        return Page(items=items, total=len(items))

    @get("/{cadence_id:uuid}/enrolments", summary="List people in a cadence")
    async def list_enrolments(
        self,
        actor: Caller,
        cadence_id: FromPath[UUID],
        states: Annotated[list[EnrolmentState] | None, QueryParameter(name="state")] = None,
        step_id: FromQuery[UUID | None] = None,
        search: Annotated[str | None, QueryParameter(max_length=100)] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[CadenceEnrolment]:
        """Where each stands, and why they left. `search` finds by name, phone or e-mail."""
        after = decode_cursor(cursor, tuple[UUID])
        rows = await queries.enrolments(
            actor,
            cadence_id,
            limit=one_over(limit),
            after=after[0] if after else None,
            states=states,
            step_id=step_id,
            search=search,
        )
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, CadenceEnrolment))

    @post("/{cadence_id:uuid}/enrolments", summary="Enrol people", status_code=200, opt={"rate": "send"})
    async def enrol_people(self, actor: Caller, cadence_id: FromPath[UUID], data: JSONBody[CadenceEnrol]) -> CadenceEnrolled:
        """Whoever is in it already, or asked for no more messages, stays as they are. 409 `cadence_not_running` for a draft."""
        found = await enrolling.enrol(actor, cadence_id, data.contacts)
        return CadenceEnrolled(matched=found.matched, enrolled=found.enrolled)

    @post("/{cadence_id:uuid}/remove", summary="Take people out", status_code=200)
    async def remove_people(self, actor: Caller, cadence_id: FromPath[UUID], data: JSONBody[CadenceRemove]) -> CadenceRemoved:
        """What waits to be sent to them by it is cancelled."""
        return CadenceRemoved(removed=await enrolling.remove(actor, cadence_id, data.contact_ids))


class ContactCadenceController(Controller):
    path = "/v1/contacts/{contact_id:uuid}/cadences"
    tags = ("Cadences",)

    @get(summary="Cadences of a contact")
    async def list_contact_cadences(
        self, actor: Caller, contact_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[ContactCadence]:
        """In which cadences a person is, and was: newest first. …/enrolments and …/remove of a cadence put them in and take them out."""
        after = decode_cursor(cursor, tuple[UUID])
        rows = await queries.of_contact(actor, contact_id, limit=one_over(limit), after=after[0] if after else None)
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, ContactCadence))
