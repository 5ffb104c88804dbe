"""Menus: what else can be done with a thing."""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from nicegui import Client, ui

from ui.components.buttons import icon_button
from ui.components.text import icon
from ui.i18n import _


class Choice(NamedTuple):
    """One line of a menu; `on` shows a tick, `danger` is red, `line` draws a line above."""

    text: str
    on_click: Callable[[], Any]
    icon: str = ""
    on: bool = False
    danger: bool = False
    line: bool = False


async def choose(client: Client, does: Callable[[], Any]) -> None:
    """Does what a line of a menu stands for. `client`: the page, which is known from when the line was drawn: its place may be repainted
    away between the press and this, and then nobody could be told."""
    with client.content:
        result = does()
        if inspect.isawaitable(result):
            await result


def choices(entries: Sequence[Choice]) -> None:
    """Draws the lines inside an open `ui.menu()`."""
    for entry in entries:
        if entry.line:
            ui.element("div").classes("m-menu-line")
        with ui.menu_item(on_click=partial(choose, ui.context.client, entry.on_click)).classes(
            "m-danger" if entry.danger else ""
        ):
            with ui.element("div").classes("m-menu-item"):
                if entry.icon:
                    icon(entry.icon)
                ui.label(entry.text)
                if entry.on:
                    icon("check").classes("m-check")


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
