"""What people are notified of."""

from enum import StrEnum


class NotificationKind(StrEnum):
    """Why a person is called, though they do not look at the page."""

    ASSIGNED = "assigned"  # a conversation became theirs
    WAITS = "waits"  # a conversation waits for a person: the assistant, or a call, got no further
    MENTIONED = "mentioned"  # a colleague named them in a note
    CALL = "call"  # somebody on the line waits for them
    LEAD = "lead"  # a rule of a board calls them to a lead
    RULE_STOPPED = "rule_stopped"  # a rule of theirs would have moved a lead in a circle
    CAMPAIGN = "campaign"  # a campaign of theirs ended, or stopped by itself
    IMPORT = "import"  # an import of theirs ended
    NOTICE = "notice"  # news for owners that cannot wait; it is always mailed, too


class NoticeTopic(StrEnum):
    """What news for owners is about."""

    CHANNEL = "channel_notice"
    AI = "ai_notice"
    COST = "cost_notice"
    KOMMO = "kommo_notice"
    WEBHOOK = "webhook_notice"
