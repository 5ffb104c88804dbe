"""Drawn pictures of a provider's pages: where something stands and what to copy. Schematic, in our own style and colours."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from nicegui import ui

from ui.components.text import Text, icon


class Row(NamedTuple):
    """One line of the page: a name with its value, a button, a ticked box or a text. `mark`: the letter that points to it."""

    kind: Literal["value", "button", "tick", "text"]
    name: str
    value: str = ""
    mark: str = ""


class Picture(NamedTuple):
    """`menu` is what stands at the left, `at` the place in it where one is; `says` describes it to who cannot see it."""

    address: str
    menu: Sequence[str]
    at: int
    rows: Sequence[Row]
    says: str


def draw(picture: Picture) -> None:
    """A small window of a browser."""
    with ui.element("div").classes("m-pic") as frame:
        frame.props.update({"role": "img", "aria-label": picture.says})
        with ui.element("div").classes("m-pic-top"):
            for _dot in range(3):
                ui.element("i")
            Text("span", picture.address, "m-clip")
        with ui.element("div").classes("m-pic-page"):
            if picture.menu:
                with ui.element("div").classes("m-pic-menu"):
                    for number, name in enumerate(picture.menu):
                        Text("span", name, "m-pic-on" if number == picture.at else "")
            with ui.element("div").classes("m-pic-rows"):
                for row in picture.rows:
                    _draw_row(row)


def _draw_row(row: Row) -> None:
    with ui.element("div").classes(f"m-pic-row m-pic-{row.kind}" + (" m-pic-marked" if row.mark else "")):
        if row.kind == "tick":
            icon("check_box")
        Text("span", row.name, "m-pic-name")
        if row.value:
            Text("span", row.value, "m-pic-value")
        if row.kind == "value":
            icon("content_copy")
        if row.mark:
            Text("b", row.mark, "m-pic-mark")
