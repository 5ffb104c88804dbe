"""One conversation in the list: who, what was said last and when, how long they wait. Drawn once, changed in place."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from nicegui import ui

from api.contract.assistant import AssistantMode, Owner
from api.contract.conversations import Conversation, FoundLine, Priority
from ui import formats
from ui.components.conversation_row import ConversationRow
from ui.components.states import skeleton
from ui.components.swatches import shown_color
from ui.components.text import initials, tint
from ui.faces import address
from ui.i18n import Preferences, _, pgettext, preferences
from ui.labels import conversations as labels

SAME, MOST = 1.0, 64  # seconds for which a text by the clock stands; conversations of which the texts are kept

_texts: OrderedDict[tuple[int, Preferences], tuple[Conversation, float, dict[str, Any]]] = OrderedDict()
"""What rows say: an event brings one and the same conversation into the list of each page, and most of them say the same."""


class Row:
    """A link, so that it opens in a tab of its own as well; `choose` is called for a plain press."""

    def __init__(self, one: Conversation, choose: Callable[[Conversation], Any]) -> None:
        self.seen = one
        self.element = ConversationRow(lambda: choose(self.seen))
        self.become(one)

    def become(self, one: Conversation) -> None:
        """From now on the row of this one."""
        self.element.props["data-conversation"] = str(one.id)
        self.show(one)

    def show(self, one: Conversation) -> None:
        """What is known of it now."""
        self.seen = one
        href = f"/inbox/{one.id}" + (f"?at={one.found.entry_id}" if one.found else "")
        if self.element.props.get("href") != href:
            self.element.props["href"] = href
        if ("m-inbox-unread" in self.element.classes) != bool(one.unread):
            self.element.classes(toggle="m-inbox-unread")
        self.tick()

    def tick(self) -> None:
        """What it shows by the clock."""
        key, now = (id(self.seen), preferences()), monotonic()
        known = _texts.get(key)
        if known is None or known[0] is not self.seen or now - known[1] > SAME:
            known = _texts[key] = self.seen, now, _said(self.seen)
            _texts.move_to_end(key)
            if len(_texts) > MOST:
                _texts.popitem(last=False)
        self.element.draw(known[2])

    def mark(self, on: bool) -> None:
        """Whether it is the one that is open."""
        if on == ("aria-current" in self.element.props):
            return
        self.element.classes(add="m-inbox-on" if on else "", remove="" if on else "m-inbox-on")
        if on:
            self.element.props["aria-current"] = "true"
        else:
            self.element.props.pop("aria-current", None)


def _said(one: Conversation) -> dict[str, Any]:
    name, waits = labels.name_of(one), labels.waiting(one, datetime.now(UTC))
    unread = f"{one.unread}" if one.unread < 100 else "99+"
    return {
        "name": name,
        "initials": initials(name),
        "tint": tint(name),
        "when": formats.lately(one.found.at if one.found else one.last.at if one.last else one.opened_at),
        "text": labels.preview(one.last),
        "found": _parts(one.found) if one.found else None,
        "note": one.found is not None and one.found.side == "note",
        "ours": one.found.side == "out" if one.found else one.last is not None and one.last.direction == "out",
        "fell": pgettext("answer", "Not sent") if one.found is None and _fell(one) else "",
        "unread": unread if one.unread else "",
        "unread_name": _("{n} unread").format(n=unread),
        "priority": labels.priority(one.priority)[0] if one.priority in {Priority.HIGH, Priority.URGENT} else "",
        "urgent": one.priority is Priority.URGENT,
        "waits": waits[0],
        "tone": waits[1],
        "facts": " · ".join(part for part in (labels.state(one), one.assignee.name if one.assignee else "") if part),
        **_assistant(one),
        "labels": [(label.name, shown_color(label.color)) for label in one.labels],
    }


def _fell(one: Conversation) -> bool:
    """What was said last did not go, or nobody knows."""
    return one.last is not None and one.last.direction == "out" and one.last.state in {"failed", "failed_unknown"}


def _assistant(one: Conversation) -> dict[str, object]:
    """Who answers beside people: its face, whether it answers, and what it does."""
    by = one.assistant
    if by is None or by.mode is AssistantMode.OFF:
        return {"persona": "", "face": "", "answers": False, "writes": "", "who": "", "alarm": False}
    answers = by.owner is Owner.ASSISTANT
    who = _("{name} answers").format(name=by.persona) if answers else ""
    if by.alarm is not None:
        who = _("{name} needs you").format(name=by.persona)
    elif by.draft:
        who = _("{name} suggests").format(name=by.persona)
    writes = _("{name} is writing…").format(name=by.persona) if by.writing and answers else ""
    return {
        "persona": by.emoji or initials(by.persona)[:1],
        "face": address(by.persona_id, by.picture_id),
        "answers": answers,
        "writes": writes,
        "who": who,
        "alarm": by.alarm is not None,
    }


def _parts(line: FoundLine) -> list[tuple[bool, str]]:
    """The line that a search met, in pieces: whether it is one of the words, and the text."""
    parts, at = [], 0
    for part in line.marks:
        parts += [(False, line.text[at : part.start]), (True, line.text[part.start : part.end])]
        at = part.end
    return [*parts, (False, line.text[at:])]


def skeleton_rows() -> None:
    """Rows that are not there yet."""
    for _number in range(9):
        with ui.element("div").classes("m-inbox-row"):
            skeleton("round")
            with ui.element("div").classes("m-col m-near m-grow"):
                skeleton("line m-w-40", "line m-w-80")
