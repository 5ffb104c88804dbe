"""The rows of a list that were not taken, each with the cells to mend: type, press Enter, on to the next."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui

from api.contract.base import Page
from api.contract.contacts import Import, ImportMend, ImportReject, MendedCell, MendedRow
from ui import formats
from ui.client import contacts as client
from ui.client.base import ApiClient, ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import item
from ui.components.forms import Field, text_field
from ui.components.states import load, skeleton_list
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import imports as import_labels

MOST = 200
"""Rows that the API takes at once."""
_PAGE = 50


class MendTable:
    """`changed` is given the import after each save; rows that were taken leave the list by themselves."""

    def __init__(self, found: Import, api: ApiClient, changed: Callable[[Import], Any]) -> None:
        self._import, self._api, self._changed = found, api, changed
        self._repeated = found.repeated
        self._rows: dict[int, _Row] = {}
        self._next: str | None = None
        self._list: ui.element | None = None
        load(self._fetch, self._draw, lambda: skeleton_list(5))

    async def _fetch(self) -> Page[ImportReject]:
        return await client.rejects(self._api, self._import.id, {"warning": False, "cursor": self._next, "limit": _PAGE})

    def _draw(self, found: Page[ImportReject]) -> None:
        with ui.element("div").classes("m-card m-card-flush"):
            with ui.element("div").classes("m-bar m-mend-bar"):
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(_("Rows that were not taken")).classes("m-h2")
                    if self._import.file_until is None:
                        ui.label(_("The file is no longer kept; to correct its columns, send it again.")).classes("m-hint")
                    ui.label(_("Correct what is marked and press Enter: the row comes in, and you are at the next one.")).classes(
                        "m-hint"
                    )
                with ui.element("div").classes("m-row m-near m-end m-tools"):
                    link = button(_("Download these rows"), icon="download", to=f"/imports/{self._import.id}/rejects.csv")
                    link.props["download"] = ""
            self._list = ui.element("div").classes("w-full")
            with ui.element("div").classes("m-foot"):
                self._more = button(_("More rows"), self._append, kind="plain")
                button(_("Import the corrected rows"), self._save_all, kind="primary", icon="done_all").classes("m-end")
        self._add(found)

    def _add(self, found: Page[ImportReject]) -> None:
        assert self._list is not None
        with self._list:
            for one in found.items:
                row = self._rows.get(one.row_number)
                if row is None:
                    row = self._rows[one.row_number] = _Row(one, self._import, self._entered)
                row.add(one)
        self._next = found.next_cursor
        self._more.set_visibility(self._next is not None)

    async def _append(self) -> None:
        self._add(await self._fetch())

    # -- saving -------------------------------------------------------------------------------------------------

    async def _entered(self, row: "_Row", field: Field[str]) -> None:
        """On to the next cell of the row; after its last one the row is saved, and the next row is at hand."""
        if (following := row.after(field)) is not None:
            following.focus()
            return
        numbers = list(self._rows)
        later = [self._rows[number] for number in numbers[numbers.index(row.number) + 1 :]]
        if (next_row := next((one for one in later if one.fields), None)) is not None:
            next_row.first.focus()
        if row.changed:
            await self._save([row])

    async def _save_all(self) -> None:
        changed = [row for row in self._rows.values() if row.changed]
        if not changed:
            toast(_("Correct a row first."), "warn")
        for start in range(0, len(changed), MOST):
            await self._save(changed[start : start + MOST])

    async def _save(self, rows: "Sequence[_Row]") -> None:
        try:
            mended = await client.mend(self._api, self._import.id, ImportMend(rows=[row.mended for row in rows]))
        except ApiProblem as error:
            problems.show(error)
            return
        still = {one.row_number for one in mended.rejects}
        for row in rows:
            if row.number not in still:  # taken, or mended by somebody else
                row.element.delete()
                del self._rows[row.number]
        for number in still & set(self._rows):
            self._rows[number].refused([one for one in mended.rejects if one.row_number == number])
        self._say(len(mended.taken), mended.result.repeated)
        self._changed(mended.result)
        if not self._rows and self._next is not None:
            await self._append()

    def _say(self, taken: int, repeated: int) -> None:
        """How many came in, and how many are about somebody whom the list brought before: of those the first row counts."""
        again = max(0, min(taken, repeated - self._repeated))
        self._repeated = repeated
        if count := taken - again:
            toast(ngettext("{n} row came in.", "{n} rows came in.", count).format(n=formats.number(count)))
        if again:
            said = ngettext(
                "{n} row is about somebody who came with this list already: only what was missing was added.",
                "{n} rows are about people who came with this list already: only what was missing was added.",
                again,
            )
            toast(said.format(n=formats.number(again)), "info")


class _Row:
    """One row: who it is, and a field for each cell that can be mended here."""

    def __init__(self, one: ImportReject, found: Import, entered: Callable[["_Row", Field[str]], Awaitable[None]]) -> None:
        self.number, self._cells, self._entered = one.row_number, one.cells, entered
        self._columns = found.columns
        self.fields: dict[int, Field[str]] = {}
        self._shown: dict[int, str] = {}
        with item() as self.element:
            self.element.classes("m-item-wrap")
            with ui.element("div").classes("m-col m-tight m-mend-who"):
                ui.label(self._name()).classes("m-strong m-clip").props["dir"] = "auto"
                ui.label(_("Row {n}").format(n=formats.number(one.row_number))).classes("m-hint")
            self._place = ui.element("div").classes("m-mend-cells")

    def _name(self) -> str:
        """The cells by which a person knows whom the row is about."""
        wanted = [c.index for c in self._columns if c.target in {"name", "first_name", "last_name"}]
        words = [self._cells[index].strip() for index in wanted if index < len(self._cells)]
        return " ".join(filter(None, words)) or next((cell for cell in self._cells if cell.strip()), "") or _("No name")

    def _column(self, one: ImportReject) -> int | None:
        """The column to mend; for a row without any address that of the phone, else of the e-mail."""
        if one.reason == "no_identity":
            wanted = [c for c in self._columns if c.target == "phone"] or [c for c in self._columns if c.target == "email"]
        else:
            wanted = [c for c in self._columns if one.field == import_labels.column_name(c.target, c.field_key)]
        return wanted[0].index if len(wanted) == 1 else None

    def add(self, one: ImportReject) -> None:
        """One more reason against the row."""
        why = import_labels.row_problem(one.reason, warning=False)
        column = self._column(one)
        with self._place:
            if column is None:
                Text("div", f"{why} {_('Correct it in the file.')}", "m-sub m-text")
                return
            if (field := self.fields.get(column)) is None:
                shown = self._cells[column] if column < len(self._cells) else ""
                field = text_field(self._columns[column].name, shown)
                field.control.on("keydown.enter", lambda field=field: self._entered(self, field), [])
                self.fields[column], self._shown[column] = field, shown
            field.error(why)

    def refused(self, found: list[ImportReject]) -> None:
        """What is wrong with it now; what was typed stays."""
        self._cells = found[0].cells
        self._shown = {column: field.value for column, field in self.fields.items()}
        for one in found:
            self.add(one)

    @property
    def changed(self) -> bool:
        return any((field.value or "") != self._shown[column] for column, field in self.fields.items())

    @property
    def mended(self) -> MendedRow:
        return MendedRow(
            row_number=self.number,
            cells=[MendedCell(column=column, value=field.value or "") for column, field in self.fields.items()],
        )

    @property
    def first(self) -> Field[str]:
        return next(iter(self.fields.values()))

    def after(self, field: Field[str]) -> Field[str] | None:
        """The next cell of the row."""
        fields = list(self.fields.values())
        place = fields.index(field) + 1
        return fields[place] if place < len(fields) else None
