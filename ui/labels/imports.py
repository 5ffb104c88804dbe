"""Imports for people: states, what a column may become, why a file or a row was not taken."""

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


def targets(*, leads: bool = False) -> dict[ImportTarget, str]:
    """What a column may become; `leads`: rows become leads too."""
    names = {
        "phone": _("Phone"),
        "second_phone": _("Second phone, where the first is missing"),
        "name": _("Full name"),
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "email": _("E-mail"),
        "tags": _("Tags"),
        "language": _("Preferred language"),
        "opt_out": _("Wants no messages (yes or no)"),
        "custom": _("Own field"),
        "lead_title": _("Lead: title"),
        "lead_value": _("Lead: value"),
        "lead_stage": _("Lead: stage, by its name"),
        "lead_owner": _("Lead: owner, by e-mail"),
        "lead_due": _("Lead: date"),
        "lead_tags": _("Lead: tags"),
        "ignore": _("Leave out"),
    }
    return {target: names[target] for target in ImportTarget if leads or not target.value.startswith("lead_")}


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
