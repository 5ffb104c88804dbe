"""What differs between two versions of a persona, said by place."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.conversations import OpenHours
from api.contract.personas import FollowUpStep, Goal, PersonaConfig, Rule
from ui import formats
from ui.components.text import Text
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels import personas as labels


class Change(NamedTuple):
    """`before` and `after` are lines; what stands in both is left out."""

    place: str
    before: list[str]
    after: list[str]


def changes(old: PersonaConfig, new: PersonaConfig, names: Mapping[UUID, str] | None = None) -> list[Change]:
    """In the order of the document. `names`: of what ids stand for."""
    return list(_changes(old, new, "", names or {}))


def _changes(old: Any, new: Any, path: str, names: Mapping[UUID, str]) -> Iterator[Change]:
    for name in new.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        here = f"{path}.{name}" if path else name
        if isinstance(after, msgspec.Struct):
            yield from _changes(before, after, here, names)
            continue
        was, now = _lines(_plain(name, before), names), _lines(_plain(name, after), names)
        yield Change(_place(here), [one for one in was if one not in now], [one for one in now if one not in was])


def _plain(name: str, value: Any) -> Any:
    """Times as people write them."""
    if value is None:
        return None
    if name == "weekdays":
        return [conversation_labels.weekday(day) for day in value]
    if name.endswith("_cents"):
        return formats.number(value / 100, 2)
    if name.endswith("_minutes"):
        return formats.duration(value * 60)
    return f"{value // 60:02}:{value % 60:02}" if name.endswith("_minute") else value


def _lines(value: Any, names: Mapping[UUID, str]) -> list[str]:
    if isinstance(value, list):
        return [_said(one, names) for one in value]
    if isinstance(value, str):
        return [line for line in value.splitlines() if line.strip()]
    return [] if value is None else [_said(value, names)]


def _said(value: Any, names: Mapping[UUID, str]) -> str:
    match value:
        case Goal():
            named = f"{value.label} · {value.key}"  # the key says where it is kept
            return named if value.required else _("{name} (not needed)").format(name=named)
        case Rule():
            checked = f" · {labels.checks()[value.check]}" if value.check else ""
            return f"{labels.rule_kinds()[value.kind]}: {value.text}{checked}"
        case OpenHours():
            day = conversation_labels.weekday(value.weekday)
            return f"{day} {value.opens // 60:02}:{value.opens % 60:02}-{value.closes // 60:02}:{value.closes % 60:02}"
        case FollowUpStep():
            return f"{formats.duration(value.after_minutes * 60)}: {value.goal}"
        case bool():
            return _("Yes") if value else _("No")
        case UUID():
            return names.get(value, _("(gone)"))
        case Enum():
            return _word(value)
        case int():
            return formats.number(value)
        case _:
            return str(value)


def _word(value: Enum) -> str:
    for table in (
        labels.tones, labels.languages, labels.emoji_uses, labels.policies, labels.outside, labels.inactivity,
    ):  # fmt: skip
        words: Mapping[Any, str] = table()
        if type(next(iter(words))) is type(value):
            return words[value]
    presets: Mapping[Any, labels.Named] = labels.presets()
    return presets[value].name if value in presets else str(value.value)


def _place(path: str) -> str:
    """The name that the field has in the editor."""
    part, _dot, name = path.partition(".")
    if part == "tools":
        return labels.tools()[name].name
    return _places().get(path) or _places().get(part) or path


def _places() -> Mapping[str, str]:
    return {
        "identity.display_name": _("Name that customers see"), "identity.role": _("What it is"), "identity.tone": _("Tone"),
        "identity.languages": _("Languages"), "identity.emoji": _("Emoji"), "identity.discloses_ai": _("Says that it is an AI"),
        "instructions": _("Instructions"), "goals": _("What it finds out"), "rules": _("What it always and never does"),
        "allowed_hosts": _("Sites that it may link to"), "knowledge_base_ids": _("Knowledge"),
        "model": _("Model"), "turn": _("How it takes its turn"),
        "hours.open": _("Hours of its own"), "hours": _("Hours of its own"), "followup": _("Asking again"),
        "handover.team_id": _("To whom"), "handover.value_over_cents": _("When it is about more than"), "handover.topics": _("When it is about one of these"),
        "handover.message": _("What it says then"), "handover.returns_after_minutes": _("It takes the conversation back"), "handover": _("When a person takes over"),
        "inactivity": _("When the customer says nothing more"), "budget": _("What it may cost"),
    }  # fmt: skip


def draw_changes(found: list[Change]) -> None:
    """One block for each place: what goes is struck out, what comes is marked."""
    if not found:
        Text("p", _("Nothing differs."), "m-hint")
        return
    with ui.element("div").classes("m-diff"):
        for one in found:
            with ui.element("div").classes("m-diff-place"):
                ui.label(one.place).classes("m-strong")
                for line in one.before:
                    Text("del", line, "m-diff-old")
                for line in one.after:
                    Text("ins", line, "m-diff-new")
