"""The assistant: names of its modes, and why it handed over or stopped, in a sentence."""

from api.contract.assistant import AssistantMode, TurnReason
from ui.i18n import _, pgettext


def mode(one: AssistantMode) -> tuple[str, str]:
    """Name, and what it does in plain words."""
    return {
        AssistantMode.AUTO: (_("Answers by itself"), _("What it writes is sent at once.")),
        AssistantMode.SUGGEST: (_("Only suggests"), _("What it writes waits for you in the field.")),
        AssistantMode.OFF: (pgettext("assistant", "Off"), _("It neither answers nor suggests.")),
    }[one]


def reason(one: TurnReason) -> str:
    """Why it handed over, or stopped."""
    return {
        TurnReason.ASKED_FOR_PERSON: _("the customer asked for a person"),
        TurnReason.VALUE: _("it is about more money than it may deal with"),
        TurnReason.UNANSWERED: _("it found no answer in the knowledge"),
        TurnReason.MODEL_DECIDED: _("it needs a person here"),
        TurnReason.REFUSED: _("the model declined to answer"),
        TurnReason.OUTSIDE_HOURS: _("its hours are over"),
        TurnReason.MAX_TURNS: _("the conversation became too long for it"),
        TurnReason.LEAK: _("its answer would have given its instructions away"),
        TurnReason.LINK: _("its answer had a link that is not allowed"),
        TurnReason.UNPROVEN: _("its answer had a figure that stands in no passage"),
        TurnReason.PAYMENT: _("its answer would have confirmed a payment"),
        TurnReason.PERSONAL: _("its answer had somebody else's data"),
        TurnReason.WINDOW_CLOSED: _("WhatsApp takes no free text any more"),
        TurnReason.OPTED_OUT: _("the customer wants no messages"),
        TurnReason.NO_ADDRESS: _("the customer has no address there"),
        TurnReason.CHANNEL_NOT_CONNECTED: _("the channel is not connected"),
        TurnReason.BUDGET: _("the budget is used up"),
        TurnReason.TOO_MANY_TURNS: _("too many answers within an hour"),
        TurnReason.REPEATED: _("it would have said the same again"),
        TurnReason.TWO_BOTS: _("the other side answers like a machine"),
        TurnReason.MODEL_DOWN: _("the AI service does not answer"),
        TurnReason.NO_CREDIT: _("the AI service has no credit left"),
        TurnReason.KEY_REFUSED: _("the AI service refuses the key"),
        TurnReason.MODEL_GONE: _("the model was switched off"),
        TurnReason.NOT_CONNECTED: _("no AI service is connected"),
        TurnReason.MALFORMED: _("the model answered nonsense"),
        TurnReason.INACTIVE: _("the customer says nothing more"),
        TurnReason.CRASHED: _("its answer was interrupted"),
    }.get(one, _("it stopped"))
