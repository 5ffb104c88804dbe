"""Beside an open conversation: who this is, what brought them, and what else was written with them."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.contacts import Contact, CustomField
from api.contract.conversations import Conversation, Touch
from api.contract.enums import Permission
from ui import formats, kinds, session
from ui.client import contacts
from ui.client import conversations as client
from ui.components.buttons import button, icon_button
from ui.components.cards import key_values
from ui.components.states import load, skeleton
from ui.components.text import avatar, badge, chip, title
from ui.i18n import _
from ui.labels import conversations as labels
from ui.pages.inbox.row import name_of


class Side:
    """`back` returns to the thread on a phone; `choose` opens another conversation."""

    def __init__(self, one: Conversation, choose: Callable[[Conversation], Any], back: Callable[[], Any]) -> None:
        me = session.current()
        self._api, self._one, self._choose = me.api, one, choose
        self._may = me.may(Permission.CONTACTS_READ)
        with ui.element("div").classes("m-inbox-side-in") as self.element:
            with ui.element("div").classes("m-row m-near"):
                icon_button("arrow_back", _("Back to the conversation"), back).classes("m-inbox-back")
                title(_("Contact"))
            self._place = load(self._fetch, self._draw, _skeleton)

    async def show(self, one: Conversation) -> None:
        """What is known of the conversation now."""
        before, self._one = self._one, one
        if (before.labels, before.opted_out, before.first_touch, before.last_touch) != (
            one.labels,
            one.opted_out,
            one.first_touch,
            one.last_touch,
        ):
            await self.refresh()

    async def refresh(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> tuple[Conversation, Contact | None, list[CustomField], list[Conversation]]:
        others = await client.of_contact(self._api, self._one.contact_id)
        contact = await contacts.contact(self._api, self._one.contact_id) if self._may else None
        fields = await contacts.fields(self._api) if self._may else []
        return self._one, contact, fields, [other for other in others if other.id != self._one.id]

    def _draw(self, found: tuple[Conversation, Contact | None, list[CustomField], list[Conversation]]) -> None:
        one, contact, fields, others = found
        name = name_of(one)
        with ui.element("div").classes("m-row m-near"):
            avatar(name, "big")
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(name).classes("m-strong m-text")
                ui.label(formats.phone(one.address)).classes("m-hint")
        if one.opted_out:
            badge(_("Opted out"), "warn")
        if contact is not None:
            self._draw_contact(contact, fields)
        if one.labels:
            ui.label(_("Labels")).classes("m-inbox-side-head")
            with ui.element("div").classes("m-row m-near m-wrap"):
                for label in one.labels:
                    chip(label.name)
        self._draw_touches(one)
        if others:
            ui.label(_("Other conversations")).classes("m-inbox-side-head")
            for other in others:
                self._draw_other(other)

    def _draw_contact(self, contact: Contact, fields: list[CustomField]) -> None:
        custom = [(field.label, contact.custom[field.key]) for field in fields if contact.custom.get(field.key)]
        emails = [(_("E-mail"), one.display) for one in contact.identities if one.kind.value == "email"]
        since = (_("Since"), formats.day(contact.created_at))
        key_values([*emails, *custom, since])
        if contact.tags:
            ui.label(_("Tags")).classes("m-inbox-side-head")
            with ui.element("div").classes("m-row m-near m-wrap"):
                for tag in contact.tags:
                    chip(tag.name)
        with ui.element("div").classes("m-row"):
            button(_("Open the contact"), to=f"/contacts/{contact.id}", icon="person")

    def _draw_touches(self, one: Conversation) -> None:
        first, last = one.first_touch, one.last_touch
        if first is None and last is None:
            return
        ui.label(_("What brought them")).classes("m-inbox-side-head")
        shown = [touch for touch in (last, first if first != last else None) if touch is not None]
        for touch in shown:
            _draw_touch(touch)

    def _draw_other(self, other: Conversation) -> None:
        with ui.element("a").classes("m-inbox-other") as link:
            ui.label(f"{other.channel_name} · {kinds.name(other.channel_kind)}").classes("m-strong m-clip")
            ui.label(labels.preview(other.last) or labels.state(other)).classes("m-hint m-clip").props("dir=auto")
        link.props["href"] = f"/inbox/{other.id}"
        link.on("click.prevent", lambda: self._choose(other), [])


def _draw_touch(touch: Touch) -> None:
    with ui.element("div").classes("m-col m-tight"):
        if touch.campaign_id is not None:
            ui.link(touch.campaign_name or _("Campaign"), f"/campaigns/{touch.campaign_id}").classes("m-link m-text")
        elif touch.referral is not None:
            ui.label(touch.referral.headline or touch.referral.source_url or _("an ad")).classes("m-text")
        ui.label(formats.moment(touch.at)).classes("m-hint")


def _skeleton() -> None:
    with ui.element("div").classes("m-row m-near"):
        skeleton("round")
        with ui.element("div").classes("m-col m-near m-grow"):
            skeleton("line m-w-60", "line m-w-40")
    skeleton("line m-w-80", "line m-w-60", "line m-w-80")
