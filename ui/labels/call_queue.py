"""Calls that are handed to people: how a request ended, and what is owed."""

from api.contract.call_queue import CallTransfer, Overflow, TransferOutcome, TransferState
from ui.components.text import Tone
from ui.i18n import _, pgettext


def outcome(value: TransferOutcome) -> tuple[str, Tone]:
    names: dict[TransferOutcome, tuple[str, Tone]] = {
        TransferOutcome.CONNECTED: (_("Spoke with somebody of the team"), "ok"),
        TransferOutcome.REFUSED: (_("Everybody refused"), "warn"),
        TransferOutcome.NO_ANSWER: (_("Nobody of the team answered"), "warn"),
        TransferOutcome.BUSY: (_("The colleague's line was busy"), "warn"),
        TransferOutcome.MACHINE: (_("A machine took the colleague's phone"), "warn"),
        TransferOutcome.TRUNK_FAILURE: (_("The line failed"), "bad"),
        TransferOutcome.HUNG_UP: (_("The person did not wait"), "warn"),
        TransferOutcome.NOBODY: (_("Nobody was available"), "warn"),
    }
    return names[value]


def standing(one: CallTransfer) -> tuple[str, Tone]:
    """How a request stands."""
    if one.outcome is not None:
        return outcome(one.outcome)
    names: dict[TransferState, tuple[str, Tone]] = {
        TransferState.WAITING: (_("Waits for somebody"), "info"),
        TransferState.RINGING: (_("Rings at a colleague"), "info"),
        TransferState.ACCEPTED: (_("A colleague's phone rings"), "info"),
    }
    return names.get(one.state, ("", "quiet"))


def overflow(value: Overflow) -> str:
    """What is offered when nobody takes a call."""
    return {
        Overflow.CALLBACK: _("We call back"),
        Overflow.WHATSAPP: _("We write on WhatsApp"),
        Overflow.VOICEMAIL: _("The agent takes a message"),
    }[value]


def owed(value: Overflow) -> str:
    return {
        Overflow.CALLBACK: pgettext("owed", "Call back"),
        Overflow.WHATSAPP: pgettext("owed", "Write on WhatsApp"),
        Overflow.VOICEMAIL: pgettext("owed", "Hear the message"),
    }[value]


def said_by(who: str) -> str:
    return {
        "in": _("Person"),
        "person": _("Person"),
        "out": pgettext("said by", "Us"),
        "agent": _("Virtual agent"),
        "colleague": _("Colleague"),
    }.get(who, "")
