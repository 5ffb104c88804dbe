"""Everything that happened to the person, newest first; each line opens its thing, and can be read or unread."""

from datetime import UTC, datetime
from functools import partial

from nicegui import ui

from api.contract.base import Page
from api.contract.events import NotificationsChanged
from api.contract.notifications import Notification
from ui import live, session
from ui.client import notifications as client
from ui.components.bell import draw_line
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.frame import frame
from ui.components.listing import Listing
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.routing import page


@page("/notifications")
def notifications() -> None:
    with frame(_("Notifications"), _("What happened to you, for 90 days")) as head:
        _All(head.actions)


class _All:
    def __init__(self, actions: ui.element) -> None:
        self._api = session.current().api
        with actions:
            button(_("Choose what I hear of"), icon="tune", to="/settings?tab=notifications")
            button(_("Mark all as read"), self._read_all, icon="done_all")
        self._asked = datetime.now(UTC)
        unread = Filter("unread", _("Not read"), {"true": _("Not read")})
        self._list: Listing[Notification] = Listing(self._fetch, self._draw, _blank, chips=(unread, _("All")))
        throttle = Throttle(self._list.refresh, 1.0)
        live.on(NotificationsChanged, lambda event: throttle.poke())
        live.on_reset(self._list.refresh)

    async def _fetch(self, query: Query) -> Page[Notification]:
        self._asked = datetime.now(UTC)
        return await client.notifications(self._api, {**query.filters, "limit": query.limit, "cursor": query.cursor})

    def _draw(self, found: Page[Notification]) -> None:
        if not found.items:
            return
        with card(flush=True):
            for one in found.items:
                with ui.element("div").classes("m-row m-bell-row"):
                    draw_line(one)
                    read = one.read_at is None
                    symbol, name = ("done", _("Mark as read")) if read else ("mark_email_unread", _("Mark as unread"))
                    icon_button(symbol, name, partial(self._mark, one, read))

    async def _mark(self, one: Notification, read: bool) -> None:
        await client.mark(self._api, one.id, read=read)
        await self._list.refresh()

    async def _read_all(self) -> None:
        await client.read_all(self._api, self._asked)
        await self._list.refresh()


def _blank() -> None:
    with card():
        empty(
            "notifications",
            _("Nothing happened to you yet"),
            _("When a conversation becomes yours, somebody mentions you, or your campaign ends, it stands here."),
        )
