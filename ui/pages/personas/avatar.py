"""How a persona looks: an emoji on its colour, or its initials."""

from typing import Literal

from nicegui import ui

from api.contract.enums import StageColor
from ui.components.text import initials


def persona_avatar(name: str, emoji: str, color: StageColor, size: Literal["", "tiny", "big"] = "") -> ui.label:
    element = ui.label(emoji or initials(name)).classes(
        f"m-avatar m-persona-face m-stage-{color.value}" + (f" m-{size}" if size else "")
    )
    element.props["aria-hidden"] = "true"
    return element
