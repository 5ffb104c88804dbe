"""The button of one filter above a list: what is chosen, and a menu of what can be."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from ui.components.buttons import button
from ui.components.menus import Choice, choices
from ui.components.query import Filter
from ui.i18n import _


def filter_button(one: Filter, name: str, choose: Callable[[str, str | None], Any]) -> ui.button:
    """Calls `choose(key, value)`; None takes the filter off. `name` says what is chosen now."""
    with button(name, icon="keyboard_arrow_down").classes("m-filter") as shown:
        shown.props["icon-right"] = shown.props.pop("icon")
        with ui.menu():
            options = [(None, _("All")), *one.options.items()]
            choices([Choice(label, partial(choose, one.key, value)) for value, label in options])
    name_filter(shown, one, name)
    return shown


def name_filter(shown: ui.button, one: Filter, name: str) -> None:
    """Says what is chosen now; a filter that is on looks so."""
    shown.text = name
    on = name != one.label
    shown.classes(add="m-filter-on" if on else "", remove="" if on else "m-filter-on")
