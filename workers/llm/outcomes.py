"""What asking a model can end in: a closed taxonomy, the same for all providers. Asking never raises for trouble outside."""

from collections.abc import Sequence

from msgspec import Struct

from db.ai.enums import BudgetPeriod, BudgetScope, CallResult
from db.ai.errors import CallFailure
from db.ai.ledger import Tokens
from workers.llm.chat import ToolCall

Usage = Tokens


class Made(Struct, frozen=True, kw_only=True):
    """A model ran. `cost`: micro-dollars, None when nobody knows its price; `milliseconds`: of the attempt that answered."""

    usage: Usage = Usage()
    model: str = ""
    request_id: str | None = None
    cost: int | None = None
    milliseconds: int = 0


class Answered(Made, frozen=True):
    """The whole answer; JSON where a schema was given, still to be checked."""

    text: str


class Called(Made, frozen=True):
    """The model asks for tools; `text` may stand beside it."""

    calls: Sequence[ToolCall]
    text: str = ""


class Refused(Made, frozen=True):
    """The model refuses, in its words."""

    text: str = ""


class CutOff(Made, frozen=True):
    """The answer was longer than allowed, or the provider broke off: `text` ends somewhere."""

    text: str = ""


class Filtered(Made, frozen=True):
    """The provider's content filter withheld the question or the answer."""


class TooLong(Struct, frozen=True):
    """More text than the model takes."""

    detail: str = ""


class RateLimited(Struct, frozen=True):
    """Too fast; `retry_after` seconds when the provider says so."""

    retry_after: float | None = None
    detail: str = ""


class NoCredit(Struct, frozen=True):
    """Nothing is answered until somebody pays. The connection has stopped."""

    detail: str = ""


class KeyRefused(Struct, frozen=True):
    """The connection has stopped."""

    detail: str = ""


class ModelGone(Struct, frozen=True):
    """Switched off, or never there for this key."""

    model: str = ""
    detail: str = ""


class Unreachable(Struct, frozen=True):
    """No connection, an address that is not allowed, or a server in trouble. `sent` False: surely nothing left; `cut`: the answer was lost
    on its way, so a model may have run."""

    failure: CallFailure = CallFailure.UNREACHABLE
    detail: str = ""
    sent: bool = True
    cut: bool = False


class TimedOut(Struct, frozen=True):
    """No whole answer in time; the provider may charge for it."""


class Malformed(Struct, frozen=True):
    """An answer that cannot be read, or a question that was not understood: `refused`, by its status."""

    detail: str = ""
    refused: bool = False


class OverBudget(Struct, frozen=True):
    """Nothing was asked: this budget has no room for it before its next period; None: never, in this conversation."""

    scope: BudgetScope
    period: BudgetPeriod | None


class NotConnected(Struct, frozen=True):
    """Nothing was asked: no service is connected, or it cannot do this."""

    failure: CallFailure = CallFailure.NOT_CONNECTED


Trouble = TooLong | RateLimited | NoCredit | KeyRefused | ModelGone | Unreachable | TimedOut | Malformed
Outcome = Answered | Called | Refused | CutOff | Filtered | Trouble | OverBudget | NotConnected


_RESULTS: dict[type, CallResult] = {
    Answered: CallResult.ANSWERED,
    Called: CallResult.CALLED,
    Refused: CallResult.REFUSED,
    CutOff: CallResult.CUT_OFF,
    Filtered: CallResult.FILTERED,
    TooLong: CallResult.TOO_LONG,
    RateLimited: CallResult.RATE_LIMITED,
    NoCredit: CallResult.NO_CREDIT,
    KeyRefused: CallResult.KEY_REFUSED,
    ModelGone: CallResult.MODEL_GONE,
    Unreachable: CallResult.UNREACHABLE,
    TimedOut: CallResult.TIMED_OUT,
    Malformed: CallResult.MALFORMED,
}
_FAILURES: dict[type, CallFailure] = {
    Refused: CallFailure.REFUSED,
    Filtered: CallFailure.FILTERED,
    TooLong: CallFailure.TOO_LONG,
    RateLimited: CallFailure.RATE_LIMITED,
    NoCredit: CallFailure.NO_CREDIT,
    KeyRefused: CallFailure.KEY_REFUSED,
    ModelGone: CallFailure.MODEL_GONE,
    TimedOut: CallFailure.TIMED_OUT,
    Malformed: CallFailure.MALFORMED,
    OverBudget: CallFailure.OVER_BUDGET,
}


def free(outcome: Outcome) -> bool:
    """No model ran, so nobody charges for it."""
    if isinstance(outcome, Unreachable):
        return not outcome.cut
    if isinstance(outcome, Malformed):
        return outcome.refused
    return isinstance(outcome, TooLong | RateLimited | NoCredit | KeyRefused | ModelGone | OverBudget | NotConnected)


def result_of(outcome: Outcome) -> CallResult:
    """As the ledger names an attempt that was made."""
    return _RESULTS[type(outcome)]


def failure_of(outcome: Outcome) -> CallFailure | None:
    """What people are told; None when there is an answer."""
    if isinstance(outcome, Unreachable | NotConnected):
        return outcome.failure
    return _FAILURES.get(type(outcome))
