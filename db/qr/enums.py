"""Closed lists of names of sessions: pure data for database, API and screens."""

from enum import StrEnum


class SessionState(StrEnum):
    """Where the connection of a number stands."""

    NEW = "new"  # nobody has scanned its code
    PAIRING = "pairing"  # a code is shown
    OPEN = "open"
    RECONNECTING = "reconnecting"  # it comes back by itself
    REPLACED = "replaced"  # opened elsewhere twice; a person decides
    RESTRICTED = "restricted"  # open, and nobody may be written to first until a moment
    BANNED = "banned"
    LOGGED_OUT = "logged_out"  # the phone took the connection away: the code is scanned again
    OUTDATED = "outdated"  # the platform refuses this version of the engine


ENDED = (SessionState.NEW, SessionState.REPLACED, SessionState.LOGGED_OUT, SessionState.OUTDATED)
"""Nothing opens these by itself."""
ANSWERING = (SessionState.OPEN, SessionState.RESTRICTED)
"""Messages go and come."""


class CodeKind(StrEnum):
    """How a phone lets this connection in."""

    QR = "qr"
    DIGITS = "digits"  # typed in, by who holds the phone and nothing else


class Groups(StrEnum):
    """What becomes of what is said in the groups of a number."""

    IGNORE = "ignore"  # it is kept nowhere
    SHOW = "show"  # each group is a conversation


class Shown(StrEnum):
    """Whether people see the number as online."""

    OFFLINE = "offline"  # never: its phone goes on ringing
    TEAM = "team"  # while somebody of the team has the inbox open


class CloseReason(StrEnum):
    """Why a connection ended, in our words."""

    NETWORK = "network"  # lost, timed out, or the platform is down
    RESTART = "restart"  # asked for by the platform; after every pairing
    CODE_EXPIRED = "code_expired"  # nobody scanned it
    REPLACED = "replaced"
    LOGGED_OUT = "logged_out"
    BANNED_FOR_A_TIME = "banned_for_a_time"
    BANNED = "banned"
    OUTDATED = "outdated"
    ENGINE = "engine"  # a fault of ours
    SILENT = "silent"  # it said that it was open, and nothing came back


class HealthPart(StrEnum):
    """What speaks against a number."""

    YOUNG = "young"
    FEW_REPLIES = "few_replies"  # of campaigns
    FAILURES = "failures"
    UNKNOWN_NUMBERS = "unknown_numbers"  # that are not on WhatsApp
    STOPS = "stops"  # people who asked for no more
    QUOTA = "quota"  # of new conversations, where the platform tells it
    RESTRICTED = "restricted"
    BANNED = "banned"
