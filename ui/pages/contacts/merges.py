"""Contacts that turned out to be this person, each with the way back."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.contacts import ContactMerge
from api.contract.enums import MergeReason
from ui import formats, session
from ui.client import contacts as client
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import confirm, dialog
from ui.components.contact_field import ContactField
from ui.components.forms import mark
from ui.components.states import Loader, load
from ui.components.toast import toast
from ui.i18n import _


class Merges:
    """Nothing is shown when nothing was merged."""

    def __init__(self, contact_id: UUID, *, write: bool) -> None:
        self._id, self._api, self._write = contact_id, session.current().api, write
        self._place: Loader[list[ContactMerge]] = load(self._fetch, self._draw, lambda: None)

    async def refresh(self) -> None:
        await self._place.refresh()

    async def _fetch(self) -> list[ContactMerge]:
        return [one for one in await client.merges(self._api, self._id) if one.undone_at is None]

    def _draw(self, found: list[ContactMerge]) -> None:
        if not found:
            return
        with card(_("Merged"), hint=_("The same person under other addresses.")):
            for one in found:
                with ui.element("div").classes("m-row m-between items-start w-full"):
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(", ".join([one.name or _("No name"), *one.addresses])).classes("m-text")
                        ui.label(f"{_reason(one.reason)} · {formats.moment(one.created_at)}").classes("m-hint m-text")
                        if one.lost:
                            lost = ", ".join(
                                one.external_id or name if name == "external_id" else name.partition(".")[2] for name in one.lost
                            )
                            ui.label(_("Kept by other systems and not taken over: {names}").format(names=lost)).classes(
                                "m-hint m-text"
                            )
                    if self._write:
                        button(_("Part again"), partial(self._undo, one), kind="plain", icon="call_split")

    async def _undo(self, one: ContactMerge) -> None:
        text = _(
            "The other contact comes back with its addresses, notes, tags and messages. The two are not merged again by "
            "themselves. If this person asked for no more messages, that holds for both."
        )
        if await confirm(_("Part these two?"), text, yes=_("Part")):
            parted = await client.undo_merge(self._api, self._id, one.id)
            ui.navigate.to(f"/contacts/{parted.contact_id}")


def ask(contact_id: UUID) -> None:
    """A dialog that joins another contact with this one."""
    api = session.current().api

    async def save() -> None:
        if other.value is None or other.value == contact_id:
            mark({other.field: _("Choose another contact.")})
            return
        await client.join(api, contact_id, other.value)
        box.close()
        toast(_("Joined. On the contact's page they can be parted again."))
        ui.navigate.reload()

    text = _(
        "The other contact becomes a part of this one: addresses, messages, leads, notes, tags. If one asked for no messages, that holds for both."
    )
    with dialog(_("Join with another contact"), text) as box, ui.element("div").classes("m-col"):
        other = ContactField(api, None, write=True)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Join"), save, kind="primary")
    box.open()


def _reason(reason: MergeReason) -> str:
    return {
        MergeReason.PHONE_SHOWN: _("WhatsApp showed the phone number"),
        MergeReason.NUMBER_CHANGED: _("The person changed number"),
        MergeReason.USER_ID_CHANGED: _("The WhatsApp user id changed"),
        MergeReason.USERNAME: _("The same WhatsApp username"),
        MergeReason.BY_HAND: _("Somebody of your team joined them"),
    }[reason]
