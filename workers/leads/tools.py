"""The tools that a model may call to propose something: strict schemas in which only names of this look can stand."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from db.boards.enums import LeadFieldKind, StageKind
from db.proposals.context import Context
from db.proposals.enums import LeadTool
from workers.assistant.clean import clean
from workers.leads.shown import Shown
from workers.llm.chat import Tool

Schema = dict[str, Any]
NAME = 80  # characters of a name
_KINDS = {
    LeadFieldKind.TEXT: "text, in the customer's words",
    LeadFieldKind.NUMBER: "number, as 1234.5",
    LeadFieldKind.MONEY: "sum, as 1234.50",
    LeadFieldKind.DATE: "day, as 2026-01-31",
    LeadFieldKind.BOOLEAN: "true or false",
}


def offered(context: Context, shown: Shown) -> list[Tool]:
    """Those that make sense now and that the board does not forbid."""
    return [_MADE[tool](context, shown) for tool in context.offered() if _worth(tool, shown)]


def _worth(tool: LeadTool, shown: Shown) -> bool:
    return tool is not LeadTool.MOVE_LEAD or len(shown.stages) > 1


def _tool(name: LeadTool, description: str, **own: Schema) -> Tool:
    proof: dict[str, Schema] = {
        "evidence": {
            "type": "array",
            "description": "Messages of the customer that prove it, with the words in them, copied letter by letter.",
            "items": _object(
                message=_text("m1, m2, …: never one of ours."), quote=_text("At most 200 characters of that message.")
            ),
        },
        "reason": _text("One short sentence for the colleagues: what the customer said that proves it."),
        "confidence": {"type": "number", "description": "0 to 1: how sure a careful colleague would be, knowing only this talk."},
    }
    return Tool(name=name.value, description=description, parameters=_object(**own, **proof))


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _one_of(names: Mapping[str, str]) -> Schema:
    """One of these names; what each stands for is told beside it."""
    told = "\n".join(f"{name}: {clean(text, NAME)}" for name, text in names.items())
    return {"type": "string", "enum": list(names), "description": told}


def _create(context: Context, shown: Shown) -> Tool:
    return _tool(
        LeadTool.CREATE_LEAD,
        "Makes a lead of this customer: they want to buy or asked for an offer, and there is no open lead yet.",
        title=_text("What it is about in a few words, as the customer calls it."),
    )


def _move(context: Context, shown: Shown) -> Tool:
    ways = {StageKind.OPEN: "", StageKind.WON: " (won)", StageKind.LOST: " (lost)"}
    stages = {name: f"{stage.name}{ways[stage.kind]}" for name, stage in shown.stages.items()}
    own: dict[str, Schema] = {"to_stage": _one_of(stages)}
    if any(stage.kind is StageKind.LOST for stage in shown.stages.values()):
        reasons = [clean(one, NAME) for one in context.lost_reasons]
        why: Schema = {"type": ["string", "null"], "description": "Only for a lost stage: why it is lost."}
        own["lost_reason"] = {**why, "enum": [*reasons, None]} if reasons else why
    return _tool(LeadTool.MOVE_LEAD, "Moves the lead to the stage that what the customer said last belongs to.", **own)


def _value(context: Context, shown: Shown) -> Tool:
    told = f"In {context.currency}, as 1234.50: a sum that the customer named."
    return _tool(
        LeadTool.SET_VALUE,
        "Sets what the lead is worth: the sum that the customer wants to spend or agreed to. Not a price that they ask about.",
        value={"type": "number", "description": told},
    )


def _field(context: Context, shown: Shown) -> Tool:
    told = {}
    for key, field in shown.fields.items():
        kind = _KINDS.get(field.kind) or "one of " + " | ".join(clean(one, NAME) for one in field.choices)
        told[key] = f"{field.label}; {kind}"
    return _tool(
        LeadTool.SET_FIELD,
        "Writes down a fact that the customer told. Once for each field.",
        field=_one_of({key: clean(text, 400) for key, text in told.items()}) | {"description": _lines(told)},
        value=_text("As the field holds it."),
    )


def _lines(told: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {clean(text, 400)}" for name, text in told.items())


def _add_tag(context: Context, shown: Shown) -> Tool:
    has = {one.casefold() for one in context.lead.tags} if context.lead is not None else set()
    tags = {name: tag for name, tag in shown.tags.items() if tag.casefold() not in has}
    return _tool(LeadTool.ADD_TAG, "Marks the lead with a tag that says what the customer told.", tag=_one_of(tags or shown.tags))


def _remove_tag(context: Context, shown: Shown) -> Tool:
    has = {one.casefold() for one in context.lead.tags} if context.lead is not None else set()
    tags = {name: tag for name, tag in shown.tags.items() if tag.casefold() in has}
    return _tool(LeadTool.REMOVE_TAG, "Takes a tag away that the customer's words make wrong.", tag=_one_of(tags or shown.tags))


def _assign(context: Context, shown: Shown) -> Tool:
    people = {name: one.name for name, one in shown.people.items()}
    return _tool(LeadTool.ASSIGN, "Gives the lead to the colleague whom the customer asks for.", person=_one_of(people))


def _follow_up(context: Context, shown: Shown) -> Tool:
    return _tool(
        LeadTool.FOLLOW_UP,
        "Notes the day on which the customer wants to hear of us again.",
        due_on={"type": "string", "format": "date", "description": "As 2026-01-31."},
        note=_text("What to do then, in a few words."),
    )


def _send_template(context: Context, shown: Shown) -> Tool:
    told = {name: f"{one.name}: {clean(one.text, 300)}" for name, one in shown.templates.items()}
    value = _object(placeholder=_text("Its name."), text=_text("What is written there, from this talk."))
    return _tool(
        LeadTool.SEND_TEMPLATE,
        "Suggests to send a template that answers what the customer asks to be sent.",
        template=_one_of(told) | {"description": _lines(told)},
        values={"type": "array", "description": "Each placeholder of the template.", "items": value},
    )


def _send_file(context: Context, shown: Shown) -> Tool:
    told = {name: one.name for name, one in shown.files.items()}
    return _tool(
        LeadTool.SEND_FILE,
        "Sends one of these files, which the customer asks for or whose content they ask about.",
        file=_one_of(told),
    )


def _add_to_cadence(context: Context, shown: Shown) -> Tool:
    told = {name: one.name for name, one in shown.cadences.items()}
    return _tool(
        LeadTool.ADD_TO_CADENCE,
        "Puts the customer into a sequence of later messages: only one whose name says what they want to be written about.",
        sequence=_one_of(told),
    )


def _book(context: Context, shown: Shown) -> Tool:
    zone = ZoneInfo(context.time_zone)
    told = {name: f"{one.start.astimezone(zone):%A %Y-%m-%d %H:%M}" for name, one in shown.times.items()}
    return _tool(
        LeadTool.BOOK,
        "Books the free time that the customer chose, or moves their appointment to it: only a day and an hour that they agreed to.",
        time=_one_of(told),
    )


def _cancel_booking(context: Context, shown: Shown) -> Tool:
    return _tool(
        LeadTool.CANCEL_BOOKING, "Cancels the customer's appointment: they say that they do not come and want no other time."
    )


_MADE: Mapping[LeadTool, Callable[[Context, Shown], Tool]] = {
    LeadTool.CREATE_LEAD: _create,
    LeadTool.MOVE_LEAD: _move,
    LeadTool.SET_VALUE: _value,
    LeadTool.SET_FIELD: _field,
    LeadTool.ADD_TAG: _add_tag,
    LeadTool.REMOVE_TAG: _remove_tag,
    LeadTool.ASSIGN: _assign,
    LeadTool.FOLLOW_UP: _follow_up,
    LeadTool.SEND_TEMPLATE: _send_template,
    LeadTool.SEND_FILE: _send_file,
    LeadTool.ADD_TO_CADENCE: _add_to_cadence,
    LeadTool.BOOK: _book,
    LeadTool.CANCEL_BOOKING: _cancel_booking,
}
