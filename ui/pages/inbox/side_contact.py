"""Who the person is, beside the conversation: fields that are changed where they stand, tags, and whether they may be written to."""

import asyncio
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.contacts import Contact, ContactPatch, CustomField
from api.contract.enums import CustomFieldKind, IdentityKind, Permission
from ui import formats, session
from ui.client import contacts as client
from ui.client.base import ApiProblem, Offline
from ui.components import own_value, problems
from ui.components.buttons import button
from ui.components.consent import write_down
from ui.components.forms import Field, mark, switch_field, text_field
from ui.components.in_place import InPlace
from ui.components.states import Loader, load, skeleton
from ui.components.text import Text, chip
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import contacts as labels


class _Found(NamedTuple):
    contact: Contact
    fields: list[CustomField]


class Facts:
    """For those who may read contacts. What somebody writes in a field is never drawn over: `refresh` waits until they are done."""

    def __init__(self, contact_id: UUID) -> None:
        me = session.current()
        self._id, self._api, self._write = contact_id, me.api, me.may(Permission.CONTACTS_WRITE)
        self._seen: Contact | None = None
        self._fields: list[CustomField] = []
        self._lines: list[InPlace] = []
        self._late = False
        self._around = ui.context.slot.parent  # stays when the facts are drawn anew
        self._writing = asyncio.Lock()  # an event of our own write waits for its answer
        self._place: Loader[_Found] = load(self._fetch, self._draw, _skeleton)

    async def refresh(self) -> None:
        async with self._writing:
            if any(line.open for line in self._lines):
                self._late = True
                return
            await self._place.refresh(only_changes=True)

    async def _closed(self) -> None:
        if self._late:
            self._late = False
            await self.refresh()

    async def _fetch(self) -> _Found:
        contact, fields = await asyncio.gather(client.contact(self._api, self._id), client.fields(self._api))
        return _Found(contact, fields)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, found: _Found) -> None:
        self._seen, self._fields = found
        contact = found.contact
        email = next((one.display for one in contact.identities if one.kind is IdentityKind.EMAIL), "")
        with ui.element("dl").classes("m-kv"):
            self._lines = [
                self._line("name", _("Name"), contact.name, limit=200),
                self._line("email", _("E-mail"), email, kind="email", limit=254),
                *(
                    self._line(
                        f"custom.{one.key}",
                        one.label,
                        contact.custom.get(one.key, ""),
                        kind="date" if one.kind is CustomFieldKind.DATE else "text",
                        own=one,
                    )
                    for one in found.fields
                    if self._write or contact.custom.get(one.key)
                ),
            ]
            Text("dt", _("Since"))
            with ui.element("dd"):
                ui.label(formats.day(contact.created_at))
        self._draw_tags([tag.name for tag in contact.tags])
        self._draw_consent(contact)
        with ui.element("div").classes("m-row"):
            button(_("Open the contact"), to=f"/contacts/{contact.id}", icon="person")

    def _line(
        self, key: str, label: str, value: str, *, kind: str = "text", limit: int = 500, own: CustomField | None = None
    ) -> InPlace:
        async def keep(text: str, field: Field[Any]) -> bool:
            if key == "name":
                patch = ContactPatch(name=text)
            elif key == "email":
                patch = ContactPatch(email=text or None)
            else:
                patch = ContactPatch(custom={key.removeprefix("custom."): text})
            return await self._save(patch, {key: field})

        return InPlace(
            label,
            value,
            keep if self._write else None,
            kind=kind,
            limit=limit,
            closed=self._closed,
            read=partial(own_value.shown, own) if own is not None else str,
            options=own_value.options(own, value) if own is not None else None,
        )

    def _draw_tags(self, names: list[str]) -> None:
        async def keep(new: list[str]) -> None:
            with self._place.element:
                if await self._save(ContactPatch(tags=new), {"tags": field} if self._write else {}):
                    await self._repaint()

        async def add() -> None:
            text = (field.value or "").strip()
            if text:
                await keep([*names, text])

        if not names and not self._write:
            return
        ui.label(_("Tags")).classes("m-inbox-side-head")
        if names:
            with ui.element("div").classes("m-row m-near m-wrap"):
                for name in names:
                    without = [other for other in names if other != name]
                    chip(name, on_remove=partial(keep, without) if self._write else None)
        if self._write:
            field = text_field("", placeholder=_("Add a tag and press Enter"), limit=60, on_enter=add)
            field.control.props["aria-label"] = _("Add tag")

    def _draw_consent(self, contact: Contact) -> None:
        async def turn(allowed: bool) -> None:
            with self._place.element:  # the switch itself is drawn anew meanwhile
                if allowed:  # nobody is let be written to again without a word on how they asked for it
                    await self._place.refresh()
                    with self._around:
                        write_down(self._id, self._place.refresh, everything=True)
                elif await self._save(ContactPatch(opted_out=True), {}):
                    toast(_("They get no more messages."))
                    await self._repaint()
                else:
                    await self._place.refresh()

        hint = ""
        if contact.opted_out_at:
            since = _("Opted out {when}.").format(when=formats.moment(contact.opted_out_at))
            hint = f"{since} {labels.out_source(contact.opt_out_source)}"
        switch = switch_field(_("May get messages"), contact.opted_out_at is None, hint=hint, on_change=turn)
        if not self._write:
            switch.disable()

    # -- writing ------------------------------------------------------------------------------------------------

    async def _save(self, patch: ContactPatch, given: dict[str, Field[str]]) -> bool:
        assert self._seen is not None
        async with self._writing:
            try:
                self._seen = await client.change_contact(self._api, self._seen, patch)
                return True
            except (ApiProblem, Offline) as error:
                if isinstance(error, ApiProblem) and error.status == 412 and given:
                    self._late = True
                    try:
                        self._seen = await client.contact(self._api, self._id)
                    except (ApiProblem, Offline) as again:
                        error = again
                    else:
                        text = _("Somebody changed this contact meanwhile. Press Enter again to keep yours.")
                        mark(dict.fromkeys(given.values(), text))
                        return False
                if isinstance(error, ApiProblem) and error.code == "contact_exists" and given:
                    mark(dict.fromkeys(given.values(), _("Another contact has this already.")))
                else:
                    problems.show_in(given, error)
                return False

    async def _repaint(self) -> None:
        if self._seen is not None and not any(line.open for line in self._lines):
            await self._place.show(_Found(self._seen, self._fields))


def _skeleton() -> None:
    for _line in range(4):
        skeleton("line m-w-80")
