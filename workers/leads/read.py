"""Reads what a model called: names of this look become ids, texts become what fields keep. Nothing here decides; what cannot be read is said
to be wrong, and stays visible."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec import Struct

from db.boards.enums import LeadFieldKind
from db.contacts import money
from db.proposals.checks import Evidence
from db.proposals.context import Context, LeadField
from db.proposals.enums import LeadTool
from db.proposals.enums import ProposalWhy as Why
from db.proposals.store import Proposed
from workers.assistant.clean import clean
from workers.leads.shown import Shown
from workers.llm.chat import ToolCall

REASON = 300  # characters
MOST_CENTS = 10**12
_YES = frozenset(("true", "yes", "sim", "1"))
_NO = frozenset(("false", "no", "nao", "não", "0"))


class _Proof(Struct):
    message: str = ""
    quote: str = ""


class _Call(Struct):
    """Arguments as the model wrote them, of whatever tool."""

    evidence: list[_Proof] = []
    reason: str = ""
    confidence: float = 0.0
    title: str = ""
    to_stage: str = ""
    lost_reason: str | None = None
    value: Any = None
    field: str = ""
    tag: str = ""
    person: str = ""
    due_on: str = ""
    note: str = ""
    template: str = ""
    file: str = ""
    sequence: str = ""
    time: str = ""
    values: list[dict[str, Any]] = []


Made = Mapping[str, Any] | Why
"""Arguments with ids, or what is wrong with them."""


def read(calls: Sequence[ToolCall], context: Context, shown: Shown) -> tuple[list[Proposed], list[str]]:
    """What was proposed, and names of tools that there are none of."""
    tools = {tool.value: tool for tool in LeadTool}
    known = [(tools[call.name], call) for call in calls if call.name in tools]
    unknown = [clean(call.name, 80) for call in calls if call.name not in tools]
    return [_one(tool, call.arguments, context, shown) for tool, call in known], unknown


def _one(tool: LeadTool, arguments: str, context: Context, shown: Shown) -> Proposed:
    try:
        call = msgspec.json.decode(arguments, type=_Call, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Proposed(tool, {}, [], "", 0.0, Why.MALFORMED)
    made = _ARGS[tool](call, context, shown)
    evidence = [
        Evidence(shown.messages[one.message].id if one.message in shown.messages else None, one.quote) for one in _cited(call)
    ]
    reason, confidence = clean(call.reason, REASON).strip(), _share(call.confidence)
    if isinstance(made, Why):
        return Proposed(tool, {}, evidence, reason, confidence, made)
    return Proposed(tool, dict(made), evidence, reason, confidence)


def _cited(call: _Call) -> list[_Proof]:
    """Names with or without their brackets."""
    return [_Proof(one.message.strip().strip("[]").split(" ")[0], one.quote) for one in call.evidence]


def _share(confidence: float) -> float:
    """0 to 1; some say percent."""
    return confidence / 100 if 1 < confidence <= 100 else confidence


def _create(call: _Call, context: Context, shown: Shown) -> Made:
    title = " ".join(clean(call.title, 120).split())
    return {"title": title or clean(context.contact_name, 120)}


def _move(call: _Call, context: Context, shown: Shown) -> Made:
    stage = shown.stages.get(call.to_stage)
    if stage is None:
        return Why.UNKNOWN_STAGE
    reason = clean(call.lost_reason or "", 120).strip()
    return {"stage_id": stage.id, **({"lost_reason": reason} if reason else {})}


def _value(call: _Call, context: Context, shown: Shown) -> Made:
    cents = _cents(call.value, context.region)
    return Why.MALFORMED if cents is None else {"value_cents": cents}


def _cents(value: Any, region: str) -> int | None:
    """Of a number in whole units, or of a sum as people write it."""
    if isinstance(value, str):
        return money.cents(value, region)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        cents = (Decimal(str(value)) * 100).to_integral_value()
    except InvalidOperation:
        return None
    return int(cents) if cents.is_finite() and 0 <= cents <= MOST_CENTS else None


def _field(call: _Call, context: Context, shown: Shown) -> Made:
    field = shown.fields.get(call.field)
    if field is None:
        return Why.UNKNOWN_FIELD
    value = _kept(field, call.value, context.region)
    return Why.BAD_VALUE if value is None else {"key": field.key, "value": value}


def _kept(field: LeadField, value: Any, region: str) -> str | None:
    """As the field keeps it; None where it is none of its kind."""
    if value is None or isinstance(value, list | dict):
        return None
    text = clean(str(value), 1000).strip()
    match field.kind:
        case LeadFieldKind.MONEY:
            cents = _cents(value, region)
            return None if cents is None else str(cents)
        case LeadFieldKind.CHOICE:
            return next((one for one in field.choices if one.casefold() == text.casefold()), None)
        case LeadFieldKind.BOOLEAN:
            folded = text.casefold()
            return "true" if folded in _YES else "false" if folded in _NO else None
        case LeadFieldKind.NUMBER:
            cents = money.cents(text, region) if re.fullmatch(r"[\d.,']+", text) else None
            return text if cents is None else f"{Decimal(cents) / 100:f}"
        case LeadFieldKind.DATE:
            return None if (day := _day(text)) is None else day.isoformat()
        case LeadFieldKind.TEXT:
            return text or None


def _tag(call: _Call, context: Context, shown: Shown) -> Made:
    tag = shown.tags.get(call.tag)
    return Why.UNKNOWN_TAG if tag is None else {"tag": tag}


def _assign(call: _Call, context: Context, shown: Shown) -> Made:
    person = shown.people.get(call.person)
    return Why.UNKNOWN_PERSON if person is None else {"user_id": person.id}


def _follow_up(call: _Call, context: Context, shown: Shown) -> Made:
    day = _day(call.due_on)
    return Why.BAD_DATE if day is None else {"due_on": day, "note": clean(call.note, 500).strip()}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def _send_template(call: _Call, context: Context, shown: Shown) -> Made:
    template = shown.templates.get(call.template)
    if template is None:
        return Why.NOT_OFFERED
    values = {str(one.get("placeholder", "")): clean(str(one.get("text", "")), 500).strip() for one in call.values}
    return {"template_id": template.id, "values": values}


def _send_file(call: _Call, context: Context, shown: Shown) -> Made:
    file = shown.files.get(call.file)
    return Why.NOT_OFFERED if file is None else {"file_id": file.file_id}


def _add_to_cadence(call: _Call, context: Context, shown: Shown) -> Made:
    cadence = shown.cadences.get(call.sequence)
    return Why.NOT_OFFERED if cadence is None else {"cadence_id": cadence.id}


def _book(call: _Call, context: Context, shown: Shown) -> Made:
    span = shown.times.get(call.time)
    return Why.NOT_FREE if span is None else {"starts_at": span.start}


def _cancel_booking(call: _Call, context: Context, shown: Shown) -> Made:
    return {}


_ARGS: Mapping[LeadTool, Callable[[_Call, Context, Shown], Made]] = {
    LeadTool.CREATE_LEAD: _create,
    LeadTool.MOVE_LEAD: _move,
    LeadTool.SET_VALUE: _value,
    LeadTool.SET_FIELD: _field,
    LeadTool.ADD_TAG: _tag,
    LeadTool.REMOVE_TAG: _tag,
    LeadTool.ASSIGN: _assign,
    LeadTool.FOLLOW_UP: _follow_up,
    LeadTool.SEND_TEMPLATE: _send_template,
    LeadTool.SEND_FILE: _send_file,
    LeadTool.ADD_TO_CADENCE: _add_to_cadence,
    LeadTool.BOOK: _book,
    LeadTool.CANCEL_BOOKING: _cancel_booking,
}
