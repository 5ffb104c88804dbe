"""Words for what the AI proposes for leads: what it would do, how sure it is, why it waits or was held back, and what became of it."""

from collections.abc import Mapping
from typing import NamedTuple

from api.contract.enums import LeadFieldKind
from api.contract.personas import TrialAction
from api.contract.proposals import LeadPolicy, LeadProposal, LeadTool, ProposalState, ProposalWhy, ProposedChange, RefusalReason
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, pgettext
from ui.labels import boards


class Named(NamedTuple):
    name: str
    text: str
    icon: str


def tools() -> Mapping[LeadTool, Named]:
    return {
        LeadTool.MOVE_LEAD: Named(_("Move a lead"), _("To the stage that the customer's words show."), "arrow_forward"),
        LeadTool.CREATE_LEAD: Named(_("Make a lead"), _("For somebody who wants to buy and has none here."), "add_card"),
        LeadTool.SET_VALUE: Named(_("Set a lead's value"), _("Only an amount that the customer wrote."), "payments"),
        LeadTool.SET_FIELD: Named(_("Fill in a field of the board"), _("Only with what the customer wrote."), "edit_note"),
        LeadTool.ADD_TAG: Named(_("Add a tag"), _("One that this board has already."), "sell"),
        LeadTool.REMOVE_TAG: Named(_("Take a tag away"), "", "label_off"),
        LeadTool.ASSIGN: Named(_("Assign somebody"), _("A colleague whom the customer asks for."), "person_add"),
        LeadTool.FOLLOW_UP: Named(_("Plan a follow-up"), _("Sets the day on which the lead is due, with a note."), "event"),
        LeadTool.SEND_TEMPLATE: Named(
            _("Send a template"), _("One of those that you allow. It is sent only after a person says so."), "outgoing_mail"
        ),
        LeadTool.SEND_FILE: Named(
            _("Send a file"), _("A file that you allow. A persona that answers must be allowed to as well."), "attach_file"
        ),
        LeadTool.ADD_TO_CADENCE: Named(
            _("Put into a sequence"),
            _("A sequence that you allow. A persona that answers must be allowed to as well."),
            "playlist_add",
        ),
        LeadTool.BOOK: Named(
            _("Book a time"), _("A free one of this board, or another one for who has one already."), "event_available"
        ),
        LeadTool.CANCEL_BOOKING: Named(_("Cancel an appointment"), _("For who says that they do not come."), "event_busy"),
    }


def refusals() -> Mapping[RefusalReason, str]:
    """Why somebody refused it, in the order of the keys."""
    return {
        RefusalReason.ONLY_ASKED: _("They only asked"),
        RefusalReason.NOT_DECIDED: _("They are still thinking"),
        RefusalReason.ANOTHER_MATTER: _("It was about something else"),
        RefusalReason.NOT_MEANT: _("They did not mean it"),
        RefusalReason.WRONG_TARGET: _("Right, but not this stage or value"),
        RefusalReason.KNOWN: _("It is done already"),
    }


def policies() -> Mapping[LeadPolicy, str]:
    return {
        LeadPolicy.NEVER: pgettext("policy", "Never"),
        LeadPolicy.SUGGEST: pgettext("policy", "Suggest to a colleague"),
        LeadPolicy.AUTOMATIC: pgettext("policy", "By itself"),
    }


def does(one: LeadProposal) -> str:
    """What it would do, or did, in a few words."""
    what = one.what
    worth = formats.money(what.value_cents, what.currency) if what.value_cents is not None else ""
    match one.tool:
        case LeadTool.MOVE_LEAD:
            said = _("Move to {stage}").format(stage=one.to_stage.name if one.to_stage else "?")
            return f"{said}: {what.lost_reason}" if what.lost_reason else said
        case LeadTool.CREATE_LEAD:
            said = _("New lead: {title}").format(title=what.title or "")
            return f"{said} · {worth}" if worth else said
        case LeadTool.SET_VALUE:
            return _with_was(_("Value: {value}").format(value=worth), _value(LeadFieldKind.MONEY, what.was, what.currency))
        case LeadTool.SET_FIELD:
            kind = what.kind or LeadFieldKind.TEXT
            shown, was = (_value(kind, value, what.currency) for value in (what.value, what.was))
            return _with_was(f"{what.label or what.key or ''}: {shown}", was)
        case LeadTool.ADD_TAG:
            return _("Add the tag “{tag}”").format(tag=what.tag or "")
        case LeadTool.REMOVE_TAG:
            return _("Take away the tag “{tag}”").format(tag=what.tag or "")
        case LeadTool.ASSIGN:
            return _("Assign to {name}").format(name=what.owner.name if what.owner else "?")
        case LeadTool.FOLLOW_UP:
            day = formats.day(what.due_on) if what.due_on else "?"
            said = _("Follow up on {day}").format(day=day)
            return f"{said}: {what.note}" if what.note else said
        case _:
            return _beside(one.tool, what)


def _beside(tool: LeadTool, what: ProposedChange) -> str:
    """What it would do that is no change of the lead."""
    match tool:
        case LeadTool.SEND_TEMPLATE:
            said = _("Send the template {name}").format(name=what.template or "?")
            filled = " · ".join(f"{name}: {value}" for name, value in (what.values or {}).items())
            return f"{said} ({filled})" if filled else said
        case LeadTool.SEND_FILE:
            return _("Send the file {name}").format(name=what.file or "?")
        case LeadTool.ADD_TO_CADENCE:
            return _("Put into the sequence {name}").format(name=what.cadence or "?")
        case LeadTool.BOOK:
            return _("Book {moment}").format(moment=formats.moment(what.starts_at) if what.starts_at else "?")
        case LeadTool.CANCEL_BOOKING:
            return _("Cancel the appointment")
        case _:
            return ""


def would(one: TrialAction) -> str:
    """What it would have done in a talk with a persona that is tried, and who would have decided."""
    what = one.what
    if one.value_cents is not None:
        what = formats.money(one.value_cents, one.currency)
    elif one.at is not None:
        what = formats.moment(one.at)
    named = tools()[one.tool].name
    named = f"{named}: {what}" if what else named
    match one.state:
        case ProposalState.APPLIED:
            return _("Would have done by itself: {what}").format(what=named)
        case ProposalState.PROPOSED:
            return _("Would have suggested to a colleague: {what}").format(what=named)
        case _:
            return _("Would have done nothing: {what}").format(what=named)


def _value(kind: LeadFieldKind, value: str | None, currency: str) -> str:
    """As one reads it; what the model wrote and the field would not take stands as it was written."""
    try:
        return boards.own_value(kind, value, currency) if value else ""
    except (KeyError, ValueError):
        return value or ""


def _with_was(text: str, was: str) -> str:
    """What a value would be, and what stands there so far."""
    return _("{new} (so far {old})").format(new=text, old=was) if was else text


def sure(confidence: float) -> tuple[str, Tone]:
    """How sure the AI is, in words."""
    if confidence >= 0.9:
        return _("Almost certain"), "ok"
    if confidence >= 0.75:
        return _("Quite sure"), "info"
    return _("Not sure"), "quiet"


def sure_enough() -> Mapping[float, str]:
    """How sure it must be to act by itself."""
    return {0.95: _("Almost certain (95%)"), 0.85: _("Quite sure (85%)"), 0.7: _("Rather sure (70%)")}


def states() -> Mapping[ProposalState, tuple[str, Tone]]:
    return {
        ProposalState.PROPOSED: (pgettext("suggestion", "Waiting"), "warn"),
        ProposalState.APPLIED: (pgettext("suggestion", "Done"), "ok"),
        ProposalState.REFUSED: (pgettext("suggestion", "Refused"), "quiet"),
        ProposalState.UNDONE: (pgettext("suggestion", "Undone"), "quiet"),
        ProposalState.EXPIRED: (pgettext("suggestion", "Out of date"), "quiet"),
        ProposalState.BLOCKED: (pgettext("suggestion", "Held back"), "bad"),
    }


def why(one: ProposalWhy) -> str:
    """Why it was held back, or waits for a person."""
    return {
        ProposalWhy.NOT_OFFERED: _("This board does not let the AI do that."),
        ProposalWhy.MALFORMED: _("What the model wrote makes no sense."),
        ProposalWhy.NO_LEAD: _("There was no open lead to change."),
        ProposalWhy.LEAD_EXISTS: _("There is an open lead already."),
        ProposalWhy.NO_EVIDENCE: _("It named no message that shows it."),
        ProposalWhy.NOT_THEIRS: _("The message that it named is not the customer's."),
        ProposalWhy.QUOTE_MISSING: _("The words that it quoted do not stand in the message."),
        ProposalWhy.NOT_NEW: _("All of it was said before a person decided otherwise."),
        ProposalWhy.UNKNOWN_STAGE: _("This board has no such stage."),
        ProposalWhy.CLOSED_STAGE: _("On this board only people say that a lead is won or lost."),
        ProposalWhy.LOST_REASON_UNKNOWN: _("The board has no such reason for a loss."),
        ProposalWhy.UNKNOWN_FIELD: _("The board has no such field."),
        ProposalWhy.UNKNOWN_TAG: _("The board has no such tag."),
        ProposalWhy.UNKNOWN_PERSON: _("Nobody of the team is called so."),
        ProposalWhy.BAD_VALUE: _("The field does not take such a value."),
        ProposalWhy.VALUE_UNPROVEN: _("The value stands in none of the messages."),
        ProposalWhy.BAD_DATE: _("The day makes no sense."),
        ProposalWhy.ALREADY_SO: _("It was so already."),
        ProposalWhy.IN_CADENCE: _("They are or were in this sequence already."),
        ProposalWhy.OPTED_OUT: _("They asked for no more messages."),
        ProposalWhy.NOT_FREE: _("This time is not free any more."),
        ProposalWhy.NOT_BOOKED: _("There was no appointment."),
        ProposalWhy.CANNOT_SEND: _("The channel takes no free message from us now."),
        ProposalWhy.SENT_BEFORE: _("The same file went to them within a day."),
        ProposalWhy.PEOPLE_ANSWER: _("People answer here, so a person decides."),
        ProposalWhy.DUPLICATE: _("The same was waiting already."),
        ProposalWhy.TOO_MANY: _("It proposed too much at once."),
        ProposalWhy.REFUSED_BY_RULES: _("It could not be done by hand either."),
        ProposalWhy.SPEAKS_TO_MACHINE: _("The customer gives the machine orders, so a person decides."),
        ProposalWhy.LOW_CONFIDENCE: _("It is not sure enough to act by itself."),
        ProposalWhy.BACKWARD: _("It goes back a stage, so a person decides."),
        ProposalWhy.MOVED_BY_PERSON: _("Somebody of the team moved this lead within the last 7 days."),
        ProposalWhy.CHANGED_MEANWHILE: _("The lead changed while the AI was reading."),
        ProposalWhy.SEVERAL_LEADS: _("This person has several leads on the board."),
        ProposalWhy.OVERWRITES: _("It would write over what is there."),
        ProposalWhy.READ_BEFORE: _("The AI had read all of this before: see whether it still holds."),
        ProposalWhy.NEEDS_A_LOOK: _("The customer wrote it in other words: compare them."),
        ProposalWhy.RARELY_KEPT: _("Too much of what it did by itself was undone, so it only suggests for now."),
    }[one]


def who(persona_name: str | None) -> str:
    """Who proposes: the persona that serves the conversation, or the board's AI."""
    return persona_name or _("AI")


def moved_by(persona_name: str | None) -> str:
    return _("Moved by {name}").format(name=persona_name) if persona_name else _("Moved by the AI")
