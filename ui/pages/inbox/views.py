"""The views of the inbox as chips, with how many conversations stand in each."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.conversations import ConversationView
from ui import formats
from ui.components.text import chip, mark
from ui.labels import conversations as labels

VIEWS = (
    ConversationView.OPEN, ConversationView.MINE, ConversationView.UNASSIGNED, ConversationView.UNREAD, ConversationView.WAITING,
    ConversationView.SNOOZED, ConversationView.CLOSED, ConversationView.ALL,
)  # fmt: skip


class Views:
    """`choose(view)` is called when one is pressed."""

    def __init__(self, chosen: ConversationView, choose: Callable[[ConversationView], Any]) -> None:
        self._chips: dict[ConversationView, tuple[ui.element, ui.label]] = {}
        with ui.element("div").classes("m-inbox-views"):
            for one in VIEWS:
                with chip(labels.tab(one), on=one is chosen, on_click=partial(choose, one)) as element:
                    self._chips[one] = element, ui.label()

    def mark(self, chosen: ConversationView) -> None:
        for one, (element, _count) in self._chips.items():
            mark(element, one is chosen)

    def count(self, counts: dict[ConversationView, int]) -> None:
        for one, (_element, label) in self._chips.items():
            label.text = _shown(counts.get(one, 0))


def _shown(number: int) -> str:
    return "" if not number else formats.number(number) if number < 1000 else f"{formats.number(999)}+"
