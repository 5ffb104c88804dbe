"""How many conversations have something unread, beside the name of the inbox on every page."""

from nicegui import ui

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

    def badge(self) -> None:
        number = ui.label().classes("m-count").props("role=img")
        number.set_visibility(False)
        self._badges.append(number)

    def follow(self) -> None:
        """Once all places are drawn."""
        if not self._badges or not session.current().may(Permission.CONVERSATIONS_READ):
            return
        throttle = Throttle(self._ask, 2.0)
        first_answers.ask(ui.context.slot.parent, self._ask)
        live.on(ConversationUpdated, lambda event: throttle.poke())
        live.on_reset(self._ask)

    async def _ask(self) -> None:
        try:
            found = await conversations.counts(session.current().api)
        except (ApiProblem, Offline):  # the number that stands there stays
            return
        for one in self._badges:
            one.text = f"{found.unread}" if found.unread < 100 else "99+"
            one.props["aria-label"] = _("{n} unread").format(n=one.text)
            one.set_visibility(found.unread > 0)
