"""How many conversations have something unread, beside the name of the inbox on every page; what else a page shows of the counts comes
from the same answer. Pages of a company share answers: only `mine` is another for each person, and is asked for where it is shown and may
have changed."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from nicegui import ui

from api.contract.conversations import ConversationCounts
from api.contract.enums import Permission
from api.contract.events import ConversationUpdated
from ui import first_answers, latest, live, session
from ui.client.base import ApiProblem, Offline
from ui.components.places import BottomPlaces, SidePlaces
from ui.components.throttle import Throttle
from ui.i18n import _

OWN_SECONDS = 30.0  # between two times that a page which shows `mine` asks for it, whatever was told


class Unread:
    """`at()` names the bars of the frame that show the number; all follow what happens."""

    def __init__(self) -> None:
        self._bars: list[SidePlaces | BottomPlaces] = []
        self._shown = 0
        self._heard: list[Callable[[ConversationCounts], Any]] = []
        self._throttle: Throttle | None = None
        self._own, self._own_at, self._mine = True, 0.0, 0  # own: `mine` may be another by now
        self._told = 0.0

    def at(self, bar: SidePlaces | BottomPlaces) -> None:
        if bar.counts:
            self._bars.append(bar)

    def follow(self) -> None:
        """Once all places are drawn."""
        if not self._bars or not session.current().may(Permission.CONVERSATIONS_READ):
            return
        page = ui.context.client.id
        _of[page] = self
        ui.context.client.on_delete(lambda: _of.pop(page, None))
        self._throttle = Throttle(self._ask, 2.0)
        first_answers.ask(ui.context.slot.parent, self._anew)
        live.on(ConversationUpdated, lambda event: self.poke(own=False))
        live.on_reset(self._anew)

    def tell(self, heard: Callable[[ConversationCounts], Any]) -> None:
        """`heard` is told of every answer too; they come twice as often now."""
        self._heard.append(heard)
        self._throttle = Throttle(self._ask, 1.0)

    def poke(self, *, own: bool = True) -> None:
        """Asks again soon. `own`: what is the reader's may have changed."""
        self._own, self._told = self._own or own, time.monotonic()
        if self._throttle is not None:
            self._throttle.poke()

    async def _anew(self) -> None:
        """Rights may have changed: nobody else's answer will do."""
        self._own = True
        await self._ask()

    async def _ask(self) -> None:
        now = time.monotonic()
        own = self._own or (bool(self._heard) and now - self._own_at > OWN_SECONDS)
        self._own = False
        try:
            got = await latest.counts(own=own)
        except (ApiProblem, Offline):  # the number that stands there stays
            self._own = self._own or own
            return
        if got.asked < self._told and self._throttle is not None:  # what was told since is not in it
            self._throttle.poke()
        if got.own:
            self._own_at, self._mine = got.asked, got.found.mine
        found = msgspec.structs.replace(got.found, mine=self._mine)
        if found.unread != self._shown:
            self._shown = found.unread
            text = (f"{found.unread}" if found.unread < 100 else "99+") if found.unread else ""
            for bar in self._bars:
                bar.count(text, _("{n} unread").format(n=text))
        for heard in self._heard:
            heard(found)


_of: dict[str, Unread] = {}  # by the id of the page


def here() -> Unread:
    """That of the page, for who may read conversations."""
    return _of[ui.context.client.id]
