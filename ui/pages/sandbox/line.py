"""Somebody's phone in the list of the simulator."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from api.contract.sandbox import SandboxPhone
from ui import formats
from ui.components.cards import item
from ui.components.text import avatar, initials
from ui.labels import messages as message_labels


class Line:
    """Who, what was said last and when. Drawn once, changed in place; `pick` is called with the address."""

    def __init__(self, one: SandboxPhone, pick: Callable[[str], Awaitable[None]]) -> None:
        with item(on_click=partial(pick, one.address)) as self.element:
            self._avatar = avatar(one.name or one.display)
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-between"):
                    self._name = ui.label().classes("m-strong m-clip")
                    self._at = ui.label().classes("m-hint shrink-0")
                self._last = ui.label()
        self.show(one)

    def show(self, one: SandboxPhone) -> None:
        self._name.text = one.name or one.display
        self._avatar.text = initials(self._name.text)
        self._at.text = formats.lately(one.last_at)
        states = message_labels.message_states()
        state = states[one.state][0] if one.state in states else ""
        last = one.last_text or message_labels.message_kind(one.last_content)[0]
        self._last.text = last if one.last_kind == "in" else f"{state} · {last}"
        self._last.classes(replace="m-hint m-clip" + (" m-strong" if one.last_kind == "in" else ""))
