"""Cards of which one is chosen: a group of radio buttons. A choice changes the marks in place, so that no press is lost to a redraw."""

import inspect
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from nicegui import ui

from ui.components.text import icon, pressable

K = TypeVar("K", bound=Hashable)


class Picks(Generic[K]):
    """Call `card` for each choice, inside it draw what the card says. `choose(key)` is called on a press; the mark follows when it
    returned without an error."""

    def __init__(self, label: str, chosen: K | None, choose: Callable[[K], Any], classes: str = "m-picks-wide") -> None:
        self._chosen, self._choose = chosen, choose
        self._cards: dict[K, ui.element] = {}
        self.element = ui.element("div").classes(f"m-picks {classes}").props("role=radiogroup")
        self.element.props["aria-label"] = label

    def card(self, key: K, *, off: bool = False) -> ui.element:
        """A new card of the group; `off`: one that cannot be chosen."""
        with self.element:
            element = ui.element("div").classes("m-pick")
        if off:
            return element.classes("m-pick-off")

        async def press() -> None:
            done = self._choose(key)
            if inspect.isawaitable(done):
                await done
            self.mark(key)

        pressable(element, press)
        element.props["role"] = "radio"
        self._cards[key] = element
        self._paint(key)
        return element

    def described(self, key: K, symbol: str, name: str, hint: str) -> None:
        """A card of the usual form: icon, name, one sentence and the tick."""
        with self.card(key):
            with ui.element("div").classes("m-camp-icon"):
                icon(symbol)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(name).classes("m-strong")
                ui.label(hint).classes("m-hint")
            with ui.element("div").classes("m-pick-tick"):
                icon("check")

    def mark(self, chosen: K | None) -> None:
        """Show `chosen` as the one that is chosen."""
        self._chosen = chosen
        if not self.element.is_deleted:
            for key in self._cards:
                self._paint(key)

    def _paint(self, key: K) -> None:
        on = key == self._chosen
        element = self._cards[key]
        element.classes(add="m-pick-on" if on else "", remove="" if on else "m-pick-on")
        element.props["aria-checked"] = "true" if on else "false"
