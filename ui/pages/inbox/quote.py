"""The message that an answer names: chosen in the thread, shown above the field, taken back by its cross."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.contents import Edit, Preference, Reaction, Revoke, System
from api.contract.conversations import Conversation
from api.contract.messages import Message
from ui.components import contents
from ui.components.buttons import icon_button
from ui.components.text import icon
from ui.i18n import _

_SAID = {"sent", "delivered", "read"}


def may_be_answered(one: Message) -> bool:
    """Whether an answer can name it: it was said, and by this name the provider knows it."""
    if one.provider_id is None or isinstance(one.content, Edit | Preference | Reaction | Revoke | System):
        return False
    if (
        one.context is not None
        and one.context.group_id is not None
        and one.direction == "in"
        and one.context.writer_address is None
    ):
        return False  # nobody can be named any more
    return one.direction == "in" or one.state in _SAID


class Quote:
    """`message` is what is answered, or None."""

    def __init__(self, one: Conversation, changed: Callable[[], Any]) -> None:
        self._one, self._changed = one, changed
        self.message: Message | None = None
        with ui.element("div").classes("m-write-quote") as self.element:
            icon("reply")
            with ui.element("div").classes("m-col m-tight m-grow m-min"):
                self._who = ui.label().classes("m-strong m-clip")
                self._said = ui.label().classes("m-hint m-clip")
            icon_button("close", _("Answer without naming the message"), lambda: self.set(None))
        self.element.set_visibility(False)

    def set(self, message: Message | None) -> None:
        self.message = message
        if message is not None:
            ours = message.author or _("Your company")
            writer = message.context.writer if message.context is not None else None
            name = writer or self._one.contact_name or self._one.address if message.direction == "in" else ours
            self._who.text = _("Answer to {name}").format(name=name)
            self._said.text = contents.quoted(message)
        self.element.set_visibility(message is not None)
        self._changed()

    def take(self) -> Message | None:
        """What is answered; nothing is chosen afterwards."""
        message = self.message
        self.set(None)
        return message
