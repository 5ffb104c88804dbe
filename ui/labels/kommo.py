"""The connection to Kommo in the reader's words."""

from api.contract.enums import KommoHookState, KommoState, KommoTaskKind, KommoTaskState
from api.contract.kommo import Kommo
from ui.components.text import Tone
from ui.i18n import _, pgettext


def state(found: Kommo) -> tuple[str, Tone]:
    """Name and tone."""
    if found.state is None:
        return _("Not connected"), "quiet"
    states: dict[KommoState, tuple[str, Tone]] = {
        KommoState.CHECKING: (_("Checking"), "info"),
        KommoState.READY: (_("Works"), "ok"),
        KommoState.TOKEN_REFUSED: (_("Stopped: the token was refused"), "bad"),
        KommoState.BLOCKED: (_("Stopped: Kommo blocks us"), "bad"),
        KommoState.UNPAID: (_("Stopped: the account is not paid"), "bad"),
        KommoState.FAILED: (_("Needs you"), "bad"),
    }
    return states[found.state]


def hook(value: KommoHookState) -> str:
    return {
        KommoHookState.OFF: _("No, nothing is taken over"),
        KommoHookState.ON: _("Yes"),
        KommoHookState.REFUSED: _("Refused: it needs an administrator's token and a plan with webhooks"),
    }[value]


def rules() -> dict[str, tuple[str, str]]:
    """By field: name and what it means."""
    return {
        "push_contacts": (
            _("Send contacts to Kommo"),
            _("Whoever is made or changed here is found there by phone or e-mail, or made. Imported lists are not sent."),
        ),
        "push_leads": (
            _("Send leads and their moves"),
            _("A lead in a stage that stands for a status is made there, and moves along."),
        ),
        "push_notes": (_("Send notes on leads"), _("What your team writes on a lead from now on is a note there too.")),
        "take_contacts": (_("Take over contacts from Kommo"), _("Whoever is made or changed there is found or made here.")),
        "take_leads": (
            _("Take over moves from Kommo"),
            _("A lead that is dragged there moves here. What was changed here meanwhile counts more."),
        ),
    }


def task(value: KommoTaskKind) -> str:
    return {
        KommoTaskKind.PUSH_CONTACT: _("Contact to Kommo"),
        KommoTaskKind.PUSH_LEAD: _("Lead to Kommo"),
        KommoTaskKind.PUSH_NOTE: _("Note to Kommo"),
        KommoTaskKind.TAKE_CONTACT: _("Contact from Kommo"),
        KommoTaskKind.TAKE_LEAD: _("Lead from Kommo"),
    }[value]


def task_state(value: KommoTaskState) -> tuple[str, Tone]:
    found: dict[KommoTaskState, tuple[str, Tone]] = {
        KommoTaskState.WAITING: (_("Waiting"), "info"),
        KommoTaskState.SENDING: (_("On its way"), "info"),
        KommoTaskState.UNKNOWN: (_("Being looked up"), "warn"),
        KommoTaskState.DONE: (pgettext("kommo", "Done"), "ok"),
        KommoTaskState.SKIPPED: (_("Not needed"), "quiet"),
        KommoTaskState.FAILED: (pgettext("kommo", "Failed"), "bad"),
    }
    return found[value]
