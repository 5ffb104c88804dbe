"""The simulator: phones of invented people, answering in their name, and how well the outside behaves."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract import contents
from api.contract.base import Page
from api.contract.channels import Channel
from api.contract.enums import ChannelState, NoticeCode, Permission
from api.contract.events import CampaignProgress, ConversationChanged, Event, MessageReceived, SandboxChanged
from api.contract.sandbox import Behaviour, SandboxKind, SandboxMessage, SandboxNewsCode, SandboxPhone
from ui import formats, kinds, live, session
from ui.client import channels as channel_client
from ui.client import sandbox as client
from ui.client.base import ApiProblem, Offline
from ui.components.beat import beat
from ui.components.buttons import button, icon_button
from ui.components.cards import note
from ui.components.forms import select_field
from ui.components.frame import frame
from ui.components.listing import Listing
from ui.components.menus import Choice, more
from ui.components.phone import Phone, Preview
from ui.components.query import Query
from ui.components.states import empty, load, skeleton_card
from ui.components.text import chip
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import messages as message_labels
from ui.labels import notices, reasons
from ui.pages.sandbox import newcomer
from ui.pages.sandbox.behaviour import BehaviourCard
from ui.pages.sandbox.line import Line
from ui.routing import page

GROUP = "@g.us"
IN_GROUPS = ("image", "video", "voice", "audio", "document", "sticker", "location", "contacts", "poll", "vote", "forwarded")
"""What is sent in groups beside texts."""
TYPING = 25.0  # seconds that a phone shows that somebody writes
MEDIA = {"[image]": "image", "[video]": "video", "[document]": "document"}


@page("/sandbox", permission=Permission.SANDBOX_USE)
def sandbox(channel: str = "") -> None:
    def draw(found: list[Channel]) -> None:
        numbers = [one for one in kinds.writing(found) if one.sandbox]
        if not numbers:
            may = session.current().may(Permission.CHANNELS_WRITE)
            text = _("Connect a rehearsal number: invented people get your messages, read them and answer.")
            with ui.element("div").classes("m-card"):
                action = _("Connect channel") if may else ""
                empty("science", _("No rehearsal number yet"), text, action=action, to="/channels/connect")
            return
        chosen = next((one for one in numbers if str(one.id) == channel), numbers[0])
        if len(numbers) > 1:
            names = {str(one.id): one.name for one in numbers}
            field = select_field(_("Number"), names, str(chosen.id))
            field.element.classes("m-narrow-field")
            field.control.on_value_change(lambda event: ui.navigate.to(f"/sandbox?channel={event.value}"))
        _Sandbox(chosen)

    with frame(_("Simulator"), _("Try campaigns on invented people. Nothing reaches a real phone.")) as it:
        if session.current().may(Permission.AI_READ):
            with it.actions:
                button(_("What the model saw"), icon="visibility", to="/sandbox/model")
        load(lambda: channel_client.channels(session.current().api), draw, lambda: skeleton_card(8))


class _Sandbox:
    """Phones on the left, one phone in the middle with a place to answer, behaviour on the right."""

    def __init__(self, channel: Channel) -> None:
        self._api, self._channel = session.current().api, channel
        self._address = ""
        self._lines: dict[str, Line] = {}
        self._newest: UUID | None = None
        self._newest_of = self._drawn_of = ""
        self._paired = kinds.of(channel.kind).paired
        if self._paired and channel.state != ChannelState.CONNECTED:
            with note(
                "warn", _("This number is not connected: nobody can write to it. Scan its code with the simulator's phone.")
            ):
                button(_("Open the number"), kind="quiet", icon="qr_code_2", to=f"/channels/{channel.id}")
        with ui.element("div").classes("m-sandbox"):
            with ui.element("div").classes("m-card m-card-flush m-sandbox-people"):
                if self._paired:
                    with ui.element("div").classes("m-in"):
                        button(
                            _("Somebody new writes"),
                            partial(newcomer.ask, self._api, channel.id),
                            icon="person_add",
                            kind="plain",
                        ).classes("w-full")
                        button(
                            _("Somebody writes in a group"),
                            partial(newcomer.ask_in_group, self._api, channel.id),
                            icon="group_add",
                            kind="plain",
                        ).classes("w-full")
                self._phones = Listing(
                    self._fetch, self._draw_phones, self._draw_nobody, search=_("Search name or number"), step=15
                )
            with ui.element("div").classes("m-sandbox-phone"):
                self._phone = Phone(channel.name, formats.phone(channel.number) if channel.number else "")
                self._phone.chat.classes("m-chat-scroll")
                with ui.element("div").classes("m-answer") as self._box:
                    self._text = ui.input(placeholder=_("Answer as this person")).props("outlined dense").classes("m-grow")
                    self._text.props["aria-label"] = _("Answer as this person")
                    self._text.on("keydown.enter", self._send, [])
                    icon_button("send", _("Send answer"), self._send)
                    more(self._choices, _("Send something else"))
                with ui.element("div").classes("m-row m-near m-wrap m-answers") as self._quick:
                    for text in (_("I am interested"), _("How much is it?"), _("STOP")):
                        chip(text, on_click=partial(self._say, text))
                self._box.set_visibility(False)
                self._quick.set_visibility(False)
            load(
                lambda: client.behaviour(self._api, channel.id), self._draw_behaviour, lambda: skeleton_card(8), "m-sandbox-side"
            )
        self._throttle = Throttle(self._again, 1.0)
        self._typing: dict[str, float] = {}  # until when (monotonic) the company writes to whom
        beat(1.0, self._still_typing)
        live.on(MessageReceived, self._heard)
        live.on(CampaignProgress, self._heard)
        live.on(ConversationChanged, self._heard)
        live.on(SandboxChanged, self._told)
        live.on_reset(self._again)

    def _heard(self, event: Event) -> None:
        self._throttle.poke()

    def _told(self, event: SandboxChanged) -> None:
        if event.channel_id != self._channel.id:
            return
        if event.verb == "read":
            self._throttle.poke()
        elif event.verb == "typing" and event.address:
            self._typing[event.address] = time.monotonic() + TYPING
            self._still_typing()
        elif event.reason:
            toast(reasons.failure(event.reason).name, "bad")

    def _still_typing(self) -> None:
        self._phone.writes(self._typing.get(self._address, 0.0) > time.monotonic())

    async def _again(self) -> None:
        drawn = self._lines
        if not drawn or self._people.is_deleted:
            await self._phones.refresh()
        else:
            try:
                found = await self._phones.fetch()
            except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
                return
            if self._people.is_deleted or drawn is not self._lines:  # a search was answered meanwhile
                return
            if found.items and (found.next_cursor is not None) == self._more:
                self._merge(found)
            else:
                await self._phones.refresh()
        if self._address:
            await self._show(self._address)

    def _merge(self, found: Page[SandboxPhone]) -> None:
        """The lines as they are now. One that stays is the same one: a press never meets a line that is being drawn anew."""
        known, wanted = list(self._lines), [one.address for one in found.items]
        with self._people:
            for one in found.items:
                if one.address in self._lines:
                    self._lines[one.address].show(one)
                else:
                    self._lines[one.address] = Line(one, self._pick)
        if wanted != known:
            for gone in set(known) - set(wanted):
                self._lines.pop(gone).element.delete()
            self._lines = {address: self._lines[address] for address in wanted}
            self._people.default_slot.children[:] = [line.element for line in self._lines.values()]
            self._people.update()
        self._mark()

    async def _fetch(self, query: Query) -> Page[SandboxPhone]:
        return await client.phones(self._api, self._channel.id, search=query.search, limit=query.limit)

    def _draw_nobody(self) -> None:
        if self._paired:
            empty("smartphone", _("Nobody yet"), _("Whoever writes to this number, or gets something from it, has a phone here."))
            return
        text = _("Send a campaign from this number; each person then has a phone here.")
        empty("smartphone", _("Nobody yet"), text, action=_("New campaign"), to="/campaigns/new")

    async def _draw_phones(self, found: Page[SandboxPhone]) -> None:
        self._more = found.next_cursor is not None
        with ui.element("div").classes("w-full") as self._people:
            self._lines = {one.address: Line(one, self._pick) for one in found.items}
        if found.items and not self._address:
            await self._show(found.items[0].address)
        else:
            self._mark()

    def _mark(self) -> None:
        for one, line in self._lines.items():
            on = one == self._address
            line.element.classes(add="m-item-on" if on else "", remove="" if on else "m-item-on")

    async def _pick(self, address: str) -> None:
        await self._show(address)
        ui.run_javascript(f"masteria.reveal({self._phone.chat.id})")

    async def _show(self, address: str) -> None:
        if address != self._address:
            self._phone.chat.classes("m-busy").props["aria-busy"] = "true"
        self._address = address
        self._mark()
        try:
            found = await client.thread(self._api, self._channel.id, address)
        finally:
            if address == self._address and not self._box.is_deleted:
                self._phone.chat.classes(remove="m-busy").props["aria-busy"] = "false"
        if address != self._address or self._box.is_deleted:
            return
        self._text.props["placeholder"] = _("Write in the group") if self._in_group() else _("Answer as this person")
        self._box.set_visibility(True)
        self._quick.set_visibility(True)
        newest = found.items[0].id if found.items else None
        if newest != self._newest:  # what was written has arrived, or another phone is shown
            if self._newest_of == address:
                self._typing.pop(address, None)
            self._newest, self._newest_of = newest, address
        self._still_typing()
        if address != self._drawn_of:
            self._drawn_of = address
            self._phone.show()
        self._phone.show(*[_drawn(message, partial(self._press, message.id)) for message in reversed(found.items)])
        ui.run_javascript(f"getHtmlElement({self._phone.chat.id}).scrollTop = 1e6")

    async def _send(self) -> None:
        text = (self._text.value or "").strip()
        if text:
            self._text.value = ""
            await self._say(text)

    async def _say(self, text: str) -> None:
        await self._reply(text)

    async def _reply(self, text: str, kind: SandboxKind = "text") -> None:
        """In a group somebody of it writes."""
        address, group = (newcomer.member(), self._address) if self._in_group() else (self._address, None)
        await client.reply(self._api, self._channel.id, address, text, kind, group)

    def _in_group(self) -> bool:
        return self._address.endswith(GROUP)

    async def _press(self, message_id: UUID, option: int) -> None:
        await client.press(self._api, self._channel.id, self._address, message_id, option)

    def _choices(self) -> list[Choice]:
        """What this person can send beside a text, and what the provider can tell about the account."""
        can = kinds.can(self._channel.kind)
        some = [kind for kind in can.rehearsed_kinds if not self._in_group() or kind in IN_GROUPS]
        found = [Choice(_kind(kind)[0], partial(self._send_kind, kind), _kind(kind)[1]) for kind in some]
        for number, code in enumerate(can.rehearsed_news):
            name = notices.notice(NoticeCode(code)).name
            found.append(Choice(name, partial(self._tell, code), "campaign", line=number == 0))
        return found

    async def _send_kind(self, kind: SandboxKind) -> None:
        text = (self._text.value or "").strip()
        if kind != "typing":  # then what is typed goes on
            self._text.value = ""
        await self._reply(text, kind)

    async def _tell(self, code: SandboxNewsCode) -> None:
        await client.news(self._api, self._channel.id, code)
        toast(_("Told. It arrives through the provider, like real news."), "info")

    # -- behaviour --------------------------------------------------------------------------------------------------

    def _draw_behaviour(self, behaviour: Behaviour) -> None:
        BehaviourCard(behaviour, self._save)

    async def _save(self, behaviour: Behaviour) -> None:
        await client.behave(self._api, self._channel.id, behaviour)
        toast(_("The simulator behaves like this from now on."))


def _kind(kind: SandboxKind) -> tuple[str, str]:
    """Name and symbol of what a person can send or do."""
    return {
        "voice": (_("Voice message"), "mic"),
        "audio": (_("Audio file"), "audio_file"),
        "reaction_removed": (_("Takes the reaction back"), "remove_circle"),
        "ad": (_("Message from an ad"), "ads_click"),
        "forwarded": (_("Forwarded message"), "forward"),
        "echo": (_("Answer written on the shop's phone"), "smartphone"),
        "poll": (_("Poll"), "ballot"),
        "poll_echo": (_("Poll made on the shop's phone"), "ballot"),
        "vote": (_("Vote in the newest poll"), "how_to_vote"),
        "number_changed": (_("Changes number"), "sim_card"),
        "user_id_changed": (_("Gets another user id"), "badge"),
        "identity_changed": (_("Changes device"), "devices"),
        "typing": (_("Begins to type"), "keyboard"),
        "hidden": (_("Hides the number from now on"), "visibility_off"),
    }.get(kind) or message_labels.message_kind(kind)


def _content(message: SandboxMessage) -> str:
    return "…" if message.content is None else message_labels.message_kind(contents.kind_of(message.content))[0] or "…"


def _plain(message: SandboxMessage) -> str:
    """A place or a person in lines; of what else has no text its kind."""
    match message.content:
        case contents.Location() as place:
            where = f"{place.latitude:.5f}, {place.longitude:.5f}"
            return "\n".join(line for line in (f"📍 {place.name or _content(message)}", place.address, where) if line)
        case contents.Contacts(contacts=people) if people:
            return "\n".join(line for one in people for line in (f"👤 {one.name}", *(phone.phone for phone in one.phones)))
    return _content(message)


def _drawn(message: SandboxMessage, press: Callable[[int], Awaitable[None]]) -> Preview | tuple[Preview, bool]:
    media = MEDIA.get(message.header or "", "")
    preview = Preview(
        message.text or ("" if message.files else _plain(message)),
        header="" if media else message.header or message.writer or "",
        footer=message.footer or "",
        media=media,  # type: ignore[arg-type]
        buttons=[(button.kind, button.text) for button in message.buttons],
        time=formats.clock(message.at),
        read=message.kind == "in" and message.state == "read",
        rows=[(row.title, row.description or "") for row in message.rows],
        press=press if message.kind == "out" and message.buttons else None,
        quote=message.quote,
        files=message.files,
        reactions=message.reactions,
    )
    return (preview, True) if message.kind == "in" else preview
