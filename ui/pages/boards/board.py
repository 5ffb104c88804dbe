"""One board: its columns with their leads, live; moving, adding, finding and choosing leads; one lead beside it.

The browser keeps the cards and shows a move at once (components/board.js). `Columns` knows what was read and which version of a lead
is on the screen, so that the events of our own writes are passed over; `Moves` does what this person does.
"""

import asyncio
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board, Lead
from api.contract.enums import Permission
from api.contract.events import BoardChanged, BoardTotals, LeadChanged, LeadProposalChanged
from ui import formats, live, session
from ui.client import accounts
from ui.client import boards as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.board import Board as Drawing
from ui.components.buttons import button
from ui.components.filters import filter_button, name_filter
from ui.components.forms import search_field
from ui.components.frame import Frame, frame
from ui.components.query import Asked, Filter
from ui.components.states import Loader, empty, gone, load, nothing_found, skeleton
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext
from ui.pages.boards.changes import Changes
from ui.pages.boards.columns import Columns
from ui.pages.boards.filters import filters, params
from ui.pages.boards.lead import LeadPanel
from ui.pages.boards.moves import Moves, read_as
from ui.pages.boards.rule_alert import RuleAlert
from ui.pages.boards.views import view_switch
from ui.pages.boards.waiting import Waiting
from ui.routing import page


@page("/boards/{board_id:uuid}", permission=Permission.BOARDS_READ)
def board(board_id: UUID) -> None:
    with frame(_("Board"), breadcrumbs=[(_("Boards"), "/boards")], active="/boards", fill=True) as head:
        _Page(board_id, head)


class _Page:
    def __init__(self, board_id: UUID, head: Frame) -> None:
        me = session.current()
        self._id, self._api, self._head = board_id, me.api, head
        self._write = me.may(Permission.LEADS_WRITE)
        self._columns = Columns(self._api, board_id)
        self._moves = Moves(self._api, board_id, self._columns, self._tell, self._settled, self._fill_now)
        self._first: dict[str, dict[str, Any]] = {}
        self._drawing: Drawing | None = None
        self._panel: LeadPanel | None = None
        self._pushed = False
        self._people: list[tuple[UUID, str]] = []
        self._asked = Asked([], ())
        self._buttons: dict[str, ui.button] = {}
        self._draw_actions(manage=me.may(Permission.BOARDS_WRITE))
        with head.body, ui.element("div").classes("m-board-page") as self._ground:
            self._changes = Changes(self._api, self._columns, self._moves, self._tell, self._fill_now, lambda: self._panel)
            if me.may(Permission.BOARDS_WRITE):
                RuleAlert(self._api, board_id)
            self._bar = ui.element("div").classes("m-board-bar")
            self._bar.set_visibility(False)
            self._blank = ui.element("div").classes("w-full")
            self._place: Loader[None] = load(self._fetch, self._draw, skeleton_board)
            self._beside = ui.element("div")
        self._heads = Throttle(self._tell_heads, 0.2)
        self._whole = Throttle(self._again, 1.0)
        address().on_back(self._went_back)
        live.on(LeadChanged, self._lead_changed)
        live.on(LeadProposalChanged, self._proposal_changed)
        live.on(BoardTotals, self._totals)
        live.on(BoardChanged, self._board_changed)
        live.on_reset(self._again)

    # -- reading ------------------------------------------------------------------------------------------------

    async def _fetch(self) -> None:
        """The board, and the top of each column beside each other."""
        board, people = await asyncio.gather(self._fetch_board(), self._fetch_people())
        self._take_board(board)
        self._people = people
        self._asked = Asked(self._filters(), ())
        self._columns.filter = self._filter
        self._first, _counted = await asyncio.gather(self._columns.tops(), self._columns.count_filtered())
        self._sum_up()

    async def _fetch_board(self) -> Board:
        try:
            board, self._columns.fields = await asyncio.gather(
                client.board(self._api, self._id), client.lead_fields(self._api, self._id)
            )
            return board
        except ApiProblem as error:
            if error.status == 404 and not self._ground.is_deleted:
                gone(self._ground, _("This board is no longer here"), "/boards")
                self._head.actions.clear()
            raise

    async def _fetch_people(self) -> list[tuple[UUID, str]]:
        return [(one.user_id, one.name) for one in await accounts.everybody(self._api)]

    def _take_board(self, board: Board) -> None:
        self._columns.take(board)
        self._head.title.text = board.name
        ui.page_title(f"{board.name} · Master IA")
        self._sum_up()

    def _sum_up(self) -> None:
        sums = self._columns.sums
        plus = "+" if sums.more else ""
        worth, likely = (formats.money(cents, self._columns.currency) + plus for cents in (sums.worth, sums.likely))
        parts = [ngettext("{n} lead", "{n} leads", sums.leads).format(n=formats.number(sums.leads) + plus)]
        parts.append(_("{value} open").format(value=worth))
        if 0 < sums.likely < sums.worth:
            parts.append(_("{value} likely").format(value=likely))
        self._head.subtitle.text = " · ".join(parts)
        self._head.subtitle.set_visibility(True)

    @property
    def _filter(self) -> dict[str, Any]:
        return params(self._asked)

    def _filters(self) -> list[Filter]:
        return filters(self._people, self._columns.tags, self._columns.fields)

    async def _again(self) -> None:
        """Everything as it is now, in place: where people have scrolled to stays, and what they move."""
        if self._drawing is None:
            await self._place.refresh()
            return
        try:
            self._take_board(await self._fetch_board())
            await self._tell_heads()
            await self._fill_now()
        except (ApiProblem, Offline) as error:
            problems.show(error)
        if self._panel is not None:
            await self._panel.refresh()

    async def _fill(self, stage_ids: list[UUID] | None = None, *, anew: bool) -> None:
        found = await self._columns.tops(stage_ids, anew=anew)
        for stage_id, shown in found.items():
            self._tell("fill", stage_id, shown["cards"], shown)
        if anew:
            self._draw_blank(any(page["cards"] for page in found.values()))

    async def _fill_now(self, stage_ids: list[UUID] | None = None) -> None:
        await self._fill(stage_ids, anew=False)

    async def _more(self, given: Any) -> None:
        stage_id = read_as(given, UUID)
        if stage_id is None:
            return
        try:
            shown = await self._columns.more(stage_id)
        except (ApiProblem, Offline) as error:
            self._tell("failed", str(stage_id), problems.sentence(error))
            return
        if shown is not None:
            self._tell("append", str(stage_id), shown["cards"], shown)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, _nothing: None) -> None:
        self._draw_bar()
        drawing = self._drawing = Drawing(self._columns.heads, self._first, _texts(), can=self._write)
        drawing.heard("move", self._moves.moved)
        drawing.heard("undo", self._moves.undone)
        drawing.heard("more", self._more)
        drawing.heard("add", self._moves.added)
        drawing.heard("bulk", self._moves.moved_many)
        drawing.heard("unbulk", self._moves.undone_many)
        drawing.heard("lead", self._opened)
        self._draw_blank(any(page["cards"] for page in self._first.values()))
        self._first = {}
        self._follow_address()
        self._changes.go_on()

    def _tell(self, name: str, *given: Any) -> None:
        if self._drawing is not None and not self._drawing.is_deleted:
            self._drawing.tell(name, *given)

    def _draw_actions(self, *, manage: bool) -> None:
        with self._head.actions:
            Waiting(self._id)
            view_switch(self._id, "board")
            if manage:
                button(_("Settings"), icon="tune", to=f"/boards/{self._id}/settings", kind="plain")
            if self._write:
                button(_("Select"), lambda: self._tell("pick"), icon="check_box").classes("m-only-wide")
                button(_("New lead"), lambda: self._tell("start"), kind="primary", icon="add")

    def _draw_bar(self) -> None:
        self._bar.clear()
        self._bar.set_visibility(True)
        with self._bar:
            self._input = search_field(_("Title or contact"), self._asked.search, self._searched)
            filters = [one for one in self._filters() if one.options]
            self._buttons = {one.key: filter_button(one, self._asked.name(one), self._choose) for one in filters}

    def _draw_blank(self, shown: bool) -> None:
        """What to do about a board without cards."""
        self._blank.clear()
        with self._blank:
            if shown:
                return
            with ui.element("div").classes("m-board-blank"):
                if self._asked.anything:
                    nothing_found(self._everything)
                else:
                    text = _(
                        "A lead is one chance to sell: somebody, what they want, what it is worth. Drag it from stage to stage."
                    )
                    action = _("New lead") if self._write else ""
                    empty("view_kanban", _("No lead yet"), text, action=action, on_click=lambda: self._tell("start"))

    # -- asking for less ----------------------------------------------------------------------------------------

    async def _choose(self, key: str, value: str | None) -> None:
        self._asked.choose(key, value)
        self._asked.write()
        await self._asked_anew()

    async def _searched(self, text: str) -> None:
        if text != self._asked.search:
            self._asked.search = text
            self._asked.write(push=False)
            await self._asked_anew()

    async def _everything(self) -> None:
        self._asked.clear()
        self._asked.write()
        await self._asked_anew()

    async def _asked_anew(self) -> None:
        for one in self._filters():
            if one.key in self._buttons:
                name_filter(self._buttons[one.key], one, self._asked.name(one))
        self._input.value = self._asked.search
        self._columns.filter = self._filter
        try:
            await asyncio.gather(self._fill(anew=True), self._columns.count_filtered())
            self._draw_heads()
        except (ApiProblem, Offline) as error:
            problems.show(error)

    async def _went_back(self) -> None:
        if self._drawing is None:
            return
        before = self._filter
        self._asked.read()
        self._follow_address()
        if self._filter != before:
            await self._asked_anew()

    # -- what others do -----------------------------------------------------------------------------------------

    def _lead_changed(self, event: LeadChanged) -> None:
        if event.board_id == self._id:
            self._changes.heard(event)
            if self._columns.filter:
                self._heads.poke()

    def _proposal_changed(self, event: LeadProposalChanged) -> None:
        if event.board_id == self._id and event.lead_id is not None:
            self._changes.beside(event.lead_id)

    def _put(self, lead: Lead) -> None:
        self._tell("put", self._columns.card(lead))

    def _totals(self, event: BoardTotals) -> None:
        if event.board_id != self._id:
            return
        self._columns.count(event)
        self._heads.poke()

    async def _tell_heads(self) -> None:
        try:
            await self._columns.count_filtered()
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        self._draw_heads()

    def _draw_heads(self) -> None:
        self._sum_up()
        self._tell("heads", self._columns.heads)
        if any(stage.leads for stage in self._columns.stages.values()) and not self._asked.anything:
            self._blank.clear()

    async def _settled(self, lead_id: UUID) -> None:
        """A move of this person is over: the events that waited for it come in."""
        self._changes.go_on()
        if self._panel is not None and self._panel.lead_id == lead_id:
            await self._panel.refresh()

    def _board_changed(self, event: BoardChanged) -> None:
        if event.board_id == self._id:
            self._whole.poke()

    # -- one lead beside the board ------------------------------------------------------------------------------

    def _opened(self, given: Any) -> None:
        lead_id = read_as(given, UUID)
        if lead_id is not None:
            self._pushed = True
            address().write({"lead": str(lead_id)}, push=True)
            self._follow_address()

    def _follow_address(self) -> None:
        lead_id = read_as(address().get("lead"), UUID)
        if lead_id == (self._panel.lead_id if self._panel else None):
            return
        self._beside.clear()
        self._panel = None
        self._tell("open", str(lead_id) if lead_id else None)
        if lead_id is not None:
            with self._beside:
                self._panel = LeadPanel(
                    self._api,
                    lead_id,
                    lambda: self._columns.stages.values(),
                    self._people,
                    self._columns.currency,
                    self._columns.fields,
                    write=self._write,
                    changed=self._put,
                    moved=self._moves.to_top,
                    close=self._close,
                )

    def _close(self) -> None:
        """As Back does, where Back leads to the board alone."""
        if self._pushed:
            self._pushed = False
            ui.navigate.back()
        else:
            address().write({"lead": None})
            self._follow_address()


def _texts() -> dict[str, str]:
    return {
        "stages": _("Stages"),
        "title": _("What is it about?"),
        "add": _("Add"),
        "again": _("Try again"),
        "full": _("There are more. Search for them."),
        "loading": _("Loading…"),
        "none": _("Nothing here"),
        "selection": _("Selection"),
        "move": _("Move to…"),
        "cancel": _("Cancel"),
        "top": _("To the top"),
        "up": _("Up"),
        "down": _("Down"),
        "select": _("Select"),
        "talk": _("Open the conversation"),
        "undo": _("Undo"),
        "lost": _("The connection was lost, so the card is back where it was. Try again in a moment."),
        "picked": _("Selected: {n}"),
        "moved": _("“{title}” is in {stage} now, at place {n}."),
    }


def skeleton_board() -> None:
    with ui.element("div").classes("m-board-skel"):
        for number in range(5):
            with ui.element("div"):
                skeleton("line m-w-60")
                for _card in range(4 - number % 3):
                    with ui.element("div").classes("m-card"):
                        skeleton("line m-w-80", "line m-w-40")
