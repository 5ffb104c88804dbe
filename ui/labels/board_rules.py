"""Rules of stages in sentences: when one acts, what it does, and what became of it."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from api.contract.board_rules import (
    AddTag,
    Assign,
    Move,
    Notify,
    RemoveTag,
    RuleAction,
    SendTemplate,
    SendText,
    SetDue,
    StageRule,
    WriteNote,
)
from api.contract.enums import RuleOccasion, RunReason, RunState
from ui.components.text import Tone
from ui.i18n import _, ngettext, pgettext

SHOWN = 60  # characters of a text in a sentence


class Names(NamedTuple):
    """What the things that rules name are called now; what is gone is missing."""

    stages: Mapping[UUID, str]
    people: Mapping[UUID, str]
    teams: Mapping[UUID, str]
    templates: Mapping[UUID, str]


def kinds() -> dict[type[RuleAction], str]:
    """What a rule can do."""
    return {
        Assign: _("Give it to somebody"),
        AddTag: _("Add a tag"),
        RemoveTag: _("Take a tag off"),
        SetDue: _("Set when it is due"),
        SendTemplate: _("Send a template"),
        SendText: _("Send a text"),
        WriteNote: _("Write a note"),
        Move: _("Move it to another stage"),
        Notify: _("Notify somebody"),
    }


def occasions() -> dict[RuleOccasion, str]:
    return {
        RuleOccasion.ENTER: _("A card enters the stage"),
        RuleOccasion.STAY: _("A card stays in the stage without a move"),
    }


def occasion(rule: StageRule, names: Names) -> str:
    stage = names.stages.get(rule.stage_id, "…")
    if rule.occasion is RuleOccasion.ENTER:
        return _("When a card enters {stage}").format(stage=stage)
    days = rule.days or 1
    text = ngettext("After {n} day in {stage} without a move", "After {n} days in {stage} without a move", days)
    return text.format(n=days, stage=stage)


def action(one: RuleAction, names: Names) -> str:
    """The second half of the sentence."""
    gone = _("(gone)")
    match one:
        case Assign(team_id=UUID() as team):
            return _("give it to the team {name}, by turns").format(name=names.teams.get(team, gone))
        case Assign():
            return _("give it to {name}").format(name=names.people.get(one.user_id, gone) if one.user_id else gone)
        case AddTag():
            return _("add the tag “{tag}”").format(tag=one.tag)
        case RemoveTag():
            return _("take the tag “{tag}” off").format(tag=one.tag)
        case SetDue(days=0):
            return _("due on the same day")
        case SetDue():
            return ngettext("due {n} day later", "due {n} days later", one.days).format(n=one.days)
        case SendTemplate():
            return _("send the template “{name}”").format(name=names.templates.get(one.template_id, gone))
        case SendText():
            return _("send “{text}”").format(text=short(one.text))
        case WriteNote():
            return _("write the note “{text}”").format(text=short(one.body))
        case Move():
            return _("move it to {stage}").format(stage=names.stages.get(one.stage_id, gone))
        case Notify():
            return _("notify {name}").format(name=names.people.get(one.user_id, gone))


def short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[:SHOWN].rstrip() + "…"


def problem(reason: RunReason) -> str:
    """Why a rule cannot do what it says."""
    known = {
        RunReason.LOOP: _("It was stopped: it moved a card in a circle. Change it so that the card comes to an end."),
        RunReason.PERSON_GONE: _("This person left the team. Choose somebody else."),
        RunReason.TEAM_EMPTY: _("Nobody is in this team, or it is gone."),
        RunReason.TEMPLATE_CHANGED: _("This template changed: it has other places to fill. Open the rule and fill them again."),
        RunReason.TEMPLATE_GONE: _("This template is gone, or no longer approved. Choose another one."),
        RunReason.TEMPLATE_PAUSED: _(
            "WhatsApp paused this template for some hours, because people blocked or reported it. The rule writes again once it is free."
        ),
        RunReason.CHANNEL_GONE: _("This channel is gone, or not connected."),
        RunReason.STRANGER: _(
            "The contact never wrote and never said yes, and a number connected by QR code writes to nobody else."
        ),
        RunReason.STAGE_GONE: _("The stage to which it moves is gone. Choose another one."),
        RunReason.BOARD_ARCHIVED: _("The board is archived, so nothing moves in it."),
    }
    return known.get(reason) or reasons()[reason]


def reasons() -> Mapping[RunReason, str]:
    """Why a rule did nothing for a card."""
    return {
        RunReason.ALREADY_SO: _("It was so already."),
        RunReason.ALREADY_WRITTEN: _("This rule wrote to the contact within the last day, so not again."),
        RunReason.BOARD_ARCHIVED: _("The board was archived."),
        RunReason.CHANNEL_GONE: _("The channel was not connected."),
        RunReason.ERROR: _("It failed on our side several times."),
        RunReason.LANDLINE: _("The number is a landline."),
        RunReason.LEAD_GONE: _("The card was deleted before."),
        RunReason.LOOP: _("Stopped: it would have moved the card in a circle."),
        RunReason.LOST_REASON_MISSING: _("It did not say why the card is lost."),
        RunReason.MOVED_ON: _("Somebody moved the card on before."),
        RunReason.NO_ADDRESS: _("The contact cannot be reached over this channel."),
        RunReason.NO_CONTACT: _("The card has no contact."),
        RunReason.OPTED_OUT: _("The contact asked for no more messages."),
        RunReason.PERSON_GONE: _("The person had left the team."),
        RunReason.REFUSED: _("It was not possible for this card."),
        RunReason.RULE_OFF: _("The rule was off."),
        RunReason.SAMPLE_CONTACT: _("The contact is an example, and only the simulator writes to those."),
        RunReason.STAGE_GONE: _("The stage was gone."),
        RunReason.TEAM_EMPTY: _("Nobody was in the team."),
        RunReason.TEMPLATE_CHANGED: _("The template had changed: it has other places to fill than the rule."),
        RunReason.TEMPLATE_GONE: _("The template was gone, or not approved."),
        RunReason.TEMPLATE_PAUSED: _("WhatsApp had paused the template."),
        RunReason.WINDOW_CLOSED: _("The contact had not written in the last 24 hours, so only templates go."),
    }


def state(value: RunState) -> tuple[str, Tone]:
    return {
        RunState.WAITING: (pgettext("rule", "Waiting"), "info"),
        RunState.DONE: (pgettext("rule", "Done"), "ok"),
        RunState.SKIPPED: (pgettext("rule", "Skipped"), "quiet"),
        RunState.STOPPED: (pgettext("rule", "Stopped"), "warn"),
        RunState.FAILED: (pgettext("rule", "Failed"), "bad"),
    }[value]  # type: ignore[return-value]
