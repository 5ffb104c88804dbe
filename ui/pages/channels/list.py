"""The company's channels, and connecting another one."""

import html
from functools import partial

from nicegui import ui

from api.contract.channels import Channel
from api.contract.enums import ChannelState, Permission
from api.contract.events import CampaignProgress, ChannelChanged, Event
from api.contract.kinds import Kind
from ui import formats, kinds, live, session
from ui.client import channels as client
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.frame import frame
from ui.components.progress import width
from ui.components.states import empty, load, skeleton_list
from ui.components.text import badge, dot, icon, pressable
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import channels as channel_labels
from ui.pages.channels.connect import Connect, Rehearsal
from ui.pages.channels.signup import SignupCard
from ui.routing import page


@page("/channels", permission=Permission.CHANNELS_READ)
def channels() -> None:
    me = session.current()
    may = me.may(Permission.CHANNELS_WRITE)

    def draw(found: list[Channel]) -> None:
        if not found:
            text = _("Connect a WhatsApp or SMS number. To try first, connect the simulator: it reaches nobody.")
            with ui.element("div").classes("m-card"):
                action = _("Connect channel") if may else ""
                empty("hub", _("No channel yet"), text, action=action, to="/channels/connect")
            return
        with ui.element("div").classes("m-picks m-channels"):
            for one in sorted(found, key=lambda channel: (channel.state != ChannelState.ERROR, channel.sandbox)):
                _draw_channel(one)

    with frame(_("Channels"), _("The numbers your company writes from")) as head:
        with head.actions:
            if may:
                button(_("Connect channel"), kind="primary", icon="add", to="/channels/connect")
        place = load(lambda: client.channels(me.api), draw, lambda: skeleton_list(3))
        throttle = Throttle(place.refresh, 2.0)

        def heard(event: Event) -> None:
            throttle.poke()

        live.on(ChannelChanged, heard)
        live.on(CampaignProgress, heard)
        live.on_reset(place.refresh)


def _draw_channel(channel: Channel) -> None:
    name, tone = channel_labels.state(channel)
    with ui.link(target=f"/channels/{channel.id}").classes("m-pick m-channel"):
        with ui.element("div").classes("m-row m-channel-top"):
            with ui.element("div").classes(f"m-camp-icon m-camp-{channel.kind}"):
                icon(kinds.of(channel.kind).icon)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(channel.name).classes("m-strong m-clip")
                number = channel_labels.number(channel) if channel.number or not channel.sandbox else _("No number yet")
                ui.label(f"{kinds.name(channel.kind)} · {number}").classes("m-hint m-clip")
            with ui.element("div").classes("m-row m-near shrink-0 m-channel-state"):
                if channel.sandbox:
                    badge(_("Simulator"), "info")
                badge(name, tone, live=channel.state == ChannelState.CHECKING and channel.connection is None)
        trouble, todo = channel_labels.channel_trouble(channel)
        if trouble and channel.state != ChannelState.CHECKING:
            with ui.element("div").classes("m-trouble"):
                ui.label(trouble).classes("m-strong")
                ui.label(todo)
        usage(channel)
        with ui.element("div").classes("m-facts"):
            if kinds.can(channel.kind).limits_people:
                quality, quality_tone = channel_labels.quality(channel.quality)
                with ui.element("div"):
                    dot(quality_tone)
                    ui.label(_("Quality: {quality}").format(quality=quality.lower())).classes("m-hint")
            if channel.connection is None:  # else it writes like a person, not at a rate
                with ui.element("div"):
                    ui.label(rate(channel)).classes("m-hint")


def rate(channel: Channel) -> str:
    """How fast it sends and may send. Measured over some seconds, so a hair too much is the most that it may."""
    now = min(channel.rate_now, channel.throughput)
    text = _("{now} of {most} per second now")
    return text.format(now=formats.number(now, 1), most=formats.number(channel.throughput, 1))


def usage(channel: Channel) -> None:
    """How much of the day's people is used; nothing where there is no such limit."""
    if not channel.messaging_limit:
        return
    used = channel.messaging_used or 0
    share = min(1.0, used / channel.messaging_limit)
    tone = " m-fill-bad" if share >= 1 else " m-fill-warn" if share >= 0.8 else ""
    with ui.element("div").classes("m-col m-near w-full"):
        with ui.element("div").classes("m-track") as track:
            track.props.update(
                {"role": "progressbar", "aria-valuenow": round(share * 100), "aria-valuemin": 0, "aria-valuemax": 100}
            )
            track.props["aria-label"] = _("People in 24 hours")
            ui.element("div").classes("m-fill" + tone).style(width(share))
        text = _("{used} of {limit} people in 24 hours")
        ui.label(text.format(used=formats.number(used), limit=formats.number(channel.messaging_limit))).classes("m-hint")


CONNECT, REHEARSAL = "/channels/connect", "sandbox"


@page(CONNECT, permission=Permission.CHANNELS_WRITE)
def connect() -> None:
    _connect("")


@page(CONNECT + "/{kind}", permission=Permission.CHANNELS_WRITE)
def connect_kind(kind: str) -> None:
    _connect(kind if kind == REHEARSAL or any(one.kind == kind for one in kinds.every()) else "")


def _connect(kind: str) -> None:
    for one in kinds.every():
        if one.signup is not None:
            ui.add_head_html(f'<script async src="{html.escape(one.signup.script)}"></script>')
    with frame(_("Connect channel"), breadcrumbs=[(_("Channels"), "/channels")], active="/channels"):
        _Connect(kind)


class _Connect:
    """Choose a kind, type what the provider gave, and watch the check on the channel's page."""

    def __init__(self, kind: str) -> None:
        self._place = ui.element("div").classes("m-col m-loose w-full m-connect")
        self._draw(kind)

    def _choose(self, kind: str) -> None:
        address().write({}, push=True, path=f"{CONNECT}/{kind}")
        self._draw(kind)

    def _draw(self, kind: str) -> None:
        self._place.clear()
        with self._place:
            with ui.element("div").classes("m-picks m-kinds").props("role=radiogroup"):
                text = _("Try everything without an account. It reaches nobody.")
                self._pick(kind, REHEARSAL, "science", _("Simulator"), text)
                for one in kinds.every():
                    self._pick(kind, one.kind, one.icon, kinds.text(one.label), kinds.text(one.description))
            if kind == REHEARSAL:
                Rehearsal()
            elif kind:
                if kinds.of(kind).set_up_here:
                    _bought_here()
                _by_window_or_hand(kinds.of(kind))

    def _pick(self, chosen: str, kind: str, symbol: str, name: str, text: str) -> None:
        with ui.element("div").classes("m-pick" + (" m-pick-on" if chosen == kind else "")) as element:
            with ui.element("div").classes(f"m-camp-icon m-camp-{kind}"):
                icon(symbol)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(name).classes("m-strong")
                ui.label(text).classes("m-hint")
        pressable(element, partial(self._choose, kind))
        element.props.update({"role": "radio", "aria-checked": "true" if chosen == kind else "false"})


def _bought_here() -> None:
    with card(_("No number there yet?"), hint=_("Buy one at Twilio and have everything between the two set up, step by step.")):
        with ui.element("div").classes("m-row m-wrap"):
            button(_("Buy and set up a number"), icon="add_call", to="/channels/numbers")


def _by_window_or_hand(kind: Kind) -> None:
    """The provider's window where there is one; the guide and its form stay one press away."""
    if kind.signup is None:
        Connect(kind)
        return

    def by_hand() -> None:
        ask.delete()
        with place:
            Connect(kind)

    SignupCard(kind)
    with ui.element("div").classes("m-row") as ask:
        button(_("Connect by hand instead, with a guide"), by_hand, kind="plain", icon="menu_book")
    place = ui.element("div").classes("m-col m-loose w-full")
