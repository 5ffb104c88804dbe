"""Closed lists of names of costs: pure data for database, API and screens."""

from enum import StrEnum


class RateCategory(StrEnum):
    """What a provider bills by."""

    MARKETING = "marketing"
    UTILITY = "utility"
    AUTHENTICATION = "authentication"
    SERVICE = "service"  # an answer in free text
    SMS = "sms"  # one segment


class CapScope(StrEnum):
    """What a limit is for."""

    CAMPAIGN = "campaign"
    MONTH = "month"  # all that the company sends, by the calendar of its zone


class CostNotice(StrEnum):
    """What the owners are told of the month's limit."""

    NEARLY = "nearly"
    REACHED = "reached"
