"""A value of a field that the company made for its contacts: the control in which it is written, and how one reads it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from api.contract.contacts import CustomField
from api.contract.enums import CustomFieldKind
from ui import formats
from ui.components.forms import Field, select_field, text_field
from ui.i18n import _


def options(field: CustomField, value: str) -> Mapping[str, str] | None:
    """What there is to choose from, a value included that is no longer offered; None where it is written."""
    match field.kind:
        case CustomFieldKind.CHOICE:
            return {"": "–", **{one: one for one in (*field.choices, value) if one}}
        case CustomFieldKind.BOOLEAN:
            return {"": "–", "true": _("Yes"), "false": _("No"), **({value: value} if value not in ("", "true", "false") else {})}
        case _:
            return None


def control(field: CustomField, value: str) -> Field[Any]:
    if (choices := options(field, value)) is not None:
        return select_field(field.label, choices, value, search=len(choices) > 10)
    made = text_field(field.label, value, kind="date" if field.kind is CustomFieldKind.DATE else "text", limit=500)
    if field.kind is CustomFieldKind.NUMBER:
        made.control.props["inputmode"] = "decimal"
    return made


def shown(field: CustomField, value: str) -> str:
    """As one reads it; a date that is none stays as it is."""
    if field.kind is CustomFieldKind.DATE:
        try:
            return formats.day(date.fromisoformat(value))
        except ValueError:
            return value
    return (options(field, value) or {}).get(value, value)
