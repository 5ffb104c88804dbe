"""Closed lists of names of conversations: pure data for database, API and screens."""

from enum import StrEnum


class ConversationState(StrEnum):
    OPEN = "open"
    SNOOZED = "snoozed"  # comes back by itself, or when the person writes
    CLOSED = "closed"  # opens again when the person writes


class ConversationView(StrEnum):
    """The lists of an inbox."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    UNREAD = "unread"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    ALL = "all"
    WAITING = "waiting"  # for an answer, who waits longest first


class Priority(StrEnum):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class LineKind(StrEnum):
    """What was done with a conversation, as a line between its messages."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    SNOOZED = "snoozed"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    TEAM = "team"  # no name: it has no team any more
    PRIORITY = "priority"
    LABELED = "labeled"
    UNLABELED = "unlabeled"
    OPTED_OUT = "opted_out"  # what: how it was said (keyword, provider, person, import, api)
    OPTED_IN = "opted_in"
    HANDED_OVER = "handed_over"  # by the assistant to people; what: why, a TurnReason
    TAKEN_OVER = "taken_over"  # by a person from the assistant; what: its name
    GIVEN_BACK = "given_back"  # to the assistant; what: its name
    ASSISTANT_STOPPED = "assistant_stopped"  # it did not answer; what: why, a TurnReason
    ESCALATED = "escalated"  # somebody on the line wants a person; what: why
    PUT_THROUGH = "put_through"  # what became of it; what: a TransferOutcome, whom: who took it
    MERGED = "merged"  # what: how the other contact was called that turned out to be this person


class AssignmentStrategy(StrEnum):
    """Who of a team gets a conversation that opens and has nobody."""

    MANUAL = "manual"
    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"
