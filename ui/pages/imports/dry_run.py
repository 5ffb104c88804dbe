"""What will happen when this list is imported: counted over the whole file while a person still looks at its columns."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import background_tasks, ui

from api.contract.contacts import Import, ImportDryRun, ImportReason, ImportStart
from api.contract.enums import DryRunState
from ui import formats
from ui.client import contacts as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.cards import card, figure, figures
from ui.components.progress import progress
from ui.components.text import Text
from ui.i18n import _, ngettext
from ui.labels import imports as import_labels

PAUSE = 0.8  # seconds after the last change


class DryRunCard:
    """Asks for `body()` and shows what comes; `counted` is given the import each time. Every part has its place from the first moment,
    so that nothing below moves. Whatever goes wrong here is said here, and keeps nobody from the start."""

    def __init__(self, found: Import, api: ApiClient, body: Callable[[], ImportStart], counted: Callable[[Import], Any]) -> None:
        self._id, self._api, self._body, self._counted = found.id, api, body, counted
        self._columns = {column.index: column.name for column in found.columns}
        self._wanted = 0  # how often something else was chosen
        self._asked = 0  # what of it the API knows
        with card(_("What will happen")) as self._element:
            self._said = Text("p", "", "m-hint")
            self._said.props["aria-live"] = "polite"
            self._bar = progress(0, found.total or 0)
            self._figures = figures()
            self._fields = Text("p", "", "m-hint")
            with ui.element("details").classes("m-unfold m-unfold-flat") as self._why:
                self._summary = Text("summary", "")
                self._reasons = ui.element("div").classes("m-col m-near w-full")
        self._draw(None)

    def ask(self) -> None:
        """At once."""
        self._wanted += 1
        background_tasks.create(self._ask(self._wanted), name="dry run")

    def ask_soon(self) -> None:
        """When nothing else is chosen for a moment."""
        self._wanted += 1
        self._wait()
        background_tasks.create(self._ask(self._wanted, PAUSE), name="dry run")

    async def refresh(self) -> None:
        """Shows how far it is; nothing while another mapping is about to be asked."""
        wanted = self._wanted
        if self._asked != wanted:
            return
        try:
            found = await client.one_import(self._api, self._id)
        except (ApiProblem, Offline):
            return
        if self._wanted == wanted and not self._gone():
            self._show(found)

    async def _ask(self, wanted: int, pause: float = 0.0) -> None:
        await asyncio.sleep(pause)
        if self._wanted != wanted or self._gone():
            return
        try:
            found = await client.dry_run_import(self._api, self._id, self._body())
        except (ApiProblem, Offline) as error:
            if self._wanted == wanted and not self._gone():
                unclear = isinstance(error, ApiProblem) and error.code == "mapping_invalid"
                self._fail(_("Choose the columns first: each once, one of them the phone or the e-mail.") if unclear else "")
            return
        self._asked = wanted
        if self._wanted == wanted and not self._gone():
            self._show(found)
            await self.refresh()  # what was told before this answer was passed over

    def _gone(self) -> bool:
        return self._element.is_deleted or self._element.client.is_deleted

    def _show(self, found: Import) -> None:
        dry = found.dry_run
        if dry is None:
            return
        if dry.state is DryRunState.FAILED:
            self._fail("")
        elif dry.state is DryRunState.DONE:
            self._said.text = _("Counted over the whole file. No contact was changed yet.")
            if not dry.exact:
                self._said.text += " " + _("In a list this long some people who stand in it twice are counted as new.")
            self._bar.set(dry.processed, dry.processed)
            self._draw(dry)
        else:
            self._wait()
            self._bar.set(dry.processed, max(found.total or 0, dry.processed))
        self._counted(found)

    def _wait(self) -> None:
        self._said.text = _("We are counting through the whole file…")
        self._bar.element.style("visibility: visible")

    def _fail(self, text: str) -> None:
        self._said.text = text or _("This could not be counted beforehand. You can import all the same.")
        self._draw(None)

    def _draw(self, dry: ImportDryRun | None) -> None:
        self._bar.element.style("visibility: visible" if dry else "visibility: hidden")
        self._figures.clear()
        with self._figures:
            shown = (dry.created, dry.updated + dry.unchanged, dry.repeated, dry.rejected) if dry else (None,) * 4
            fresh = _("{n} brought up to date").format(n=formats.number(dry.updated)) if dry else _("were known already")
            named = (
                (_("New"), _("contacts made")),
                (_("There already"), fresh),
                (_("Repeated in the list"), _("stand further up in the file")),
                (_("Stay out"), _("see the reasons below")),
            )
            for (name, hint), value in zip(named, shown, strict=True):
                figure(name, formats.DASH if value is None else formats.number(value), hint=hint)
            if dry is not None and dry.leads:
                figure(_("Leads"), formats.number(dry.leads), hint=_("made in the board"))
        made = [
            said.format(names=", ".join(names))
            for said, names in (
                (_("New fields of contacts: {names}."), dry.new_fields if dry else []),
                (_("New fields of leads in the board: {names}."), dry.new_lead_fields if dry else []),
            )
            if names
        ]
        self._fields.text = " ".join(made)
        self._fields.set_visibility(bool(made))
        self._reasons.clear()
        out, cells = (dry.reasons, dry.left_out) if dry else ([], [])
        self._why.style("visibility: visible" if out or cells else "visibility: hidden")
        self._summary.text = _("Why some stay out, with examples") if out else _("Cells that are left out, with examples")
        with self._reasons:
            self._draw_reasons(out, warning=False)
            if out and cells:
                Text("p", _("Cells that are left out"), "m-strong")
            self._draw_reasons(cells, warning=True)

    def _draw_reasons(self, reasons: Sequence[ImportReason], *, warning: bool) -> None:
        chosen = self._body().columns if reasons else []
        names = {import_labels.column_name(one.target, one.field_key): self._columns[one.index] for one in chosen}
        for one in reasons:
            rows = ngettext("{n} row", "{n} rows", one.rows).format(n=formats.number(one.rows))
            with ui.element("div").classes("m-col m-tight"):
                Text("p", f"{rows}: {import_labels.row_problem(one.reason, warning=warning)}", "m-text")
                for example in one.examples:
                    where = _("Row {n}").format(n=formats.number(example.row_number))
                    parts = [where, names.get(example.field, ""), example.value]
                    Text("p", " · ".join(filter(None, parts)), "m-hint m-clip")
