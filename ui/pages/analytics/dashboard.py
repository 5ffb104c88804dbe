"""The company's dashboard: tiles of all pages of figures, arranged by whoever may change the company, by dragging or by keyboard."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi.responses import Response
from nicegui import ui
from nicegui.elements.mixins.sortable_element import SortableElement
from nicegui.events import SortableEventArguments

from api.contract.analytics_views import Dashboard, DashboardSet, DashboardTile
from api.contract.enums import BOARD_TILES, FigurePage, Permission, Tile, TileSize
from api.contract.events import CampaignEvent, ConversationAnswered, ConversationClosed, DashboardChanged, LeadChanged
from ui import live, session
from ui.client import analytics as client
from ui.client import boards
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.confirm import dialog
from ui.components.forms import select_field
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_chart, skeleton_figures
from ui.components.text import Text, icon, title
from ui.components.toast import toast
from ui.i18n import _, preferences
from ui.pages.analytics import pieces, tiles
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.happened import Happened
from ui.pages.analytics.views import Views, opening
from ui.routing import page

Found = tuple[Dashboard, dict[str, Any], dict[str, str]]
MOST = 40


@page("/analytics/dashboard", permission=Permission.ANALYTICS_READ)
async def dashboard() -> Response | None:
    if (elsewhere := await opening(FigurePage.DASHBOARD)) is not None:
        return elsewhere
    with frame(
        _("Dashboard"),
        _("What matters to you, from all pages of figures"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/dashboard")
        _Dashboard(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_figures(4)
    skeleton_chart()


def _shown(one: DashboardTile, known: dict[Tile, tiles.Drawn]) -> bool:
    may = session.current().may
    return one.tile in known and all(may(right) for right in tiles.SOURCES[known[one.tile].source].needs)


class _Dashboard:
    def __init__(self, head: Frame) -> None:
        self._api, self._known = session.current().api, tiles.known()
        self._place_of: Arranging | None = None
        self._asked = Asked(self._again, "channel_id", "campaign_id", "team_id", "tag")
        Views(head, FigurePage.DASHBOARD, self._asked)
        self._body = ui.element("div").classes("m-col m-loose w-full")
        with self._body:
            self._place = load(self._fetch, self._draw, _skeleton, "w-full")
        if session.current().may(Permission.COMPANY_WRITE):
            with head.actions:
                self._arrange = button(_("Arrange"), self._start, icon="dashboard_customize", kind="plain")
        pieces.follow(self._again, CampaignEvent, ConversationAnswered, ConversationClosed, LeadChanged)
        live.on(DashboardChanged, lambda event: self._again())

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> Found:
        kept = await client.dashboard(self._api)
        asks_of = {name: self._asked.only(*source.filters) for name, source in tiles.SOURCES.items()}
        may = session.current().may(Permission.BOARDS_READ)
        names = {str(one.id): one.name for one in await boards.boards(self._api)} if may else {}
        asks: dict[str, Callable[[], Awaitable[Any]]] = {
            "week": lambda: client.summary(self._api, preferences().language),
            "messages": lambda: client.messages(self._api, asks_of["messages"]),
            "talks": lambda: client.conversations(self._api, asks_of["talks"]),
            "assistant": lambda: client.assistant(self._api, asks_of["assistant"]),
            "campaigns": lambda: client.campaigns(self._api, asks_of["campaigns"]),
            "origins": lambda: client.origins(self._api, asks_of["origins"]),
            "consent": lambda: client.consent(self._api, asks_of["consent"]),
            "calls": lambda: client.calls(self._api, asks_of["calls"]),
        }
        wanted: dict[str, Awaitable[Any]] = {}
        for one in kept.tiles:
            key = self._key(one, names)
            if not _shown(one, self._known) or key in wanted:
                continue
            if key.startswith("board:"):
                wanted[key] = client.board(self._api, UUID(key.partition(":")[2]), asks_of["board"])
            elif key in asks:
                wanted[key] = asks[key]()
        answers = await asyncio.gather(*wanted.values())
        return kept, dict(zip(wanted, answers, strict=True)), names

    def _key(self, one: DashboardTile, names: dict[str, str]) -> str:
        """Under which its figures are; empty: its board is gone, or there is none."""
        source = self._known[one.tile].source if one.tile in self._known else ""
        if source != "board":
            return source
        board = str(one.board_id) if one.board_id else next(iter(names), "")
        return f"board:{board}" if board in names else ""

    def _draw(self, found: Found) -> None:
        kept, answers, names = found
        shown = [one for one in kept.tiles if _shown(one, self._known)]
        if not shown:
            with ui.element("div").classes("m-card"):
                empty("dashboard", _("No tiles yet"), _("Choose figures, charts and tables from all pages."))
            return
        with ui.element("div").classes("m-tiles"):
            for one in shown:
                with ui.element("div").classes(f"m-tile m-tile-{one.size.value}"):
                    self._tile(one, answers, names)
                    if wide := self._asked.wide(*tiles.reaching(one.tile, self._known[one.tile].source)):
                        Text("p", wide, "m-hint m-tile-wide")

    def _tile(self, one: DashboardTile, answers: dict[str, Any], names: dict[str, str]) -> None:
        if one.tile is Tile.HAPPENED:
            Happened(self._asked)
            return
        drawn, key = self._known[one.tile], self._key(one, names)
        if key not in answers:
            with card(drawn.name):
                ui.label(_("There is no board any more for this tile.")).classes("m-hint")
            return
        if len(names) > 1 and key.startswith("board:"):
            Text("p", names[key.partition(":")[2]], "m-hint m-tile-of")
        drawn.draw(answers[key], self._asked.link)

    async def _start(self) -> None:
        kept = await client.dashboard(self._api)
        may = session.current().may(Permission.BOARDS_READ)
        names = {str(one.id): one.name for one in await boards.boards(self._api)} if may else {}
        self._arrange.set_visibility(False)
        self._place.element.set_visibility(False)
        with self._body:
            self._place_of = Arranging(kept, self._known, names, self._end)

    async def _end(self) -> None:
        self._place_of = None
        self._arrange.set_visibility(True)
        self._place.element.set_visibility(True)
        await self._place.refresh()


class _Tiles(SortableElement):
    def __init__(self) -> None:
        super().__init__("div")
        self.classes("m-tiles")


class Arranging:
    """The tiles as small cards: dragged by their handle or moved by arrows, with their sizes; nothing is kept until it is saved."""

    def __init__(
        self, kept: Dashboard, known: dict[Tile, tiles.Drawn], names: dict[str, str], done: Callable[[], Awaitable[None]]
    ) -> None:
        self._api, self._version, self._known, self._names, self._done = session.current().api, kept.version, known, names, done
        self._placed: dict[int, DashboardTile] = {}
        with ui.element("div").classes("m-col m-loose w-full") as self._box:
            with ui.element("div").classes("m-row m-between items-center w-full m-wrap"):
                Text("p", _("Drag tiles by their handle, or move them with the arrows. Everybody sees them like this."), "m-hint")
                with ui.element("div").classes("m-row m-near"):
                    button(_("Add a tile"), self._choose, icon="add", kind="plain")
                    button(_("Cancel"), self._cancel, kind="plain")
                    button(_("Save"), self._save, kind="primary")
            self._said = ui.element("div").props('aria-live="polite"').classes("m-said")
            self._grid = _Tiles()
            self._grid.props["role"] = "list"
            self._grid.make_sortable(handle=".m-tile-handle", on_end=self._dragged)
        for one in kept.tiles:
            self._add(one)

    def _name(self, one: DashboardTile) -> str:
        drawn = self._known.get(one.tile)
        name = drawn.name if drawn is not None else one.tile.value
        return f"{name} · {self._names[str(one.board_id)]}" if str(one.board_id) in self._names else name

    def _add(self, one: DashboardTile) -> None:
        with self._grid, ui.element("div").classes(f"m-tile m-tile-{one.size.value}").props("role=listitem") as element:
            with ui.element("div").classes("m-card m-near m-tile-edit"):
                with ui.element("div").classes("m-row m-near items-center w-full"):
                    handle = icon("drag_indicator").classes("m-tile-handle")
                    handle.props["aria-hidden"] = "true"
                    title(self._name(one))
                page_of = tiles.SOURCES[self._known[one.tile].source].page
                Text("p", tiles.pages()[page_of], "m-hint")
                with ui.element("div").classes("m-row m-near items-center m-wrap w-full"):
                    sizes = {
                        TileSize.SMALL.value: _("Small"),
                        TileSize.HALF.value: _("Half"),
                        TileSize.FULL.value: _("Full width"),
                    }
                    size = select_field("", sizes, one.size.value, on_change=lambda: self._resize(element, str(size.value)))
                    size.control.props["aria-label"] = _("Size of {tile}").format(tile=self._name(one))
                    name = self._name(one)
                    back = icon_button("arrow_back", _("Move {tile} earlier").format(tile=name))
                    back.on_click(lambda: self._move(element, -1, back))
                    on = icon_button("arrow_forward", _("Move {tile} later").format(tile=name))
                    on.on_click(lambda: self._move(element, 1, on))
                    icon_button("close", _("Take {tile} out").format(tile=name), lambda: self._remove(element))
        self._placed[element.id] = one

    def _order(self) -> list[ui.element]:
        return [one for one in self._grid.default_slot.children if one.id in self._placed]

    def _dragged(self, event: SortableEventArguments) -> None:
        self._say(event.item)

    def _say(self, element: ui.element) -> None:
        """Where it stands now, for who does not see it."""
        order = self._order()
        if element in order:
            self._said.clear()
            with self._said:
                place = _("{tile}: place {n} of {total}").format(
                    tile=self._name(self._placed[element.id]), n=order.index(element) + 1, total=len(order)
                )
                ui.label(place)

    def _move(self, element: ui.element, step: int, pressed: ui.element) -> None:
        place = self._order().index(element) + step
        if 0 <= place < len(self._placed):
            element.move(target_index=place)
            self._say(element)
            ui.run_javascript(f"setTimeout(() => getHtmlElement({pressed.id})?.focus(), 50)")  # moving took it away

    def _resize(self, element: ui.element, size: str) -> None:
        one = self._placed[element.id]
        element.classes(remove=f"m-tile-{one.size.value}", add=f"m-tile-{size}")
        self._placed[element.id] = DashboardTile(tile=one.tile, size=TileSize(size), board_id=one.board_id)

    def _remove(self, element: ui.element) -> None:
        del self._placed[element.id]
        element.delete()

    def _choose(self) -> None:
        with dialog(_("Add a tile"), _("From all pages of figures"), wide=True) as box:
            taken = {(one.tile, one.board_id) for one in self._placed.values()}
            by_page: dict[FigurePage, list[Tile]] = {}
            for tile, drawn in self._known.items():
                by_page.setdefault(tiles.SOURCES[drawn.source].page, []).append(tile)
            with ui.element("div").classes("m-col m-loose m-tile-choice"):
                for page_of, name in tiles.pages().items():
                    with ui.element("section").classes("m-col m-near"):
                        title(name, 3)
                        board = None
                        if page_of is FigurePage.BOARDS and len(self._names) > 1:
                            board = select_field(_("Board"), self._names, next(iter(self._names)))
                        with ui.element("div").classes("m-row m-near m-wrap"):
                            for tile in by_page.get(page_of, ()):
                                off = tile not in BOARD_TILES and (tile, None) in taken
                                self._offer(tile, board, off)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="plain")
        box.open()

    def _offer(self, tile: Tile, board: Any, off: bool) -> None:
        def add() -> None:
            one = DashboardTile(tile=tile, size=_size(tile), board_id=UUID(board.value) if board is not None else None)
            if any((each.tile, each.board_id) == (one.tile, one.board_id) for each in self._placed.values()):
                toast(_("This tile is there already."), "warn")
                return
            if len(self._placed) >= MOST:
                toast(_("At most {n} tiles.").format(n=MOST), "warn")
                return
            self._add(one)
            toast(_("{tile} was added at the end.").format(tile=self._name(one)))
            if tile not in BOARD_TILES:
                pressed.disable()

        pressed = button(self._known[tile].name, add, icon="add", kind="plain")
        if off:
            pressed.disable()

    async def _cancel(self) -> None:
        self._box.delete()
        await self._done()

    async def _save(self) -> None:
        order = [self._placed[one.id] for one in self._order()]
        try:
            await client.arrange(self._api, DashboardSet(tiles=order), self._version)
        except ApiProblem as error:
            problems.show(error)
            return
        self._box.delete()
        toast(_("The dashboard is saved."))
        await self._done()


_WIDE = frozenset({Tile.WEEK, Tile.HAPPENED, Tile.HOURS, Tile.BY_TEAM, Tile.BY_PERSON, Tile.CAMPAIGNS, Tile.BY_CHANNEL})
_HALVES = frozenset(
    {
        Tile.MESSAGE_DAYS, Tile.TALK_DAYS, Tile.ANSWER_DAYS, Tile.LEAD_DAYS, Tile.AI_DAYS, Tile.CONSENT_DAYS, Tile.CALL_DAYS, Tile.FUNNEL,
        Tile.CAMPAIGN_FUNNEL, Tile.BROUGHT, Tile.WAITING, Tile.FAILURES,
    }
)  # fmt: skip


def _size(tile: Tile) -> TileSize:
    """In which it comes."""
    return TileSize.FULL if tile in _WIDE else TileSize.HALF if tile in _HALVES else TileSize.SMALL
