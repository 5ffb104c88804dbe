"""One lead, beside its board: what it is worth to whom and until when; notes, and what became of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
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
from ui.components.appointments import Appointments
from ui.components.bell import seen
from ui.components.buttons import button, icon_button
from ui.components.cards import log_list
from ui.components.confirm import confirm
from ui.components.forms import Field, area_field, filled, select_field
from ui.components.menus import Choice, more
from ui.components.notes import note_line
from ui.components.palette import visited
from ui.components.states import Loader, empty, load, skeleton
from ui.components.text import badge, title
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import boards as labels
from ui.labels import proposals
from ui.labels.boards import offered
from ui.pages.boards.cards import conversation_of
from ui.pages.boards.lead_ai import LeadAi
from ui.pages.boards.lead_form import LeadForm
from ui.pages.boards.origin import draw_origin
from ui.pages.boards.own_fields import patch_of


class LeadPanel:
    """`changed` hears of the lead after each write; `moved` moves it to a stage and gives it back, None where that was called off;
    `close` takes the panel away."""

    def __init__(
        self,
        api: ApiClient,
        lead_id: UUID,
        stages: Callable[[], Iterable[Stage]],
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
        self._form: LeadForm | None = None
        self._stage: Field[UUID] | None = None
        self._offered: dict[UUID, str] = {}
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
                self._ai = LeadAi(api, lead_id, self.refresh)
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
        if self._seen is None or _shown(self._seen) != _shown(now):
            await self._take(now)
        else:
            self._seen = now
        self._offer(now)
        await self._notes.refresh(only_changes=True)
        await self._history.refresh(only_changes=True)
        await self._ai.refresh()

    async def _take(self, now: Lead) -> None:
        """Shows the lead as it is now; of one that somebody is writing about only its stage."""
        self._seen = now
        if self._form is None or self._stage is None or not self._form.touched:
            await self._place.show(now)
            return
        self._offer(now)
        self._draw_lost(now)

    def _offer(self, now: Lead) -> None:
        """Where it stands, and the stages that there are now."""
        if self._stage is None:
            return
        stages = offered(self._stages(), now.stage_id)
        if stages != self._offered:
            self._offered = stages
            self._stage.control.set_options(stages, value=now.stage_id)  # type: ignore[attr-defined]
        self._stage.value = now.stage_id

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
        seen(lead.id)
        visited("view_kanban", lead.title, f"/boards/{lead.board_id}?lead={lead.id}", lead.contact.name if lead.contact else "")
        Appointments(lead_id=lead.id, board_id=lead.board_id)
        with ui.element("div").classes("m-lp-section"):
            self._lost_place = ui.element("div")
            self._draw_lost(lead)
            if lead.contact is not None:
                draw_origin(self._api, lead)
                with ui.element("div").classes("m-row m-near m-wrap"):
                    to = f"/contacts/{lead.contact.id}"
                    button(lead.contact.name or _("No name"), icon="person", to=to)
                    button(_("Conversation"), icon="forum", to=conversation_of(lead) or f"{to}#conversation")
            self._offered = offered(self._stages(), lead.stage_id)
            stage = self._stage = select_field(
                _("Stage"), self._offered, lead.stage_id, on_change=lambda: self._move(stage.value)
            )
            if not self._write:
                stage.control.props("disable")
            self._form = LeadForm(
                self._api, lead, self._people, self._currency, self._fields, self._save if self._write else None
            )

    def _draw_lost(self, lead: Lead) -> None:
        lost = any(stage.id == lead.stage_id and stage.kind is StageKind.LOST for stage in self._stages())
        self._lost_place.clear()
        self._lost_place.set_visibility(lost and lead.lost_reason is not None)
        if lost and lead.lost_reason is not None:
            with self._lost_place:
                badge(_("Lost: {reason}").format(reason=lead.lost_reason), "bad")

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
            note_line(one, partial(self._delete_note, one) if self._write else None)

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
        sent = form.written
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
        form.saved(changed, sent, saved)
        await self._take(saved)
        await self._history.refresh(only_changes=True)

    def _say_overtaken(self, form: LeadForm) -> None:
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
        await self._take(moved or self._seen)
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
        if change.proposal_id is not None:
            ai = proposals.who(change.persona_name)
            return _("{ai}, accepted by {name}").format(ai=ai, name=change.by.name) if change.by else ai
        return change.by.name if change.by else _("Automatic, or somebody who left")

    def line(change: LeadChange) -> tuple[Any, str, str, str]:
        what, detail = labels.happened(change)
        return labels.tone(change), what, " · ".join(part for part in (detail, who(change)) if part), formats.moment(change.at)

    log_list(line(change) for change in changes)


def _skeleton() -> None:
    skeleton("line m-w-40", "title m-w-100", "line m-w-40", "title m-w-100", "line m-w-60", "title m-w-100")


def _skeleton_lines() -> None:
    skeleton("line m-w-80", "line m-w-60")
