"""A colour to choose, and the dot that shows it. A colour is #rrggbb; anything else is drawn as none."""

import re
from collections.abc import Sequence

from nicegui import ui

from ui.components.text import Text, icon
from ui.labels.conversations import LABEL_COLORS, color_name

_COLOR = re.compile(r"#[0-9a-f]{6}")


def shown_color(color: str) -> str:
    """The colour; "" for anything else."""
    return color if _COLOR.fullmatch(color) else ""


def _tint(element: ui.element, color: str) -> None:
    if shown_color(color):
        element.style(f"--tone: {color}")


def label_dot(color: str) -> ui.element:
    """The dot of a label."""
    element = ui.element("i").classes("m-dot m-label-dot")
    element.props["aria-hidden"] = "true"
    _tint(element, color)
    return element


class Swatches:
    """One of some colours; `value` is the chosen one."""

    def __init__(self, label: str, value: str, colors: Sequence[str]) -> None:
        self.value = value
        self._marks: dict[str, ui.element] = {}
        with ui.element("div").classes("m-field"):
            name = Text("span", label, "m-label")
            with ui.element("div").classes("m-swatches").props("role=radiogroup") as group:
                group.props["aria-labelledby"] = name.html_id
                for color in [*colors, *([] if value in colors else [value])]:
                    with ui.element("button").classes("m-swatch").props("type=button role=radio") as one:
                        icon("check")
                    one.props["aria-label"] = color_name(color)
                    _tint(one, color)
                    one.on("click", lambda color=color: self._choose(color), [])
                    self._marks[color] = one
        self._choose(value)

    def _choose(self, color: str) -> None:
        self.value = color
        for other, mark in self._marks.items():
            mark.props["aria-checked"] = "true" if other == color else "false"


def swatches(label: str, value: str) -> Swatches:
    """The colours of labels, and the one that it has."""
    return Swatches(label, value, LABEL_COLORS)
