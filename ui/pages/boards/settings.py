"""What a board is made of: its name, its stages in their order, the reasons for which leads are lost; and putting it away."""

from functools import partial
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.boards import Board, BoardPatch, LostReason, Stage, StageCreate, StagePatch
from api.contract.enums import Permission, StageColor, StageKind
from api.contract.events import BoardChanged, BoardTotals
from ui import formats, live, session
from ui.client import boards as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, number_field, select_field, text_field
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.progress import Progress, progress, tabs
from ui.components.states import Loader, gone, load, skeleton_list
from ui.components.text import badge, chip
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import boards as labels
from ui.pages.boards.ai import AiTab
from ui.pages.boards.booking import BookingCard
from ui.pages.boards.own_fields import FieldsCard
from ui.pages.boards.rules import Rules
from ui.routing import page

MOVED_AT_ONCE = 5000  # leads; more are moved by a job


@page("/boards/{board_id:uuid}/settings", permission=Permission.BOARDS_WRITE)
def settings(board_id: UUID, tab: str = "board") -> None:
    crumbs = [(_("Boards"), "/boards"), (_("Board"), f"/boards/{board_id}")]
    with frame(_("Board settings"), breadcrumbs=crumbs, active="/boards") as head:
        parts = [
            ("board", _("Board"), lambda: _Settings(board_id, head)),
            ("booking", _("Appointments"), lambda: BookingCard(session.current().api, board_id)),
            ("ai", _("AI"), lambda: AiTab(board_id, head)),
        ]
        tabs(parts, tab, name="tab")


class _Settings:
    def __init__(self, board_id: UUID, head: Frame) -> None:
        self._id, self._api, self._head = board_id, session.current().api, head
        self._board: Board | None = None
        self._facts: dict[UUID, ui.label] = {}
        self._bars: dict[UUID, Progress] = {}  # of stages that are leaving
        self._place: Loader[Board] = load(self._fetch, self._draw, lambda: skeleton_list(5))
        self._reasons: Loader[list[LostReason]] = load(
            lambda: client.lost_reasons(self._api, board_id), self._draw_reasons, lambda: skeleton_list(2)
        )
        self._rules = Rules(self._api, board_id)
        self._fields = FieldsCard(self._api, board_id)
        self._totals = Throttle(self._refresh, 1.0)
        live.on(BoardTotals, self._counted)
        live.on(BoardChanged, self._heard)
        live.on_reset(self._refresh)

    async def _fetch(self) -> Board:
        try:
            return await client.board(self._api, self._id)
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This board is no longer here"), "/boards")
            raise

    async def _refresh(self) -> None:
        """Asks again. What stands is changed in place: nothing is taken from under the hands."""
        if self._board is None:
            await self._place.refresh()
            return
        try:
            now = await self._fetch()
        except (ApiProblem, Offline):  # what is on the screen stays; the frame says that the service is away
            return
        if not self._stages.is_deleted:
            self._take(now)

    def _counted(self, event: BoardTotals) -> None:
        """Progress of a stage that is leaving; other totals may wait."""
        if event.board_id == self._id and self._board and any(stage.moving_to for stage in self._board.stages):
            self._totals.poke()

    async def _heard(self, event: BoardChanged) -> None:
        if event.board_id == self._id:
            await self._refresh()
            await self._reasons.refresh(only_changes=True)
            await self._rules.refresh()
            await self._fields.refresh()

    # -- name and stages ----------------------------------------------------------------------------------------

    def _draw(self, board: Board) -> None:
        async def rename() -> None:
            assert self._board is not None
            written = name.value.strip()
            if filled([name]) and written != self._board.name:
                try:
                    await client.change_board(self._api, self._board, BoardPatch(name=written))
                except (ApiProblem, Offline) as error:
                    problems.show_in({"name": name}, error)
                    return
                toast(_("Saved."))
                await self._refresh()

        with card():
            name = self._name = text_field(_("Name"), board.name, limit=80, on_enter=rename)
            with ui.element("div").classes("m-row m-near"):
                button(_("Save"), rename, kind="primary")
                button(_("Archive board"), self._archive, kind="danger", icon="archive")
        add = partial(button, _("New stage"), partial(self._edit, None), icon="add")
        with card(_("Stages"), hint=_("In the order of the board, from left to right."), actions=add, flush=True):
            self._stages = ui.element("div").classes("w-full")
        self._board = None
        self._take(board)

    def _take(self, board: Board) -> None:
        """Shows the board as it is now; a name that somebody is writing stays."""
        before, self._board = self._board, board
        self._head.title.text = _("Settings of {board}").format(board=board.name)
        if before is not None and self._name.value == before.name:
            self._name.value = board.name
        if before is None or _made_of(before) != _made_of(board):
            self._stages.clear()
            self._bars.clear()
            with self._stages:
                for number, stage in enumerate(board.stages):
                    self._draw_stage(board, number, stage)
        else:
            for stage in board.stages:
                self._facts[stage.id].text = _facts(stage)
                if stage.id in self._bars:
                    self._bars[stage.id].set(*_moved(stage))

    def _draw_stage(self, board: Board, number: int, stage: Stage) -> None:
        with item() as line:
            if stage.moving_to is not None:
                line.classes("m-stage-leaves" + (" m-item-wrap" if stage.moving_failed else ""))
            ui.element("i").classes(f"m-dot m-stage-dot m-stage-{stage.color.value}")
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(stage.name).classes("m-strong m-clip")
                self._facts[stage.id] = ui.label(_facts(stage)).classes("m-hint")
                if stage.moving_of is not None and not stage.moving_failed:
                    self._bars[stage.id] = progress(*_moved(stage))
                if stage.moving_failed:
                    badge(_("Came to a stop"), "bad")
            if stage.moving_failed:
                button(_("Try again"), partial(self._delete_on, stage), icon="refresh")
                return
            if stage.moving_to is not None:
                entries = [Choice(_("Delete stage"), partial(self._delete_on, stage), "delete", danger=True)]
                more(entries, _("More for {name}").format(name=stage.name))
                return
            with ui.element("div").classes("m-row shrink-0"):
                if number:
                    icon_button("arrow_upward", _("Put {name} further up").format(name=stage.name), partial(self._put, stage, before=board.stages[number - 1]))  # fmt: skip
                if number < len(board.stages) - 1:
                    icon_button("arrow_downward", _("Put {name} further down").format(name=stage.name), partial(self._put, stage, after=board.stages[number + 1]))  # fmt: skip
                entries = [Choice(_("Change"), partial(self._edit, stage), "edit")]
                if sum(one.moving_to is None for one in board.stages) > 1:
                    entries.append(Choice(_("Delete stage"), partial(self._delete, stage.id), "delete", danger=True))
                more(entries, _("More for {name}").format(name=stage.name))

    async def _put(self, stage: Stage, *, before: Stage | None = None, after: Stage | None = None) -> None:
        patch = StagePatch(before_id=before.id if before else None, after_id=after.id if after else None)
        await client.change_stage(self._api, stage.id, patch)
        await self._refresh()

    def _edit(self, stage: Stage | None) -> None:
        """A new stage, or another look of one that is there."""

        async def save() -> None:
            if not filled([name]):
                return
            values = {
                "name": name.value.strip(),
                "color": color.value,
                "kind": kind.value,
                "limit": int(limit.value) if limit.value else None,
                "probability": int(probability.value or 0),
            }
            fields = {"name": name, "color": color, "kind": kind, "limit": limit, "probability": probability}
            try:
                if stage is None:
                    await client.create_stage(self._api, self._id, StageCreate(**values))
                else:
                    await client.change_stage(self._api, stage.id, StagePatch(**values), stage.version)
            except (ApiProblem, Offline) as error:
                problems.show_in(fields, error)
                return
            box.close()
            await self._refresh()

        with dialog(_("Change stage") if stage else _("New stage")) as box:
            name = text_field(_("Name"), stage.name if stage else "", limit=80, on_enter=save)
            with ui.element("div").classes("m-lp-pair"):
                kind = select_field(_("Kind"), labels.stage_kinds(), stage.kind if stage else StageKind.OPEN)
                color = select_field(_("Colour"), labels.stage_colors(), stage.color if stage else StageColor.BLUE)
                limit = number_field(
                    _("Limit"), stage.limit if stage else None, low=1, hint=_("Beyond it the column is marked. Empty: none.")
                )
                probability = number_field(_("Likely to be won"), stage.probability if stage else 0, low=0, high=100, suffix="%")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _delete(self, stage_id: UUID) -> None:
        board = self._board
        assert board is not None
        stage = next(one for one in board.stages if one.id == stage_id)
        others = {one.id: one.name for one in board.stages if one.id != stage.id and one.moving_to is None}

        async def delete() -> None:
            try:
                await client.delete_stage(self._api, stage.id, target.value if stage.leads else None)
            except (ApiProblem, Offline) as error:
                problems.show(error)
                return
            box.close()
            toast(
                _("Its leads are moved in the background, then it is deleted.")
                if stage.leads > MOVED_AT_ONCE
                else _("Stage deleted.")
            )
            await self._refresh()

        with dialog(_("Delete {name}?").format(name=stage.name)) as box:
            target = select_field(_("Its leads go to"), others, next(iter(others)))
            target.hide(not stage.leads)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain").props("autofocus")
                button(_("Delete"), delete, kind="danger-solid")
        box.open()

    async def _delete_on(self, stage: Stage) -> None:
        """Once more, where the job that moves the leads was given up."""
        try:
            await client.delete_stage(self._api, stage.id, None)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(_("Its leads are moved in the background, then it is deleted."))
        await self._refresh()

    async def _archive(self) -> None:
        text = _("It goes out of the list with all its leads. Nothing is deleted.")
        if await confirm(_("Archive this board?"), text, yes=_("Archive"), danger=True):
            await client.archive_board(self._api, self._id)
            ui.navigate.to("/boards")

    # -- reasons ------------------------------------------------------------------------------------------------

    def _draw_reasons(self, reasons: list[LostReason]) -> None:
        async def add() -> None:
            if not filled([field]):
                return
            try:
                await client.add_lost_reason(self._api, self._id, field.value.strip())
            except (ApiProblem, Offline) as error:
                problems.show_in({"name": field}, error)
                return
            await self._reasons.refresh()

        async def remove(one: LostReason) -> None:
            with self._head.body:  # the chip goes
                await client.delete_lost_reason(self._api, self._id, one.id)
                await self._reasons.refresh()

        with card(_("Why leads are lost"), hint=_("To choose from when a lead is lost. What was chosen before stays.")):
            if reasons:
                with ui.element("div").classes("m-row m-near m-wrap"):
                    for one in reasons:
                        chip(one.name, on_remove=partial(remove, one))
            field = text_field("", placeholder=_("Add a reason and press Enter"), limit=120, on_enter=add)
            field.control.props["aria-label"] = _("Add a reason")


def _made_of(board: Board) -> list[Stage]:
    """Its stages, whatever leads are in them."""
    return [msgspec.structs.replace(stage, leads=0, value_cents=0, totals_version=0) for stage in board.stages]


def _moved(stage: Stage) -> tuple[int, int]:
    """Of a stage that is leaving: how many of its leads went, of how many."""
    total = max(stage.moving_of or 0, stage.leads)
    return total - stage.leads, total


def _facts(stage: Stage) -> str:
    """What stands below the name of a stage; of one that is leaving, how many leads are left."""
    number = formats.number(stage.leads)
    if stage.moving_to is not None:
        left = ngettext("{n} lead is left", "{n} leads are left", stage.leads).format(n=number)
        return f"{_('Being deleted')} · {left}"
    facts = [labels.stage_kinds()[stage.kind]]
    if stage.kind is StageKind.OPEN and stage.probability:
        facts.append(_("{share} likely").format(share=formats.percent(stage.probability / 100)))
    if stage.limit is not None:
        facts.append(_("at most {n}").format(n=formats.number(stage.limit)))
    facts.append(ngettext("{n} lead", "{n} leads", stage.leads).format(n=number))
    return " · ".join(facts)
