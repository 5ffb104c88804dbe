"""Closed lists of names of the analytics: pure data for database, API and screens."""

from enum import StrEnum


class MessageFact(StrEnum):
    """What a message is counted for. Those that went out count on the day on which they were sent, whatever became of them later."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    FAILED = "failed"
    NO_RESULT = "no_result"
    RECEIVED = "received"


class TalkFact(StrEnum):
    """What a talk is counted for, at the moment when it happened. A talk is one time that a conversation was open."""

    OPENED = "opened"
    REOPENED = "reopened"  # of them, within 24 hours of the end of the one before
    ASSISTED = "assisted"  # the assistant's first answer
    ANSWERED = "answered"  # people's first answer, here or over the API
    PHONED = "phoned"  # people's first answer, on a phone
    CLOSED = "closed"
    CLOSED_ALONE = "closed_alone"  # of them, answered by the assistant and never by people
    HANDED = "handed"  # the assistant asked for people


class LeadFact(StrEnum):
    """What a stay of a lead in a stage is counted for."""

    ENTERED = "entered"  # came onto the board
    ARRIVED = "arrived"  # came into a stage
    MOVED = "moved"  # left a stage
    WON = "won"  # came into a stage that means won
    LOST = "lost"
    REACHED = "reached"  # came into a stage for the first time
    PASSED = "passed"  # of those of REACHED: came later into another one


class CallFact(StrEnum):
    """What a call is counted for."""

    CALLED = "called"
    TALKED = "talked"  # a person spoke in it


class WhichTouch(StrEnum):
    """Which of the ads and campaigns that somebody answered a lead is counted for."""

    FIRST = "first"
    LAST = "last"  # the newest before the lead was made


class OriginKind(StrEnum):
    """By what leads that somebody brought are told apart."""

    AD = "ad"
    CAMPAIGN = "campaign"
    TEMPLATE = "template"
    NONE = "none"  # people who came by themselves, or leads without a conversation


class Counted(StrEnum):
    """Figures that a summary may speak of."""

    SENT = "sent"
    DELIVERED = "delivered"
    REPLIED = "replied"
    FAILED = "failed"
    RECEIVED = "received"
    OPENED = "opened"
    CLOSED = "closed"
    CLOSED_ALONE = "closed_alone"
    HANDED = "handed"
    LEADS = "leads"


class Cause(StrEnum):
    CAMPAIGN = "campaign"  # one that started in the week: `name`, `people`
    REASON = "reason"  # most of those that failed: `name` is a FailureReason, `people` how many
    CHANNEL = "channel"  # most of the change is on one channel: `name`, `before` and `people`


class AnnotationKind(StrEnum):
    """What stands beside the figures of a day."""

    WRITTEN = "written"  # by somebody
    CAMPAIGN = "campaign"  # one started
    PRICE = "price"  # one of the company's own changed
