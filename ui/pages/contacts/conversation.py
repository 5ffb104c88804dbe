"""The conversation with one person: what was said, over all channels, in the order of time, and the answer below it.

Events draw what changed, and nothing else. What somebody is typing is never taken away, and the same text goes out once, however often they press.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from nicegui import ui

from api.contract.contents import Reaction
from api.contract.enums import Permission
from api.contract.events import ConversationChanged, MessageFileChanged, MessageReceived
from api.contract.kinds import ReplyKind
from api.contract.messages import Message, MessageCreate, ReplyChannel
from api.contract.replies import TextReply
from ui import first_answers, formats, kinds, live, session
from ui.client import conversations
from ui.client import messages as client
from ui.client.base import ApiProblem, Offline
from ui.components import bubbles, problems
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import area_field, filled, select_field
from ui.components.states import empty, load
from ui.components.text import Text, badge
from ui.i18n import _
from ui.labels import messages as message_labels

BEAT = 5.0  # seconds between looks while something of ours is on its way
TICK = 20.0  # seconds between looks at the clock of the window
OPEN = {"queued", "sending", "unknown"}


class Conversation:
    """The card. `refresh` asks again, for messages and for how the person can be answered."""

    def __init__(self, contact_id: UUID) -> None:
        self._id, self._api = contact_id, session.current().api
        self._items: list[Message] = []  # newest first
        self._cursor: str | None = None
        self._painted: ui.element | None = None
        self._drawn: dict[object, tuple[ui.element, Message | None]] = {}
        with card(_("Conversation"), hint=_("Over all channels, as this person sees it."), flush=True) as box:
            box.props["id"] = "conversation"
            with ui.element("div").classes("m-conv") as pane:
                pane.props.update({"role": "log", "tabindex": "0", "aria-label": _("Conversation")})
                self._place = load(self._fetch, self._draw, bubbles.skeleton)
            self._composer = _Composer(contact_id, self.refresh)
        live.on(MessageReceived, self._heard)
        live.on(ConversationChanged, self._heard)
        live.on(MessageFileChanged, self._heard)
        beat(BEAT, self._beat)

    async def _heard(self, event: MessageReceived | ConversationChanged | MessageFileChanged) -> None:
        if event.contact_id == self._id:
            await self.refresh()

    async def _beat(self) -> None:
        if any(one.state in OPEN for one in self._items):
            await self._again()

    async def refresh(self) -> None:
        await self._again()
        await self._composer.refresh()

    async def _again(self) -> None:
        if self._painted is None:
            await self._place.refresh()
            return
        before = self._items
        try:
            await self._fetch()
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        if self._items != before and not self._painted.is_deleted:
            self._paint()

    async def _fetch(self) -> list[Message]:
        """The newest page; older ones that were shown stay where it reaches them."""
        found = await client.messages(self._api, self._id)
        ids, last = {one.id for one in found.items}, found.items[-1].id if found.items else None
        known = [one.id for one in self._items]
        if found.next_cursor and last in known:
            older = [one for one in self._items[known.index(last) + 1 :] if one.id not in ids]
        else:
            older = []
        self._items = [*found.items, *older]
        if not older:
            self._cursor = found.next_cursor
        return self._items

    async def _earlier(self) -> None:
        found = await client.messages(self._api, self._id, self._cursor)
        known = {one.id for one in self._items}
        self._items = [*self._items, *(one for one in found.items if one.id not in known)]
        self._cursor = found.next_cursor
        self._paint()

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, _items: list[Message]) -> None:
        self._painted, self._drawn = ui.element("div").classes("m-conv-list"), {}
        self._paint()
        ui.run_javascript("location.hash === '#conversation' && document.getElementById('conversation')?.scrollIntoView()")

    def _paint(self) -> None:
        """Draws what is new and what has changed; the rest stays as it is, with what plays in it."""
        assert self._painted is not None
        drawn: dict[object, tuple[ui.element, Message | None]] = {}
        for key, message, draw in self._lines():
            known = self._drawn.pop(key, None)
            if known is None:
                with self._painted:
                    element = ui.element("div").classes("m-thread-entry")
            else:
                element = known[0]
            if known is None or known[1] != message:
                element.clear()
                with element:
                    draw()
            drawn[key] = element, message
        for gone, _message in self._drawn.values():
            gone.delete()
        self._drawn = drawn
        order = [element for element, _message in drawn.values()]
        if self._painted.default_slot.children != order:
            self._painted.default_slot.children[:] = order
            self._painted.update()

    def _lines(self) -> Iterator[tuple[object, Message | None, Callable[[], Any]]]:
        """What stands there from the top: what a line is, its message if it is one, and what draws it."""
        if not self._items:
            text = _("Messages to this person and their answers stand here.")
            yield "empty", None, partial(empty, "forum", _("Nothing was said yet"), text)
        if self._cursor:
            yield "earlier", None, self._draw_earlier
        known = {one.provider_id: one for one in self._items if one.provider_id}
        day: date | None = None
        for one in reversed(self._items):
            if isinstance(one.content, Reaction) and one.content.target_id in known:
                continue  # it stands under its message
            local = one.at.astimezone(formats.zone()).date()
            if local != day:
                day = local
                yield local, None, partial(_draw_day, local)
            yield one.id, one, partial(bubbles.draw_message, one, known.get)

    def _draw_earlier(self) -> None:
        with ui.element("div").classes("m-conv-line"):
            button(_("Show earlier messages"), self._earlier, kind="plain")


def _draw_day(day: date) -> None:
    with ui.element("div").classes("m-conv-line"):
        Text("span", bubbles.day_name(day), "m-chip")


class _Composer:
    """Which channel, whether it may be done now, and the text."""

    def __init__(self, contact_id: UUID, sent: live.Plain) -> None:
        self._id, self._sent = contact_id, sent
        me = session.current()
        self._api, self._may = me.api, me.may(Permission.MESSAGES_SEND)
        self._inbox = me.may(Permission.CONVERSATIONS_WRITE)
        self._ways: dict[UUID, ReplyChannel] = {}
        self._chosen: UUID | None = None
        self._try: tuple[str, UUID | None, str] = ("", None, "")  # text, channel, Idempotency-Key
        with ui.element("div").classes("m-composer") as self._element:
            if not self._may:
                ui.label(_("Your role reads conversations. Agents and managers answer.")).classes("m-hint")
                return
            self._top = ui.element("div").classes("m-row m-near m-wrap m-answer-over w-full")
            self._obstacle = ui.element("div").classes("w-full")
            with ui.element("div").classes("m-col m-near w-full") as self._write:
                self._text = area_field(
                    _("Write an answer"),
                    limit=max((kind.capabilities.text_limit for kind in kinds.every()), default=1000),
                    rows=2,
                )
                self._text.control.props["dir"] = "auto"
                with ui.element("div").classes("m-row m-between items-center"):
                    self._window = ui.label().classes("m-hint")
                    button(_("Send"), self._send, kind="primary", icon="send")
            self._write.set_visibility(False)
        first_answers.ask(self._element, self.refresh)
        beat(TICK, self._tick)

    async def refresh(self) -> None:
        if not self._may:
            return
        try:
            found = await client.reply_channels(self._api, self._id)
        except (ApiProblem, Offline):
            return
        if self._element.is_deleted:
            return
        before, self._ways = self._ways, {one.channel_id: one for one in found}
        if self._chosen not in self._ways:
            best = next((one for one in found if one.obstacle is None), found[0] if found else None)
            self._chosen = best.channel_id if best else None
        if before != self._ways or not found:
            self._draw_top()
        self._tick()

    def _draw_top(self) -> None:
        def choose() -> None:
            self._chosen = field.value
            self._tick()

        self._top.clear()
        with self._top:
            if len(self._ways) > 1:
                names = {one.channel_id: f"{one.channel_name} · {_kind(one)}" for one in self._ways.values()}
                field = select_field(_("Answer over"), names, self._chosen, on_change=choose)
                field.element.classes("m-narrow-field w-full")
            elif self._ways:
                one = next(iter(self._ways.values()))
                ui.label(_("Answer over {channel}").format(channel=f"{one.channel_name} · {_kind(one)}")).classes("m-hint")
            if any(one.sandbox for one in self._ways.values()):
                badge(_("Simulator"), "info")

    def _tick(self) -> None:
        """What the clock says: the window's end comes without an event."""
        if not self._may or self._element.is_deleted:
            return
        way = self._ways.get(self._chosen) if self._chosen else None
        obstacle = way.obstacle if way else "no_channel"
        left = (way.window_until - datetime.now(UTC)).total_seconds() if way and way.window_until else None
        if obstacle is None and left is not None and left <= 0:
            obstacle = "window_closed"
        self._write.set_visibility(obstacle is None)
        self._window.text = ""
        if obstacle is None and left is not None and way is not None:
            text = _("WhatsApp takes free texts for another {time}, until {when}.")
            self._window.text = text.format(time=formats.duration(max(60, left)), when=formats.moment(way.window_until))
        self._obstacle.clear()
        if obstacle is not None:
            with self._obstacle:
                self._draw_obstacle(obstacle, way)

    def _may_send_template(self, obstacle: str, way: ReplyChannel) -> bool:
        takes = ReplyKind.TEMPLATE in kinds.can(way.channel_kind).reply_kinds
        return self._inbox and takes and obstacle in {"window_closed", "opted_out"} and way.template_obstacle is None

    async def _to_templates(self, way: ReplyChannel) -> None:
        """They are chosen in the inbox."""
        one = await conversations.open_one(self._api, self._id, way.channel_id)
        ui.navigate.to(f"/inbox/{one.id}")

    def _draw_obstacle(self, obstacle: str, way: ReplyChannel | None) -> None:
        text, todo = message_labels.obstacle(obstacle)
        if obstacle == "window_closed" and way is not None and way.last_inbound_at:
            text = _("This person wrote last {when}.").format(when=formats.moment(way.last_inbound_at)) + f" {text}"
        with note("warn" if obstacle != "no_channel" else "info", text):
            ui.label(todo).classes("m-sub")
            if way is not None and self._may_send_template(obstacle, way):
                with ui.element("div").classes("m-row"):
                    button(_("Send a template"), partial(self._to_templates, way), icon="article")
            elif obstacle == "channel_not_connected" and way is not None:
                with ui.element("div").classes("m-row"):
                    button(_("Look at the channel"), to=f"/channels/{way.channel_id}", icon="hub")

    async def _send(self) -> None:
        text, channel_id = (self._text.value or "").strip(), self._chosen
        if channel_id is None:
            return
        most = kinds.can(self._ways[channel_id].channel_kind).text_limit
        long = _("At most {n} characters over this channel.").format(n=formats.number(most)) if len(text) > most else ""
        if not filled([self._text], {self._text: long}):
            return
        if self._try[:2] != (text, channel_id):
            self._try = (text, channel_id, str(uuid4()))
        try:
            body = MessageCreate(contact_id=self._id, channel_id=channel_id, content=TextReply(text=text))
            await client.send(self._api, body, self._try[2])
        except (ApiProblem, Offline) as error:  # the text stays, and so does its key: pressing again sends nothing twice
            with self._element:
                problems.show_in({"content.text": self._text}, error)
            await self.refresh()
            return
        self._try = ("", None, "")
        if (self._text.value or "").strip() == text:
            self._text.value = ""
        result = self._sent()
        if result is not None:
            await result


def _kind(way: ReplyChannel) -> str:
    return kinds.name(way.channel_kind)
