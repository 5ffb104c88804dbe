"""Sentences of sequences that more than one screen says: states, why somebody left, what a step does."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from api.contract.cadences import (
    Branch,
    Condition,
    FieldEquals,
    LeadInStage,
    Replied,
    Send,
    Step,
    Tagged,
    Wait,
    WaitUntil,
    WasRead,
)
from api.contract.enums import CadenceState, EnrolmentState, EntrySource, StopReason
from ui.components.text import Tone
from ui.i18n import _, ngettext
from ui.labels import conversations as conversation_labels


class Names(NamedTuple):
    """What a plan speaks of by id or key, as people know it."""

    channels: Mapping[UUID, str]
    templates: Mapping[UUID, str]
    tags: Mapping[UUID, str]
    fields: Mapping[str, str]
    stages: Mapping[UUID, str]


def state(value: CadenceState) -> tuple[str, Tone]:
    return {
        CadenceState.DRAFT: (_("Draft"), "quiet"),
        CadenceState.RUNNING: (_("Running"), "ok"),
        CadenceState.PAUSED: (_("Paused"), "warn"),
        CadenceState.ENDED: (_("Ended"), "quiet"),
    }[value]  # type: ignore[return-value]


def standing(value: EnrolmentState, reason: StopReason | None, *, unsent: bool = False) -> tuple[str, Tone]:
    if unsent:
        return _("Waits for the message to leave"), "info"
    if value is EnrolmentState.ACTIVE:
        return _("On the way"), "info"
    if value is EnrolmentState.DONE or reason is None:
        return _("Came to the end"), "ok"
    return stops()[reason], "quiet"


def enrolment_states() -> dict[str, str]:
    return {
        EnrolmentState.ACTIVE.value: _("On the way"),
        EnrolmentState.DONE.value: _("Came to the end"),
        EnrolmentState.STOPPED.value: _("Left before"),
    }


def source(value: EntrySource) -> str:
    return {
        EntrySource.PERSON: _("by hand"),
        EntrySource.API: _("by a program"),
        EntrySource.RULE: _("by itself"),
        EntrySource.HOOK: _("by an incoming webhook"),
        EntrySource.AI: _("by the AI of a board"),
    }[value]


def stops() -> dict[StopReason, str]:
    return {
        StopReason.REPLIED: _("Answered"),
        StopReason.OPTED_OUT: _("Asked for no more messages"),
        StopReason.CONVERTED: _("Reached the goal"),
        StopReason.PERSON: _("Taken out by somebody"),
        StopReason.CADENCE_ENDED: _("The sequence ended"),
        StopReason.CONTACT_GONE: _("Contact deleted"),
        StopReason.MERGED: _("Became one with another contact in it"),
    }


def weekdays() -> dict[int, str]:
    return dict(enumerate((_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))))


def span(minutes: int) -> str:
    if minutes % 1440 == 0:
        return ngettext("{n} day", "{n} days", minutes // 1440).format(n=minutes // 1440)
    if minutes % 60 == 0:
        return ngettext("{n} hour", "{n} hours", minutes // 60).format(n=minutes // 60)
    return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)


def condition(one: Condition, names: Names) -> str:
    gone = _("(gone)")
    match one:
        case Replied():
            return _("Did they answer?")
        case WasRead():
            return _("Did they read the last message?")
        case Tagged(tag_id=tag_id):
            return _("Do they have the tag “{name}”?").format(name=names.tags.get(tag_id, gone))
        case FieldEquals(key=key, value=value):
            return _("Is {field} “{value}”?").format(field=names.fields.get(key, key), value=value)
        case LeadInStage(stage_id=stage_id):
            return _("Is a card of theirs in “{name}”?").format(name=names.stages.get(stage_id, gone))


def never_yes(why: str) -> str:
    """What is said at a question that nobody can answer with a yes."""
    return {
        "left": _(
            "Always “No”: who answers leaves the sequence before. Change that under “Who and when”, or take this question out."
        ),
        "unread": _(
            "Always “No”: nobody learns whether the message before was read. Ask something else, or write over WhatsApp."
        ),
        "unwritten": _("Always “No”: nothing is sent before this question. Put a message above it."),
    }[why]


def step(one: Step, names: Names) -> tuple[str, str, str]:
    """Icon, what it does, more about it."""
    match one:
        case Send(template_id=None, text=str() as text):
            return "sms", _("SMS over {channel}").format(channel=names.channels.get(one.channel_id, _("(gone)"))), text
        case Send():
            name = names.templates.get(one.template_id, _("(gone)")) if one.template_id else ""
            return "chat", _("Message over {channel}").format(channel=names.channels.get(one.channel_id, _("(gone)"))), name
        case Wait(minutes=minutes):
            return "hourglass_empty", _("Wait {time}").format(time=span(minutes)), ""
        case WaitUntil(at=at, days=days):
            return "schedule", _("Wait until {time}").format(time=at), conversation_labels.weekdays(days)
        case Branch():
            return "call_split", condition(one.condition, names), ""
