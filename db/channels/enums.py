"""Closed lists of names of channels and templates: pure data for database, API and screens."""

from enum import StrEnum


class ChannelKind(StrEnum):
    WHATSAPP = "whatsapp"  # Meta Cloud API
    SMS = "sms"  # Twilio


class ChannelState(StrEnum):
    CHECKING = "checking"  # the live check has not answered yet
    CONNECTED = "connected"
    PAUSED = "paused"  # until `paused_until`, or until somebody acts when that is empty
    ERROR = "error"  # nothing is sent until it is mended (token, payment, number)


class Quality(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"


class TemplateStatus(StrEnum):
    """Meta's words, lower case (contracts/meta-whatsapp.md 3)."""

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
