"""On the first page: the inbox's day in figures, and the conversations that are one's own, who waits longest on top."""

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple

from nicegui import ui

from api.contract.conversations import Conversation, ConversationCounts, ConversationsToday, ConversationView
from api.contract.enums import Permission
from api.contract.events import ConversationUpdated
from ui import formats, live, session
from ui.client import conversations as client
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.cards import card, figure, figures, item
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import Text, avatar, icon
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import conversations as labels
from ui.labels.conversations import name_of

SHOWN = 6


class _Found(NamedTuple):
    mine: list[Conversation]
    counts: ConversationCounts
    today: ConversationsToday


class Desk:
    """For those who may read conversations."""

    def __init__(self) -> None:
        me = session.current()
        self._api, self._me = me.api, me.me.user_id
        if not me.may(Permission.CONVERSATIONS_READ):
            return
        self._waits: list[tuple[Text, Conversation]] = []
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_list(3))
        throttle = Throttle(lambda: self._place.refresh(only_changes=True), 2.0)
        live.on(ConversationUpdated, lambda event: throttle.poke())
        live.on_reset(self._place.refresh)
        beat(30, self._tick)

    async def _fetch(self) -> _Found:
        asked = {"limit": SHOWN}
        waiting, newest, counts, today = await asyncio.gather(
            client.conversations(self._api, {"view": ConversationView.WAITING, "assignee_id": self._me, **asked}),
            client.conversations(self._api, {"view": ConversationView.MINE, **asked}),
            client.counts(self._api),
            client.today(self._api),
        )
        mine = {one.id: one for one in [*waiting.items, *(one for one in newest.items if one.waiting_since is None)]}
        return _Found(list(mine.values())[:SHOWN], counts, today)

    def _draw(self, found: _Found) -> None:
        mine, counts, today = found
        self._waits = []
        if today.wrote or today.waiting:
            _draw_today(today)
        parts = [
            _("{n} mine").format(n=formats.number(counts.mine)),
            _("{n} without owner").format(n=formats.number(counts.unassigned)),
            _("{n} unread").format(n=formats.number(counts.unread)),
        ]

        def actions() -> None:
            button(_("See all"), to="/inbox?view=mine" if mine else "/inbox", kind="plain")

        with card(_("My conversations"), hint=" · ".join(parts), actions=actions, flush=True):
            for one in mine:
                self._draw_row(one)
            if not mine:
                with item(to="/inbox?view=unassigned" if counts.unassigned else "/inbox"):
                    icon("done_all")
                    text = _("Nobody waits for you.")
                    more = _("See those without owner") if counts.unassigned else ""
                    with ui.element("div").classes("m-row m-between m-grow m-stack"):
                        ui.label(text).classes("m-strong")
                        ui.label(more).classes("m-accent shrink-0")
                    icon("chevron_right")
        self._tick()

    def _draw_row(self, one: Conversation) -> None:
        with item(to=f"/inbox/{one.id}"):
            avatar(name_of(one))
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(name_of(one)).classes("m-strong m-clip")
                ui.label(labels.preview(one.last)).classes("m-hint m-clip").props["dir"] = "auto"
            if one.waiting_since is not None:
                waits = Text("span", "", "m-inbox-waits shrink-0")
                self._waits.append((waits, one))
            icon("chevron_right")

    def _tick(self) -> None:
        """How long they wait, by the clock and the company's target."""
        for text, one in self._waits:
            if not text.is_deleted:
                text.text, tone = labels.waiting(one, datetime.now(UTC))
                text.classes(replace=f"m-inbox-waits shrink-0 m-inbox-{tone}")


def _draw_today(today: ConversationsToday) -> None:
    """What an owner asks first: how many wrote, and whether somebody waits."""
    first = formats.duration(max(60, today.first_reply_seconds)) if today.first_reply_seconds is not None else "–"
    share = formats.percent(today.answered, today.wrote) if today.wrote else ""
    with figures():
        figure(_("Wrote today"), formats.number(today.wrote), hint=_("people, since midnight"))
        figure(
            _("Have an answer"),
            formats.number(today.answered),
            hint=_("{share} of those who wrote").format(share=share) if share else "",
        )
        figure(
            _("Waiting now"),
            formats.number(today.waiting),
            hint=_("See who waits") if today.waiting else _("Nobody waits"),
            on_click=(lambda: ui.navigate.to("/inbox?view=waiting")) if today.waiting else None,
        )
        figure(
            _("First answer"),
            first,
            hint=_("half of them sooner") if today.first_reply_seconds is not None else _("none yet today"),
        )
