"""The contact of a lead: found by typing a name or a number."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.boards import ContactRef
from api.contract.contacts import ContactRow
from ui import formats
from ui.client import contacts as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.cards import item
from ui.components.forms import Field, text_field
from ui.components.text import avatar, chip
from ui.i18n import _

FOUND = 5  # contacts that are offered


class ContactField:
    """`value` is the id of a contact, or None. Who is chosen stands as a chip in place of the field."""

    def __init__(self, api: ApiClient, chosen: ContactRef | None, *, write: bool) -> None:
        self._api, self._write, self._asked = api, write, 0
        self.value: UUID | None = None
        with ui.element("div").classes("m-col m-near w-full"):
            self.field: Field[str] = text_field(_("Contact"), placeholder=_("Name, phone or e-mail"))
            self._chip = ui.element("div").classes("m-row m-near")
            self._chip.move(self.field.element, target_index=2)  # below the control, above its hint
            self._list = ui.element("div").classes("m-card m-card-flush")
        self._list.set_visibility(False)
        self.field.control.props["debounce"] = 250
        self.field.control.on_value_change(self._typed)
        self._choose(chosen.id if chosen else None, (chosen.name or _("No name")) if chosen else "")

    def _choose(self, contact_id: UUID | None, name: str) -> None:
        self.value = contact_id
        self._asked += 1
        self.field.value = ""
        self.field.control.set_visibility(contact_id is None)
        self._list.set_visibility(False)
        self._chip.clear()
        if contact_id is not None:
            with self._chip:
                chip(name, on_remove=partial(self._choose, None, "") if self._write else None)

    async def _typed(self) -> None:
        text = (self.field.value or "").strip()
        self._asked += 1
        asked = self._asked
        if len(text) < 2:
            self._list.set_visibility(False)
            return
        try:
            found = await client.contacts(self._api, {"search": text, "limit": FOUND})
        except (ApiProblem, Offline):
            return
        if asked == self._asked and not self._list.is_deleted:
            self._offer(found.items)

    def _offer(self, found: list[ContactRow]) -> None:
        self._list.clear()
        self._list.set_visibility(True)
        with self._list:
            for one in found:
                name = one.name or one.phone_display or _("No name")
                with item(on_click=partial(self._choose, one.id, name)):
                    avatar(name, "tiny")
                    ui.label(name).classes("m-clip m-grow")
                    if one.name and one.phone:
                        ui.label(formats.phone(one.phone)).classes("m-hint")
            if not found:
                ui.label(_("Nobody found")).classes("m-hint m-leads-end")
