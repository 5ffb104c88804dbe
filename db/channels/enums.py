"""Closed lists of names of channels and templates: pure data for database, API and screens."""

from enum import StrEnum


class ChannelState(StrEnum):
    CHECKING = "checking"  # the live check has not answered yet
    CONNECTED = "connected"
    PAUSED = "paused"  # until `paused_until`, or until somebody acts when that is empty
    ERROR = "error"  # nothing is sent until it is mended (token, payment, number)


class SignupState(StrEnum):
    """How far connecting a number in the provider's own window is."""

    OPEN = "open"  # the window may be open; nothing is known yet
    EXCHANGING = "exchanging"  # the window said yes; we are setting the number up
    CONNECTED = "connected"
    FAILED = "failed"


class Quality(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"


class TemplateStatus(StrEnum):
    """Meta's words, lower case (docs/contracts/meta-whatsapp.md, templates)."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    IN_APPEAL = "in_appeal"
    LIMIT_EXCEEDED = "limit_exceeded"
    ARCHIVED = "archived"
    DELETED = "deleted"


class TemplateCategory(StrEnum):
    MARKETING = "marketing"
    UTILITY = "utility"
    AUTHENTICATION = "authentication"


class TemplateAdvice(StrEnum):
    """What often leads to a refusal, or to readers who block; none of it stops anybody."""

    SHORT_LINK = "short_link"  # an address that hides where it leads
    SELLS = "sells"  # a service message that advertises
    NO_WAY_OUT = "no_way_out"  # marketing that does not say how to stop it
    FEW_WORDS = "few_words"  # for so many places to fill
    SECRETS = "secrets"  # it asks for passwords or cards
    SHOUTS = "shouts"  # mostly capitals
    LONG = "long"


class NoticeCode(StrEnum):
    """What a provider tells about an account, or that it tells nothing any more, closed; how much each matters: `db/channels/notices.py`."""

    ACCOUNT_RESTRICTED = "account_restricted"
    ACCOUNT_VIOLATION = "account_violation"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DISABLE_SCHEDULED = "account_disable_scheduled"
    ACCOUNT_REINSTATED = "account_reinstated"
    ACCOUNT_DELETED = "account_deleted"
    ACCOUNT_CHANGED = "account_changed"
    APP_REMOVED = "app_removed"
    APP_ADDED = "app_added"
    REVIEW_REJECTED = "review_rejected"
    REVIEW_APPROVED = "review_approved"
    REVIEW_PENDING = "review_pending"
    ALERT = "alert"
    ALERT_ENDED = "alert_ended"
    HINT = "hint"
    NAME_REJECTED = "name_rejected"
    NAME_APPROVED = "name_approved"
    NAME_PENDING = "name_pending"
    PIN_CHANGED = "pin_changed"
    PIN_RESET_REQUESTED = "pin_reset_requested"
    QUALITY_DROPPED = "quality_dropped"
    QUALITY_RECOVERED = "quality_recovered"
    LIMIT_CHANGED = "limit_changed"
    TEMPLATE_REJECTED = "template_rejected"
    TEMPLATE_PAUSED = "template_paused"
    TEMPLATE_DISABLED = "template_disabled"
    TEMPLATE_APPROVED = "template_approved"
    TEMPLATE_MOVED = "template_moved"
    TEMPLATE_DISLIKED = "template_disliked"
    TEMPLATE_LIKED = "template_liked"
    FLOW_BLOCKED = "flow_blocked"
    FLOW_CHANGED = "flow_changed"
    HISTORY_SYNCED = "history_synced"
    HISTORY_DECLINED = "history_declined"
    ADDRESS_BOOK_SYNCED = "address_book_synced"
    OUTAGE = "outage"
    SESSION_ENDED = "session_ended"  # of numbers that a phone connected by a code
    SESSION_ELSEWHERE = "session_elsewhere"
    SESSION_BANNED = "session_banned"
    SESSION_RESTRICTED = "session_restricted"
    SESSION_OUTDATED = "session_outdated"
    SESSION_AWAY = "session_away"
    SESSION_QUIET = "session_quiet"
    SESSION_BACK = "session_back"
    STOPS_RISING = "stops_rising"  # what follows is found here, before the provider acts
    FAILURES_RISING = "failures_rising"
    RATES_NORMAL = "rates_normal"
    TEMPLATE_QUALITY_DROPPED = "template_quality_dropped"
    TEMPLATE_QUALITY_RECOVERED = "template_quality_recovered"


class HealthAdvice(StrEnum):
    """What to do for a number's reputation."""

    QUALITY_RED = "quality_red"
    QUALITY_YELLOW = "quality_yellow"
    ASK_FIRST = "ask_first"  # many ask for no more
    CLEAN_LIST = "clean_list"  # many numbers fail
    LIMIT_NEAR = "limit_near"
