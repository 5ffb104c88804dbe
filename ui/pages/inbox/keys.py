"""What single keys do in the inbox, outside of fields."""

import asyncio
from typing import Any

from ui.components.cards import key_values
from ui.components.confirm import dialog
from ui.i18n import _
from ui.pages.inbox.assistant import AssistantBar
from ui.pages.inbox.composer import Composer
from ui.pages.inbox.header import Header

KEYS = (
    "j",
    "k",
    "ArrowDown",
    "ArrowUp",
    "r",
    "q",
    "+",
    "t",
    "n",
    "a",
    "e",
    "s",
    "o",
    "l",
    "u",
    "i",
    "p",
    "d",
    "?",
    "/",
    "Escape",
)


async def act(key: str, header: Header, composer: Composer, bar: AssistantBar) -> None:
    """What a key does with the open conversation, for who may write."""
    actions: dict[str, Any] = {
        "r": lambda: composer.focus("reply"),
        "n": lambda: composer.focus("note"),
        "q": composer.answer_before,
        "+": composer.react_to_newest,
        "t": composer.templates.ask,
        "a": header.take,
        "e": header.close,
        "s": header.snoozes.open,
        "o": header.open_owners,
        "l": header.open_more,
        "u": header.unread,
        "i": bar.swap,
        "d": composer.assist.open,
        "p": bar.proposal.take if bar.proposal is not None else None,
    }
    action = actions.get(key)
    result = action() if action else None
    if result is not None and asyncio.iscoroutine(result):
        await result


def help_dialog() -> None:
    with dialog(_("Keys")) as box:
        key_values([
            ("J  ↓", _("Next conversation")),
            ("K  ↑", _("Previous conversation")),
            ("R", _("Write an answer")),
            ("Q", _("Answer the newest message; again for the one before")),
            ("+", _("React to the newest message")),
            ("T", _("Send a template")),
            ("N", _("Write a note for your team")),
            ("A", _("Take the conversation")),
            ("E", _("Close it, or open it again")),
            ("S", _("Snooze")),
            ("O", _("Give it to somebody, or to a team")),
            ("L", _("Labels and priority")),
            ("U", _("Mark as unread")),
            ("I", _("Take over from the assistant, or give back")),
            ("P", _("Use what the assistant suggests")),
            ("D", _("AI: draft, other words, summary")),
            ("/", _("Search")),
            ("Esc", _("Leave a field, or go back to the list")),
            ("Enter", _("Send; Shift+Enter begins a new line")),
            ("Ctrl .", _("Emoji, while you write")),
            ("Ctrl J", _("AI, while you write")),
        ])  # fmt: skip
    box.open()
