"""What agents ask the AI for: names, and what came of it in a sentence."""

from api.contract.assists import AssistKind, AssistNote
from ui.i18n import _


def heading(what: AssistKind) -> str:
    """Of the card that shows it."""
    return {
        AssistKind.SUMMARY: _("Summary of the conversation"),
        AssistKind.CUSTOMER: _("The customer in three lines"),
        AssistKind.NEXT: _("Suggested next step"),
        AssistKind.LABELS: _("Suggested labels"),
    }.get(what, _("Suggestion of the AI"))


def note(one: AssistNote, *, text: bool) -> str:
    """What is to be known. `text`: something was written all the same."""
    known = (
        _("Your knowledge does not answer this: the text only asks back.")
        if text
        else _("Your knowledge does not answer this. Write the answer yourself.")
    )
    return {
        AssistNote.NOTHING_KNOWN: known,
        AssistNote.NOTHING_TO_SAY: _("There is nothing to answer here."),
        AssistNote.WANTS_A_PERSON: _("The customer asks for a person: the answer is yours."),
        AssistNote.WITHHELD: _(
            "The text was withheld: it had a price, a link or somebody's data that stands nowhere. Try again."
        ),
        AssistNote.NO_LABELS: _("No label fits, or there are none yet."),
    }[one]
