"""How many conversations have something unread, beside the name of the inbox on every page; what else a page shows of the counts comes
from the same answer."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.conversations import ConversationCounts
from api.contract.enums import Permission
from api.contract.events import ConversationUpdated
from ui import first_answers, live, session
from ui.client import conversations
from ui.client.base import ApiProblem, Offline
from ui.components.throttle import Throttle
from ui.i18n import _


class Unread:
    """`badge()` draws the number, in as many places as the frame has; all follow what happens."""

    def __init__(self) -> None:
        self._badges: list[ui.label] = []
        self._heard: list[Callable[[ConversationCounts], Any]] = []
        self._throttle: Throttle | None = None

    def badge(self) -> None:
        number = ui.label().classes("m-count").props("role=img")
        number.set_visibility(False)
        self._badges.append(number)

    def follow(self) -> None:
        """Once all places are drawn."""
        if not self._badges or not session.current().may(Permission.CONVERSATIONS_READ):
            return
        page = ui.context.client.id
        _of[page] = self
        ui.context.client.on_delete(lambda: _of.pop(page, None))
        self._throttle = Throttle(self._ask, 2.0)
        first_answers.ask(ui.context.slot.parent, self._ask)
        live.on(ConversationUpdated, lambda event: self.poke())
        live.on_reset(self._ask)

    def tell(self, heard: Callable[[ConversationCounts], Any]) -> None:
        """`heard` is told of every answer too; they come twice as often now."""
        self._heard.append(heard)
        self._throttle = Throttle(self._ask, 1.0)

    def poke(self) -> None:
        """Asks again soon."""
        if self._throttle is not None:
            self._throttle.poke()

    async def _ask(self) -> None:
        try:
            found = await conversations.counts(session.current().api)
        except (ApiProblem, Offline):  # the number that stands there stays
            return
        text = f"{found.unread}" if found.unread < 100 else "99+"
        for one in self._badges:
            if one.text != text:
                one.text = text
                one.props["aria-label"] = _("{n} unread").format(n=text)
                one.set_visibility(found.unread > 0)
        for heard in self._heard:
            heard(found)


_of: dict[str, Unread] = {}  # by the id of the page


def here() -> Unread:
    """That of the page, for who may read conversations."""
    return _of[ui.context.client.id]
