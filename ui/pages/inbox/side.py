"""Beside an open conversation: who this is, what brought them, what they may buy, and what else was written with them. On a phone it is
a sheet."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.campaign_progress import ContactCampaign
from api.contract.conversations import Conversation
from api.contract.enums import Permission
from ui import formats, kinds, session
from ui.client import campaigns
from ui.client import conversations as client
from ui.components.appointments import Appointments
from ui.components.buttons import icon_button
from ui.components.states import Loader, load, skeleton
from ui.components.text import Text, avatar, badge, initials, title
from ui.components.touches import draw_touches
from ui.i18n import _
from ui.labels import conversations as labels
from ui.labels import messages as message_labels
from ui.labels.conversations import name_of
from ui.pages.inbox.assist_customer import CustomerLines
from ui.pages.inbox.side_ai import Proposals
from ui.pages.inbox.side_contact import Facts
from ui.pages.inbox.side_leads import Leads

SHOWN = 5  # campaigns that stand there before more are asked for


class Side:
    """`back` returns to the thread on a phone; `choose` opens another conversation; `point` shows a message of this one."""

    def __init__(
        self,
        one: Conversation,
        choose: Callable[[Conversation], Any],
        back: Callable[[], Any],
        point: Callable[[UUID], Any],
    ) -> None:
        me = session.current()
        self._api, self._one, self._choose = me.api, one, choose
        with ui.element("div").classes("m-inbox-side-in") as self.element:
            with ui.element("div").classes("m-row m-near"):
                icon_button("arrow_back", _("Back to the conversation"), back).classes("m-inbox-back")
                title(_("Group") if one.group else _("Contact"))
            with ui.element("div").classes("m-row m-near"):
                self._avatar = avatar(name_of(one), "big")
                with ui.element("div").classes("m-col m-tight m-grow"):
                    self._name = ui.label(name_of(one)).classes("m-strong m-text")
                    self._address = ui.label("" if one.group else formats.phone(one.address)).classes("m-hint")
                    with ui.element("div").classes("m-row"):
                        self._out = badge(_("Opted out"), "warn")
                        self._out.set_visibility(one.opted_out)
            self._lines: CustomerLines | None = None
            self._facts: Facts | None = None
            self._others: Loader[list[Conversation]] | None = None
            if one.group:
                text = _(
                    "Nobody in a group becomes a contact by what they write there, and neither the AI nor campaigns write to it."
                )
                Text("p", text, "m-sub")
            else:
                self._lines = CustomerLines(one) if me.may(Permission.CONVERSATIONS_WRITE) else None
                self._facts = Facts(one.contact_id) if me.may(Permission.CONTACTS_READ) else None
            self._touches = ui.element("div").classes("m-col m-near m-inbox-touches")
            self._draw_touches()
            if one.group:
                return
            if me.may(Permission.BOARDS_READ):
                Proposals(one.id, point)
                Leads(one)
                Appointments("side", contact_id=one.contact_id)
            self._others = load(self._fetch_others, self._draw_others, lambda: skeleton("line m-w-80"))
            if me.may(Permission.CAMPAIGNS_READ):
                load(lambda: campaigns.of_contact(self._api, one.contact_id), _draw_campaigns, lambda: skeleton("line m-w-80"))

    async def show(self, one: Conversation) -> None:
        """What is known of the conversation now."""
        before, self._one = self._one, one
        self._name.text = name_of(one)
        self._avatar.text = initials(name_of(one))
        self._address.text = "" if one.group else formats.phone(one.address)
        self._out.set_visibility(one.opted_out)
        if self._lines is not None:
            self._lines.show(one)
        if (before.first_touch, before.last_touch) != (one.first_touch, one.last_touch):
            self._draw_touches()
        if before.opted_out is not one.opted_out:
            await self.refresh()

    async def refresh(self) -> None:
        if self._facts is not None:
            await self._facts.refresh()
        if self._others is not None:
            await self._others.refresh(only_changes=True)

    def _draw_touches(self) -> None:
        self._touches.clear()
        with self._touches:
            draw_touches(self._one.first_touch, self._one.last_touch)
        self._touches.set_visibility(self._one.last_touch is not None or self._one.first_touch is not None)

    async def _fetch_others(self) -> list[Conversation]:
        return [one for one in await client.of_contact(self._api, self._one.contact_id) if one.id != self._one.id]

    def _draw_others(self, others: list[Conversation]) -> None:
        if others:
            ui.label(_("Other conversations")).classes("m-inbox-side-head")
        for other in others:
            self._draw_other(other)

    def _draw_other(self, other: Conversation) -> None:
        with ui.element("a").classes("m-inbox-other") as link:
            ui.label(f"{other.channel_name} · {kinds.name(other.channel_kind)}").classes("m-strong m-clip")
            ui.label(labels.preview(other.last) or labels.state(other)).classes("m-hint m-clip").props("dir=auto")
        link.props["href"] = f"/inbox/{other.id}"
        link.on("click.prevent", lambda: self._choose(other), [])


def _draw_campaigns(found: list[ContactCampaign]) -> None:
    if not found:
        return
    ui.label(_("Campaigns received")).classes("m-inbox-side-head")
    with ui.element("div").classes("m-col m-near"):
        for one in found[:SHOWN]:
            _draw_campaign(one)
        if len(found) > SHOWN:
            with ui.element("details").classes("m-inbox-rest"):
                with ui.element("summary").classes("m-link"):
                    ui.label(_("Show all"))
                with ui.element("div").classes("m-col m-near"):
                    for one in found[SHOWN:]:
                        _draw_campaign(one)


def _draw_campaign(one: ContactCampaign) -> None:
    state = _("Answered") if one.replied_at is not None else message_labels.message_state(one.state)[0]
    if one.fallback_state is not None and one.replied_at is None:
        state = _("{state}, in its place: {other}").format(state=state, other=message_labels.message_state(one.fallback_state)[0])
    with ui.element("div").classes("m-col gap-0"):
        ui.link(one.name, f"/campaigns/{one.campaign_id}").classes("m-link m-clip")
        ui.label(f"{state} · {formats.moment(one.at)}").classes("m-hint m-clip")
