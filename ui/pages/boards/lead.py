"""One lead, beside its board: what it is worth to whom and until when; notes, and what became of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.boards import Lead, LeadChange, LeadField, LeadPatch, Stage
from api.contract.contacts import Note
from api.contract.enums import StageKind
from ui import formats
from ui.client import boards as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import log_list
from ui.components.confirm import confirm
from ui.components.forms import Field, area_field, filled, mark, select_field, text_field
from ui.components.menus import Choice, more
from ui.components.palette import visited
from ui.components.states import Loader, empty, load, skeleton
from ui.components.text import badge, title
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import boards as labels
from ui.pages.boards.contact import ContactField
from ui.pages.boards.origin import draw_origin
from ui.pages.boards.own_fields import OwnFields, patch_of, values_of


class LeadPanel:
    """`changed` hears of the lead after each write; `moved` moves it to a stage and gives it back, None where that was called off;
    `close` takes the panel away."""

    def __init__(
        self,
        api: ApiClient,
        lead_id: UUID,
        stages: Sequence[Stage],
        people: Sequence[tuple[UUID, str]],
        currency: str,
        fields: Sequence[LeadField],
        *,
        write: bool,
        changed: Callable[[Lead], Any],
        moved: Callable[[Lead, UUID], Awaitable[Lead | None]],
        close: Callable[[], Any],
    ) -> None:
        self.lead_id = lead_id
        self._api, self._stages, self._people, self._currency = api, stages, people, currency
        self._fields = fields
        self._write, self._changed, self._moved, self._close = write, changed, moved, close
        self._seen: Lead | None = None  # as it is now
        self._form: _Form | None = None
        self._writing = asyncio.Lock()
        with ui.element("div").classes("m-lead-panel") as self.element:
            self.element.props.update({"role": "dialog", "aria-label": _("Lead"), "tabindex": "-1"})
            self.element.on("keydown.esc", lambda: close(), [])
            with ui.element("div").classes("m-lp-head"):
                self._title = title(_("Lead"))
                self._title.classes("m-grow m-clip")
                if write:
                    more([Choice(_("Delete lead"), self._delete, "delete", danger=True)])
                icon_button("close", _("Close"), close)
            with ui.element("div").classes("m-lp-body") as self._body:
                self._place: Loader[Lead] = load(self._fetch, self._draw, _skeleton)
                with ui.element("section").classes("m-lp-section"):
                    title(_("Notes"))
                    if write:
                        self._draw_new_note()
                    self._notes: Loader[Page[Note]] = load(lambda: client.notes(api, lead_id), self._draw_notes, _skeleton_lines)
                with ui.element("section").classes("m-lp-section"):
                    title(_("History"))
                    self._history: Loader[Page[LeadChange]] = load(
                        lambda: client.history(api, lead_id), self._draw_history, _skeleton_lines
                    )
        ui.run_javascript(f"getHtmlElement({self.element.id})?.focus()")

    # -- reading ------------------------------------------------------------------------------------------------

    async def _fetch(self) -> Lead:
        try:
            return await client.lead(self._api, self.lead_id)
        except ApiProblem as error:
            if error.status == 404:
                self._gone()
            raise

    async def refresh(self) -> None:
        """Asks again. What somebody is writing is not taken away."""
        if self._body.is_deleted:
            return
        try:
            now = await self._fetch()
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        before, self._seen = self._seen, now
        if before is None or (_shown(before) != _shown(now) and not (self._form and self._form.touched)):
            await self._place.show(now)
        await self._notes.refresh(only_changes=True)
        await self._history.refresh(only_changes=True)

    async def heard(self, *, deleted: bool) -> None:
        """Somebody changed the lead; an own write that is under way comes first."""
        if deleted:
            self._gone()
            return
        async with self._writing:
            pass
        await self.refresh()

    def _gone(self) -> None:
        if not self._body.is_deleted:
            self._body.clear()
            text = _("Somebody may have removed it.")
            with self._body:
                empty("search_off", _("This lead is no longer here"), text, action=_("Close"), on_click=self._close)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, lead: Lead) -> None:
        self._seen = lead
        self._title.text = lead.title
        visited("view_kanban", lead.title, f"/boards/{lead.board_id}?lead={lead.id}", lead.contact.name if lead.contact else "")
        with ui.element("div").classes("m-lp-section"):
            if lead.lost_reason is not None and self._lost(lead):
                badge(_("Lost: {reason}").format(reason=lead.lost_reason), "bad")
            if lead.contact is not None:
                draw_origin(self._api, lead)
                with ui.element("div").classes("m-row m-near m-wrap"):
                    to = f"/contacts/{lead.contact.id}"
                    button(lead.contact.name or _("No name"), icon="person", to=to)
                    button(_("Conversation"), icon="forum", to=f"{to}#conversation")
            names = {stage.id: stage.name for stage in self._stages}
            stage = select_field(_("Stage"), names, lead.stage_id, on_change=lambda: self._move(stage.value))
            if not self._write:
                stage.control.props("disable")
            self._form = _Form(self._api, lead, self._people, self._currency, self._fields, self._save if self._write else None)

    def _lost(self, lead: Lead) -> bool:
        return any(stage.id == lead.stage_id and stage.kind is StageKind.LOST for stage in self._stages)

    def _draw_new_note(self) -> None:
        async def add() -> None:
            if filled([field]):
                async with self._writing:
                    await client.add_note(self._api, self.lead_id, field.value.strip())
                field.value = ""
                await self.refresh()

        field = area_field(_("New note"), placeholder=_("Write down what colleagues should know"), limit=4000, rows=2)
        with ui.element("div").classes("m-row"):
            button(_("Add note"), add)

    def _draw_notes(self, found: Page[Note]) -> None:
        if not found.items and not self._write:
            ui.label(_("None yet")).classes("m-hint")
        for one in found.items:
            with ui.element("div").classes("m-row m-between items-start w-full"):
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(one.body).classes("m-text")
                    who = one.author or _("Somebody who left")
                    ui.label(f"{who} · {formats.moment(one.created_at)}").classes("m-hint")
                if self._write:
                    icon_button("delete", _("Delete note"), partial(self._delete_note, one))

    def _draw_history(self, found: Page[LeadChange]) -> None:
        place = ui.element("div").classes("w-full")
        with place:
            _draw_changes(found.items)
        if found.next_cursor is not None:
            rest = _Rest(self._api, self.lead_id, place, found.items, found.next_cursor)
            rest.button = button(_("Show earlier"), rest.show, kind="plain")

    # -- writing ------------------------------------------------------------------------------------------------

    async def _save(self, changed: dict[str, Any], fields: dict[str, Field[Any]]) -> None:
        assert self._seen is not None
        assert self._form is not None
        form = self._form
        if form.overtaken(changed, self._seen):
            self._say_overtaken(form)
            return
        try:
            async with self._writing:
                saved = await client.change_lead(self._api, self._seen, LeadPatch(**patch_of(changed)))
                self._changed(saved)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.status == 412:
                await self.refresh()
                self._say_overtaken(form)
                return
            with self._body:
                problems.show_in(fields, error)
            return
        with self._body:
            toast(_("Saved."))
        await self._place.show(saved)
        await self._history.refresh(only_changes=True)

    def _say_overtaken(self, form: "_Form") -> None:
        """The fields keep what was written; the next press saves it over what is there now."""
        assert self._seen is not None
        form.told(self._seen)
        with self._body:
            toast(_("Somebody changed this lead meanwhile. Save again to keep what you wrote."), "warn")

    async def _move(self, stage_id: UUID) -> None:
        if self._seen is None or stage_id == self._seen.stage_id:
            return
        moved = None
        with self._body:
            try:
                async with self._writing:
                    moved = await self._moved(self._seen, stage_id)
            except (ApiProblem, Offline) as error:
                problems.show(error)
        await self._place.show(moved or self._seen)
        await self._history.refresh(only_changes=True)

    async def _delete(self) -> None:
        text = _("Its notes and its history go for good. The contact stays.")
        if await confirm(_("Delete this lead?"), text, yes=_("Delete"), danger=True):
            await client.delete_lead(self._api, self.lead_id)
            toast(_("Lead deleted."))
            self._close()

    async def _delete_note(self, one: Note) -> None:
        if await confirm(_("Delete this note?"), one.body[:200], yes=_("Delete"), danger=True):
            async with self._writing:
                await client.delete_note(self._api, self.lead_id, one.id)
            await self.refresh()


def _shown(lead: Lead) -> tuple[Any, ...]:
    """What the form shows of a lead."""
    return (
        lead.title,
        lead.stage_id,
        lead.value_cents,
        lead.due_on,
        lead.owner,
        lead.contact,
        lead.tags,
        lead.lost_reason,
        lead.values,
    )


def _values(lead: Lead, fields: Sequence[LeadField]) -> dict[str, Any]:
    """What the form writes of a lead, by the names of LeadPatch; own fields as `values.key`."""
    return {
        "title": lead.title,
        "value_cents": lead.value_cents,
        "due_on": lead.due_on,
        "owner_id": lead.owner.id if lead.owner else None,
        "contact_id": lead.contact.id if lead.contact else None,
        "tags": lead.tags,
        **values_of(fields, lead.values),
    }


Save = Callable[[dict[str, Any], dict[str, Field[Any]]], Awaitable[None]]


class _Form:
    """The fields of a lead. It saves only what was changed in it, so that what somebody else changes meanwhile is not written over."""

    def __init__(
        self,
        api: ApiClient,
        lead: Lead,
        people: Sequence[tuple[UUID, str]],
        currency: str,
        fields: Sequence[LeadField],
        save: Save | None,
    ) -> None:
        self._currency, self._known, self._save = currency, fields, save
        self._base = self._told = _values(lead, fields)  # as it was drawn; as the person knows of it
        owners: dict[UUID | None, str] = {None: _("Nobody"), **dict(people)}
        if lead.owner is not None:
            owners.setdefault(lead.owner.id, lead.owner.name)
        self._title = text_field(_("Title"), lead.title, limit=200)
        with ui.element("div").classes("m-lp-pair"):
            self._value = text_field(_("Value"), formats.amount(lead.value_cents, currency))
            self._value.control.props.update({"inputmode": "decimal", "prefix": formats.symbol(currency)})
            self._due = text_field(_("Due"), lead.due_on.isoformat() if lead.due_on else "", kind="date")
        self._owner = select_field(
            pgettext("lead", "Owner"), owners, lead.owner.id if lead.owner else None, search=len(owners) > 10
        )
        self._contact = ContactField(api, lead.contact, write=save is not None)
        self._tags = text_field(_("Tags"), ", ".join(lead.tags), hint=_("Separated by commas"), limit=400)
        self._own = OwnFields(fields, lead.values, currency)
        self._fields: dict[str, Field[Any]] = {
            **self._own.fields,
            "title": self._title,
            "value_cents": self._value,
            "due_on": self._due,
            "owner_id": self._owner,
            "contact_id": self._contact.field,
            "tags": self._tags,
        }
        self._before = self._written
        if save is None:
            for field in self._fields.values():
                field.control.props("disable")
        else:
            with ui.element("div").classes("m-row"):
                button(_("Save"), self._press, kind="primary")

    @property
    def _written(self) -> tuple[Any, ...]:
        fields = (self._title, self._value, self._due, self._owner, self._tags)
        return (*(field.value for field in fields), self._contact.value, *self._own.written)

    @property
    def touched(self) -> bool:
        return self._written != self._before

    def overtaken(self, changed: dict[str, Any], now: Lead) -> bool:
        """Whether somebody else gave one of the changed fields another value, of which the person was not told."""
        values = _values(now, self._known)
        return any(values[name] not in (self._told[name], value) for name, value in changed.items())

    def told(self, now: Lead) -> None:
        self._told = _values(now, self._known)

    async def _press(self) -> None:
        if self._save is None or not filled([self._title]):
            return
        try:
            cents = formats.minor(self._value.value or "", self._currency)
        except ValueError:
            mark({self._value: _("Write an amount, such as {amount}.").format(amount=formats.amount(123450, self._currency))})
            return
        own = self._own.read()
        if own is None:
            return
        written = {
            **own,
            "title": self._title.value.strip(),
            "value_cents": cents,
            "due_on": date.fromisoformat(self._due.value) if self._due.value else None,
            "owner_id": self._owner.value,
            "contact_id": self._contact.value,
            "tags": [tag.strip() for tag in (self._tags.value or "").split(",") if tag.strip()],
        }
        changed = {name: value for name, value in written.items() if value != self._base[name]}
        await self._save(changed, self._fields)


class _Rest:
    """The older part of the history, page after page."""

    button: ui.button

    def __init__(self, api: ApiClient, lead_id: UUID, place: ui.element, shown: list[LeadChange], cursor: str) -> None:
        self._api, self._lead_id, self._place, self._shown, self._cursor = api, lead_id, place, shown, cursor

    async def show(self) -> None:
        page = await client.history(self._api, self._lead_id, self._cursor)
        self._shown = [*self._shown, *page.items]
        self._place.clear()
        with self._place:
            _draw_changes(self._shown)
        if page.next_cursor is None:
            self.button.set_visibility(False)
        else:
            self._cursor = page.next_cursor


def _draw_changes(changes: Sequence[LeadChange]) -> None:
    def who(change: LeadChange) -> str:
        if change.rule_id is not None:
            return _("A rule of the board")
        return change.by.name if change.by else _("Automatic, or somebody who left")

    def line(change: LeadChange) -> tuple[Any, str, str, str]:
        what, detail = labels.happened(change)
        return labels.tone(change), what, " · ".join(part for part in (detail, who(change)) if part), formats.moment(change.at)

    log_list(line(change) for change in changes)


def _skeleton() -> None:
    skeleton("line m-w-40", "title m-w-100", "line m-w-40", "title m-w-100", "line m-w-60", "title m-w-100")


def _skeleton_lines() -> None:
    skeleton("line m-w-80", "line m-w-60")
