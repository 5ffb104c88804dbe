"""Cadences: sequences of steps that people are enrolled in."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import Input, Output, Title, example
from api.contract.contacts import ContactFilter, Moment
from db.cadences.enums import CadenceState, EnrolmentState, EntrySource, StopReason
from db.cadences.plan import CLOCK as CLOCK
from db.cadences.plan import Branch as Branch
from db.cadences.plan import Condition as Condition
from db.cadences.plan import FieldEquals as FieldEquals
from db.cadences.plan import Goal as Goal
from db.cadences.plan import LeadInStage as LeadInStage
from db.cadences.plan import Plan as Plan
from db.cadences.plan import Replied as Replied
from db.cadences.plan import Send as Send
from db.cadences.plan import Step as Step
from db.cadences.plan import StepBinding as StepBinding
from db.cadences.plan import Tagged as Tagged
from db.cadences.plan import Wait as Wait
from db.cadences.plan import WaitUntil as WaitUntil
from db.cadences.plan import WasRead as WasRead
from db.cadences.plan import WritingHours as WritingHours
from db.cadences.plan import fresh as fresh
from db.cadences.plan import never_yes as never_yes

CadenceName = Annotated[Title, example("Boas-vindas")]
ExamplePlan = Annotated[
    Plan,
    example({"steps": [{"kind": "wait", "id": "0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42", "minutes": 1440}], "stop_on_reply": True}),
]


class CadenceCreate(Input):
    """POST /v1/cadences → Cadence (draft)."""

    name: CadenceName
    plan: ExamplePlan | UnsetType = UNSET


class CadencePatch(Input):
    """PATCH /v1/cadences/{id} with If-Match, in whatever state but `ended`: people follow the change once it is published (…/start)."""

    name: CadenceName | UnsetType = UNSET
    plan: ExamplePlan | UnsetType = UNSET


class CadencePeople(Output):
    """Who came in: entered = active + done + stopped."""

    entered: int
    active: int
    done: int  # came to the end
    stopped: int  # left before it
    stopped_by: dict[str, int]  # StopReason → how many


class CadenceRow(Output):
    """GET /v1/cadences?state= → Page[CadenceRow], newest first."""

    id: UUID
    name: Annotated[str, example("Boas-vindas")]
    state: CadenceState
    changed: bool  # what is edited is not what people follow
    people: CadencePeople
    version: int
    created_at: Moment
    updated_at: Moment


class Cadence(Output):
    """GET /v1/cadences/{id} (with ETag). POST …/start publishes what is edited: a draft begins to run. …/pause, …/resume, …/end → Cadence.
    …/copy → a new draft. DELETE: those that never ran."""

    id: UUID
    name: Annotated[str, example("Boas-vindas")]
    state: CadenceState
    plan: Plan  # as it is edited
    live: int | None  # the number of the version that people follow
    changed: bool  # what is edited is not what people follow
    people: CadencePeople
    version: int  # for If-Match, as in ETag
    created_by: str | None
    created_at: Moment
    updated_at: Moment


class CadenceStep(Output):
    """GET /v1/cadences/{id}/steps → Page[CadenceStep]: every step that is edited or followed, over all versions."""

    step_id: UUID
    waiting: int  # people who stand at it
    unsent: int  # of them, those whose last message has not left yet: their wait begins when it does
    reached: int  # who have been through it
    yes: int  # of a branch
    no: int
    skipped: int  # of a step that writes: who got nothing
    queued: int  # messages that wait for their turn
    sent: int
    delivered: int
    read: int
    replied: int
    failed: int
    problem: (
        str | None
    )  # why nobody goes on: a reason as in a campaign's progress, `step_gone` or `goal_gone` for what was deleted


class CadenceEnrolment(Output):
    """GET /v1/cadences/{id}/enrolments?state=&step_id=&search= → Page[CadenceEnrolment], newest first."""

    id: UUID
    contact_id: UUID
    name: Annotated[str, example("Beatriz Souza")]
    state: EnrolmentState
    reason: StopReason | None
    source: EntrySource
    step_id: UUID | None  # the one that comes next
    awaits_message: bool  # what the cadence wrote to them has not left yet: `due_at` is counted anew once it has
    due_at: Moment
    entered_at: Moment
    ended_at: Moment | None


class ContactCadence(Output):
    """GET /v1/contacts/{id}/cadences → Page[ContactCadence], newest first: each time that the person came into one."""

    id: UUID  # of the enrolment
    cadence_id: UUID
    cadence: Annotated[str, example("Boas-vindas")]
    cadence_state: CadenceState
    state: EnrolmentState
    reason: StopReason | None
    source: EntrySource
    awaits_message: bool  # what the cadence wrote to them has not left yet
    entered_at: Moment
    ended_at: Moment | None


class CadenceEnrol(Input):
    """POST /v1/cadences/{id}/enrolments → CadenceEnrolled. Nobody stands in a cadence twice; who asked for no more messages stays out."""

    contacts: Annotated[ContactFilter, example({"ids": ["0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42"]})]


class CadenceEnrolled(Output):
    matched: int  # people that the filter names
    enrolled: int  # of them, so many came in now


class CadenceRemove(Input):
    """POST /v1/cadences/{id}/remove → CadenceRemoved: what waits to be sent to them is cancelled."""

    contact_ids: Annotated[list[UUID], Meta(min_length=1, max_length=1000), example(["0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42"])]


class CadenceRemoved(Output):
    removed: int
