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


class FigurePage(StrEnum):
    """Pages of figures, as a view names the one it is of."""

    DASHBOARD = "dashboard"
    OVERVIEW = "overview"
    CONVERSATIONS = "conversations"
    PEOPLE = "people"
    BOARDS = "boards"
    ASSISTANT = "assistant"
    CAMPAIGNS = "campaigns"
    CHANNELS = "channels"
    ORIGINS = "origins"
    CONSENT = "consent"
    CALLS = "calls"


class Comparison(StrEnum):
    """What figures stand beside."""

    PREVIOUS = "previous"  # the equal period before
    YEAR = "year"  # the same days a year before
    NONE = "none"


class TileSize(StrEnum):
    SMALL = "small"  # a quarter of the width
    HALF = "half"
    FULL = "full"


class Tile(StrEnum):
    """What can stand on a dashboard: a figure, a chart or a table of one of the pages."""

    WEEK = "week"  # in three sentences
    HAPPENED = "happened"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    FAILED = "failed"
    RECEIVED = "received"
    SPENT = "spent"
    MESSAGE_DAYS = "message_days"
    BY_CHANNEL = "by_channel"
    FAILURES = "failures"
    OPENED = "opened"
    CLOSED = "closed"
    FIRST_ANSWER = "first_answer"
    TIME_TO_CLOSE = "time_to_close"
    WAITING = "waiting"
    TALK_DAYS = "talk_days"
    ANSWER_DAYS = "answer_days"
    HOURS = "hours"
    BY_TEAM = "by_team"
    BY_PERSON = "by_person"
    LEADS_IN = "leads_in"
    LEADS_WON = "leads_won"
    LEADS_LOST = "leads_lost"
    WON_WORTH = "won_worth"
    LEAD_DAYS = "lead_days"
    FUNNEL = "funnel"
    AI_ANSWERED = "ai_answered"
    AI_ALONE = "ai_alone"
    AI_HANDED = "ai_handed"
    AI_COST = "ai_cost"
    AI_DAYS = "ai_days"
    CAMPAIGNS = "campaigns"
    CAMPAIGN_FUNNEL = "campaign_funnel"
    BROUGHT = "brought"
    SAID_NO = "said_no"
    SAID_YES = "said_yes"
    CONSENT_DAYS = "consent_days"
    CALLS = "calls"
    CALLS_ANSWERED = "calls_answered"
    CALL_DAYS = "call_days"


BOARD_TILES = frozenset((Tile.LEADS_IN, Tile.LEADS_WON, Tile.LEADS_LOST, Tile.WON_WORTH, Tile.LEAD_DAYS, Tile.FUNNEL))
"""They show one board."""


class ReportRhythm(StrEnum):
    WEEKLY = "weekly"  # the seven days up to the day before it is sent
    MONTHLY = "monthly"  # on the first of the month, the month before


class ReportMailState(StrEnum):
    """What came of one mail of a report."""

    WAITING = "waiting"
    SENDING = "sending"  # handed to the mail server at this moment
    SENT = "sent"
    SKIPPED = "skipped"  # it was no longer due to this person
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have been sent: it is not sent again by itself


class ReportMailReason(StrEnum):
    """Why a mail was not sent, or nobody knows."""

    NO_RIGHT = "no_right"  # the person may see no figures any more
    UNWANTED = "unwanted"  # the person wants it no more
    GONE = "gone"  # the person left, or the channel was deleted
    REFUSED = "refused"  # by the mailbox or the mail server
    TRIED = "tried"  # the mail server did not take it for hours
    NO_ANSWER = "no_answer"  # the mail server did not say whether it took it


class ConversionKind(StrEnum):
    """What is told of a lead that an ad brought."""

    LEAD = "lead"  # it was made
    WON = "won"


class ConversionConsent(StrEnum):
    """Of whom it is told."""

    SAID_YES = "said_yes"  # who said yes to offers, and took it back since no more
    NOT_REFUSED = "not_refused"  # who refused neither messages nor offers


class ConversionState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    TOLD = "told"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have been told: it is told again under the same id, which counts once


class ConversionReason(StrEnum):
    """Why it was not told."""

    NO_CONSENT = "no_consent"
    OFF = "off"  # it was switched off meanwhile
    GONE = "gone"  # the lead, its conversation or its channel is no longer there
    TOO_OLD = "too_old"  # the network takes what happened within seven days
    REFUSED = "refused"  # by the network: `detail`
    NO_ANSWER = "no_answer"  # the network gave none in two days
