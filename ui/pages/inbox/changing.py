"""Changing a message of ours that was sent, or taking it back, as long as the platform takes that."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from nicegui import ui

from api.contract.conversations import Conversation
from api.contract.messages import Message
from ui import formats, kinds, session
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import confirm, dialog
from ui.components.forms import area_field
from ui.components.text import icon
from ui.i18n import _
from ui.pages.inbox.quote import may_be_answered

SENT = {"sent", "delivered", "read"}
LIMIT = 4096


def _within(one: Message, minutes: int | None) -> bool:
    if minutes is None or one.direction != "out" or one.provider_id is None or one.state not in SENT or one.sent_at is None:
        return False
    return _fresh(one.sent_at, one, minutes)


def _fresh(at: datetime, one: Message, minutes: int | None) -> bool:
    gone = one.changed is not None and one.changed.deleted_at is not None
    return not gone and minutes is not None and datetime.now(formats.zone()) - at < timedelta(minutes=minutes)


def may_be_edited(one: Message) -> bool:
    return one.kind == "text" and _within(one, kinds.can(one.channel_kind).edit_minutes)


def may_be_taken_back(one: Message, *, admin: bool = False) -> bool:
    """`admin`: our number administers the group, and takes away what others wrote there."""
    minutes = kinds.can(one.channel_kind).take_back_minutes
    if one.kind in {"edit", "revoke", "reaction", "call", "system"}:
        return False
    return _within(one, minutes) or (admin and may_be_answered(one) and _fresh(one.at, one, minutes))


def draw_changes(one: Message, *, admin: bool) -> None:
    """What can still be done with a message of ours, and of others where our number administers the group; the thread hears a press."""
    if may_be_edited(one):
        _draw_act("edit", "edit", _("Change this message"))
    if may_be_taken_back(one, admin=admin):
        _draw_act("delete", "delete", _("Delete this message for everybody"))


def _draw_act(name: str, symbol: str, label: str) -> None:
    with ui.element("button").classes(f"m-thread-act m-thread-change m-thread-{name}").props("type=button") as act:
        icon(symbol)
    act.props["data-change"] = name
    act.props["aria-label"] = act.props["title"] = label


class Changing:
    """`renew` shows the message as it is now. `admin`: our number administers the group."""

    def __init__(self, one: Conversation, renew: Callable[[Message], Any]) -> None:
        self._one, self._renew, self._api = one, renew, session.current().api
        self.admin = one.group_admin

    async def act(self, name: str, message: Message) -> None:
        """As a press in the thread names it."""
        if name == "edit" and may_be_edited(message):
            self._edit(message)
        elif name == "delete" and may_be_taken_back(message, admin=self.admin):
            await self._delete(message)

    def _edit(self, message: Message) -> None:
        now = message.changed.text if message.changed is not None and message.changed.text else message.text
        minutes = kinds.can(message.channel_kind).edit_minutes or 0
        hint = _("The person sees the new text, and that it was changed. This can be done for {n} minutes.").format(n=minutes)
        with dialog(_("Change the message"), hint) as box:
            field = area_field(_("Message"), now, limit=LIMIT, rows=4)

            async def keep() -> None:
                text = (field.value or "").strip()
                if not text or text == now:
                    box.close()
                    return
                try:
                    self._renew(await client.change_message(self._api, self._one.id, message.id, text))
                except (ApiProblem, Offline) as error:
                    problems.show(error)
                    return
                box.close()

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), keep, kind="primary")
        box.open()
        field.focus()

    async def _delete(self, message: Message) -> None:
        text = _("The person sees that a message was deleted. Your team still sees what it said.")
        if message.direction == "in":
            text = _("Everybody in the group sees that an administrator deleted it. Your team still sees what it said.")
        if not await confirm(_("Delete this message for everybody?"), text, yes=_("Delete"), danger=True):
            return
        try:
            self._renew(await client.change_message(self._api, self._one.id, message.id, None))
        except (ApiProblem, Offline) as error:
            problems.show(error)
