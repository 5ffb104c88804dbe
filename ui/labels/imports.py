"""Imports for people: states, what a column may become, why a file or a row was not taken."""

from collections.abc import Sequence

from api.contract.boards import LeadField
from api.contract.contacts import Import, ImportKept
from api.contract.enums import ImportState, ImportTarget
from api.contract.problems import FileProblem, Reason, RowWarning, StayReason
from ui import formats
from ui.components import problems
from ui.components.text import Tone
from ui.i18n import _, ngettext


def import_state(state: ImportState) -> tuple[str, Tone]:
    names: dict[ImportState, tuple[str, Tone]] = {
        ImportState.UPLOADED: (_("Looking at the file"), "info"),
        ImportState.READY: (_("Waits for you"), "info"),
        ImportState.QUEUED: (_("Starting"), "info"),
        ImportState.RUNNING: (_("Importing"), "ok"),
        ImportState.COMPLETED: (_("Completed"), "quiet"),
        ImportState.FAILED: (_("Failed"), "bad"),
        ImportState.CANCELLED: (_("Cancelled"), "quiet"),
        ImportState.UNDOING: (_("Being undone"), "info"),
        ImportState.UNDONE: (_("Undone"), "quiet"),
    }
    return names[state]


def targets() -> dict[str, str]:
    """What a column may become in a contact."""
    return {
        ImportTarget.PHONE: _("Phone"),
        ImportTarget.SECOND_PHONE: _("Second phone, where the first is missing"),
        ImportTarget.NAME: _("Full name"),
        ImportTarget.FIRST_NAME: _("First name"),
        ImportTarget.LAST_NAME: _("Last name"),
        ImportTarget.EMAIL: _("E-mail"),
        ImportTarget.TAGS: _("Tags"),
        ImportTarget.LANGUAGE: _("Preferred language"),
        ImportTarget.OPT_OUT: _("Wants no messages (yes or no)"),
        ImportTarget.CUSTOM: _("Own field"),
    }


def lead_targets(fields: Sequence[LeadField], *, new: bool) -> dict[str, str]:
    """What it may become in a lead; `fields` of its board, `new`: one that is to be made too."""
    names: dict[str, str] = {
        ImportTarget.LEAD_TITLE: _("Lead: title"),
        ImportTarget.LEAD_VALUE: _("Lead: value"),
        ImportTarget.LEAD_STAGE: _("Lead: stage, by its name"),
        ImportTarget.LEAD_OWNER: _("Lead: owner, by e-mail"),
        ImportTarget.LEAD_DUE: _("Lead: date"),
        ImportTarget.LEAD_TAGS: _("Lead: tags"),
    }
    own = {lead_field(one.key): _("Lead: {field}").format(field=one.label) for one in fields}
    return {**names, **own, **({ImportTarget.LEAD_CUSTOM: _("Lead: new field")} if new else {})}


def lead_field(key: str) -> str:
    """A field of the board as a target to choose."""
    return f"{ImportTarget.LEAD_CUSTOM}:{key}"


def column_name(target: str, key: str | None) -> str:
    """How a rejected cell names its column."""
    if target == ImportTarget.LEAD_CUSTOM:
        return f"{target}.{key}"
    return f"custom.{key}" if key else target


def file_problem(found: Import) -> str:
    """Why a file could not be read, and the way out."""
    if found.error not in set(FileProblem):
        return _("The file could not be read. Send it again.")
    return problems.said(FileProblem(found.error), {"row": found.error_row or 0, "days": 3})


def row_problem(reason: str, *, warning: bool) -> str:
    """Why a row, or one cell of it, was not taken."""
    known: type[RowWarning | Reason] = RowWarning if warning else Reason
    return problems.said(known(reason)) if reason in set(known) else reason


def stays(kept: ImportKept) -> str:
    """How many contacts an undo leaves, and why."""
    why = problems.said(StayReason(kept.reason)) if kept.reason in set(StayReason) else kept.message
    text = ngettext("{n} stays: {why}", "{n} stay: {why}", kept.contacts)
    return text.format(n=formats.number(kept.contacts), why=why[:1].lower() + why[1:])
