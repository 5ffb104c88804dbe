"""Who the contact is in Kommo, and the way there. Nothing is shown of a company without Kommo."""

from uuid import UUID

from nicegui import ui

from api.contract.kommo import KommoPlace
from ui import session
from ui.client import kommo as client
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.states import Loader, load
from ui.components.toast import toast
from ui.i18n import _


class Kommo:
    """`write`: whether the reader may send the contact there."""

    def __init__(self, contact_id: UUID, *, write: bool) -> None:
        self._id, self._api, self._write = contact_id, session.current().api, write
        self._place: Loader[KommoPlace] = load(lambda: client.of_contact(self._api, self._id), self._draw, lambda: None)

    def _draw(self, found: KommoPlace) -> None:
        if not found.connected:
            return
        with card("Kommo"), ui.element("div").classes("m-row m-between w-full"):
            if found.kommo_id is None:
                ui.label(_("Not there yet.")).classes("m-sub")
            elif found.url is not None:
                link = ui.link(_("Open in Kommo"), found.url, new_tab=True).classes("m-link")
                link.props["rel"] = "noopener noreferrer"
            else:
                ui.label(_("There as no. {id}").format(id=found.kommo_id)).classes("m-sub")
            if self._write:
                button(_("Send to Kommo") if found.kommo_id is None else _("Send again"), self._send, kind="plain", icon="upload")

    async def _send(self) -> None:
        await client.push_contact(self._api, self._id)
        toast(_("It is on its way to Kommo."))
        ui.timer(3.0, self._place.refresh, once=True)
