"""Closed lists of names of the analytics: pure data for database, API and screens."""

from enum import StrEnum


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
