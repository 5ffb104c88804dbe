"""One conversation in the list: who, what was said last and when, how long they wait. Drawn once, changed in place."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from api.contract.conversations import Conversation, FoundLine, LabelRef, Priority
from ui import formats
from ui.components.swatches import label_dot
from ui.components.text import Text, avatar, icon, initials
from ui.i18n import _
from ui.labels import conversations as labels

_PRESS = "(e) => { if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return; e.preventDefault(); emit(); }"


def name_of(one: Conversation) -> str:
    return one.contact_name or formats.phone(one.address)


class Row:
    """A link, so that it opens in a tab of its own as well; `choose` is called for a plain press."""

    def __init__(self, one: Conversation, choose: Callable[[Conversation], Any]) -> None:
        self.seen = one
        self._labeled: list[LabelRef] = []
        self._line: FoundLine | None = None
        with ui.element("a").classes("m-inbox-row") as self.element:
            self._avatar = avatar("")
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near"):
                    self._name = ui.label().classes("m-strong m-clip m-grow")
                    self._priority = ui.icon("sym_r_priority_high").classes("m-inbox-priority")
                    self._when = ui.label().classes("m-hint shrink-0")
                with ui.element("div").classes("m-row m-near"):
                    self._ours = icon("reply").classes("m-inbox-ours")
                    self._text = ui.label().classes("m-sub m-clip m-grow").props("dir=auto")
                    self._found = ui.element("div").classes("m-sub m-clip m-grow m-found").props("dir=auto")
                    self._unread = ui.label().classes("m-count").props("role=img")
                with ui.element("div").classes("m-row m-near") as self._third:
                    self._waits = ui.label().classes("m-inbox-waits shrink-0")
                    self._facts = ui.label().classes("m-hint m-clip")
                    self._labels = ui.element("div").classes("m-inbox-labels")
        self.element.props["data-conversation"] = str(one.id)
        self.element.on("click", lambda: choose(self.seen), [], js_handler=_PRESS)
        self.show(one)

    def show(self, one: Conversation) -> None:
        """What is known of it now."""
        self.seen = one
        name = name_of(one)
        self.element.props["href"] = f"/inbox/{one.id}" + (f"?at={one.found.entry_id}" if one.found else "")
        self._name.text = name
        self._avatar.text = initials(name)
        self._avatar.classes(replace=f"m-avatar m-tint-{sum(name.encode()) % 4 + 1}")
        self._when.text = formats.lately(one.found.at if one.found else one.last.at if one.last else one.opened_at)
        self._text.text = labels.preview(one.last)
        self._show_found(one.found)
        ours = one.found.side == "out" if one.found else one.last is not None and one.last.direction == "out"
        self._ours.set_visibility(ours)
        self._unread.text = f"{one.unread}" if one.unread < 100 else "99+"
        self._unread.props["aria-label"] = _("{n} unread").format(n=self._unread.text)
        self._unread.set_visibility(one.unread > 0)
        self.element.classes(add="m-inbox-unread" if one.unread else "", remove="" if one.unread else "m-inbox-unread")
        urgent = one.priority in {Priority.HIGH, Priority.URGENT}
        self._priority.set_visibility(urgent)
        top = one.priority is Priority.URGENT
        self._priority.classes(add="m-inbox-urgent" if top else "", remove="" if top else "m-inbox-urgent")
        self._priority.props.update({"role": "img", "aria-hidden": "false", "aria-label": labels.priority(one.priority)[0]})
        parts = [labels.state(one), one.assignee.name if one.assignee else ""]
        self._facts.text = " · ".join(part for part in parts if part)
        self._facts.set_visibility(bool(self._facts.text))
        self._show_labels(one.labels)
        self.tick()

    def _show_found(self, line: FoundLine | None) -> None:
        """The line that a search met, its words marked, in place of what was said last."""
        self._text.set_visibility(line is None)
        self._found.set_visibility(line is not None)
        if line is None or line == self._line:
            return
        self._line, at = line, 0
        self._found.clear()
        with self._found:
            if line.side == "note":
                icon("lock")
            for part in line.marks:
                Text("span", line.text[at : part.start])
                Text("mark", line.text[part.start : part.end])
                at = part.end
            Text("span", line.text[at:])

    def _show_labels(self, wanted: list[LabelRef]) -> None:
        if wanted == self._labeled:
            return
        self._labeled = wanted
        self._labels.clear()
        with self._labels:
            for one in wanted:
                label_dot(one.color)
                ui.label(one.name).classes("m-hint m-clip")

    def tick(self) -> None:
        """What the clock says."""
        self._waits.text, tone = labels.waiting(self.seen, datetime.now(UTC))
        self._waits.set_visibility(bool(self._waits.text))
        self._waits.classes(replace=f"m-inbox-waits shrink-0 m-inbox-{tone}")
        self._third.set_visibility(bool(self._waits.text or self._facts.text or self._labeled))

    def mark(self, on: bool) -> None:
        """Whether it is the one that is open."""
        self.element.classes(add="m-inbox-on" if on else "", remove="" if on else "m-inbox-on")
        if on:
            self.element.props["aria-current"] = "true"
        else:
            self.element.props.pop("aria-current", None)
