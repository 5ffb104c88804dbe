"""Menus: what else can be done with a thing."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nicegui import Client, events, ui

from ui.components.buttons import icon_button
from ui.i18n import _


class Choice(NamedTuple):
    """One line of a menu; `on` shows a tick, `danger` is red, `line` draws a line above, `head` writes a heading above,
    `key` stands at its end."""

    text: str
    on_click: Callable[[], Any]
    icon: str = ""
    on: bool = False
    danger: bool = False
    line: bool = False
    head: str = ""
    key: str = ""


async def choose(client: Client, does: Callable[[], Any]) -> None:
    """Does what a line of a menu stands for. `client`: the page, which is known from when the line was drawn: its place may be repainted
    away between the press and this, and then nobody could be told."""
    with client.content:
        result = does()
        if inspect.isawaitable(result):
            await result


_SHOWN = ("text", "icon", "on", "danger", "line", "head", "key")


class Lines(ui.element, component="menu_lines.js"):
    """Lines of a menu as one element, which the browser draws when the menu is opened; pressing one closes it there."""

    def __init__(self, entries: Sequence[Choice]) -> None:
        super().__init__()
        self.entries = list(entries)
        client = ui.context.client
        lines = [{name: getattr(entry, name) for name in _SHOWN if getattr(entry, name)} for entry in self.entries]
        dict.__setitem__(self.props, "lines", lines)  # not observed: it never changes

        async def chosen(event: events.GenericEventArguments) -> None:
            at = event.args
            if isinstance(at, int) and 0 <= at < len(self.entries):
                await choose(client, self.entries[at].on_click)

        self.on("choose", chosen)

    def _displayed_contents(self, *, only_visible: bool) -> list[Any]:
        return [text for entry in self.entries for text in (entry.head, entry.text)]


def choices(entries: Sequence[Choice]) -> None:
    """Draws the lines inside an open `ui.menu()`."""
    if entries:
        Lines(entries)


NEAR = ("mouseenter.once", "focusin.once", "touchstart.once")  # somebody is about to open a menu


def more(entries: Sequence[Choice] | Callable[[], Sequence[Choice]], label: str = "") -> ui.button:
    """The three dots at the end of a row or a card. Entries that are asked for are drawn for who comes near: a long menu costs the page
    more than what stands on it."""
    with icon_button("more_horiz", label or _("More")) as dots:
        with ui.menu().props('anchor="bottom right" self="top right" :offset="[0, 4]"') as menu:
            if not callable(entries):
                choices(entries)
    dots.on("click.stop", js_handler="() => {}")
    if callable(entries):

        def draw() -> None:
            if not menu.default_slot.children:
                with menu:
                    choices(entries())

        for sign in NEAR:
            dots.on(sign, draw, [])
    return dots
