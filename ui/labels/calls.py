"""Calls: how one ended, what keeps a person from being called, and who speaks."""

from api.contract.calls import CallChannel, CallOrderKind, CallOrderOutcome, CallOutcome, CallSpeaker
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, pgettext
from ui.labels import messages as message_labels


def outcome(value: CallOutcome) -> tuple[str, Tone]:
    """How a call ended, and how that is to be seen."""
    return _outcomes()[value]


def _outcomes() -> dict[CallOutcome, tuple[str, Tone]]:
    return {
        CallOutcome.ANSWERED: (pgettext("call", "Answered"), "ok"),
        CallOutcome.TRANSFERRED: (_("Handed over to a colleague"), "ok"),
        CallOutcome.CALLBACK_WANTED: (_("Wants to be called back"), "info"),
        CallOutcome.OPTED_OUT: (_("Wants no more calls"), "warn"),
        CallOutcome.VOICEMAIL: (_("Voicemail"), "quiet"),
        CallOutcome.MENU: (_("Answered by a machine"), "quiet"),
        CallOutcome.NO_ANSWER: (pgettext("call", "Not answered"), "quiet"),
        CallOutcome.BUSY: (pgettext("call", "Busy"), "quiet"),
        CallOutcome.REFUSED: (_("The person refused the call"), "quiet"),
        CallOutcome.WRONG_NUMBER: (_("The number does not exist"), "bad"),
        CallOutcome.BLOCKED: (_("Not let through"), "bad"),
        CallOutcome.NO_LINE: (_("No free line"), "warn"),
        CallOutcome.NO_CREDIT: (_("No credit at the provider"), "bad"),
        CallOutcome.CANCELLED: (_("Stopped before it was answered"), "quiet"),
        CallOutcome.FAULT: (_("The call broke off"), "warn"),
    }


def stage(status: str | None) -> str:
    """Of a call that is not over; nothing where nobody was told that it was taken."""
    return {"talking": _("They are speaking"), "ringing": _("It rings")}.get(status or "", "")


def speaker(value: CallSpeaker) -> str:
    return {
        CallSpeaker.AGENT: _("Virtual agent"),
        CallSpeaker.PERSON: _("Person"),
        CallSpeaker.COLLEAGUE: _("Colleague"),
    }[value]


def sentiment(value: str | None) -> str:
    """How the person sounded; nothing where nobody says."""
    return {
        "positive": _("Sounded content"),
        "neutral": _("Sounded neutral"),
        "negative": _("Sounded annoyed"),
    }.get(value or "", "")


def obstacle(one: CallChannel) -> str:
    """Why a person cannot be called over a channel now, and what to do."""
    match one.obstacle:
        case "call_hours" if one.opens_at is not None:
            return _("At this hour this number is not called. From {when} on it may be.").format(
                when=formats.moment(one.opens_at)
            )
        case "call_hours":
            return _("At this hour this number is not called.")
        case "too_many_calls":
            return _("This person was called as often as is allowed. Write a message, or call another day.")
        case "call_under_way":
            return _("This person is being called already.")
        case None:
            return ""
        case code:
            text, todo = message_labels.obstacle(code)
            return f"{text} {todo}"


def order(kind: CallOrderKind) -> str:
    """What somebody did with a call that goes on."""
    return {
        CallOrderKind.LISTEN: _("Listens"),
        CallOrderKind.HINT: _("Told the agent"),
        CallOrderKind.TAKE_OVER: _("Takes the call over"),
        CallOrderKind.HANG_UP: _("Ends the call"),
    }[kind]


def order_outcome(outcome: CallOrderOutcome | None) -> tuple[str, Tone]:
    """What became of it; None: it goes on."""
    if outcome is None:
        return _("Under way"), "info"
    found: dict[CallOrderOutcome, tuple[str, Tone]] = {
        CallOrderOutcome.DONE: (pgettext("order", "Taken"), "ok"),
        CallOrderOutcome.REFUSED: (_("Not taken: the call may be over"), "warn"),
        CallOrderOutcome.UNREACHABLE: (_("The provider was not reached"), "bad"),
        CallOrderOutcome.UNKNOWN: (_("No answer: it may have been taken"), "warn"),
        CallOrderOutcome.TOO_LATE: (_("It came too late"), "warn"),
    }
    return found[outcome]
