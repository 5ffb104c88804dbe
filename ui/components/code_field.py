"""A code of the second factor, as people type it."""

from collections.abc import Callable
from typing import Any

from ui.components.forms import Field, text_field
from ui.i18n import _

LEAST = 6


def code_field(on_enter: Callable[[], Any], *, hint: str = "") -> Field[str]:
    """Six digits or a recovery code; phones offer what the app has copied."""
    field = text_field(_("Code from the app"), limit=40, autocomplete="one-time-code", on_enter=on_enter, hint=hint)
    field.control.props.update({"autocapitalize": "off", "spellcheck": "false"})
    return field


def too_short(code: str) -> str:
    """What is wrong with a code before it is sent, if anything."""
    return _("A code has at least 6 digits.") if len(code.strip()) < LEAST else ""
