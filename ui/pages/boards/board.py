"""One board: its columns with their leads, live; moving, adding, finding and choosing leads; one lead beside it.

The browser keeps the cards and shows a move at once (components/board.js). Here stands what is asked of the API: how far each column
was read, and which version of a lead is on the screen, so that the events of our own writes are passed over.
"""

import asyncio
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.boards import Board, Lead, LeadCreate, LeadMove, LeadsMove, Stage
from api.contract.enums import Permission, StageKind
from api.contract.events import BoardChanged, BoardTotals, LeadChanged
from ui import formats, live, session
from ui.client import accounts
from ui.client import boards as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.board import Board as Drawing
from ui.components.buttons import button
from ui.components.filters import filter_button
from ui.components.forms import search_field
from ui.components.frame import Frame, frame
from ui.components.query import Asked, Filter
from ui.components.states import Loader, empty, gone, load, nothing_found, skeleton
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext, pgettext
from ui.pages.boards import cards
from ui.pages.boards.lead import LeadPanel
from ui.pages.boards.lost import ask_reason
from ui.routing import page

FIRST, STEP = 30, 50  # leads of a column at first, and with each scroll to its end
MOST = 1000  # of one column on the screen; beyond that, searching is faster than scrolling
BULK = 500  # leads that one request moves
ONE_BY_ONE = 8  # leads that changed at once, until the columns are read anew instead


@page("/boards/{board_id:uuid}", permission=Permission.BOARDS_READ)
def board(board_id: UUID) -> None:
    with frame(_("Board"), breadcrumbs=[(_("Boards"), "/boards")], active="/boards", fill=True) as head:
        _Page(board_id, head)


class _Column(NamedTuple):
    """How far a column was read."""

    loaded: int
    cursor: str | None


class _Move(msgspec.Struct):
    """What the browser says of a move: the card, the stage it was in, and its new place between two others."""

    number: int
    id: UUID
    origin: UUID
    stage: UUID
    after: UUID | None = None
    before: UUID | None = None


class _Added(msgspec.Struct):
    stage: UUID
    title: str


class _Chosen(msgspec.Struct):
    ids: list[UUID]
    stage: UUID


class _Page:
    def __init__(self, board_id: UUID, head: Frame) -> None:
        me = session.current()
        self._id, self._api, self._head = board_id, me.api, head
        self._write = me.may(Permission.LEADS_WRITE)
        self._currency = "BRL"
        self._stages: dict[UUID, Stage] = {}
        self._columns: dict[UUID, _Column] = {}
        self._versions: dict[UUID, int] = {}
        self._moving: set[UUID] = set()
        self._changed: dict[UUID, LeadChanged] = {}
        self._order, self._reading = asyncio.Lock(), asyncio.Lock()
        self._drawing: Drawing | None = None
        self._panel: LeadPanel | None = None
        self._pushed = False
        self._people: list[tuple[UUID, str]] = []
        self._tags: list[str] = []
        self._asked = Asked([], ())
        self._buttons: dict[str, ui.button] = {}
        self._draw_actions(manage=me.may(Permission.BOARDS_WRITE))
        with head.body, ui.element("div").classes("m-board-page"):
            self._bar = ui.element("div").classes("m-board-bar")
            self._bar.set_visibility(False)
            self._blank = ui.element("div").classes("w-full")
            self._place: Loader[None] = load(self._fetch, self._draw, skeleton_board)
            self._beside = ui.element("div")
        self._changes = Throttle(self._take_changes, 0.25)
        self._heads = Throttle(self._tell_heads, 0.2)
        address().on_back(self._went_back)
        live.on(LeadChanged, self._lead_changed)
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
        self._first = await self._tops()

    async def _fetch_board(self) -> Board:
        try:
            return await client.board(self._api, self._id)
        except ApiProblem as error:
            if error.status == 404 and not self._head.body.is_deleted:
                gone(self._head.body, _("This board is no longer here"), "/boards")
                self._head.actions.clear()
            raise

    async def _fetch_people(self) -> list[tuple[UUID, str]]:
        return [(one.user_id, one.name) for one in await accounts.everybody(self._api)]

    def _take_board(self, board: Board) -> None:
        self._currency = board.currency
        self._stages = {stage.id: stage for stage in board.stages}
        self._head.title.text = board.name
        ui.page_title(f"{board.name} · Master IA")
        self._sum_up()

    def _sum_up(self) -> None:
        stages = self._stages.values()
        count = sum(stage.leads for stage in stages)
        worth = formats.money(sum(stage.value_cents for stage in stages if stage.kind is StageKind.OPEN), self._currency)
        text = ngettext("{n} lead", "{n} leads", count).format(n=formats.number(count))
        self._head.subtitle.text = f"{text} · {_('{value} open').format(value=worth)}"
        self._head.subtitle.set_visibility(True)

    @property
    def _filter(self) -> dict[str, Any]:
        """The filters in the API's words."""
        chosen = self._asked.filters
        given = {
            "search": self._asked.search or None,
            "owner_id": chosen.get("owner"),
            "tag": chosen.get("tag"),
            "due": chosen.get("due"),
        }
        return {name: value for name, value in given.items() if value}

    async def _read(self, stage_id: UUID, cursor: str | None, limit: int) -> list[Lead]:
        """The next leads of a column, and how far it is read now."""
        found: list[Lead] = []
        while True:
            params = {**self._filter, "stage_id": stage_id, "cursor": cursor, "limit": min(limit - len(found), 100)}
            page = await client.leads(self._api, self._id, params)
            found += page.items
            cursor = page.next_cursor
            if cursor is None or len(found) >= limit:
                break
        before = self._columns[stage_id].loaded if stage_id in self._columns else 0
        self._columns[stage_id] = _Column(before + len(found), cursor)
        self._know(found)
        return found

    def _know(self, found: list[Lead]) -> None:
        if len(self._versions) > 10 * MOST:  # what is not known is asked for once more
            self._versions.clear()
        for lead in found:
            self._versions[lead.id] = max(lead.version, self._versions.get(lead.id, 0))
            self._tags += [tag for tag in lead.tags if tag not in self._tags]

    async def _tops(self, stage_ids: list[UUID] | None = None, *, anew: bool = True) -> dict[str, dict[str, Any]]:
        """Columns from the top: `anew` as far as at first, else as far as they were read."""

        async def one(stage_id: UUID) -> tuple[str, dict[str, Any]]:
            before = self._columns.pop(stage_id, None)
            wanted = FIRST if anew or before is None else max(FIRST, before.loaded)
            try:
                found = await self._read(stage_id, None, wanted)
            except BaseException:
                if before is not None:
                    self._columns[stage_id] = before
                raise
            return str(stage_id), self._page(stage_id, found)

        wanted = [stage_id for stage_id in (stage_ids or self._stages) if stage_id in self._stages]
        async with self._reading:
            return dict(await asyncio.gather(*(one(stage_id) for stage_id in wanted)))

    def _page(self, stage_id: UUID, found: list[Lead]) -> dict[str, Any]:
        column = self._columns[stage_id]
        return cards.page(found, self._currency, more=column.cursor is not None, full=column.loaded >= MOST)

    async def _again(self) -> None:
        """Everything as it is now, in place: where people have scrolled to stays, and what they move."""
        if self._drawing is None:
            await self._place.refresh()
            return
        try:
            self._take_board(await self._fetch_board())
            await self._tell_heads()
            await self._fill(anew=False)
        except (ApiProblem, Offline) as error:
            problems.show(error)
        if self._panel is not None:
            await self._panel.refresh()

    async def _fill(self, stage_ids: list[UUID] | None = None, *, anew: bool) -> None:
        found = await self._tops(stage_ids, anew=anew)
        for stage_id, shown in found.items():
            self._tell("fill", stage_id, shown["cards"], shown)
        if anew:
            self._draw_blank(any(page["cards"] for page in found.values()))

    async def _more(self, given: Any) -> None:
        stage_id = _read_as(given, UUID)
        if stage_id is None or stage_id not in self._columns:
            return
        try:
            async with self._reading:
                column = self._columns[stage_id]
                found = await self._read(stage_id, column.cursor, STEP) if column.cursor and column.loaded < MOST else []
        except (ApiProblem, Offline) as error:
            self._tell("failed", str(stage_id), problems.sentence(error))
            return
        page = self._page(stage_id, found)
        self._tell("append", str(stage_id), page["cards"], page)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self, _nothing: None) -> None:
        self._draw_bar()
        heads = [cards.head(stage, self._currency) for stage in self._stages.values()]
        drawing = self._drawing = Drawing(heads, self._first, _texts(), can=self._write)
        drawing.heard("move", self._moved)
        drawing.heard("undo", self._undone)
        drawing.heard("more", self._more)
        drawing.heard("add", self._added)
        drawing.heard("bulk", self._moved_many)
        drawing.heard("lead", self._opened)
        self._draw_blank(any(page["cards"] for page in self._first.values()))
        self._first = {}
        self._follow_address()

    def _tell(self, name: str, *given: Any) -> None:
        if self._drawing is not None and not self._drawing.is_deleted:
            self._drawing.tell(name, *given)

    def _draw_actions(self, *, manage: bool) -> None:
        with self._head.actions:
            if manage:
                button(_("Settings"), icon="tune", to=f"/boards/{self._id}/settings", kind="plain")
            if self._write:
                button(_("Select"), lambda: self._tell("pick"), icon="check_box").classes("m-only-wide")
                button(_("New lead"), lambda: self._tell("start"), kind="primary", icon="add")

    def _filters(self) -> list[Filter]:
        tag = address().get("tag")
        dues = {"overdue": _("Overdue"), "today": _("Today"), "week": _("Next 7 days"), "none": _("Without a date")}
        return [
            Filter("owner", pgettext("lead", "Owner"), {str(person): name for person, name in self._people}),
            Filter("tag", _("Tag"), {name: name for name in sorted({*self._tags, *([tag] if tag else [])}, key=str.casefold)}),
            Filter("due", _("Due"), dues),
        ]

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
                self._buttons[one.key].text = self._asked.name(one)
        self._input.value = self._asked.search
        await self._fill(anew=True)

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
        if event.board_id != self._id:
            return
        known = event.version is not None and event.version <= self._versions.get(event.lead_id, 0)
        if known and not event.deleted and event.lead_id not in self._moving:
            return
        self._changed[event.lead_id] = event
        self._changes.poke()

    async def _take_changes(self) -> None:
        """Brings in the leads that changed: one by one, or, where there are many or only some are asked for, their columns."""
        waiting = {lead_id: event for lead_id, event in self._changed.items() if lead_id not in self._moving}
        for lead_id in waiting:
            del self._changed[lead_id]
        if self._drawing is None:
            return
        stages: set[UUID] = set()
        singly = len(waiting) <= ONE_BY_ONE and not self._filter
        for lead_id, event in waiting.items():
            if event.deleted:
                self._tell("gone", str(lead_id))
            elif event.version is not None and event.version <= self._versions.get(lead_id, 0):
                continue
            elif singly:
                await self._bring(lead_id)
            else:
                stages |= {event.stage_id} | ({event.from_stage_id} if event.from_stage_id else set())
            if self._panel is not None and self._panel.lead_id == lead_id:
                await self._panel.heard(deleted=event.deleted)
        if stages:
            await self._fill(list(stages), anew=False)

    async def _bring(self, lead_id: UUID) -> None:
        try:
            self._put(await client.lead(self._api, lead_id))
        except ApiProblem as error:
            if error.status != 404:
                raise
            self._tell("gone", str(lead_id))

    def _put(self, lead: Lead) -> None:
        self._know([lead])
        self._tell("put", cards.card(lead, self._currency))

    def _totals(self, event: BoardTotals) -> None:
        if event.board_id != self._id:
            return
        for total in event.stages:
            if (stage := self._stages.get(total.id)) is not None:
                self._stages[total.id] = msgspec.structs.replace(stage, leads=total.leads, value_cents=total.value_cents)
        self._heads.poke()

    async def _tell_heads(self) -> None:
        self._sum_up()
        self._tell("heads", [cards.head(stage, self._currency) for stage in self._stages.values()])
        if any(stage.leads for stage in self._stages.values()) and not self._asked.anything:
            self._blank.clear()

    async def _board_changed(self, event: BoardChanged) -> None:
        if event.board_id == self._id:
            await self._again()

    # -- what this person does ----------------------------------------------------------------------------------

    async def _moved(self, given: Any) -> None:
        await self._move(given, undoable=True)

    async def _undone(self, given: Any) -> None:
        await self._move(given, undoable=False)

    async def _move(self, given: Any, *, undoable: bool) -> None:
        move = _read_as(given, _Move)
        if move is None:
            return
        self._moving.add(move.id)  # its events wait for the answer
        try:
            lead = await self._done(move)
        finally:
            self._moving.discard(move.id)
            if move.id in self._changed:
                self._changes.poke()
        if lead is None:
            self._tell("back", move.number)
            return
        self._know([lead])
        stage = self._stages.get(lead.stage_id)
        text = _("“{title}” is in {stage} now.").format(title=lead.title, stage=stage.name if stage else "")
        self._tell("settle", move.number, cards.card(lead, self._currency), text if undoable else "")
        if self._panel is not None and self._panel.lead_id == lead.id:
            await self._panel.refresh()

    async def _done(self, move: _Move) -> Lead | None:
        """The lead in its new place; None when it stays where it was, and why was said."""
        reason = await self._reason(move.stage, left=move.origin)
        if reason is None:
            return None
        body = LeadMove(stage_id=move.stage, after_id=move.after, before_id=move.before, lost_reason=reason or None)
        async with self._order:  # one after the other, as they were made
            try:
                return await client.move_lead(self._api, move.id, body)
            except (ApiProblem, Offline) as error:
                problems.show(error)
                return None

    async def _reason(self, stage_id: UUID, *, left: UUID | None = None, count: int = 1) -> str | None:
        """Why they are lost, where that is to be said; "" where it is not; None when nobody wants to say."""
        stage, before = self._stages.get(stage_id), self._stages.get(left) if left else None
        if stage is None or stage.kind is not StageKind.LOST or (before is not None and before.kind is StageKind.LOST):
            return ""
        return await ask_reason(self._api, self._id, count)

    async def _moved_many(self, given: Any) -> None:
        chosen = _read_as(given, _Chosen)
        if chosen is None or not chosen.ids:
            return
        reason = await self._reason(chosen.stage, count=len(chosen.ids))
        if reason is None:
            return
        body = LeadsMove(lead_ids=chosen.ids[:BULK], stage_id=chosen.stage, lost_reason=reason or None)
        try:
            await client.move_leads(self._api, body)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        self._tell("unpick")
        count = len(body.lead_ids)
        stage = self._stages[chosen.stage]
        toast(ngettext("{n} lead is in {stage} now.", "{n} leads are in {stage} now.", count).format(n=count, stage=stage.name))
        await self._fill(anew=False)

    async def _added(self, given: Any) -> None:
        added = _read_as(given, _Added)
        if added is None:
            return
        reason = await self._reason(added.stage)
        try:
            if reason is None:
                self._tell("added", False)
                return
            body = LeadCreate(board_id=self._id, stage_id=added.stage, title=added.title, lost_reason=reason or None)
            lead = await client.create_lead(self._api, body)
        except (ApiProblem, Offline) as error:
            self._tell("added", False)
            problems.show(error)
            return
        self._put(lead)
        self._tell("added", True)
        self._blank.clear()

    # -- one lead beside the board ------------------------------------------------------------------------------

    def _opened(self, given: Any) -> None:
        lead_id = _read_as(given, UUID)
        if lead_id is not None:
            self._pushed = True
            address().write({"lead": str(lead_id)}, push=True)
            self._follow_address()

    def _follow_address(self) -> None:
        lead_id = _read_as(address().get("lead"), UUID)
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
                    list(self._stages.values()),
                    self._people,
                    self._currency,
                    write=self._write,
                    changed=self._put,
                    moved=self._moved_beside,
                    close=self._close,
                )

    async def _moved_beside(self, lead: Lead, stage_id: UUID) -> Lead | None:
        """To the top of a stage, chosen beside the board."""
        reason = await self._reason(stage_id, left=lead.stage_id)
        if reason is None:
            return None
        body = LeadMove(stage_id=stage_id, lost_reason=reason or None)
        moved = await client.move_lead(self._api, lead.id, body)
        self._put(moved)
        return moved

    def _close(self) -> None:
        """As Back does, where Back leads to the board alone."""
        if self._pushed:
            self._pushed = False
            ui.navigate.back()
        else:
            address().write({"lead": None})
            self._follow_address()


T = TypeVar("T")


def _read_as(given: Any, kind: type[T]) -> T | None:
    """What the browser sent, when it is what it should be."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError:
        return None


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
        "undo": _("Undo"),
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
