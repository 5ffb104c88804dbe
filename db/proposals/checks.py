"""What becomes of a proposal: blocked, suggested or done by itself. Pure decisions over what was read; no model has a say in them, and none
parses what a model wrote (args.py, proven.py)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from db.assistant.context import Said
from db.boards.enums import LeadFieldKind, StageKind
from db.clock import now
from db.proposals import orders, proven
from db.proposals.args import (
    AddTag,
    AddToCadence,
    Assign,
    Book,
    Books,
    CancelBooking,
    CreateLead,
    FollowUp,
    Message,
    MoveLead,
    RemoveTag,
    SendFile,
    SendTemplate,
    SetField,
    SetValue,
    ToolArgs,
)
from db.proposals.context import BY_PERSON, Context, Lead, Stage
from db.proposals.enums import SUGGEST_ONLY, LeadPolicy, LeadTool
from db.proposals.enums import ProposalWhy as Why

LONGEST_QUOTE = 300
MOST_EVIDENCE = 5
FAR = timedelta(days=366)


class Quoted(Struct, frozen=True):
    """Words of a customer's message, and when it was written."""

    message_id: UUID
    quote: str
    at: datetime


class Evidence(NamedTuple):
    """As a model gives it: which message, and the words in it."""

    message_id: UUID | None  # None: it named none that it was shown
    quote: str


class Facts(NamedTuple):
    """What decides besides the context: `since`: when a person last refused or undid the same; `waits`: exactly this waits already;
    `rarely_kept`: people undo too much of what the board does by itself; `unchanged`: the lead is as it was when it was judged;
    `dictated`: something that was read gives orders to a machine."""

    since: datetime | None = None
    waits: bool = False
    rarely_kept: bool = False
    unchanged: bool = True
    dictated: bool = False


class Verdict(NamedTuple):
    """`blocked`: not even shown as a suggestion; `alone`: to be done by itself; `why`: why it is blocked or waits all the same."""

    blocked: bool
    alone: bool
    why: Why | None


def quoted(context: Context, given: Sequence[Evidence]) -> list[Quoted] | Why:
    """The evidence, each a message of this customer in this talk that has the words; or what is wrong with it."""
    if not given:
        return Why.NO_EVIDENCE
    theirs = {one.id: one for one in context.said if one.who == "customer"}
    found: list[Quoted] = []
    for each in given[:MOST_EVIDENCE]:
        message: Said | None = theirs.get(each.message_id) if each.message_id is not None else None
        if message is None:
            return Why.NOT_THEIRS
        if len(each.quote) > LONGEST_QUOTE or not proven.stands_in(each.quote, message.text):
            return Why.QUOTE_MISSING
        found.append(Quoted(message.id, each.quote.strip(), message.at))
    return found


def judge(context: Context, tool: LeadTool, args: ToolArgs, evidence: list[Quoted], confidence: float, facts: Facts) -> Verdict:
    """What becomes of it."""
    policy = context.policy(tool)
    if policy is LeadPolicy.NEVER:
        return _blocked(Why.NOT_OFFERED)
    since = facts.since
    if isinstance(args, MoveLead) and context.lead is not None and context.lead.moved_at is not None:
        since = max(context.lead.moved_at, since or context.lead.moved_at)
    if since is not None and all(one.at <= since for one in evidence):
        return _blocked(Why.NOT_NEW)
    texts = [one.text for one in context.said if one.id in {each.message_id for each in evidence}]
    wrong = _wrong(context, args, texts)
    if wrong is not None:
        return _blocked(wrong)
    if facts.waits:
        return _blocked(Why.DUPLICATE)
    if policy is LeadPolicy.SUGGEST or tool in SUGGEST_ONLY:
        return Verdict(False, False, None)
    waits = Why.READ_BEFORE if _read_before(context, evidence) else _waits(context, args, texts, confidence, facts)
    return Verdict(False, waits is None, waits)


def _blocked(why: Why) -> Verdict:
    return Verdict(True, False, why)


def _wrong(context: Context, args: ToolArgs, texts: Sequence[str]) -> Why | None:
    """Why it cannot be, whoever decides."""
    if isinstance(args, CreateLead):
        return _wrong_lead(context, args, texts)
    if isinstance(args, Message):
        return _wrong_message(context, args)
    if context.lead is None:
        return _wrong_alone(context, args)
    if _so(context.lead, args):
        return Why.ALREADY_SO
    match args:
        case MoveLead():
            return _wrong_move(context, args)
        case SetValue():
            return None if proven.says_sum(args.value_cents, texts, context.region) else Why.VALUE_UNPROVEN
        case SetField():
            return _wrong_field(context, args, texts)
        case AddTag():
            return None if _has(context.tags, args.tag) else Why.UNKNOWN_TAG
        case Assign():
            return None if any(one.id == args.user_id for one in context.people) else Why.UNKNOWN_PERSON
        case FollowUp():
            return None if context.today <= args.due_on <= context.today + FAR else Why.BAD_DATE
        case AddToCadence() | Book() | CancelBooking():
            return _wrong_beside(context, args)
        case _:
            return None


def _wrong_alone(context: Context, args: ToolArgs) -> Why | None:
    """Without a lead. Who books gets one, where the board has the AI make leads."""
    if isinstance(args, Book) and context.policy(LeadTool.CREATE_LEAD) is not LeadPolicy.NEVER:
        return _wrong_beside(context, args)
    return Why.NO_LEAD


def _so(lead: Lead, args: ToolArgs) -> bool:
    """Whether the lead is as it is to become."""
    match args:
        case MoveLead():
            return lead.stage_id == args.stage_id
        case SetValue():
            return lead.value_cents == args.value_cents
        case SetField():
            return lead.values.get(args.key) == args.value
        case AddTag() | RemoveTag():
            return _has(lead.tags, args.tag) == isinstance(args, AddTag)
        case Assign():
            return lead.owner_id == args.user_id
        case FollowUp():
            return lead.due_on == args.due_on
        case _:
            return False


def _wrong_lead(context: Context, args: CreateLead, texts: Sequence[str]) -> Why | None:
    if context.lead is not None:
        return Why.LEAD_EXISTS
    if not args.title.strip():
        return Why.MALFORMED
    if args.stage_id is not None:
        stage = stage_of(context, args.stage_id)
        if stage is None:
            return Why.UNKNOWN_STAGE
        if stage.kind is not StageKind.OPEN:
            return Why.CLOSED_STAGE
    elif not any(one.kind is StageKind.OPEN for one in context.stages):
        return Why.UNKNOWN_STAGE
    if args.value_cents is not None and not proven.says_sum(args.value_cents, texts, context.region):
        return Why.VALUE_UNPROVEN
    return None


def _wrong_move(context: Context, args: MoveLead) -> Why | None:
    stage = stage_of(context, args.stage_id)
    if stage is None:
        return Why.UNKNOWN_STAGE
    if stage.kind is not StageKind.OPEN and not context.settings.closing:
        return Why.CLOSED_STAGE
    if stage.kind is StageKind.LOST and lost_reason(context, args.lost_reason) is None:
        return Why.LOST_REASON_UNKNOWN
    return None


def _wrong_field(context: Context, args: SetField, texts: Sequence[str]) -> Why | None:
    field = next((one for one in context.fields if one.key == args.key), None)
    if field is None:
        return Why.UNKNOWN_FIELD
    if field.kind is LeadFieldKind.CHOICE and args.value not in field.choices:
        return Why.BAD_VALUE
    return Why.VALUE_UNPROVEN if proven.says_value(field.kind, args.value, texts, context.region) is False else None


def _wrong_message(context: Context, args: Message) -> Why | None:
    if isinstance(args, SendTemplate):
        found = next((one for one in context.templates if one.id == args.template_id), None)
        if found is None:
            return Why.NOT_OFFERED
        return None if set(args.values) == set(found.placeholders) and all(args.values.values()) else Why.MALFORMED
    if not any(one.file_id == args.file_id for one in context.allowed.files):
        return Why.NOT_OFFERED
    return None if context.allowed.open else Why.CANNOT_SEND


def _wrong_beside(context: Context, args: AddToCadence | Books) -> Why | None:
    match args:
        case AddToCadence():
            return _wrong_cadence(context, args)
        case Book():
            if context.allowed.booked_at == args.starts_at:
                return Why.ALREADY_SO
            return None if any(one.start == args.starts_at for one in context.allowed.times) else Why.NOT_FREE
        case CancelBooking():
            return Why.NOT_BOOKED if context.allowed.booked_at is None else None


def _wrong_cadence(context: Context, args: AddToCadence) -> Why | None:
    found = next((one for one in context.allowed.cadences if one.id == args.cadence_id), None)
    if found is None:
        return Why.NOT_OFFERED
    if context.allowed.out:
        return Why.OPTED_OUT
    return Why.IN_CADENCE if found.inside else None


def _read_before(context: Context, evidence: Sequence[Quoted]) -> bool:
    """What nothing came of then, or what a person undid since, is not done again because the customer wrote something else."""
    judged = context.judging.judged_id
    return judged is not None and all(one.message_id <= judged for one in evidence)


def _waits(context: Context, args: ToolArgs, texts: Sequence[str], confidence: float, facts: Facts) -> Why | None:
    """Why a person decides, though the board would have it done by itself."""
    if facts.dictated or any(orders.speaks_to_machine(one.text) for one in context.said if one.who == "customer"):
        return Why.SPEAKS_TO_MACHINE
    if confidence < context.settings.min_confidence:
        return Why.LOW_CONFIDENCE
    if facts.rarely_kept:
        return Why.RARELY_KEPT
    if not facts.unchanged:
        return Why.CHANGED_MEANWHILE
    if isinstance(args, SendFile):
        if not context.allowed.speaks:
            return Why.PEOPLE_ANSWER
        return Why.SENT_BEFORE if args.file_id in context.allowed.sent else None
    if context.leads > 1:
        return Why.SEVERAL_LEADS
    if isinstance(args, Books):
        return _waits_for_booking(context, args, texts)
    return _waits_for(context, context.lead, args, texts) if context.lead is not None else None


def _waits_for_booking(context: Context, args: Books, texts: Sequence[str]) -> Why | None:
    """What is booked by itself is told to the customer, so somebody must speak there; and they said the hour themselves."""
    if not (context.allowed.speaks and context.allowed.open):
        return Why.PEOPLE_ANSWER
    if isinstance(args, CancelBooking):
        return None
    if context.lead is None and context.policy(LeadTool.CREATE_LEAD) is not LeadPolicy.AUTOMATIC:
        return Why.NEEDS_A_LOOK
    return None if proven.says_hour(args.starts_at.astimezone(ZoneInfo(context.time_zone)), texts) else Why.NEEDS_A_LOOK


def _waits_for(context: Context, lead: Lead, args: ToolArgs, texts: Sequence[str]) -> Why | None:
    match args:
        case MoveLead():
            here, there = stage_of(context, lead.stage_id), stage_of(context, args.stage_id)
            assert there is not None
            ahead = there.kind is not StageKind.OPEN or (here is not None and (there.rank, there.id) > (here.rank, here.id))
            if not ahead:
                return Why.BACKWARD
            return Why.MOVED_BY_PERSON if lead.moved_at is not None and lead.moved_at > now() - BY_PERSON else None
        case SetValue():
            return None if lead.value_cents is None else Why.OVERWRITES
        case Assign():
            return None if lead.owner_id is None else Why.OVERWRITES
        case FollowUp():
            if lead.due_on is not None:
                return Why.OVERWRITES
            return None if proven.says_day(args.due_on, texts, context.today) else Why.NEEDS_A_LOOK
        case SetField():
            if lead.values.get(args.key):
                return Why.OVERWRITES
            kind = next(one.kind for one in context.fields if one.key == args.key)
            return None if proven.says_value(kind, args.value, texts, context.region) else Why.NEEDS_A_LOOK
        case _:
            return None


def stage_of(context: Context, stage_id: UUID) -> Stage | None:
    """One of this board that takes leads."""
    return next((one for one in context.stages if one.id == stage_id), None)


def lost_reason(context: Context, given: str | None) -> str | None:
    """As the board has it; on a board without reasons as it is given. None: it is none."""
    text = (given or "").strip()
    if not context.lost_reasons:
        return text or None
    wanted = proven.folded(text)
    return next((one for one in context.lost_reasons if proven.folded(one) == wanted), None)


def tag_of(context: Context, given: str) -> str:
    """As the board writes it."""
    return next((one for one in context.tags if one.casefold() == given.strip().casefold()), given.strip())


def _has(tags: Sequence[str], tag: str) -> bool:
    return any(one.casefold() == tag.strip().casefold() for one in tags)
