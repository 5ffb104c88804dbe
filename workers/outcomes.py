"""What one attempt to send can end in: a closed taxonomy shared by all providers.

The providers' clients return one of these and never raise for trouble on the network; only the send job turns it into
a state of the message, the channel or the campaign. The one line that matters runs between *surely not sent* (may be
tried again) and `Unknown` (may have been sent, is never blindly resent).
"""

import enum
from datetime import datetime, timedelta

import msgspec

from db.clock import now
from db.messages.reasons import FailureReason

PAIR_RATE_BASE = 4  # Meta 131056: "retry after 4^n seconds"
BACKOFF_BASE, BACKOFF_CAP = 2.0, 600.0
SCOPE_FLOOR = {FailureReason.API_RATE: 60.0, FailureReason.QUEUE_FULL: 30.0}  # hourly limits and 4-10 h queues


class Scope(enum.StrEnum):
    """What has to wait: only this message, everything to this person, the sending number, or the whole account."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    CHANNEL = "channel"
    ACCOUNT = "account"


class OptOutScope(enum.StrEnum):
    """What the person refused: marketing from this business, or everything from this sender."""

    MARKETING = "marketing"
    SENDER = "sender"


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The provider took the message and named it. `held`: it waits for a quality check (pacing), not yet sent."""

    provider_id: str
    wa_id: str | None = None
    held: bool = False
    provider_status: str | None = None
    bsuid: str | None = None


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """Surely not sent, and trying again unchanged is useless. `code` is the provider's, None when we refused it."""

    reason: FailureReason
    code: int | None = None
    message: str = ""


class RetryAfter(msgspec.Struct, frozen=True, gc=False):
    """Surely not sent, try again. `seconds` None: the sender's own backoff decides (`retry_delay`)."""

    seconds: float | None
    reason: FailureReason
    code: int | None = None
    scope: Scope = Scope.MESSAGE
    message: str = ""


class PauseChannel(msgspec.Struct, frozen=True, gc=False):
    """Surely not sent; the channel must stop. `seconds` None: until a person has fixed the cause."""

    reason: FailureReason
    code: int | None = None
    seconds: float | None = None
    scope: Scope = Scope.CHANNEL
    message: str = ""

    @property
    def until(self) -> datetime | None:
        """When the pause ends by itself."""
        return None if self.seconds is None else now() + timedelta(seconds=self.seconds)


class StopCampaign(msgspec.Struct, frozen=True, gc=False):
    """Surely not sent; every further message of the campaign would fail alike. `pause`: may go on later unchanged."""

    reason: FailureReason
    code: int | None = None
    pause: bool = False
    message: str = ""


class OptedOut(msgspec.Struct, frozen=True, gc=False):
    """Surely not sent: the person refuses. Goes to the suppression list; never retried."""

    scope: OptOutScope
    code: int | None = None
    message: str = ""


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """May have been sent. Only evidence or the campaign's policy resolves it; `cause` is for the channel's log."""

    cause: str


Outcome = Accepted | Rejected | RetryAfter | PauseChannel | StopCampaign | OptedOut | Unknown
Refusal = Rejected | RetryAfter | PauseChannel | StopCampaign | OptedOut


def reason_of(outcome: Outcome) -> FailureReason | None:
    """The key under which a failure is grouped; None for an accepted message."""
    match outcome:
        case Accepted():
            return None
        case OptedOut():
            return FailureReason.OPTED_OUT
        case Unknown():
            return FailureReason.UNKNOWN_OUTCOME
        case _:
            return outcome.reason


def retry_delay(outcome: RetryAfter, tries: int) -> float:
    """Seconds to wait after the `tries`-th failed attempt (1, 2, ...), without jitter.

    The provider's own figure is a minimum; otherwise powers of two, for the pair rate Meta's 4^n, at most ten minutes.
    """
    base = PAIR_RATE_BASE if outcome.reason is FailureReason.PAIR_RATE else BACKOFF_BASE
    own = min(base ** min(max(tries, 1), 12), BACKOFF_CAP)
    return max(own, outcome.seconds or 0.0, SCOPE_FLOOR.get(outcome.reason, 0.0))
