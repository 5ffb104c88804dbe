"""One contact: who it is, how to reach it, what was said, what colleagues noted, and whether it may be written to."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import UNSET
from nicegui import ui

from api.contract.base import Page
from api.contract.contacts import Contact, ContactPatch, CustomField, Note
from api.contract.enums import Category, IdentityKind, Permission
from api.contract.events import ContactsChanged, NotesChanged
from ui import formats, live, session
from ui.client import contacts as client
from ui.client.base import ApiProblem
from ui.components import call_dialog, own_value, problems
from ui.components.appointments import Appointments
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import confirm
from ui.components.consent import write_down
from ui.components.forms import Field, area_field, filled, mark, text_field
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.notes import note_line
from ui.components.palette import visited
from ui.components.states import Loader, gone, load, skeleton_list
from ui.components.text import avatar, badge, chip, icon
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import contacts as contact_labels
from ui.pages.contacts import addresses, consent, privacy
from ui.pages.contacts.cadences import Cadences
from ui.pages.contacts.conversation import Conversation
from ui.pages.contacts.kommo import Kommo
from ui.pages.contacts.leads import Leads
from ui.pages.contacts.merges import Merges, ask
from ui.routing import page


@page("/contacts/{contact_id:uuid}", permission=Permission.CONTACTS_READ)
def contact(contact_id: UUID) -> None:
    with frame(_("Contact"), breadcrumbs=[(_("Contacts"), "/contacts")], active="/contacts") as head:
        _Contact(contact_id, head)


class _Contact:
    """Two columns: the conversation and notes, the facts beside them."""

    def __init__(self, contact_id: UUID, head: Frame) -> None:
        me = session.current()
        self._id, self._api, self._head = contact_id, me.api, head
        self._write = me.may(Permission.CONTACTS_WRITE)
        self._seen: Contact | None = None
        self._shown: list[Note] = []
        self._writing = asyncio.Lock()  # an event of our own write waits for its answer
        self._fields: list[CustomField] = []
        with head.actions:
            lines = privacy.choices(contact_id)
            if me.may(Permission.MESSAGES_SEND):
                lines.insert(0, Choice(pgettext("call", "Call now"), partial(call_dialog.ask, contact_id), "call"))
            if self._write:
                lines.insert(0, Choice(_("Join with another contact"), partial(ask, contact_id), "merge"))
                lines.insert(
                    -1 if len(lines) > 1 else len(lines), Choice(_("Delete contact"), self._delete, "delete", danger=True)
                )
            if lines:
                more(lines)
        with ui.element("div").classes("m-split") as self._place:
            with ui.element("div").classes("m-col m-loose"):
                sees = session.current().may(Permission.CONVERSATIONS_READ)
                self._conversation = Conversation(contact_id) if sees else None
                self._notes: Loader[Page[Note]] = load(
                    lambda: client.notes(self._api, self._id), self._draw_notes, lambda: skeleton_list(1)
                )
            with ui.element("div").classes("m-col m-loose m-first"):
                self._facts: Loader[Contact] = load(self._fetch, self._draw_facts)
                Leads(contact_id)
                Cadences(contact_id)
                Appointments("card", contact_id=contact_id)
                Kommo(contact_id, write=self._write)
                self._merges = Merges(contact_id, write=self._write)
        live.on(ContactsChanged, self._changed)
        live.on(NotesChanged, self._notes_changed)
        live.on_reset(self._all_again)

    async def _changed(self, event: ContactsChanged) -> None:
        if event.contact_id != self._id:
            return
        async with self._writing:
            if event.version is not None and self._seen is not None and event.version <= self._seen.version:
                return
        await self._all_again()

    async def _notes_changed(self, event: NotesChanged) -> None:
        if event.contact_id != self._id:
            return
        async with self._writing:
            if any(one.id == event.note_id for one in self._shown) is not event.deleted:
                return
        await self._notes.refresh()

    async def _all_again(self) -> None:
        """What somebody is typing is not taken away: facts repaint only when they changed."""
        now = await self._fetch()
        if self._seen is None or now.version != self._seen.version:
            await self._facts.show(now)
            await self._merges.refresh()
        await self._notes.refresh()
        if self._conversation is not None:
            await self._conversation.refresh()

    async def _fetch(self) -> Contact:
        self._fields = await client.fields(self._api)
        try:
            return await client.contact(self._api, self._id)
        except ApiProblem as error:
            if error.status == 404 and not self._place.is_deleted:
                gone(self._place, _("This contact is no longer here"), "/contacts")
                self._head.actions.clear()
            raise

    # -- facts --------------------------------------------------------------------------------------------------

    def _draw_facts(self, found: Contact) -> None:
        self._seen = found
        name = found.name or next((one.display for one in found.identities), _("No name"))
        self._head.title.text = name
        ui.page_title(f"{name} · Master IA")
        visited("person", name, f"/contacts/{found.id}")
        self._head.subtitle.text = _("Since {day}").format(day=formats.day(found.created_at))
        self._head.subtitle.set_visibility(True)
        with card():
            with ui.element("div").classes("m-row m-near"):
                avatar(name, "big")
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(name).classes("m-h2")
                    if found.opted_out_at:
                        badge(_("Opted out"), "warn")
            for one in found.identities:
                self._draw_identity(one.kind, contact_labels.identity(one.kind, one.line), one.display, valid=one.valid)
            with ui.element("div").classes("m-row"):
                button(_("Former addresses"), partial(addresses.show, self._id), kind="plain", icon="history")
        self._draw_tags(found)
        consent.draw(found, write=self._write, save=self._ask_consent, allow=self._allow, again=self._facts.refresh)
        if self._write:
            self._draw_form(found)

    def _draw_identity(self, kind: IdentityKind, name: str, value: str, *, valid: bool) -> None:
        symbol = {IdentityKind.PHONE: "call", IdentityKind.WA_ID: "chat", IdentityKind.EMAIL: "mail"}.get(kind, "badge")
        with ui.element("div").classes("m-row m-near w-full"):
            icon(symbol)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(value).classes("m-num m-clip" if kind is not IdentityKind.EMAIL else "m-clip")
                ui.label(name).classes("m-hint")
            if not valid:
                badge(_("Nobody there"), "bad")

    def _draw_tags(self, found: Contact) -> None:
        names = [tag.name for tag in found.tags]

        async def keep(new: list[str]) -> None:
            with self._head.body:
                await self._save(ContactPatch(tags=new))

        async def add() -> None:
            text = field.value.strip()
            if text:
                await keep([*names, text])

        with card(_("Tags")):
            if names:
                with ui.element("div").classes("m-row m-near m-wrap"):
                    for name in names:
                        without = [other for other in names if other != name]
                        chip(name, on_remove=partial(keep, without) if self._write else None)
            elif not self._write:
                ui.label(_("None yet")).classes("m-hint")
            if self._write:
                field = text_field("", placeholder=_("Add a tag and press Enter"), limit=60, on_enter=add)
                field.control.props["aria-label"] = _("Add tag")

    async def _ask_consent(self, patch: ContactPatch) -> bool:
        with self._head.body:  # the switch itself is drawn anew meanwhile
            if await self._save(patch):
                return True
            await self._facts.refresh()
            return False

    async def _allow(self, category: Category | None) -> None:
        with self._head.body:
            await self._facts.refresh()
            write_down(self._id, self._facts.refresh, everything=category is None, category=category)

    def _draw_form(self, found: Contact) -> None:
        def first(kind: IdentityKind) -> str:
            return next((one.display for one in found.identities if one.kind is kind), "")

        async def save() -> None:
            patch = ContactPatch(name=given["name"].value.strip())
            for key in ("phone", "email"):
                if given[key].value.strip() != before[key]:
                    setattr(patch, key, given[key].value.strip() or None)
            written = {key: (field.value or "").strip() for key, field in own.items()}
            changed = {key: value for key, value in written.items() if value != found.custom.get(key, "")}
            if changed:
                patch.custom = changed
            if await self._save(patch, {**given, **{f"custom.{key}": field for key, field in own.items()}}):
                toast(_("Saved."))

        before = {"phone": first(IdentityKind.PHONE), "email": first(IdentityKind.EMAIL)}
        with card(_("Details")), ui.element("div").classes("m-col"):
            given: dict[str, Field[str]] = {
                "name": text_field(_("Name"), found.name, limit=200),
                "phone": text_field(_("Phone"), before["phone"], kind="tel"),
                "email": text_field(_("E-mail"), before["email"], kind="email"),
            }
            own: dict[str, Field[Any]] = {}
            for one in self._fields:
                own[one.key] = own_value.control(one, found.custom.get(one.key, ""))
            with ui.element("div").classes("m-row"):
                button(_("Save"), save, kind="primary")

    async def _save(self, patch: ContactPatch, given: dict[str, Field[Any]] | None = None) -> bool:
        assert self._seen is not None
        try:
            async with self._writing:
                self._seen = await client.change_contact(self._api, self._seen, patch)
        except ApiProblem as error:
            if error.code == "contact_exists" and given:
                mark({given[str(error.params.get("field", "phone"))]: _("Another contact has this already.")})
            else:
                problems.show_in(given or {}, error)
                if error.status == 412:
                    await self._facts.refresh()
            return False
        await self._facts.show(self._seen)
        waits = patch.phone is not UNSET or patch.opted_out is not UNSET  # what waits to be sent, and where one may answer
        if waits and self._conversation is not None:
            await self._conversation.refresh()
        return True

    async def _delete(self) -> None:
        text = _("Names, numbers, tags and notes go for good. Who opted out stays opted out.")
        if await confirm(_("Delete this contact?"), text, yes=_("Delete"), danger=True):
            await client.delete_contact(self._api, self._id)
            ui.navigate.to("/contacts")

    # -- notes --------------------------------------------------------------------------------------------------

    def _draw_notes(self, found: Page[Note]) -> None:
        self._shown = found.items

        async def add() -> None:
            if filled([field]):
                async with self._writing:
                    made = await client.add_note(self._api, self._id, field.value.strip())
                    self._shown = [made, *self._shown]
                await self._notes.show(Page(items=self._shown))

        with card(_("Notes"), hint=_("Only your team sees them.")):
            if self._write:
                field = area_field(_("New note"), placeholder=_("Write down what colleagues should know"), limit=4000, rows=2)
                with ui.element("div").classes("m-row"):
                    button(_("Add note"), add)
            elif not found.items:
                ui.label(_("None yet")).classes("m-hint")
            for one in found.items:
                note_line(one, partial(self._delete_note, one) if self._write else None)

    async def _delete_note(self, one: Note) -> None:
        if await confirm(_("Delete this note?"), one.body[:200], yes=_("Delete"), danger=True):
            async with self._writing:
                await client.delete_note(self._api, self._id, one.id)
                self._shown = [other for other in self._shown if other.id != one.id]
            await self._notes.show(Page(items=self._shown))
