"""Closed lists of names of the connection to Kommo: pure data for database, API and screens."""

from enum import StrEnum


class KommoWay(StrEnum):
    """How we are let in."""

    TOKEN = "token"  # noqa: S105 - a long-lived one, pasted
    OAUTH = "oauth"  # a pair that is renewed
    SANDBOX = "sandbox"  # the simulator plays Kommo


class KommoState(StrEnum):
    CHECKING = "checking"
    READY = "ready"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - no password
    BLOCKED = "blocked"  # Kommo answers nobody from here
    UNPAID = "unpaid"
    FAILED = "failed"  # it was not reached, or answered what is not understood


class KommoHookState(StrEnum):
    """Whether Kommo tells us what happens there."""

    OFF = "off"  # nothing is taken over
    ON = "on"
    REFUSED = "refused"  # the token is no admin's, or the plan has no webhooks


class KommoTaskKind(StrEnum):
    PUSH_CONTACT = "push_contact"
    PUSH_LEAD = "push_lead"
    PUSH_NOTE = "push_note"
    TAKE_CONTACT = "take_contact"
    TAKE_LEAD = "take_lead"


class KommoTaskState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"  # Kommo may have taken it; looked up before it is repeated
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class KommoLinkKind(StrEnum):
    CONTACT = "contact"
    LEAD = "lead"


class KommoNotice(StrEnum):
    """What the owners are told of."""

    TOKEN_REFUSED = "token_refused"  # noqa: S105 - no password
    BLOCKED = "blocked"
    UNPAID = "unpaid"
