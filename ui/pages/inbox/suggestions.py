"""What is offered while one writes: quick replies by `/` in an answer, colleagues by `@` in a note."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.accounts import Member
from api.contract.conversations import QuickReply
from ui.components.text import pressable
from ui.i18n import _

OFFERED = 6  # at once
_MENTION = re.compile(r"@([\w ]{0,30})$")


class _Offer(NamedTuple):
    """`text`: the field's once it is chosen. `buttons`: what a quick reply has under its text."""

    name: str
    says: str
    text: str
    buttons: tuple[str, ...] = ()


class Suggestions:
    """`people` and `replies` give what is known by then; `chosen` is called with the field's new text and the buttons under it."""

    def __init__(
        self,
        people: Callable[[], list[Member]],
        replies: Callable[[], list[QuickReply]],
        chosen: Callable[[str, tuple[str, ...]], Any],
    ) -> None:
        self._people, self._replies, self._chosen = people, replies, chosen
        self._offers: list[_Offer] = []
        self._at = 0
        self._element = ui.element("div").classes("m-offers").props("role=listbox")
        self._element.props["aria-label"] = _("Suggestions")
        self._element.set_visibility(False)

    def choose_marked(self) -> bool:
        """What Enter chooses; False: nothing is offered."""
        if not self._offers:
            return False
        self._choose(self._offers[self._at])
        return True

    def move(self, step: int) -> None:
        self._at = (self._at + step) % len(self._offers) if self._offers else 0
        self._draw()

    def offer(self, text: str, *, note: bool) -> None:
        """What fits what was written."""
        found: list[_Offer] = []
        if not note and re.fullmatch(r"/\S*", text):
            word = text[1:].lower()
            fitting = sorted(
                (one for one in self._replies() if word in one.shortcut), key=lambda one: not one.shortcut.startswith(word)
            )
            found = [
                _Offer(f"/{one.shortcut}", one.text, one.text, tuple(button.title for button in one.buttons)) for one in fitting
            ]
        elif note and (match := _MENTION.search(text)):
            word, before = match[1].lower(), text[: match.start()]
            names = [one.name for one in self._people()]
            if match[1].strip() not in names:
                found = [_Offer(f"@{name}", "", f"{before}@{name} ") for name in names if name.lower().startswith(word)]
        if found[:OFFERED] != self._offers:
            self._offers, self._at = found[:OFFERED], 0
            self._draw()

    def _choose(self, one: _Offer) -> None:
        self._offers = []
        self._draw()
        self._chosen(one.text, one.buttons)

    def _draw(self) -> None:
        self._element.clear()
        with self._element:
            for number, one in enumerate(self._offers):
                line = ui.element("div").classes("m-offer" + (" m-offer-on" if number == self._at else ""))
                with line:
                    ui.label(one.name).classes("m-strong shrink-0")
                    ui.label(one.says).classes("m-hint m-clip")
                    for title in one.buttons:
                        ui.label(title).classes("m-offer-button")
                pressable(line, partial(self._choose, one))
                line.props.update({"role": "option", "aria-selected": "true" if number == self._at else "false"})
        self._element.set_visibility(bool(self._offers))
