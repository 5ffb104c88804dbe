"""Lists from files: drop one, say what its columns are, watch it come in, mend what was not taken."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi.responses import Response
from nicegui import ui

from api.contract.base import Page
from api.contract.contacts import Import, ImportReject
from api.contract.enums import ImportState, Permission
from api.contract.events import ImportProgress
from api.contract.problems import ContactImportError
from ui import formats, live, session
from ui.client import contacts as client
from ui.client.base import Uploaded
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card, figure, figures, item, note
from ui.components.cells import Cell, state
from ui.components.confirm import confirm
from ui.components.download import hand_on
from ui.components.files import drop_zone
from ui.components.frame import Frame, frame
from ui.components.progress import Progress, progress, stepper
from ui.components.query import Query
from ui.components.states import Loader, load, skeleton_card, skeleton_list
from ui.components.table import Column, data_table
from ui.components.text import badge, icon
from ui.i18n import _, ngettext
from ui.labels import imports as import_labels
from ui.pages.imports.columns import Columns
from ui.pages.imports.mend import MendTable
from ui.pages.imports.undo import draw_undoing, draw_undone, undo_button
from ui.routing import page

MAX_BYTES = 100_000_000  # bytes
KINDS = ".csv,.txt,.tsv,.xlsx,.xls,.vcf,.xlsb,.ods"  # of the last two we say how to save them anew


@page("/imports", permission=Permission.CONTACTS_READ)
def imports() -> None:
    api = session.current().api

    async def sent(file: Uploaded) -> None:
        made = await client.upload_import(api, file)
        board = address().get("board")
        ui.navigate.to(f"/imports/{made.id}" + (f"?{urlencode({'board': board})}" if board else ""))

    def draw(found: Page[Import]) -> None:
        if not found.items:
            return
        with card(_("Imports so far"), flush=True):
            for one in found.items:
                _draw_line(one)

    with frame(_("Import contacts"), breadcrumbs=[(_("Contacts"), "/contacts")], active="/contacts"):
        if session.current().may(Permission.CONTACTS_WRITE):
            text = _("Drop your spreadsheet here, or press to choose it")
            hint = _("Excel (.xlsx, .xls), CSV or vCard (.vcf), up to {size}").format(size=formats.size(MAX_BYTES))
            other = problems.said(ContactImportError.NOT_A_SPREADSHEET)
            drop_zone(text, sent, accept=KINDS, max_bytes=MAX_BYTES, hint=hint, wrong_kind=other)
            with ui.element("div").classes("m-grid m-grid-wide"):
                for symbol, said in (
                    ("call", _("One column with phone numbers or e-mails is enough. Numbers may be written in any way.")),
                    ("group", _("Nobody comes twice: who is known already is brought up to date.")),
                    ("notifications_off", _("Who asked for no messages stays opted out.")),
                ):
                    with ui.element("div").classes("m-row m-near items-start"):
                        icon(symbol)
                        ui.label(said).classes("m-sub m-text")
        place: Loader[Page[Import]] = load(lambda: client.imports(api), draw, lambda: skeleton_list(3))
        live.on(ImportProgress, lambda event: place.refresh())
        live.on_reset(place.refresh)


def _draw_line(one: Import) -> None:
    with item(to=f"/imports/{one.id}"):
        icon("table" if one.filename.lower().endswith("xlsx") else "description")
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(one.filename).classes("m-strong m-clip")
            parts = [formats.moment(one.created_at), *([one.created_by] if one.created_by else [])]
            ui.label(" · ".join(parts)).classes("m-hint m-clip")
        if one.state in {ImportState.COMPLETED, ImportState.RUNNING, ImportState.CANCELLED}:
            new = ngettext("{n} new", "{n} new", one.created).format(n=formats.number(one.created))
            ui.label(new).classes("m-hint m-only-desktop")
        if one.rejected:
            badge(_("{n} not taken").format(n=formats.number(one.rejected)), "warn")
        name, tone = import_labels.import_state(one.state)
        badge(name, tone, live=one.state is ImportState.RUNNING)


@page("/imports/{import_id:uuid}", permission=Permission.CONTACTS_READ)
def one_import(import_id: UUID) -> None:
    crumbs = [(_("Contacts"), "/contacts"), (_("Imports"), "/imports")]
    with frame(_("Import contacts"), breadcrumbs=crumbs, active="/contacts") as head:
        _Flow(import_id, head)


@page("/imports/{import_id:uuid}/rejects.csv", permission=Permission.CONTACTS_WRITE)
async def rejects_csv(import_id: UUID) -> Response:
    """The API's file, handed on."""
    return await hand_on(f"/v1/imports/{import_id}/rejects.csv")


def _draw_onward(found: Import) -> None:
    """To what came in."""
    button(_("See contacts"), kind="quiet" if found.leads else "primary", to="/contacts")
    if found.leads and found.board_id is not None:
        button(_("See board"), kind="primary", to=f"/boards/{found.board_id}")


_MOVING = frozenset((ImportState.RUNNING, ImportState.UNDOING))


class _Flow:
    """The steps of one import; each is drawn when the import gets there."""

    def __init__(self, import_id: UUID, head: Frame) -> None:
        self._id, self._head, self._api = import_id, head, session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._shown: ImportState | None = None
        self._progress: Progress | None = None
        self._columns: Columns | None = None
        self._started: datetime | None = None
        self._place: Loader[Import] = load(lambda: client.one_import(self._api, self._id), self._draw, skeleton_card)
        live.on(ImportProgress, self._moved)
        live.on_reset(self._place.refresh)

    async def _moved(self, event: ImportProgress) -> None:
        if event.import_id != self._id:
            return
        if event.state == self._shown and event.state is ImportState.READY:  # what was picked stays
            if self._columns is not None:
                await self._columns.counted()
        elif event.state == self._shown and event.state in _MOVING and self._progress is not None:
            self._move(event.processed, event.total)
        else:
            await self._place.refresh()

    def _move(self, done: int, total: int | None) -> None:
        assert self._progress is not None
        left = None
        if self._started is not None and done and total:
            spent = (datetime.now(UTC) - self._started).total_seconds()
            left = max(0.0, spent / done * (total - done))
        self._progress.set(done, max(total or 0, done), left)

    def _draw(self, found: Import) -> None:
        self._shown, self._started, self._progress, self._columns = found.state, found.started_at, None, None
        self._head.subtitle.text = f"{found.filename} · {formats.size(found.size)}"
        self._head.subtitle.set_visibility(True)
        self._head.actions.clear()
        names = [_("File"), _("Columns"), _("Import"), _("Result")]
        match found.state:
            case ImportState.UPLOADED:
                stepper(names, 0)
                with note("info", _("We are looking at the file…")):
                    pass
                skeleton_list(5)
            case ImportState.READY:
                stepper(names, 1)
                if self._write:
                    self._columns = Columns(found, self._api, self._place)
                else:
                    with note("info", _("This list waits for somebody who may change contacts.")):
                        pass
            case ImportState.QUEUED | ImportState.RUNNING:
                stepper(names, 2)
                self._draw_running(found)
            case ImportState.UNDOING:
                stepper(names, 4)
                self._progress = draw_undoing(found)
            case _:
                unread = found.state is ImportState.FAILED and not found.processed
                stepper(names, 4 if found.state in {ImportState.COMPLETED, ImportState.UNDONE} else 0 if unread else 3)
                self._draw_result(found)

    # -- while it runs ------------------------------------------------------------------------------------------

    def _draw_running(self, found: Import) -> None:
        if self._write:
            with self._head.actions:
                button(_("Stop"), self._cancel, kind="danger", icon="stop")
        with card(_("Your contacts come in"), hint=_("You can leave this page; it goes on.")):
            self._progress = progress(found.processed, max(found.total or 0, found.processed))
            self._move(found.processed, found.total)

    async def _cancel(self) -> None:
        text = _("What came in so far stays. The rest is not imported.")
        if await confirm(_("Stop this import?"), text, yes=_("Stop"), danger=True):
            await self._place.show(await client.cancel_import(self._api, self._id))

    # -- when it is over ----------------------------------------------------------------------------------------

    def _draw_result(self, found: Import) -> None:
        nothing = found.state is ImportState.FAILED and not found.processed
        with self._head.actions:
            if self._write and found.undo_until is not None and found.state is not ImportState.UNDONE:
                undo_button(found, self._api, self._place.show)
            if self._write and found.file_until is not None:
                button(_("Correct columns"), self._repeat, icon="view_column")
            if self._write:
                button(_("Another list"), kind="primary" if nothing else "quiet", icon="upload_file", to="/imports")
            if not nothing:
                _draw_onward(found)
        if found.state is ImportState.FAILED:
            with note("bad", import_labels.file_problem(found), name="error"):
                if found.created or found.updated:
                    ui.label(_("The rows before that were imported.")).classes("m-hint")
        elif found.state is ImportState.CANCELLED:
            with note("warn", _("The import was stopped. What came in before stays."), name="warning"):
                pass
        if found.state is ImportState.UNDONE:
            draw_undone(found)  # what was left out of a list that is gone helps nobody
            return
        if found.processed:
            self._figures = ui.element("div").classes("w-full")
            self._draw_figures(found)
        mending = self._write and found.rejected > 0
        if mending:
            MendTable(found, self._api, self._draw_figures)
        if found.warnings or (found.rejected and not mending):
            self._draw_rejects(found, taken_only=mending)

    async def _repeat(self) -> None:
        made = await client.repeat_import(self._api, self._id)
        ui.navigate.to(f"/imports/{made.id}")

    def _draw_figures(self, found: Import) -> None:
        self._figures.clear()
        with self._figures, figures():
            figure(_("New"), formats.number(found.created), hint=_("contacts made"))
            figure(_("Brought up to date"), formats.number(found.updated), hint=_("were known already"))
            figure(_("Unchanged"), formats.number(found.unchanged), hint=_("nothing new in the file"))
            if found.repeated:
                figure(_("Repeated"), formats.number(found.repeated), hint=_("about people who came with this list already"))
            if found.board_id is not None:
                figure(_("Leads"), formats.number(found.leads), hint=_("made in the board"))
            figure(
                _("Not taken"),
                formats.number(found.rejected),
                hint=_("see the reasons below") if found.rejected else _("every row came in"),
            )

    def _draw_rejects(self, found: Import, *, taken_only: bool) -> None:
        names = {import_labels.column_name(column.target, column.field_key): column.name for column in found.columns}

        async def fetch(query: Query) -> Page[ImportReject]:
            asked = {"cursor": query.cursor, "limit": query.limit, "warning": True if taken_only else None}
            return await client.rejects(self._api, self._id, asked)

        def row(one: ImportReject) -> Mapping[str, Cell]:
            return {
                "id": f"{one.row_number}-{one.field}",
                "number": formats.number(one.row_number),
                "column": names.get(one.field, one.field) or _("Whole row"),
                "value": one.value,
                "reason": import_labels.row_problem(one.reason, warning=one.warning),
                "taken": state(_("Taken"), "ok") if one.warning else state(_("Not taken"), "warn"),
            }

        def tools() -> None:
            ui.label(_("Cells that were left out") if taken_only else _("Rows to look at")).classes("m-h2 m-bar-title")
            if taken_only or not session.current().may(Permission.CONTACTS_WRITE):
                return
            link = button(_("Download these rows"), icon="download", to=f"/imports/{self._id}/rejects.csv")
            link.props["download"] = ""
            link.tooltip(_("Correct them in the file and import it again."))

        data_table(
            [
                Column("number", _("Row"), look="m-num"),
                Column("column", _("Column"), phone="sub"),
                Column("value", _("In the file"), look="m-strong", phone="title"),
                Column("reason", _("Reason"), phone="sub"),
                Column("taken", _("State"), phone="end"),
            ],
            fetch,
            row,
            tools=tools,
            limit=25,
        )
