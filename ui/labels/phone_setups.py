"""Numbers that are set up for calls: how far one is, and what each step does."""

from api.contract.enums import NumberType, SetupAccess, SetupState, SetupStep, StepState
from ui.components.text import Tone
from ui.i18n import _, pgettext


def state(value: SetupState) -> tuple[str, Tone]:
    names: dict[SetupState, tuple[str, Tone]] = {
        SetupState.CHOOSING: (_("Choose a number"), "info"),
        SetupState.WORKING: (_("Being set up"), "info"),
        SetupState.STOPPED: (_("Waits for you"), "warn"),
        SetupState.DONE: (_("Ready for calls"), "ok"),
        SetupState.UNDOING: (_("Being taken back"), "info"),
    }
    return names[value]


def step_state(value: StepState) -> tuple[str, Tone]:
    names: dict[StepState, tuple[str, Tone]] = {
        StepState.WAITING: (pgettext("step", "Not yet"), "quiet"),
        StepState.DOING: (pgettext("step", "Now"), "info"),
        StepState.DONE: (pgettext("step", "Done"), "ok"),
        StepState.FAILED: (pgettext("step", "Did not work"), "bad"),
        StepState.UNKNOWN: (_("We are looking"), "warn"),
        StepState.UNDOING: (_("Being taken back"), "info"),
    }
    return names[value]


def step(value: SetupStep) -> tuple[str, str]:
    """What it is, and what for."""
    names = {
        SetupStep.NUMBER: (_("Get the number"), _("It is bought at Twilio, or taken from your account.")),
        SetupStep.TRUNK: (_("Lay the line"), _("A trunk at Twilio, over which calls go out and come in.")),
        SetupStep.ACCESS: (_("List who may call"), _("A list at Twilio, so that nobody else calls at your cost.")),
        SetupStep.KEY: (_("Put the agents on the list"), _("With a password of their own, or by their addresses.")),
        SetupStep.GRANT: (_("Lock the line with the list"), _("Only who is on the list calls over it.")),
        SetupStep.ORIGINATION: (_("Lead calls to the agent"), _("Who calls the number reaches Retell.")),
        SetupStep.ATTACH: (_("Connect the number to the line"), _("From now on its calls go over the trunk.")),
        SetupStep.IMPORT: (_("Make the number known at Retell"), _("The agent that you chose speaks there.")),
        SetupStep.CHANNEL: (_("Make it a channel"), _("Your team calls and is called over it.")),
    }
    return names[value]


def undoing(value: SetupStep, *, ours: bool) -> str:
    """What taking a step back does."""
    if value is SetupStep.CHANNEL:
        return _("The channel goes away. What was said in calls stays.")
    if not ours:
        return _("It was there before, so it stays at the provider.")
    if value is SetupStep.NUMBER:
        return _("The number is given back. You may not get it again, and it costs nothing from then on.")
    return _("It is deleted at the provider. It can be made again.")


def number_type(value: NumberType) -> str:
    return {
        NumberType.LOCAL: _("Landline number"),
        NumberType.MOBILE: _("Mobile number"),
        NumberType.TOLL_FREE: _("Toll-free number"),
    }[value]


def access(value: SetupAccess) -> str:
    return {
        SetupAccess.CREDENTIALS: _("By a password that we make"),
        SetupAccess.ADDRESSES: _("By Retell's addresses"),
    }[value]
