"""The boards of the company: what stands on each, and a new one."""

from functools import partial

from nicegui import ui

from api.contract.boards import Board, BoardCreate, BoardPatch
from api.contract.enums import Permission, StageKind
from api.contract.events import BoardChanged, BoardTotals
from ui import formats, live, session
from ui.client import boards as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.confirm import dialog
from ui.components.forms import filled, text_field
from ui.components.frame import frame
from ui.components.progress import width
from ui.components.states import Loader, empty, load, skeleton_figures
from ui.components.text import Text
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.pages.boards.waiting import Waiting
from ui.routing import page


@page("/boards", permission=Permission.BOARDS_READ)
def boards() -> None:
    with frame(_("Boards"), _("From the first word to the sale")) as head:
        view = _List()
        with head.actions:
            Waiting()
        if view.manage:
            with head.actions:
                button(_("New board"), view.new, kind="primary", icon="add")


class _List:
    def __init__(self) -> None:
        me = session.current()
        self._api, self.manage = me.api, me.may(Permission.BOARDS_WRITE)
        self._place: Loader[list[Board]] = load(lambda: client.boards(self._api), self._draw, lambda: skeleton_figures(3))
        self._old: Loader[list[Board]] | None = None
        if self.manage:
            self._old = load(lambda: client.boards(self._api, archived=True), self._draw_archived, lambda: None)
        throttle = Throttle(self._again, 1.0)
        live.on(BoardChanged, lambda event: throttle.poke())
        live.on(BoardTotals, lambda event: throttle.poke())
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)
        if self._old is not None:
            await self._old.refresh(only_changes=True)

    def _draw_archived(self, found: list[Board]) -> None:
        if not found:
            return
        with card(_("Archived boards"), hint=_("With all their leads, as they were put away."), flush=True):
            for one in found:
                count = sum(stage.leads for stage in one.stages)
                with item():
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(one.name).classes("m-strong m-clip")
                        ui.label(ngettext("{n} lead", "{n} leads", count).format(n=formats.number(count))).classes("m-hint")
                    button(_("Bring back"), partial(self._bring_back, one), icon="unarchive")

    async def _bring_back(self, one: Board) -> None:
        try:
            await client.change_board(self._api, one, BoardPatch(archived=False))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            await self._again()
            return
        toast(_("“{name}” is back.").format(name=one.name))
        await self._again()

    def _draw(self, found: list[Board]) -> None:
        if not found:
            text = _("A board shows who may buy, and how far each one is. Make one for each way of selling.")
            action = _("New board") if self.manage else ""
            with ui.element("div").classes("m-card"):
                empty("view_kanban", _("No board yet"), text, action=action, on_click=self.new)
            return
        with ui.element("div").classes("m-board-list"):
            for one in found:
                _draw_board(one)

    async def new(self) -> None:
        async def make() -> None:
            if not filled([name]):
                return
            try:
                made = await client.create_board(self._api, BoardCreate(name=name.value.strip()))
            except ApiProblem as error:
                problems.show_in({"name": name}, error)
                return
            box.close()
            ui.navigate.to(f"/boards/{made.id}")

        with dialog(_("New board"), _("It starts with the usual stages. You change them under Settings.")) as box:
            name = text_field(_("Name"), placeholder=_("Sales"), limit=80, on_enter=make)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Create"), make, kind="primary")
        box.open()


def _draw_board(board: Board) -> None:
    going = [stage for stage in board.stages if stage.kind is StageKind.OPEN]
    count, total = sum(stage.leads for stage in going), sum(stage.leads for stage in board.stages)
    with ui.link(target=f"/boards/{board.id}").classes("m-card m-press"):
        Text("h2", board.name, "m-h2 m-clip")
        with ui.element("div").classes("m-row m-between items-baseline"):
            ui.label(ngettext("{n} open lead", "{n} open leads", count).format(n=formats.number(count))).classes("m-sub")
            ui.label(formats.money(sum(stage.value_cents for stage in going), board.currency)).classes("m-num")
        with ui.element("div").classes("m-board-strip").props("aria-hidden=true"):
            for stage in board.stages:
                if stage.leads:
                    ui.element("i").classes(f"m-stage-{stage.color.value}").style(width(stage.leads / total))
