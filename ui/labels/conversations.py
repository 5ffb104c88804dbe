"""Conversations: names of views, priorities and moments to come back, and what their lines say."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta

from api.contract.assistant import TurnReason
from api.contract.call_queue import TransferOutcome
from api.contract.conversations import (
    AssignmentStrategy,
    Conversation,
    ConversationState,
    ConversationView,
    LastMessage,
    LineKind,
    Priority,
    SystemLine,
)
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, pgettext
from ui.labels import assistant, call_queue
from ui.labels import messages as message_labels


def name_of(one: Conversation) -> str:
    """Whom it is with."""
    if one.group:
        return one.contact_name or _("Group without a name")
    return one.contact_name or formats.phone(one.address)


def tab(view: ConversationView) -> str:
    """The short name that a view is chosen by."""
    return {
        ConversationView.OPEN: pgettext("conversations", "Open"),
        ConversationView.MINE: _("Mine"),
        ConversationView.UNASSIGNED: _("Without owner"),
        ConversationView.UNREAD: pgettext("conversations", "Unread"),
        ConversationView.SNOOZED: pgettext("conversations", "Snoozed"),
        ConversationView.CLOSED: pgettext("conversations", "Closed"),
        ConversationView.ALL: pgettext("conversations", "All"),
        ConversationView.WAITING: pgettext("conversations", "Waiting"),
    }[view]


def blank(view: ConversationView) -> tuple[str, str, str]:
    """Symbol, heading and sentence of a view in which nothing stands."""
    return {
        ConversationView.OPEN: (
            "forum",
            _("No conversation is open"),
            _("When somebody writes to one of your numbers or answers a campaign, the conversation stands here."),
        ),
        ConversationView.MINE: ("inbox", _("Nothing waits for you"), _("Take a conversation that has no owner yet.")),
        ConversationView.UNASSIGNED: ("done_all", _("Every conversation has an owner"), _("New ones stand here until somebody takes them.")),
        ConversationView.UNREAD: ("mark_chat_read", _("Everything is read"), _("What people write next stands here.")),
        ConversationView.WAITING: ("sentiment_satisfied", _("Nobody waits for an answer"), _("Who waits longest stands here first.")),
        ConversationView.SNOOZED: ("snooze", _("Nothing is snoozed"), _("Snooze a conversation, and it comes back when you want it.")),
        ConversationView.CLOSED: ("task_alt", _("Nothing is closed yet"), _("Close a conversation when it is done. It opens again when they write.")),
        ConversationView.ALL: ("forum", _("No conversation yet"), _("When somebody writes to one of your numbers or answers a campaign, the conversation stands here.")),
    }[view]  # fmt: skip


def priority(priority: Priority) -> tuple[str, Tone]:
    return {
        Priority.NONE: (_("No priority"), "quiet"),
        Priority.LOW: (_("Low"), "quiet"),
        Priority.MEDIUM: (_("Medium"), "info"),
        Priority.HIGH: (_("High"), "warn"),
        Priority.URGENT: (_("Urgent"), "bad"),
    }[priority]  # type: ignore[return-value]


def state(one: Conversation) -> str:
    """In a word or two; nothing of one that is open."""
    if one.state is ConversationState.SNOOZED:
        return _("Snoozed until {when}").format(when=formats.moment(one.snoozed_until))
    return _("Closed") if one.state is ConversationState.CLOSED else ""


SOON, LONG = 300, 3600  # seconds of waiting from which on it is said, and marked, where the company has no target
NEAR = 1800  # seconds before it is too late: more than half of a long target is no alarm


def waiting(one: Conversation, now: datetime) -> tuple[str, Tone]:
    """How long they wait, and how that is: warn when it is soon too late by the company's target, bad when it is. Nothing when nobody waits."""
    if one.waiting_since is None or one.state is not ConversationState.OPEN:
        return "", "quiet"
    waits = (now - one.waiting_since).total_seconds()
    text = _("waits {time}").format(time=formats.duration(waits))
    if one.answer_due_at is None:
        return (text if waits >= SOON else ""), ("warn" if waits >= LONG else "quiet")
    target = (one.answer_due_at - one.waiting_since).total_seconds()
    soon = min(target / 2, NEAR)
    return text, "bad" if waits > target else "warn" if waits > target - soon else "quiet"


def times(one: Conversation) -> str:
    """How long the first answer took, and until it was closed."""
    if one.resolution_seconds is not None and one.state is ConversationState.CLOSED:
        return _("closed after {time}").format(time=formats.duration(one.resolution_seconds))
    if one.first_reply_seconds is not None:
        return _("first answer after {time}").format(time=formats.duration(one.first_reply_seconds))
    return ""


def preview(last: LastMessage | None) -> str:
    """The last message in a line."""
    if last is None:
        return ""
    return " ".join(last.text.split()) or message_labels.message_kind(last.kind)[0] or _("Message without text")


def snoozes(now: datetime) -> list[tuple[str, datetime]]:
    """When a conversation may come back: (name, moment), in the company's zone."""
    local = now.astimezone(formats.zone())
    tomorrow, monday = local.date() + timedelta(days=1), local.date() + timedelta(days=7 - local.weekday())

    def morning(day: object) -> datetime:
        return datetime.combine(day, time(9), formats.zone()).astimezone(UTC)  # type: ignore[arg-type]

    return [
        (_("In one hour"), now + timedelta(hours=1)),
        (_("In three hours"), now + timedelta(hours=3)),
        (_("Tomorrow morning"), morning(tomorrow)),
        (_("Monday morning"), morning(monday)),
    ]


def line(one: SystemLine) -> str:
    """What was done to a conversation, in a sentence."""
    by, whom, what = one.by.name if one.by else "", one.whom.name if one.whom else "", one.what or ""
    if one.kind is LineKind.PRIORITY and what in set(Priority):
        what = priority(Priority(what))[0]
    if one.kind is LineKind.SNOOZED and what:
        what = formats.moment(datetime.fromisoformat(what))
    if one.kind in {LineKind.HANDED_OVER, LineKind.ASSISTANT_STOPPED}:
        why = assistant.reason(TurnReason(what)) if what in set(TurnReason) else _("it stopped")
        said = (
            _("The assistant handed over: {reason}") if one.kind is LineKind.HANDED_OVER else _("The assistant stopped: {reason}")
        )
        return said.format(reason=why)
    if one.kind is LineKind.OPTED_OUT:
        return _opted_out(by, what)
    if one.kind is LineKind.PUT_THROUGH:
        return _put_through(whom, what)
    sentences = {
        LineKind.OPENED: (_("Opened by {by}"), _("Conversation opened")),
        LineKind.CLOSED: (_("Closed by {by}"), _("Conversation closed")),
        LineKind.REOPENED: (_("Opened again by {by}"), _("Opened again")),
        LineKind.SNOOZED: (_("Snoozed by {by} until {what}"), _("Snoozed until {what}"))
        if what
        else (_("Snoozed by {by}"), _("Snoozed")),
        LineKind.ASSIGNED: (_("{by} gave this to {whom}"), _("Given to {whom}")),
        LineKind.UNASSIGNED: (_("{by} took the owner away"), _("Has no owner any more")),
        LineKind.TEAM: (_("{by} chose the team {what}"), _("Team: {what}"))
        if what
        else (_("{by} took the team away"), _("No team any more")),
        LineKind.PRIORITY: (_("{by} changed the priority: {what}"), _("Priority: {what}")),
        LineKind.LABELED: (_("{by} added the label {what}"), _("Label added: {what}")),
        LineKind.UNLABELED: (_("{by} removed the label {what}"), _("Label removed: {what}")),
        LineKind.TAKEN_OVER: (_("{by} took over from {what}"), _("People took over from {what}")),
        LineKind.GIVEN_BACK: (_("{by} gave this back to {what}"), _("Given back to {what}")),
        LineKind.OPTED_IN: (_("{by} allowed messages again"), _("Wants to receive messages again")),
        LineKind.ESCALATED: (_("Asked for a person: {what}"), _("Asked for a person: {what}"))
        if what
        else (_("Asked for a person"), _("Asked for a person")),
        LineKind.MERGED: (_("{by} joined this with the contact {what}"), _("Joined with the contact {what}"))
        if what
        else (_("{by} joined this with another contact"), _("Joined with another contact")),
    }
    own = one.kind is LineKind.ASSIGNED and one.by is not None and one.by == one.whom
    text = _("{by} took this conversation") if own else sentences[one.kind][0 if by else 1]
    return text.format(by=by, whom=whom or _("Somebody who left"), what=what)


def _put_through(whom: str, what: str) -> str:
    """What became of the wish for a person in a call."""
    if what not in set(TransferOutcome):
        return _("Asked for a person")
    end = TransferOutcome(what)
    if end is TransferOutcome.CONNECTED and whom:
        return _("Put through to {whom}").format(whom=whom)
    return call_queue.outcome(end)[0]


def _opted_out(by: str, how: str) -> str:
    """Who does not want messages any more, and how it was said."""
    if by:
        return _("{by} noted that no more messages are wanted").format(by=by)
    return {
        "keyword": _("Asked for no more messages"),
        "provider": _("Switched messages off in the app"),
        "import": _("No more messages, by an import"),
    }.get(how, _("No more messages are wanted"))


LABEL_COLORS = (
    "#2f6f4f", "#178a99", "#2a6fb0", "#5b5bd6", "#8a4fc0", "#b83280", "#c2504f", "#c2571a", "#a87a0b", "#5a6472",
)  # fmt: skip
"""What is offered; each is told from the others, and stands out on light and dark."""


def color_name(color: str) -> str:
    """How a colour of a label is called; what is none of ours by its digits."""
    names = (
        _("Green"), _("Teal"), _("Blue"), _("Indigo"), _("Violet"), _("Pink"), _("Red"), _("Orange"), _("Amber"), _("Gray"),
    )  # fmt: skip
    return dict(zip(LABEL_COLORS, names, strict=True)).get(color, color)


def label_suggestions() -> list[tuple[str, str]]:
    """Labels to begin with: (name, colour)."""
    return [
        (pgettext("label", "Question"), LABEL_COLORS[2]),
        (_("Exchange or return"), LABEL_COLORS[8]),
        (_("Complaint"), LABEL_COLORS[6]),
    ]


def quick_reply_suggestion() -> tuple[str, str]:
    """A quick reply to begin with: (shortcut, text)."""
    return pgettext("shortcut", "hours"), _("We are open from Monday to Friday, 9 am to 6 pm. 😊")


def weekdays(numbers: Collection[int]) -> str:
    """Monday to Friday, Sunday: three or more that follow one another in short."""
    runs: list[list[int]] = []
    for day in sorted(numbers):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = []
    for run in runs:
        if len(run) > 2:
            said.append(_("{first} to {last}").format(first=weekday(run[0]), last=weekday(run[-1])))
        else:
            said += [weekday(day) for day in run]
    text = ", ".join(said)
    return formats.sentence(text.lower()) if formats.locale().startswith("pt") else text  # days are small there


def weekday(number: int) -> str:
    """Monday is 0."""
    return (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))[number]


def strategy(one: AssignmentStrategy) -> tuple[str, str]:
    """Name, and what it does in plain words."""
    return {
        AssignmentStrategy.MANUAL: (
            _("Nobody by itself"),
            _("It stands under “Without owner” until somebody of the team takes it."),
        ),
        AssignmentStrategy.ROUND_ROBIN: (
            _("In turns"),
            _("One after the other gets one: whoever has waited longest for one is next."),
        ),
        AssignmentStrategy.LEAST_BUSY: (
            _("Who has least to do"),
            _("Whoever has the fewest open conversations gets it."),
        ),
    }[one]
