"""The steps of a hook, done in one transaction: all of them, or none. What protects people from messages leaves the message out, and the
rest is done.

Locks are taken in everybody's order: channels, campaigns, the contact, the stage, leads.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from db.boards import leads, moves, rule_runs, rule_sends
from db.boards.enums import RunReason, StageKind
from db.boards.errors import BoardError
from db.boards.rank import between
from db.boards.rule import SendTemplate as Letter
from db.boards.rule import SlotBinding
from db.cadences import enrolling
from db.cadences.enums import Joined
from db.campaigns import enrol
from db.campaigns.enums import Enrolment
from db.contacts import found, tags
from db.contacts.errors import ContactError
from db.contacts.events import ContactsChanged
from db.errors import AppError, Field, FieldCode, RequestError
from db.incoming.enums import LeadChoice, LeadDone
from db.incoming.errors import IncomingField
from db.incoming.plan import CadencePlan, ContactPlan, EnrolPlan, LeadPlan, Plan, StepPlan, TagPlan, TemplatePlan
from db.messages import answers
from db.messages.enums import SkipReason
from db.work import Work

MOST_A_LEAD = 20
"""Changes of one lead by hooks within an hour: beyond that something calls in a circle."""
_OPEN_LEAD = f"""
select l.id from lead l join stage s on s.company_id = $1 and s.id = l.stage_id
where l.company_id = $1 and l.board_id = $2 and l.contact_id = $3 and s.kind = '{StageKind.OPEN}' order by l.id desc limit 1
"""
_RECENT = """
select count(*) from incoming_delivery where company_id = $1 and lead_id = $2 and done_at > now() - interval '1 hour'
"""
_REASONS = {
    RunReason.OPTED_OUT: IncomingField.OPTED_OUT,
    RunReason.NO_ADDRESS: IncomingField.NO_ADDRESS,
    RunReason.CHANNEL_GONE: IncomingField.CHANNEL_GONE,
    RunReason.TEMPLATE_GONE: IncomingField.TEMPLATE_GONE,
    RunReason.TEMPLATE_PAUSED: IncomingField.TEMPLATE_GONE,
    RunReason.TEMPLATE_CHANGED: IncomingField.TEMPLATE_CHANGED,
}
_LEFT_OUT: dict[Enrolment | SkipReason, FieldCode] = {
    Enrolment.ALREADY: IncomingField.IN_CAMPAIGN,
    Enrolment.GONE: IncomingField.CAMPAIGN_GONE,
    Enrolment.OVER: IncomingField.CAMPAIGN_OVER,
    Enrolment.RULED: IncomingField.CAMPAIGN_RULED,
    Enrolment.CHANNEL_GONE: IncomingField.CHANNEL_GONE,
    Enrolment.TEMPLATE_GONE: IncomingField.TEMPLATE_GONE,
    SkipReason.OPTED_OUT: IncomingField.OPTED_OUT,
    SkipReason.NO_ADDRESS: IncomingField.NO_ADDRESS,
}
_NOT_JOINED: dict[Joined, FieldCode] = {
    Joined.ALREADY: IncomingField.IN_CADENCE,
    Joined.OPTED_OUT: IncomingField.CADENCE_OUT,
    Joined.OVER: IncomingField.CADENCE_OVER,
    Joined.GONE: IncomingField.CADENCE_GONE,
}
_REFUSALS = {
    BoardError.BOARD_ARCHIVED: (IncomingField.BOARD_ARCHIVED, "board_id"),
    BoardError.STAGE_LEAVING: (IncomingField.STAGE_LEAVING, "stage_id"),
    BoardError.LOST_REASON_MISSING: (IncomingField.LOST_REASON, "stage_id"),
}
"""What an action refuses as a whole, and of which field of a step it is told."""


class Refused(Exception):
    """Nothing was done."""

    def __init__(self, problems: list[Field]) -> None:
        super().__init__(problems)
        self.problems = problems


class Effects:
    """What was done so far. `problems`: what was left out."""

    def __init__(self) -> None:
        self.contact_id: UUID | None = None
        self.contact_made = False
        self.lead_id: UUID | None = None
        self.lead_done: LeadDone | None = None
        self.message_id: UUID | None = None
        self.message_text: str | None = None
        self.campaign_id: UUID | None = None
        self.cadence_id: UUID | None = None
        self.problems: list[Field] = []


async def carry_out(w: Work, plan: Plan) -> Effects:
    """Raises Refused, naming the field of a step."""
    if plan.problems:
        raise Refused(plan.problems)
    effects = Effects()
    for step in plan.steps:
        if isinstance(step, TemplatePlan):
            await rule_sends.hold_channel(w, _letter(step))
    for step in plan.steps:
        if isinstance(step, EnrolPlan):
            await enrol.hold(w, step.campaign_id)
        elif isinstance(step, CadencePlan):
            await enrolling.hold(w, step.cadence_id)
    held = False
    for step in plan.steps:
        try:
            await _do(w, step, effects)
        except AppError as error:
            if error.status >= 500 or error.code is ContactError.TAG_BUSY:  # the job tries it again
                raise
            raise Refused(problems_of(error, step.at)) from None
        if not held and effects.contact_id is not None:
            held = True
            if any(isinstance(one, TemplatePlan | EnrolPlan | CadencePlan) for one in plan.steps):
                await answers.hold_still(w, effects.contact_id)
    return effects


def problems_of(error: AppError, at: str) -> list[Field]:
    """What an action refused, as the fields of a step."""
    if error.fields:
        return [replace(field, path=f"{at}.{_place(field.path)}") for field in error.fields]
    if error.status == 404:
        what = str(error.params.get("what", ""))
        return [IncomingField.UNKNOWN_TARGET(f"{at}.{what}_id" if what in ("board", "stage", "template") else at)]
    code, place = next((told for refused, told in _REFUSALS.items() if error.code is refused), (IncomingField.REFUSED, ""))
    return [code(f"{at}.{place}" if place else at)]


def _place(path: str) -> str:
    """The values of own fields are `fields` in every step."""
    head, dot, rest = path.partition(".")
    return f"{'fields' if head in ('custom', 'values') else head}{dot}{rest}"


async def _do(w: Work, step: StepPlan, effects: Effects) -> None:
    match step:
        case ContactPlan():
            who = await found.upsert_in(
                w,
                phone=step.phone,
                email=step.email,
                name=step.name,
                custom=step.fields,
                source="api",
                external_id=step.external_id,
            )
            effects.contact_id, effects.contact_made = who
        case TagPlan():
            await _tag(w, step, effects)
        case LeadPlan():
            await _lead(w, step, effects)
        case TemplatePlan():
            await _write(w, step, effects)
        case EnrolPlan():
            await _enrol(w, step, effects)
        case CadencePlan():
            await _join(w, step, effects)


async def _tag(w: Work, step: TagPlan, effects: Effects) -> None:
    assert effects.contact_id is not None
    if step.tags:
        await tags.add_tags(w, [effects.contact_id], await tags.ensure_tags(w, step.tags))
        w.emit(ContactsChanged(contact_id=effects.contact_id))


async def _lead(w: Work, plan: LeadPlan, effects: Effects) -> None:
    step = plan.step
    goal = None if step.stage_id is None else await moves.target(w, step.stage_id)
    if goal is not None and goal["board_id"] != step.board_id:
        raise RequestError.NOT_FOUND(what="stage")
    open_id: UUID | None = None
    if step.choice is LeadChoice.MOVE:
        open_id = await w.fetchval(_OPEN_LEAD, w.company_id, step.board_id, effects.contact_id)
    if open_id is None:
        row = await leads.create_in(
            w,
            board_id=step.board_id,
            stage_id=step.stage_id,
            title=plan.title,
            contact_id=effects.contact_id,
            conversation_id=None,
            value_cents=plan.value_cents,
            tags=plan.tags,
            values=plan.fields,
        )
        effects.lead_id, effects.lead_done = row["id"], LeadDone.MADE
        return
    lead = await leads.lock(w, open_id, None)
    if await w.fetchval(_RECENT, w.company_id, open_id) >= MOST_A_LEAD:
        raise RequestError.INVALID(fields=[IncomingField.LOOP("stage_id", most=MOST_A_LEAD)])
    effects.lead_id, effects.lead_done = open_id, LeadDone.CHANGED
    changes: dict[str, Any] = {}
    if plan.value_cents is not None:
        changes["value_cents"] = plan.value_cents
    if plan.tags:
        changes["tags"] = [*lead["tags"], *plan.tags][:20]
    if plan.fields:
        changes["values"] = plan.fields
    if changes:
        await leads.change_in(w, open_id, **changes)
    if goal is not None and goal["id"] != lead["stage_id"]:
        lead = await leads.lock(w, open_id, None)
        first = await w.fetchval(leads.FIRST, w.company_id, goal["id"], [open_id])
        await moves.move_in(w, lead, goal, between(None, first), lost_reason=None, chain=rule_runs.Chain())
        effects.lead_done = LeadDone.MOVED


def _letter(step: TemplatePlan) -> Letter:
    bindings = [SlotBinding(placeholder=key, source="constant", fallback=value) for key, value in step.values]
    return Letter(template_id=step.step.template_id, bindings=bindings)


async def _write(w: Work, step: TemplatePlan, effects: Effects) -> None:
    assert effects.contact_id is not None
    written = await rule_sends.send(w, effects.contact_id, _letter(step), purpose="hook")
    if isinstance(written, RunReason):
        code: FieldCode = _REASONS.get(written, IncomingField.NOT_WRITTEN)
        effects.problems.append(code(f"{step.at}.template_id"))
    else:
        effects.message_id, effects.message_text = written


async def _enrol(w: Work, step: EnrolPlan, effects: Effects) -> None:
    assert effects.contact_id is not None
    done = await enrol.enrol(w, step.campaign_id, effects.contact_id)
    if done in (Enrolment.QUEUED, Enrolment.CHOSEN):
        effects.campaign_id = step.campaign_id
    else:
        effects.problems.append(_LEFT_OUT.get(done, IncomingField.NOT_ENROLLED)(f"{step.at}.campaign_id"))


async def _join(w: Work, step: CadencePlan, effects: Effects) -> None:
    assert effects.contact_id is not None
    done = await enrolling.join(w, step.cadence_id, effects.contact_id)
    if done is Joined.IN:
        effects.cadence_id = step.cadence_id
    else:
        effects.problems.append(_NOT_JOINED[done](f"{step.at}.cadence_id"))


def as_json(problems: list[Field]) -> str:
    """How problems are kept with a delivery: `field, code, message, params`."""
    rows = [{"field": one.path, "code": one.code.value, "message": one.message, "params": dict(one.params)} for one in problems]
    return msgspec.json.encode(rows).decode()
