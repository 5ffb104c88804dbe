"""Taking an import back: the question with its numbers, the way there, and what became of everybody."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from api.contract.contacts import Import, ImportUndo
from ui import formats
from ui.client import contacts as client
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.cards import card, figure, figures, note
from ui.components.confirm import confirm
from ui.components.progress import Progress, progress
from ui.components.text import Text
from ui.i18n import _, ngettext
from ui.labels import imports as import_labels


def undo_button(found: Import, api: ApiClient, show: Callable[[Import], Awaitable[Any]]) -> None:
    """Asks with the numbers of this moment; `show` is given the import that is being undone."""

    async def ask() -> None:
        seen = await client.undo_preview(api, found.id)
        if await confirm(_("Undo this import?"), _goes(seen), more=_lines(seen), yes=_("Undo import"), danger=True):
            await show(await client.undo_import(api, found.id))

    button(_("Undo import"), ask, kind="danger", icon="undo")


def _goes(seen: ImportUndo) -> str:
    if not seen.removed:
        contacts = _("No contact goes.")
    else:
        contacts = ngettext("{n} contact goes.", "{n} contacts go.", seen.removed).format(n=formats.number(seen.removed))
    if not seen.leads_removed:
        return contacts
    leads = ngettext("{n} lead goes.", "{n} leads go.", seen.leads_removed).format(n=formats.number(seen.leads_removed))
    return f"{contacts} {leads}"


def _lines(seen: ImportUndo) -> list[str]:
    """Who stays and why, and what else happens."""
    lines = [import_labels.stays(kept) for kept in seen.kept]
    if seen.restored:
        known = ngettext(
            "{n} whom you had before gets back what the list changed, where nobody changed it since.",
            "{n} whom you had before get back what the list changed, where nobody changed it since.",
            seen.restored,
        )
        lines.append(known.format(n=formats.number(seen.restored)))
    if seen.leads_kept:
        leads = ngettext(
            "{n} lead stays: somebody moved, changed or noted it.",
            "{n} leads stay: somebody moved, changed or noted them.",
            seen.leads_kept,
        )
        lines.append(leads.format(n=formats.number(seen.leads_kept)))
    return [*lines, _("The tags of this import come off. Who opted out stays opted out.")]


def draw_undoing(found: Import) -> Progress:
    """While it is under way."""
    seen = found.undo
    with card(_("The import is being undone"), hint=_("You can leave this page; it goes on.")):
        return progress(seen.processed if seen else 0, seen.total if seen else 0)


def draw_undone(found: Import) -> None:
    """What became of everybody."""
    seen = found.undo
    if seen is None:
        return
    with note("info", _("The import was undone."), name="info"):
        pass
    with figures():
        figure(_("Removed"), formats.number(seen.removed), hint=_("came by this list"))
        figure(_("As before"), formats.number(seen.restored), hint=_("got back what they had"))
        figure(_("Stayed"), formats.number(sum(kept.contacts for kept in seen.kept)), hint=_("were used since"))
        if found.leads and seen.leads_removed is not None:
            figure(_("Leads removed"), formats.number(seen.leads_removed), hint=_("nobody had to do with them"))
            figure(_("Leads that stayed"), formats.number(seen.leads_kept), hint=_("were moved, changed or noted by somebody"))
    if found.leads and seen.leads_removed is None:
        text = _(
            "When this import was undone, its leads were not counted yet. Look in the board for those that came with the list."
        )
        Text("p", text, "m-hint")
    if seen.kept:
        with card(_("Why some stayed")), ui.element("ul").classes("m-points"):
            for kept in seen.kept:
                Text("li", import_labels.stays(kept), "m-text")
