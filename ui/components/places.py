"""The bars that lead to the other pages, each one element that the browser draws: they stand on every page, and cost it little."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from ui.components.navigation import INBOX, Place
from ui.i18n import _


class _Bar(ui.element):
    """`here`: the path of the place that is open. The number of what is unread stands at the inbox."""

    def __init__(self, shown: Sequence[Place], here: str) -> None:
        super().__init__()
        self._shown = shown
        self.props["aria-label"] = _("Main menu")
        before = (None, *shown)
        self.props["places"] = [
            {
                "path": place.path,
                "icon": place.icon,
                "label": place.label,
                "on": place.path == here,
                "phone": place.phone,
                "gap": place.gap,
                "head": place.group if last is None or place.group != last.group else "",
                "counts": place.path == INBOX,
            }
            for last, place in zip(before, shown, strict=False)
        ]

    @property
    def counts(self) -> bool:
        """Whether the inbox is among the places."""
        return any(place.path == INBOX for place in self._shown)

    def count(self, text: str, name: str) -> None:
        """The number beside the inbox, and what it is called; none without a text."""
        self.props["unread"] = {"text": text, "name": name} if text else None

    def _displayed_contents(self, *, only_visible: bool) -> list[Any]:
        return [place.label for place in self._shown]


class SidePlaces(_Bar, component="side_places.js"):
    """In the sidebar."""


class BottomPlaces(_Bar, component="bottom_places.js"):
    """At the foot of a phone's screen: what is used every day, and a menu of the rest."""

    def __init__(self, shown: Sequence[Place], here: str) -> None:
        super().__init__(shown, here)
        self.props["more"] = _("More")
