"""Sending an answer once more that did not go: from where it stands in the thread, as the same message."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from nicegui import ui

from api.contract.contents import Call, Reaction
from api.contract.conversations import Conversation
from api.contract.messages import Message
from ui import session
from ui.client import conversations as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.confirm import confirm
from ui.components.text import icon
from ui.i18n import _

_FAILED = {"failed", "failed_unknown"}


def may_be_sent_again(one: Message) -> bool:
    """A campaign's messages are tried again there; what the assistant said is answered by people."""
    return (
        one.direction == "out"
        and one.state in _FAILED
        and one.campaign_id is None
        and one.assistant is None
        and one.origin is None
        and not isinstance(one.content, Reaction | Call)
    )


def draw_again() -> None:
    """The button under a message that did not go; the thread hears it."""
    with ui.element("button").classes("m-thread-again").props("type=button"):
        icon("refresh")
        ui.label(_("Send again"))


class Again:
    """`renew` shows the message as it is now; `after` is called when one was tried."""

    def __init__(self, one: Conversation, renew: Callable[[Message], Any], after: Callable[[], Awaitable[Any]]) -> None:
        self._one, self._renew, self._after, self._api = one, renew, after, session.current().api
        self._busy: set[UUID] = set()

    async def send(self, message: Message) -> None:
        """Asks first where it may have arrived. Pressed twice it goes once."""
        if message.id in self._busy:
            return
        self._busy.add(message.id)
        try:
            unknown = message.state == "failed_unknown"
            if unknown and not await self._sure(message):
                return
            self._renew(await client.send_again(self._api, self._one.id, message.id, str(uuid4()), include_unknown=unknown))
        except (ApiProblem, Offline) as error:
            problems.show(error)
        finally:
            self._busy.discard(message.id)
        await self._after()

    async def _sure(self, message: Message) -> bool:
        name = self._one.contact_name or self._one.address
        text = _("Nobody knows whether it arrived. {name} may get it twice.").format(name=name)
        return await confirm(_("Send this message again?"), text, yes=_("Send again"))
