"""Words for personas: what they are called on the screen, and what each choice means."""

from collections.abc import Mapping
from typing import NamedTuple

from api.contract.enums import (
    BindingHours,
    EmojiUse,
    GoalKind,
    InactivityMode,
    MissKind,
    ModelPreset,
    OutsideHours,
    PersonaLanguage,
    PersonaMode,
    PersonaState,
    RuleCheck,
    RuleKind,
    StartingPersona,
    Tone,
    ToolPolicy,
    TurnReason,
)
from ui.components.text import Tone as Colour
from ui.i18n import _, pgettext


class Named(NamedTuple):
    name: str
    text: str


def states() -> Mapping[PersonaState, tuple[str, Colour]]:
    return {
        PersonaState.DRAFT: (pgettext("persona", "Not published"), "quiet"),
        PersonaState.LIVE: (pgettext("persona", "Live"), "ok"),
        PersonaState.PAUSED: (pgettext("persona", "Paused"), "warn"),
    }


def modes() -> Mapping[PersonaMode, Named]:
    return {
        PersonaMode.SUGGEST: Named(
            pgettext("persona", "Suggests"), _("It writes drafts into the conversation. A colleague reads and sends them.")
        ),
        PersonaMode.AUTO: Named(
            pgettext("persona", "Answers"), _("It answers by itself, and calls a colleague where it should.")
        ),
    }


def starting() -> Mapping[StartingPersona, Named]:
    return {
        StartingPersona.SALES: Named(_("Sales"), _("Finds out what somebody needs, suggests what fits, and hands the order to the team.")),
        StartingPersona.SUPPORT: Named(_("Support"), _("Solves questions step by step, and says frankly when it does not know.")),
        StartingPersona.SCHEDULING: Named(_("Scheduling"), _("Offers free times, repeats them in one line, and books after a clear yes.")),
        StartingPersona.COLLECTIONS: Named(_("Collections"), _("Reminds with respect, listens first, and never confirms a payment.")),
        StartingPersona.BLANK: Named(pgettext("persona", "Blank"), _("Begin with nothing and write it all yourself.")),
    }  # fmt: skip


def tones() -> Mapping[Tone, str]:
    return {
        Tone.FRIENDLY: pgettext("tone", "Friendly"),
        Tone.FORMAL: pgettext("tone", "Formal"),
        Tone.SHORT: pgettext("tone", "Short and to the point"),
    }


def languages() -> Mapping[PersonaLanguage, str]:
    return {PersonaLanguage.PT_BR: _("Portuguese"), PersonaLanguage.EN: _("English"), PersonaLanguage.ES: _("Spanish")}


def emoji_uses() -> Mapping[EmojiUse, str]:
    return {EmojiUse.NONE: _("No emoji"), EmojiUse.SOME: _("An emoji now and then")}


def goal_kinds() -> Mapping[GoalKind, str]:
    return {
        GoalKind.TEXT: _("Text"),
        GoalKind.NUMBER: _("Number"),
        GoalKind.DATE: _("Date"),
        GoalKind.PHONE: _("Phone"),
        GoalKind.EMAIL: _("E-mail"),
        GoalKind.YES_NO: _("Yes or no"),
    }


def rule_kinds() -> Mapping[RuleKind, str]:
    return {RuleKind.ALWAYS: pgettext("rule", "Always"), RuleKind.NEVER: pgettext("rule", "Never")}


def checks() -> Mapping[RuleCheck | None, str]:
    """What code holds back, whatever the model writes."""
    return {
        None: _("In words only"),
        RuleCheck.PRICES: _("Prices that stand in no source"),
        RuleCheck.DISCOUNTS: _("Discounts that stand in no source"),
        RuleCheck.DATES: _("Dates and times that stand in no source"),
        RuleCheck.PHONES: _("Phone numbers that stand in no source"),
        RuleCheck.LINKS: _("Links to other sites"),
        RuleCheck.PAYMENTS: _("Payments said to be confirmed"),
    }


def policies() -> Mapping[ToolPolicy, str]:
    return {
        ToolPolicy.NEVER: pgettext("policy", "Never"),
        ToolPolicy.SUGGEST: pgettext("policy", "Suggest to a colleague"),
    }


def tools() -> Mapping[str, Named]:
    """By the names of the fields of `Tools`."""
    return {
        "create_lead": Named(_("Make a lead"), _("Puts the conversation on a board.")),
        "move_lead": Named(_("Move a lead"), _("Takes its card to another stage, with the sentence that shows why.")),
        "set_value": Named(_("Set a lead's value"), ""),
        "add_tag": Named(_("Add a tag"), _("One that there is already.")),
        "remove_tag": Named(_("Take a tag away"), ""),
        "assign": Named(_("Assign somebody"), _("A colleague of the team that takes over.")),
        "schedule_follow_up": Named(_("Plan a follow-up"), _("Sets the day of the lead, with a note.")),
        "book_slot": Named(_("Book a time"), _("Only times that the board offers and that are free.")),
        "send_template": Named(_("Send a template"), _("One of those that you allow.")),
        "send_file": Named(_("Send a file"), _("A file that the board allows.")),
        "add_to_cadence": Named(_("Put into a sequence"), _("A sequence that the board allows.")),
    }


def presets() -> Mapping[ModelPreset, Named]:
    return {
        ModelPreset.ECONOMICAL: Named(_("Economical"), _("For simple questions that come often. Costs least.")),
        ModelPreset.BALANCED: Named(_("Balanced"), _("Right for most companies.")),
        ModelPreset.BEST: Named(pgettext("model", "Best"), _("Understands difficult conversations. Costs most.")),
        ModelPreset.CUSTOM: Named(_("A model by name"), _("For who knows which one.")),
    }


def binding_hours() -> Mapping[BindingHours, str]:
    return {
        BindingHours.ALWAYS: _("At any time"),
        BindingHours.OPEN: _("In our office hours"),
        BindingHours.CLOSED: _("Outside our office hours"),
    }


def outside() -> Mapping[OutsideHours, str]:
    return {OutsideHours.SILENT: _("It says nothing, people answer"), OutsideHours.NOTICE: _("It says so once, people answer")}


def inactivity() -> Mapping[InactivityMode, str]:
    return {
        InactivityMode.WAIT: _("Nothing: the conversation waits"),
        InactivityMode.REVIEW: _("A colleague looks at it"),
        InactivityMode.CLOSE: _("The conversation is closed"),
    }


def tool(name: str) -> str:
    """What a tool that was called does; a name that there is not stays."""
    if name == "search_knowledge":
        return _("Search in the knowledge")
    if name == "get_contact":
        return _("Look at the contact")
    return tools()[name].name if name in tools() else name


def misses() -> Mapping[MissKind, str]:
    return {
        MissKind.CONTAINS: _("Does not say"),
        MissKind.NOT_CONTAINS: _("Says"),
        MissKind.CITES: _("Cites a source, or none, against what is expected"),
        MissKind.SOURCES: _("Cites none of these"),
        MissKind.TOOLS: _("Does not use"),
        MissKind.HANDS_OVER: _("Hands over, or not, against what is expected"),
        MissKind.FAILED: _("No answer"),
    }


def failure(why: TurnReason | None) -> str:
    """Why there is no answer, and what to do; None: by our fault."""
    known = {
        TurnReason.NOT_CONNECTED: _("No AI service is connected. Connect one under Settings."),
        TurnReason.KEY_REFUSED: _("The AI service refuses your key. Replace it under Settings."),
        TurnReason.NO_CREDIT: _("Your account at the AI service has no credit. Fill it up there."),
        TurnReason.BUDGET: _("The budget for AI is used up. Raise it under Settings, or wait."),
        TurnReason.MODEL_GONE: _("This model is not there any more. Choose another one."),
        TurnReason.MODEL_DOWN: _("The AI service does not answer. Try again in a moment."),
        TurnReason.MALFORMED: _("The model wrote something that cannot be used. Try again, or choose a better model."),
    }
    return known.get(why, _("No answer came. Try again.")) if why is not None else _("No answer came. Try again.")


def failure_of(code: str) -> str:
    return failure(TurnReason(code)) if code in set(TurnReason) else failure(None)


def reason(why: TurnReason | None) -> str:
    """Why a person would take over."""
    known = {
        TurnReason.ASKED_FOR_PERSON: _("The customer asks for a person"),
        TurnReason.VALUE: _("It is about more money than it may deal with"),
        TurnReason.UNANSWERED: _("No source answers it"),
        TurnReason.MODEL_DECIDED: _("The persona decided so"),
        TurnReason.REFUSED: _("The model refused"),
        TurnReason.LEAK: _("It would have told its instructions"),
        TurnReason.LINK: _("It would have sent a link that is not allowed"),
        TurnReason.UNPROVEN: _("It would have said what no source says"),
        TurnReason.PAYMENT: _("It would have confirmed a payment"),
        TurnReason.PERSONAL: _("It would have told somebody else's data"),
    }
    return known.get(why, "") if why is not None else ""


def handed(code: str) -> str:
    """Why the assistant handed a conversation over, also where that is not kept."""
    known = reason(TurnReason(code)) if code in set(TurnReason) else ""
    return known or _("Other reasons")
