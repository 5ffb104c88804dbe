"""Leads from a list: the board for which each row makes one, the stage of those that name none, and whether its rules run."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board, LeadField
from api.contract.contacts import Import, ImportColumn, ImportLeads
from api.contract.enums import ImportTarget, Permission
from ui import session
from ui.client import boards as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import Field, select_field, switch_field
from ui.components.states import load, skeleton_list
from ui.i18n import _
from ui.labels import imports as import_labels
from ui.labels.boards import offered

_NONE = ""
_HEADERS = {
    ImportTarget.LEAD_TITLE: ("negocio", "oportunidade", "titulo", "deal", "opportunity", "title", "lead"),
    ImportTarget.LEAD_VALUE: ("valor", "preco", "value", "amount", "price"),
    ImportTarget.LEAD_STAGE: ("etapa", "fase", "estagio", "stage", "status"),
    ImportTarget.LEAD_OWNER: ("responsavel", "vendedor", "owner", "seller"),
    ImportTarget.LEAD_DUE: ("prazo", "vencimento", "due", "deadline"),
}


LEAD = "lead_"
"""Begins what a column may become in a lead."""


def _plain(text: str) -> str:
    return text.strip().casefold().translate(str.maketrans("áàâãéêíóôõúç", "aaaaeeiooouc"))


def lead_target(column: ImportColumn, fields: Sequence[LeadField]) -> str | None:
    """What a column that is nothing of a contact may say of a lead, by its header: a field of the board, or what every lead has."""
    plain = _plain(column.name).split()
    if column.target not in (ImportTarget.CUSTOM, ImportTarget.NAME, ImportTarget.EMAIL) or not plain:
        return None
    if column.target is ImportTarget.CUSTOM and (
        own := next((one for one in fields if _plain(one.label).split() == plain), None)
    ):
        return import_labels.lead_field(own.key)
    found = next((target for target, words in _HEADERS.items() if plain[0] in words), None)
    return found if column.target is ImportTarget.CUSTOM or found is ImportTarget.LEAD_OWNER else None


class LeadChoice:
    """`changed` is called when something else is chosen; `value` is what the API takes. The board is that of the address, or the one for
    which the file was imported before."""

    def __init__(self, api: ApiClient, found: Import, changed: Callable[[], Any]) -> None:
        self._api, self._changed = api, changed
        self._board: Field[Any] | None = None
        self._boards: dict[UUID, Board] = {}
        self._wanted = address().get("board") or (str(found.board_id) if found.board_id is not None else "")
        self._fields: dict[UUID, list[LeadField]] = {}  # of the boards that were chosen
        self._new = session.current().may(Permission.BOARDS_WRITE)
        hint = _(
            "Each row then makes a lead of its contact too: title, value, stage, owner, date and the fields of the board may stand in the file."
        )
        with card(_("Leads too?"), hint=hint):
            self._place = ui.element("div").classes("w-full")
            with self._place:
                if self._wanted:
                    self._open()
                else:
                    button(_("Choose a board"), self._open, icon="view_kanban")

    def _open(self) -> None:
        """Boards are asked for when somebody wants leads."""
        self._place.clear()
        with self._place:
            load(self._fetch, self._draw, lambda: skeleton_list(1))

    async def _fetch(self) -> list[Board]:
        boards = await client.boards(self._api)
        for one in boards:
            if str(one.id) == self._wanted:
                self._fields[one.id] = await client.lead_fields(self._api, one.id)
        return boards

    @property
    def _chosen_fields(self) -> list[LeadField] | None:
        """Those of the chosen board; None: no board is chosen, or what it is made of is not known yet."""
        return self._fields.get(self._board.value) if self._board is not None else None

    @property
    def targets(self) -> dict[str, str]:
        """What a column may become in a lead."""
        fields = self._chosen_fields
        return {} if fields is None else import_labels.lead_targets(fields, new=self._new)

    def guess(self, column: ImportColumn) -> str | None:
        """What a column becomes in a lead, as it was chosen before or by its header; None: nothing."""
        fields = self._chosen_fields
        if fields is None:
            return None
        if not column.target.startswith(LEAD):
            return lead_target(column, fields)
        before = column.target if column.target != ImportTarget.LEAD_CUSTOM else import_labels.lead_field(column.field_key or "")
        return before if before in self.targets else None

    @property
    def value(self) -> ImportLeads | None:
        """None: contacts only."""
        if self._board is None or self._board.value not in self._boards:
            return None
        return ImportLeads(board_id=self._board.value, stage_id=self._stage.value, run_rules=bool(self._rules.value))

    def _draw(self, boards: list[Board]) -> None:
        self._boards = {board.id: board for board in boards}
        if not boards:
            ui.label(_("There is no board yet.")).classes("m-hint")
            return
        wanted = next((one.id for one in boards if str(one.id) == self._wanted), _NONE)
        with ui.element("div").classes("m-grid m-grid-wide"):
            options: dict[Any, str] = {_NONE: _("No, contacts only"), **{board.id: board.name for board in boards}}
            self._board = select_field(_("Board"), options, wanted, on_change=self._chosen)
            self._stage: Field[Any] = select_field(_("Stage of rows that name none"), {})
            self._rules = switch_field(
                _("Run the rules of the stages"),
                hint=_("They may write to everybody in the list, give the leads to somebody or move them on."),
                on_change=lambda _on: self._changed(),
            )
        self._show()
        if wanted != _NONE:
            self._changed()

    def _show(self) -> None:
        assert self._board is not None
        board = self._boards.get(self._board.value)
        self._stage.hide(board is None)
        if self._rules.parent_slot is not None:
            self._rules.parent_slot.parent.set_visibility(board is not None)
        if board is not None:
            stages = offered(board.stages)
            self._stage.control.set_options(stages, value=next(iter(stages)))  # type: ignore[attr-defined]

    async def _chosen(self) -> None:
        assert self._board is not None
        board_id = self._board.value
        self._show()  # the stages of another board are never said of this one
        if board_id in self._boards and board_id not in self._fields:
            try:
                self._fields[board_id] = await client.lead_fields(self._api, board_id)
            except (ApiProblem, Offline) as error:
                problems.show(error)
                self._board.value = _NONE
                return
            if self._board.value != board_id:  # another one meanwhile
                return
        self._changed()
