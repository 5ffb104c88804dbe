"""Twilio's error codes and what each means for the sender.

Source: Twilio "Error and warning dictionary", as kept in the wire contract (section 3; voice codes too). The same
numbers come in the answer (`code`) and later as `ErrorCode` in a status callback. Unknown codes of a 4xx are refused as
`bad_request`: Twilio answered with its own body, so nothing was queued.
"""

import msgspec

from db import storable
from db.messages.reasons import FailureReason as R
from db.redact import redact
from workers.outcomes import (
    OptedOut,
    OptOutScope,
    PauseChannel,
    Refusal,
    Rejected,
    RetryAfter,
    Scope,
    Unknown,
)
from workers.providers.wire import Answer

TABLE: dict[tuple[int, ...], Refusal] = {
    (20003,): PauseChannel(R.TOKEN_INVALID, scope=Scope.ACCOUNT),
    (20404,): Rejected(R.BAD_REQUEST),
    (20429,): RetryAfter(None, R.API_RATE, scope=Scope.ACCOUNT),
    (21211, 21614): Rejected(R.INVALID_NUMBER),
    (21212, 21606, 21603): PauseChannel(R.SENDER_INVALID),
    (21408,): Rejected(R.COUNTRY_BLOCKED),
    (21610,): OptedOut(OptOutScope.SENDER),
    (21608,): Rejected(R.TEST_RECIPIENT),
    (21611,): RetryAfter(None, R.QUEUE_FULL, scope=Scope.CHANNEL),
    (21612,): Rejected(R.BLOCKED),
    (21602,): Rejected(R.BAD_REQUEST),
    (21617,): Rejected(R.TOO_LONG),
    (21620,): Rejected(R.MEDIA),
    (21703, 21704): PauseChannel(R.SENDER_INVALID),
    (30001,): RetryAfter(None, R.QUEUE_FULL, scope=Scope.CHANNEL),
    (30002,): PauseChannel(R.ACCOUNT_LOCKED, scope=Scope.ACCOUNT),
    (30003,): Rejected(R.UNREACHABLE),
    (30004,): Rejected(R.BLOCKED),
    (30005,): Rejected(R.INVALID_NUMBER),
    (30006,): Rejected(R.LANDLINE),
    (30007,): Rejected(R.CARRIER_FILTERED),
    (30008,): RetryAfter(None, R.TEMPORARY),
    (30017, 30022, 30027): RetryAfter(None, R.THROUGHPUT, scope=Scope.CHANNEL),
    (30018, 30023, 30024, 30032, 30034): PauseChannel(R.SENDER_UNREGISTERED),
    (63018,): RetryAfter(None, R.THROUGHPUT, scope=Scope.CHANNEL),
    (13223, 13224, 13225, 13226): Rejected(R.INVALID_NUMBER),
    (13227, 21215): Rejected(R.COUNTRY_BLOCKED),
    (21217, 21214): Rejected(R.INVALID_NUMBER),
    (21210, 21219): Rejected(R.TEST_RECIPIENT),
    (21220,): Rejected(R.CALL_ENDED),
    (32001,): RetryAfter(None, R.THROUGHPUT, scope=Scope.CHANNEL),
    (22005,): Rejected(R.QUEUE_FULL),
}
CODES: dict[int, Refusal] = {code: outcome for codes, outcome in TABLE.items() for code in codes}


class TwilioError(msgspec.Struct, frozen=True):
    """The body of a refused call."""

    code: int
    message: str | None = None
    status: int | None = None


_decoder = msgspec.json.Decoder(TwilioError, strict=False)


def twilio_error(body: bytes) -> TwilioError | None:
    """Twilio's error in an answer, None when the body is not Twilio's."""
    try:
        return _decoder.decode(body)
    except (ValueError, RecursionError):
        return None


def outcome_for(code: int, message: str = "") -> Refusal:
    """What the sender must do about a code, from an answer or a status callback. One that no column holds is kept as none."""
    known = CODES.get(code, Rejected(R.BAD_REQUEST))
    return msgspec.structs.replace(known, code=storable.int4(code), message=redact(storable.text(message, 2000))[:500])


def classify(answer: Answer) -> Refusal | Unknown:
    """The outcome of an answer that is not a usable 2xx.

    429 "was not processed" (contract) and a 4xx with Twilio's code: surely not sent. Any 5xx, even with a code, and
    everything else is unknown, for the reason given at Meta's `classify`; a lookup can resolve it here.
    """
    if answer.status != 429 and not 400 <= answer.status < 500:
        return Unknown(f"HTTP {answer.status}")
    error = twilio_error(answer.body)
    if error is None and answer.status != 429:
        return Unknown(f"HTTP {answer.status} without a provider code")
    outcome = outcome_for(error.code if error else 20429, (error.message if error else None) or "")
    if answer.status == 429 and not isinstance(outcome, RetryAfter):
        outcome = RetryAfter(None, R.API_RATE, outcome.code, Scope.ACCOUNT, outcome.message)
    if isinstance(outcome, RetryAfter):
        return msgspec.structs.replace(outcome, seconds=answer.retry_after)
    return outcome
