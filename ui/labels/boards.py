"""Words for boards: kinds and colours of stages, when a lead is due, and what became of it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from api.contract.boards import LeadChange, Stage
from api.contract.enums import LeadEvent, LeadFieldKind, StageColor, StageKind
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, pgettext


def stage_kinds() -> Mapping[StageKind, str]:
    return {
        StageKind.OPEN: pgettext("stage", "Open"),
        StageKind.WON: pgettext("stage", "Won"),
        StageKind.LOST: pgettext("stage", "Lost"),
    }


def stage_colors() -> Mapping[StageColor, str]:
    return {
        StageColor.GRAY: _("Gray"),
        StageColor.BLUE: _("Blue"),
        StageColor.VIOLET: _("Violet"),
        StageColor.AMBER: _("Amber"),
        StageColor.GREEN: _("Green"),
        StageColor.RED: _("Red"),
        StageColor.PINK: _("Pink"),
        StageColor.TEAL: _("Teal"),
    }


def field_kinds() -> Mapping[LeadFieldKind, str]:
    return {
        LeadFieldKind.TEXT: _("Text"),
        LeadFieldKind.NUMBER: _("Number"),
        LeadFieldKind.MONEY: _("Amount"),
        LeadFieldKind.DATE: _("Date"),
        LeadFieldKind.CHOICE: _("Choice"),
        LeadFieldKind.BOOLEAN: _("Yes or no"),
    }


def yes_or_no() -> Mapping[str, str]:
    """The values of such a field."""
    return {"true": _("Yes"), "false": _("No")}


def own_value(kind: LeadFieldKind, value: str, currency: str) -> str:
    """A value of a board's field, as one reads it."""
    match kind:
        case LeadFieldKind.NUMBER:
            return formats.number(float(value), 15)
        case LeadFieldKind.MONEY:
            return formats.money(int(value), currency)
        case LeadFieldKind.DATE:
            return formats.day(date.fromisoformat(value))
        case LeadFieldKind.BOOLEAN:
            return yes_or_no()[value]
        case _:
            return value


def today() -> date:
    """The day it is where the company is."""
    return datetime.now(formats.zone()).date()


def due(value: date) -> tuple[str, Tone]:
    """When a lead is due, short, and how pressing that is."""
    now = today()
    if value < now:
        return (_("yesterday") if value == now - timedelta(days=1) else formats.short_day(value)), "bad"
    if value == now:
        return _("today"), "warn"
    return (_("tomorrow") if value == now + timedelta(days=1) else formats.short_day(value)), "quiet"


def lead_fields() -> Mapping[str, str]:
    """The fields of a lead that its history names."""
    return {
        "title": _("Title"),
        "contact_id": _("Contact"),
        "conversation_id": _("Conversation"),
        "value_cents": _("Value"),
        "owner_id": pgettext("lead", "Owner"),
        "due_on": _("Due"),
        "tags": _("Tags"),
        "values": _("Own fields"),
    }


def happened(change: LeadChange) -> tuple[str, str]:
    """What became of a lead, in a sentence, and the particulars or ""."""
    to, left = (stage.name if stage else "" for stage in (change.to_stage, change.from_stage))
    match change.kind:
        case LeadEvent.CREATED:
            return _("Created in {stage}").format(stage=to), ""
        case LeadEvent.MOVED:
            text = _("From {stage} to {to}").format(stage=left, to=to) if left else _("Moved to {stage}").format(stage=to)
            return text, _("Reason: {reason}").format(reason=change.lost_reason) if change.lost_reason else ""
        case LeadEvent.MOVED_BACK:
            return _("Moved back from {stage} to {to}").format(stage=left, to=to), ""
        case LeadEvent.UPDATED:
            names = lead_fields()
            return _("Changed"), ", ".join(names.get(field, field) for field in change.fields)
        case LeadEvent.NOTED:
            return _("Note added"), ""
        case LeadEvent.STOPPED:
            return _("A rule was stopped"), _("It would have moved this in a circle, to {stage} once more.").format(stage=to)


def tone(change: LeadChange) -> Tone:
    match change.kind:
        case LeadEvent.CREATED:
            return "info"
        case LeadEvent.MOVED:
            return "bad" if change.lost_reason else "ok"
        case LeadEvent.STOPPED:
            return "warn"
        case _:
            return "quiet"


def offered(stages: Iterable[Stage], now: UUID | None = None) -> dict[UUID, str]:
    """The stages to choose from: those that take leads, and the one that is chosen now."""
    return {stage.id: stage.name for stage in stages if stage.moving_to is None or stage.id == now}
