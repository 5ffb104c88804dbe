"""First step: the channel that sends. What cannot send says why and what to do."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.channels import Channel
from api.contract.enums import ChannelState, Permission, Quality
from ui import formats, kinds, session
from ui.client import campaigns
from ui.client.base import ApiClient
from ui.components.picks import Picks
from ui.components.states import empty, skeleton_card
from ui.components.text import Tone, badge, dot, icon
from ui.i18n import _
from ui.labels import channels as channel_labels


async def fetch(api: ApiClient) -> list[Channel]:
    """The channels without what moves while one looks (its speed of the moment, when it was last checked or heard): a list that is equal
    is not drawn again."""
    steady = partial(msgspec.structs.replace, rate_now=0.0, checked_at=None, heard_at=None, templates_synced_at=None)
    return [steady(channel) for channel in kinds.campaigning(await campaigns.channels(api))]


def only_one(channels: list[Channel]) -> UUID | None:
    """The channel that needs no choosing: the one that can send, when it stands alone."""
    usable = [one for one in channels if _usable(one)]
    return usable[0].id if len(usable) == 1 else None


def _usable(channel: Channel) -> bool:
    """One that waits for its provider goes on by itself."""
    return not channel_labels.channel_trouble(channel)[0] or channel.outage_since is not None


def draw(channels: list[Channel], chosen: UUID | None, choose: Callable[[UUID], Awaitable[None]]) -> None:
    if not channels:
        may = session.current().may(Permission.CHANNELS_WRITE)
        text = _("Connect a WhatsApp or SMS number. To try first, connect the simulator: it reaches nobody.")
        with ui.element("div").classes("m-card"):
            empty("hub", _("No channel yet"), text, action=_("Connect channel") if may else "", to="/channels")
        return
    ready = sorted(channels, key=lambda channel: channel.state != ChannelState.CONNECTED)
    picks = Picks(_("Channel"), chosen, choose)
    for channel in ready:
        _card(picks, channel)


def draw_missing(go: Callable[[], Any]) -> None:
    """In place of a step that needs to know the channel."""
    text = _("It decides what a message may look like.")
    with ui.element("div").classes("m-card"):
        empty("hub", _("Choose the channel first."), text, action=_("Choose the channel"), on_click=go)


def _card(picks: Picks[UUID], channel: Channel) -> None:
    trouble, todo = channel_labels.channel_trouble(channel)
    usable = _usable(channel)
    with picks.card(channel.id, off=not usable):
        with ui.element("div").classes(f"m-camp-icon m-camp-{channel.kind}"):
            icon(kinds.of(channel.kind).icon)
        with ui.element("div").classes("m-col m-near m-grow"):
            with ui.element("div").classes("m-col m-tight"):
                with ui.element("div").classes("m-row m-near"):
                    ui.label(channel.name).classes("m-strong m-clip")
                    if channel.sandbox:
                        badge(_("Simulator"), "info")
                ui.label(f"{kinds.name(channel.kind)} · {channel_labels.number(channel)}").classes("m-hint m-clip")
            if trouble:
                with ui.element("div").classes("m-trouble"):
                    ui.label(trouble).classes("m-strong")
                    ui.label(todo)
                if not usable:
                    ui.link(_("Open the channel"), f"/channels/{channel.id}").classes("m-link")
            else:
                _facts(channel)
        if usable:
            with ui.element("div").classes("m-pick-tick"):
                icon("check")


_QUALITY: dict[Quality, Tone] = {Quality.GREEN: "ok", Quality.YELLOW: "warn", Quality.RED: "bad", Quality.UNKNOWN: "quiet"}


def _facts(channel: Channel) -> None:
    names = {Quality.GREEN: _("good quality"), Quality.YELLOW: _("fair quality"), Quality.RED: _("poor quality")}
    with ui.element("div").classes("m-facts"):
        if channel.quality in names:
            with ui.element("div"):
                dot(_QUALITY[channel.quality])
                ui.label(names[channel.quality]).classes("m-hint")
        if channel.messaging_limit:
            left = channel.messaging_limit - (channel.messaging_used or 0)
            text = _("{n} of {total} people left today")
            with ui.element("div"):
                ui.label(text.format(n=formats.number(max(0, left)), total=formats.number(channel.messaging_limit))).classes(
                    "m-hint"
                )
        with ui.element("div"):
            ui.label(_("{n} per second").format(n=formats.number(channel.throughput, 1))).classes("m-hint")


def skeleton() -> None:
    """The shape of two channels."""
    with ui.element("div").classes("m-picks"):
        for _number in range(2):
            skeleton_card(2)
