"""The bell of every page: how much happened to the person that they have not read, the newest lines, and the way to all of them. The
number stands on the icon of the installed app, too. Looking at what a line is about reads it."""

import re
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from nicegui import background_tasks, ui

from api.contract.base import Page
from api.contract.events import NotificationsChanged
from api.contract.notifications import Notification
from ui import first_answers, formats, live, session
from ui.client import notifications as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import item
from ui.components.states import error_state, skeleton
from ui.components.text import Text, icon, title
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import notifications as labels

PAGE = "/notifications"
SHOWN = 8
_SUBJECT = re.compile(r"(?:/(?:inbox|campaigns|imports)/|[?&]lead=)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class Bell:
    """`button()` draws it where the frame has a place for it; all follow what happens."""

    def __init__(self) -> None:
        me = session.current()
        self._api = me.api
        self._badges: list[tuple[ui.label, ui.element]] = []
        self._unread = 0
        self._first = True
        self._client = ui.context.client

    def open_list(self) -> None:
        """The bell that opens the newest lines under it."""
        with ui.element("button").classes("m-bell").props("type=button aria-haspopup=dialog") as bell:
            icon("notifications")
            self._badge(bell)
            with ui.menu().props('anchor="bottom left" self="top left" :offset="[0, 6]"').classes("m-bell-list") as menu:
                place = ui.element("div").classes("m-col")
            menu.on("show", partial(self._open, place))

    def link(self) -> None:
        """The bell of a phone, which leads to the page of all."""
        with ui.link(target=PAGE).classes("m-bell") as bell:
            icon("notifications")
            self._badge(bell)

    def follow(self) -> None:
        """Once all places are drawn."""
        page = ui.context.client.id
        _of[page] = self
        ui.context.client.on_delete(lambda: _of.pop(page, None))
        throttle = Throttle(self._ask, 2.0)
        first_answers.ask(ui.context.slot.parent, self._ask)
        live.on(NotificationsChanged, lambda event: throttle.poke())
        live.on_reset(self._ask)

    async def seen(self, subject_id: UUID) -> None:
        """The person looks at this now."""
        if self._unread:
            try:
                self._show(await client.seen(self._api, subject_id))
            except (ApiProblem, Offline):  # it stays unread, and is read where it is looked at again
                return

    def _badge(self, bell: ui.element) -> None:
        number = ui.label().classes("m-count").props("aria-hidden=true")
        number.set_visibility(False)
        self._badges.append((number, bell))
        self._name(bell, 0)

    def _name(self, bell: ui.element, unread: int) -> None:
        said = _("{n} unread").format(n=formats.number(unread)) if unread else ""
        bell.props["aria-label"] = f"{_('Notifications')}, {said}" if said else _("Notifications")

    async def _ask(self) -> None:
        try:
            found = await client.unread(self._api)
            if self._first and found and (here := _SUBJECT.search(str(self._client.request.url))):
                found = await client.seen(self._api, UUID(here[1]))
        except (ApiProblem, Offline):  # the number that stands there stays
            return
        self._first = False
        self._show(found)

    def _show(self, unread: int) -> None:
        if unread != self._unread:
            self._client.run_javascript(f"masteria.badge({unread})")
        self._unread = unread
        text = str(unread) if unread < 100 else "99+"
        for number, bell in self._badges:
            if number.is_deleted or (number.text == text and number.visible == (unread > 0)):
                continue
            number.text = text
            number.set_visibility(unread > 0)
            self._name(bell, unread)
            bell.update()

    async def _open(self, place: ui.element) -> None:
        place.clear()
        with place:
            skeleton("line m-w-60", "line m-w-80", "line m-w-60")
        asked = datetime.now(UTC)
        try:
            found: Page[Notification] | None = await client.notifications(self._api, {"limit": SHOWN})
            said = ""
        except (ApiProblem, Offline) as error:
            found, said = None, problems.sentence(error)
        place.clear()
        with place:
            with ui.element("div").classes("m-row m-between m-bell-head"):
                title(_("Notifications"))
                if self._unread:
                    button(_("Mark all as read"), partial(self._read_all, asked, place), kind="plain")
            if found is None:
                error_state(said, partial(self._open, place))
                return
            for one in found.items:
                draw_line(one)
            if not found.items:
                Text("p", _("Nothing happened to you yet. What you are called to stands here."), "m-hint m-bell-head")
            with ui.element("div").classes("m-row m-between m-bell-foot"):
                ui.link(_("See all"), PAGE).classes("m-link")
                ui.link(_("Choose what I hear of"), "/settings?tab=notifications").classes("m-link")

    async def _read_all(self, until: datetime, place: ui.element) -> None:
        self._show(await client.read_all(self._api, until))
        await self._open(place)


def draw_line(one: Notification) -> ui.element:
    """One line: what, about what, when; a link to it."""
    with item(to=labels.path(one)) as line:
        if one.read_at is None:
            line.classes("m-unread")
        icon(labels.ICONS[one.kind])
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(labels.name(one)).classes("m-strong m-clip").props["dir"] = "auto"
            said = labels.sentence(one)
            ui.label(f"{said} ({formats.number(one.times)}×)" if one.times > 1 else said).classes("m-sub")
            ui.label(formats.ago(one.at)).classes("m-hint")
        if one.read_at is None:
            dot = ui.element("span").classes("m-unread-dot")
            dot.props.update({"role": "img", "aria-label": _("Not read")})
    line.on("click", lambda: _read(one.id), [])
    return line


async def _read(notification_id: UUID) -> None:
    """The page that it leads to reads most of them by itself; news for owners has no subject."""
    try:
        await client.mark(session.current().api, notification_id, read=True)
    except (ApiProblem, Offline):
        return


_of: dict[str, Bell] = {}  # by the id of the page


def seen(subject_id: UUID) -> None:
    """The person looks at this now, on a page that did not load for it. Nobody waits for it."""
    if (bell := _of.get(ui.context.client.id)) is not None:
        background_tasks.create(bell.seen(subject_id), name="seen")
