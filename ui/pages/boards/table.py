"""A board as a list: its leads in rows, sorted and filtered by the API, a stage or an owner changed in its cell, many moved at once; one
lead beside it."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import Request
from fastapi.responses import Response
from nicegui import ui

from api.contract.base import Page
from api.contract.boards import Board, Lead, LeadMove, LeadPatch, LeadsMove, Stage
from api.contract.enums import Permission, StageKind
from api.contract.events import BoardChanged, LeadChanged
from ui import formats, live, session
from ui.client import accounts
from ui.client import boards as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cells import Cell, choice, state, tags, two_lines
from ui.components.confirm import dialog
from ui.components.download import hand_on
from ui.components.forms import select_field
from ui.components.frame import Frame, frame
from ui.components.lost_reason import ask_reason
from ui.components.query import Filter, Query
from ui.components.states import Loader, empty, gone, load, skeleton_list
from ui.components.table import Column, DataTable, Selection, data_table
from ui.components.throttle import Throttle
from ui.components.toast import toast, toast_undo
from ui.i18n import _, ngettext, pgettext
from ui.labels import boards as labels
from ui.labels.boards import offered
from ui.pages.boards.ask_rules import ask_rules
from ui.pages.boards.filters import filters as board_filters
from ui.pages.boards.filters import params as board_params
from ui.pages.boards.lead import LeadPanel
from ui.pages.boards.moves import read_as
from ui.pages.boards.views import view_switch
from ui.routing import page


@page("/boards/{board_id:uuid}/list", permission=Permission.BOARDS_READ)
def board_list(board_id: UUID) -> None:
    with frame(_("Board"), breadcrumbs=[(_("Boards"), "/boards")], active="/boards") as head:
        _List(board_id, head)


@page("/boards/{board_id:uuid}/export.csv", permission=Permission.CONTACTS_EXPORT)
async def export(board_id: UUID, request: Request) -> Response:
    """The API's file, with the filters that the list has."""
    given: dict[str, Any] = {name: request.query_params.getlist(name) for name in request.query_params}
    return await hand_on(f"/v1/boards/{board_id}/leads/export.csv", given)


class _List:
    def __init__(self, board_id: UUID, head: Frame) -> None:
        me = session.current()
        self._id, self._api, self._head = board_id, me.api, head
        self._write = me.may(Permission.LEADS_WRITE)
        self._export: ui.button | None = None
        self._table: DataTable[Lead] | None = None
        self._panel: LeadPanel | None = None
        self._shown: dict[UUID, Lead] = {}
        self._used: set[str] = set()  # tags that there are to filter by
        with head.actions:
            view_switch(board_id, "list")
            if self._write and me.may(Permission.CONTACTS_WRITE):
                button(_("Import"), icon="upload_file", to=f"/imports?board={board_id}", kind="plain").classes("m-only-wide")
            if me.may(Permission.CONTACTS_EXPORT):
                self._export = button(_("Export"), icon="download", to=f"/boards/{board_id}/export.csv", kind="plain")
                self._export.props["download"] = ""
                self._export.classes("m-only-wide")
        with ui.element("div").classes("w-full") as self._ground:
            self._place: Loader[tuple[Board, dict[UUID, str]]] = load(self._fetch_board, self._draw, lambda: skeleton_list(8))
            self._beside = ui.element("div")
        self._throttle = Throttle(self._refresh, 1.0)
        self._others = Throttle(self._read_board, 1.0)
        address().on_back(self._follow_address)
        live.on(LeadChanged, self._lead_changed)
        live.on(BoardChanged, self._board_changed)
        live.on_reset(self._refresh)

    # -- reading ------------------------------------------------------------------------------------------------

    async def _fetch_board(self) -> tuple[Board, dict[UUID, str]]:
        try:
            board, self._own, people, newest = await asyncio.gather(
                client.board(self._api, self._id),
                client.lead_fields(self._api, self._id),
                accounts.everybody(self._api),
                client.leads(self._api, self._id, {"limit": 200}),
            )
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This board is no longer here"), "/boards")
            raise
        self._used = {name for lead in newest.items for name in lead.tags}
        return board, {one.user_id: one.name for one in people}

    async def _refresh(self) -> None:
        if self._table is not None:
            await self._table.refresh()
        if self._panel is not None:
            await self._panel.refresh()

    def _lead_changed(self, event: LeadChanged) -> None:
        if event.board_id == self._id:
            self._throttle.poke()

    async def _board_changed(self, event: BoardChanged) -> None:
        if event.board_id == self._id:
            self._others.poke()

    async def _read_board(self) -> None:
        """Its stages, the people and the fields; the list is drawn anew only where these are others."""
        if self._table is None:
            return
        before = self._known()
        try:
            self._board, self._people = found = await self._fetch_board()
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        if self._known() != before:
            await self._place.show(found)
        await self._refresh()

    def _known(self) -> tuple[Any, ...]:
        """What the list and its menus are made of."""
        stages = [msgspec.structs.replace(one, leads=0, value_cents=0, totals_version=0) for one in self._board.stages]
        return self._board.name, stages, self._people, self._own, self._used

    async def _fetch(self, query: Query) -> Page[Lead]:
        params = _params(query)
        if self._export is not None:
            asked = {name: value for name, value in params.items() if name != "sort"}
            self._export.props["href"] = f"/boards/{self._id}/export.csv" + (f"?{urlencode(asked, doseq=True)}" if asked else "")
        found = await client.leads(self._api, self._id, {**params, "cursor": query.cursor, "limit": query.limit})
        self._shown = {lead.id: lead for lead in found.items}
        return found

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, known: tuple[Board, dict[UUID, str]]) -> None:
        self._board, self._people = known
        self._stages = {stage.id: stage for stage in self._board.stages}
        self._head.title.text = self._board.name
        ui.page_title(f"{self._board.name} · Master IA")
        filters = [
            Filter("stage", _("Stage"), {str(stage.id): stage.name for stage in self._board.stages}),
            *board_filters(list(self._people.items()), sorted(self._used), self._own),
            Filter("order", _("Order"), _orders()),
        ]
        self._table = data_table(
            [
                Column("title", _("Title"), phone="title"),
                Column("stage", _("Stage"), phone="end"),
                Column("value", _("Value"), align="right", look="m-num", phone="sub"),
                Column("owner", pgettext("lead", "Owner"), phone="sub"),
                Column("due", _("Due"), phone="end"),
                Column("tags", _("Tags")),
                Column("moved", _("Last move"), align="right", look="m-hint"),
            ],
            self._fetch,
            self._row,
            search=_("Title or contact"),
            filters=[one for one in filters if one.options],
            link=self._link,
            bulk=self._draw_bulk if self._write else None,
            draw_empty=self._draw_empty,
            on_choice=self._chosen if self._write else None,
        )
        self._follow_address()

    def _row(self, lead: Lead) -> Mapping[str, Cell]:
        stage = self._stages.get(lead.stage_id)
        name = stage.name if stage else ""
        owner = lead.owner.name if lead.owner else ""
        due = state(*labels.due(lead.due_on)) if lead.due_on and (stage is None or stage.kind is StageKind.OPEN) else None
        if lead.due_on and due is None:
            due = formats.short_day(lead.due_on)
        return {
            "id": str(lead.id),
            "title": two_lines(lead.title, lead.contact.name if lead.contact else ""),
            "stage": choice(str(lead.id), "stage", name, _("Move {name}").format(name=lead.title)) if self._write else name,
            "value": formats.money(lead.value_cents, self._board.currency) if lead.value_cents is not None else None,
            "owner": choice(str(lead.id), "owner", owner or "–", _("Owner of {name}").format(name=lead.title))
            if self._write
            else owner,
            "due": due,
            "tags": tags(lead.tags) if lead.tags else None,
            "moved": formats.ago(lead.stage_since),
        }

    def _link(self, lead: Lead) -> str:
        """The list as it is, with the lead beside it."""
        at = address().text
        path, _mark, asked = at.partition("?")
        kept = [one for one in asked.split("&") if one and not one.startswith("lead=")]
        return f"{path}?{'&'.join([*kept, f'lead={lead.id}'])}"

    def _draw_empty(self) -> None:
        text = _("A lead is one chance to sell: somebody, what they want, what it is worth. Drag it from stage to stage.")
        empty("view_list", _("No lead yet"), text)

    # -- one lead beside the list -------------------------------------------------------------------------------

    def _follow_address(self) -> None:
        lead_id = read_as(address().get("lead"), UUID)
        if lead_id == (self._panel.lead_id if self._panel else None) or self._table is None:
            return
        self._beside.clear()
        self._panel = None
        if lead_id is not None:
            with self._beside:
                self._panel = LeadPanel(
                    self._api,
                    lead_id,
                    lambda: self._board.stages,
                    list(self._people.items()),
                    self._board.currency,
                    self._own,
                    write=self._write,
                    changed=lambda _lead: self._throttle.poke(),
                    moved=self._moved,
                    close=self._close,
                )

    def _close(self) -> None:
        address().write({"lead": None})
        self._follow_address()

    # -- changing -----------------------------------------------------------------------------------------------

    async def _moved(self, lead: Lead, stage_id: UUID) -> Lead | None:
        """To the top of a stage; None when it was called off."""
        stage = self._stages[stage_id]
        reason: str | None = ""
        if stage.kind is StageKind.LOST and lead.lost_reason is None:
            reason = await ask_reason(self._api, self._id, 1)
        if reason is None:
            return None
        moved = await client.move_lead(self._api, lead.id, LeadMove(stage_id=stage_id, lost_reason=reason or None))
        self._throttle.poke()
        return moved

    def _chosen(self, lead_id: str, key: str) -> None:
        """A cell was pressed: what else it could be."""
        lead = self._shown.get(UUID(lead_id))
        if lead is None:
            return
        if key == "stage":
            options = offered(self._board.stages, lead.stage_id)
            self._ask(_("Move {name}").format(name=lead.title), _("Stage"), options, lead.stage_id, partial(self._move_one, lead))
        else:
            nobody: dict[UUID | None, str] = {None: _("Nobody")}
            owner = lead.owner.id if lead.owner else None
            self._ask(_("Owner of {name}").format(name=lead.title), pgettext("lead", "Owner"), {**nobody, **self._people}, owner, partial(self._give, lead))  # fmt: skip

    def _ask(self, heading: str, label: str, options: Mapping[Any, str], chosen: Any, done: Any) -> None:
        async def save() -> None:
            if field.value != chosen:
                try:
                    await done(field.value)
                except (ApiProblem, Offline) as error:
                    problems.show(error)
                    return
            box.close()
            await self._refresh()

        with dialog(heading) as box:
            field = select_field(label, options, chosen, search=len(options) > 10)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _move_one(self, lead: Lead, stage_id: UUID) -> None:
        await self._moved(lead, stage_id)

    async def _give(self, lead: Lead, owner_id: UUID | None) -> None:
        await client.change_lead(self._api, lead, LeadPatch(owner_id=owner_id))

    def _draw_bulk(self, chosen: Selection) -> None:
        button(_("Move to…"), partial(self._ask_where, chosen), icon="drive_file_move")

    def _ask_where(self, chosen: Selection) -> None:
        ids = [UUID(one) for one in chosen.ids]

        async def move() -> None:
            stage = self._stages[field.value]
            box.close()
            await self._move_many(ids, stage)

        options = offered(self._board.stages)
        heading = ngettext("Move {n} lead", "Move {n} leads", len(ids)).format(n=formats.number(len(ids)))
        with dialog(heading) as box:
            field = select_field(_("To the stage"), options, next(iter(options)), search=len(options) > 10)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Move"), move, kind="primary")
        box.open()

    async def _move_many(self, ids: list[UUID], stage: Stage) -> None:
        reason = await ask_reason(self._api, self._id, len(ids)) if stage.kind is StageKind.LOST else ""
        run_rules = await ask_rules(self._api, self._id, stage, len(ids)) if reason is not None else None
        if run_rules is None:
            return
        body = LeadsMove(lead_ids=ids, stage_id=stage.id, lost_reason=reason or None, run_rules=run_rules)
        try:
            done = await client.move_leads(self._api, body)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        text = ngettext("{n} lead is in {stage} now.", "{n} leads are in {stage} now.", done.moved)
        text = text.format(n=formats.number(done.moved), stage=stage.name)
        if done.bulk_move_id is None:
            toast(text)
        else:
            toast_undo(text, partial(self._undo, done.bulk_move_id))
        if self._table is not None:
            await self._table.reload(push=False)

    async def _undo(self, bulk_move_id: UUID) -> None:
        try:
            await client.undo_move(self._api, bulk_move_id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
        await self._refresh()


def _orders() -> dict[str, str]:
    return {
        "stage": _("By stage"),
        "created": _("Newest first"),
        "moved": _("Moved last"),
        "value": _("Highest value"),
        "due": _("Due soonest"),
        "title": _("By title"),
        "owner": _("By owner"),
    }


def _params(query: Query) -> dict[str, Any]:
    """The list's query in the API's words."""
    stage = query.filters.get("stage")
    return {**board_params(query), **({"stage_id": stage} if stage else {}), "sort": query.filters.get("order", "created")}
