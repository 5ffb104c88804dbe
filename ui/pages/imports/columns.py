"""What each column of a list is: the guess, corrected by a person, with samples and figures to judge by, and the start."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from api.contract.contacts import ColumnChoice, Import, ImportColumn, ImportStart
from api.contract.enums import DryRunState, ImportTarget, Permission
from ui import formats, session
from ui.client import contacts as client
from ui.client.base import ApiClient, ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, item, note
from ui.components.forms import Field, lead_to, select_field, text_field
from ui.components.grouped_select import GroupedSelect
from ui.components.states import Loader
from ui.components.text import Text
from ui.i18n import _, ngettext
from ui.labels import imports as import_labels
from ui.pages.imports.dry_run import DryRunCard
from ui.pages.imports.leads import LEAD, LeadChoice

MANY = 20
"""Of more columns than these, those that are left out are folded."""


_NEW = (ImportTarget.CUSTOM, ImportTarget.LEAD_CUSTOM)
"""What gets a field by the name that stands beside it."""


class Columns:
    """The step between the look at the file and its import."""

    def __init__(self, found: Import, api: ApiClient, place: Loader[Import]) -> None:
        self._found, self._api, self._place = found, api, place
        self._choices: dict[int, Field[Any]] = {}
        self._guessed: dict[int, str] = {}
        self._labels: dict[int, Field[str]] = {}
        self._fills: dict[int, ui.label] = {}
        self._rates = [column.fill_rate for column in found.columns]
        self._whole = False
        self._dry: DryRunCard | None = None
        self._leads: LeadChoice | None = None
        self._bad = ui.element("div").classes("w-full")
        if not found.preview:
            self._draw_nobody()
            return
        rows = ngettext("About {n} row", "About {n} rows", found.total or 0).format(n=formats.number(found.total))
        guessed = _("We guessed; please check.")
        shown, out, empty = _folded(found.columns)
        with card(_("What is in each column?"), hint=f"{rows} · {guessed}", flush=True):
            for column in shown:
                self._draw_column(column)
            if out:
                text = ngettext("Show {n} column that is left out", "Show {n} columns that are left out", len(out))
                self._draw_folded(text.format(n=formats.number(len(out))), out)
            if empty:
                text = ngettext("Show {n} empty column", "Show {n} empty columns", len(empty))
                self._draw_folded(text.format(n=formats.number(len(empty))), empty)
        with card(_("For all of them")), ui.element("div").classes("m-grid m-grid-wide"):
            self._tags = text_field(
                _("Tags"),
                ", ".join(found.tags),
                placeholder=_("Customers May"),
                hint=_("So you find this list again. Several with commas between them."),
                on_change=self._changed,
            )
        may = session.current().may
        self._leads = LeadChoice(api, found, self._leads_changed) if may(Permission.LEADS_WRITE) else None
        self._draw_preview(shown)
        self._dry = DryRunCard(found, api, self._body, self._counted)
        with ui.element("div").classes("m-wizard-foot"):
            button(_("Discard"), self._discard, kind="plain")
            self._go = button(_("Import contacts"), self._start, kind="primary", icon="play_arrow")
        self._dry.ask()

    async def counted(self) -> None:
        """The figures moved."""
        if self._dry is not None:
            await self._dry.refresh()

    # -- columns ------------------------------------------------------------------------------------------------

    def _draw_nobody(self) -> None:
        """A file that ends after its first line: there is nothing to import, and a result of zeros explains nothing."""
        with note("warn", _("The file holds a first line with names of columns, and no people below it."), name="warning"):
            ui.label(_("Look whether it is the right file, or add the people and send it again.")).classes("m-sub")
            with ui.element("div").classes("m-row m-near"):
                button(_("Another list"), self._discard, icon="upload_file")

    def _draw_folded(self, text: str, columns: Sequence[ImportColumn]) -> None:
        """Drawn when it is opened for the first time: two hundred choices weigh on a page."""

        def opened() -> None:
            if columns[0].index not in self._choices:
                with inside:
                    for column in columns:
                        self._draw_column(column)

        with ui.element("details").classes("m-unfold") as fold:
            Text("summary", text)
            inside = ui.element("div").classes("w-full")
        fold.on("toggle", opened, [])

    def _draw_column(self, column: ImportColumn) -> None:
        def chosen() -> None:
            own.hide(self._choices[column.index].value not in _NEW)
            self._changed()

        with item() as line:
            line.classes("m-item-wrap")
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(column.name).classes("m-strong m-clip")
                samples = " · ".join(cell for cell in column.samples[:3] if cell) or _("empty")
                ui.label(samples).classes("m-hint m-clip")
                self._fills[column.index] = ui.label(self._fill(column.index)).classes("m-hint")
            with ui.element("div").classes("m-row m-near items-start m-import-choice"):
                guess = self._guessed[column.index] = self._guess(column)
                choice = select_field("", self._options(), guess, headings=self._headings(), on_change=chosen)
                choice.control.props["aria-label"] = _("What {column} is").format(column=column.name)
                own = text_field("", column.name[:60], limit=60, placeholder=_("Name of the field"), on_change=self._changed)
                own.control.props["aria-label"] = _("Name of the field")
            self._choices[column.index], self._labels[column.index] = choice, own
            own.hide(choice.value not in _NEW)

    def _fill(self, index: int) -> str:
        text = _("Filled in {share} of the rows") if self._whole else _("Filled in {share} of the first rows")
        return text.format(share=formats.percent(self._rates[index], digits=0))

    def _draw_preview(self, shown: Sequence[ImportColumn]) -> None:
        with card(_("First rows of the file"), flush=True):
            columns = [
                {"name": str(column.index), "field": str(column.index), "label": column.name, "align": "left"} for column in shown
            ]
            wanted = {column.index for column in shown}
            rows = [
                {"id": number, **{str(i): cell for i, cell in enumerate(cells) if i in wanted}}
                for number, cells in enumerate(self._found.preview[:6])
            ]
            table = ui.table(rows=rows, columns=columns, row_key="id", pagination={"rowsPerPage": 0}).classes("m-table")
            table.props("flat hide-pagination")

    def _options(self) -> dict[str, str]:
        """What a column may become: in a contact, in a lead, nothing."""
        leads = self._leads.targets if self._leads is not None else {}
        return {**import_labels.targets(), **leads, ImportTarget.IGNORE: _("Leave out")}

    def _headings(self) -> dict[str, str]:
        """Above what a column may become in a contact, and in a lead; of one group it needs none."""
        if self._leads is None or not self._leads.targets:
            return {}
        return {ImportTarget.PHONE: _("Contact"), ImportTarget.LEAD_TITLE: _("Lead"), ImportTarget.IGNORE: ""}

    def _guess(self, column: ImportColumn) -> str:
        """What it looks like, as far as that can be chosen now."""
        if self._leads is not None and (of_lead := self._leads.guess(column)) is not None:
            return of_lead
        return ImportTarget.CUSTOM if column.target.startswith(LEAD) else column.target

    def _leads_changed(self) -> None:
        """Columns may say something of leads now, or no longer, or of those of another board."""
        options = self._options()
        for column in self._found.columns:
            if (choice := self._choices.get(column.index)) is None:
                continue
            untouched = choice.value == self._guessed.get(column.index) or choice.value not in options
            guess = self._guessed[column.index] = self._guess(column)
            assert isinstance(choice.control, GroupedSelect)
            choice.control.regroup(options, guess if untouched else choice.value, self._headings())
        self._changed()

    # -- what was chosen ----------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self._dry is not None:
            self._go.text = _("Import contacts")
            self._dry.ask_soon()

    def _counted(self, found: Import) -> None:
        """The figures of what is chosen now are there."""
        dry = found.dry_run
        if dry is None or dry.state is not DryRunState.DONE:
            return
        self._rates, self._whole = [column.fill_rate for column in found.columns], True
        for index, label in self._fills.items():
            label.text = self._fill(index)
        people = dry.created + dry.updated + dry.unchanged
        if people:
            text = ngettext("Import {n} contact", "Import {n} contacts", people)
            self._go.text = text.format(n=formats.number(people))

    def _mapping(self) -> list[ColumnChoice]:
        chosen = []
        for column in self._found.columns:
            drawn = column.index in self._choices
            nothing = self._whole and not self._rates[column.index]  # a field for it would be a field of nobody
            guess = ImportTarget.IGNORE if nothing else self._guess(column)
            target, _colon, lead_key = str(self._choices[column.index].value if drawn else guess).partition(":")
            if target == ImportTarget.IGNORE:  # as who is not named
                continue
            key, label = lead_key or None, None
            if key is None and target in (*_NEW, ImportTarget.SECOND_PHONE):
                own = self._labels[column.index].value.strip() if drawn and target in _NEW else ""
                label = own or column.name[:60]
                same = label == column.name[:60] and target != ImportTarget.LEAD_CUSTOM
                key = column.field_key if same else None  # the API makes one from the label
            kind = column.field_kind
            chosen.append(
                ColumnChoice(index=column.index, target=ImportTarget(target), field_key=key, field_label=label, field_kind=kind)
            )
        return chosen

    def _body(self) -> ImportStart:
        names = [name.strip() for name in self._tags.value.split(",") if name.strip()]
        return ImportStart(columns=self._mapping(), tags=names, leads=self._leads.value if self._leads else None)

    async def _start(self) -> None:
        self._bad.clear()
        try:
            await client.start_import(self._api, self._found.id, self._body())
        except ApiProblem as error:
            if error.code != "mapping_invalid":
                problems.show_in({"tags": self._tags}, error)
                return
            said = list(dict.fromkeys(map(problems.field_sentence, error.errors)))
            with self._bad, note("bad", said[0], name="error"):
                for other in said[1:]:
                    ui.label(other)
            lead_to(self._bad, " ".join(said))
            return
        await self._place.refresh()

    async def _discard(self) -> None:
        await client.cancel_import(self._api, self._found.id)
        ui.navigate.to("/imports")


def _folded(columns: Sequence[ImportColumn]) -> tuple[list[ImportColumn], list[ImportColumn], list[ImportColumn]]:
    """The columns to show, those of many that are left out, and those without any cell."""
    empty = [column for column in columns if not column.fill_rate]
    rest = [column for column in columns if column.fill_rate]
    if not rest:
        return list(columns), [], []
    out = [column for column in rest if column.target == ImportTarget.IGNORE] if len(rest) > MANY else []
    return [column for column in rest if column not in out], out, empty
