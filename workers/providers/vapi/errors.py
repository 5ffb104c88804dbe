"""VAPI's refusals, and how a call ended, each with what it means here. Source: vapi_server_sdk 3.0.0 (`CallEndedReason`, 604 values).

Ends are told by patterns: new ones come every week. What nobody here knows is a fault: the call is over, and nobody spoke.
"""

import re
from typing import NamedTuple

import msgspec

from db import storable
from db.messages.enums import CallOutcome as C
from db.messages.reasons import FailureReason as R
from db.redact import redact
from db.transfers.enums import TransferOutcome as Out
from workers.outcomes import PauseChannel, Refusal, Rejected, RetryAfter, Scope, Unknown
from workers.providers.wire import Answer

TABLE: dict[int, Refusal] = {
    400: Rejected(R.BAD_REQUEST),
    401: PauseChannel(R.TOKEN_INVALID, scope=Scope.ACCOUNT),
    402: PauseChannel(R.PAYMENT, scope=Scope.ACCOUNT),
    403: PauseChannel(R.PERMISSION, scope=Scope.ACCOUNT),
    404: PauseChannel(R.SENDER_INVALID),
    422: Rejected(R.BAD_REQUEST),
    429: RetryAfter(None, R.THROUGHPUT, scope=Scope.CHANNEL),
}


class End(NamedTuple):
    """`reason`: why the message counts as failed; None: somebody was spoken to. `code`: the refusal that it stands for."""

    outcome: C
    reason: R | None = None
    code: int | None = None


FAULT = End(C.FAULT, R.CALL_FAULT)
ENDS: tuple[tuple[str, End], ...] = (
    (
        r"assistant-forwarded-call|call\.ringing\.hook-executed-transfer|customer-ended-call-after-warm-transfer-attempt",
        End(C.TRANSFERRED),
    ),
    (r"customer-ended-call-(before-warm|during)-transfer", End(C.ANSWERED)),
    (r"voicemail", End(C.VOICEMAIL, R.CALL_MACHINE)),
    (r"customer-busy", End(C.BUSY, R.CALL_BUSY)),
    (r"customer-did-not-answer", End(C.NO_ANSWER, R.CALL_UNANSWERED)),
    (r"customer-did-not-give-microphone-permission", End(C.FAULT, R.CALL_FAULT)),
    (r"manually-canceled|scheduled-call-deleted|call-deleted", End(C.CANCELLED, R.CALL_ENDED)),
    (
        r"twilio-reported-customer-misdialed|.*unallocated-number.*|.*invalid-phone-number.*",
        End(C.WRONG_NUMBER, R.INVALID_NUMBER),
    ),
    (r".*(subscription|credit|payment|insufficient|billing).*", End(C.NO_CREDIT, R.PAYMENT, 402)),
    (r"twilio-failed-to-connect-call|vonage-.*|.*sip.*|.*carrier.*|.*concurrency.*", End(C.NO_LINE, R.CALL_FAULT)),
    (r"customer-ended-call|assistant-(ended-call|said-end-call).*|silence-timed-out|exceeded-max-duration", End(C.ANSWERED)),
    (r"call\.in-progress\.error-transfer-failed|call\.forwarding\.(operator-busy|no-answer)", End(C.ANSWERED)),
)
_ENDS = tuple((re.compile(pattern), end) for pattern, end in ENDS)
UNSPOKEN = End(C.CANCELLED, R.CALL_ENDED)
"""It was stopped before anybody answered."""
TRANSFERS: dict[str, Out] = {
    "connected": Out.CONNECTED,
    "completed": Out.CONNECTED,
    "no-answer": Out.NO_ANSWER,
    "busy": Out.BUSY,
    "voicemail": Out.MACHINE,
    "failed": Out.TRUNK_FAILURE,
    "cancelled": Out.HUNG_UP,
}
"""`artifact.transfers[].status`."""
FAILED_TRANSFERS: dict[str, Out] = {
    "call.forwarding.operator-busy": Out.BUSY,
    "call.forwarding.no-answer": Out.NO_ANSWER,
    "call.in-progress.error-transfer-failed": Out.TRUNK_FAILURE,
}


def end_of(reason: str, *, connected: bool) -> End:
    """What VAPI's word for the end of a call means."""
    end = next((end for pattern, end in _ENDS if pattern.fullmatch(reason)), FAULT)
    return UNSPOKEN if end.outcome is C.ANSWERED and not connected else end


class _Error(msgspec.Struct, frozen=True):
    message: str | list[str]


MAYBE = (408, 409, 425)
"""Said by whatever stands before the provider, too: the call may have been made."""
_decoder = msgspec.json.Decoder(_Error, strict=False)


def outcome_for(code: int, message: str = "") -> Refusal:
    """What the sender must do about a refusal, by its HTTP status."""
    known = TABLE.get(code, Rejected(R.BAD_REQUEST))
    return msgspec.structs.replace(known, code=storable.int4(code), message=redact(storable.text(message, 2000))[:500])


def classify(answer: Answer) -> Refusal | Unknown:
    """The outcome of an answer that is no usable 2xx: a 4xx in VAPI's form made no call, everything else proves nothing."""
    if not 400 <= answer.status < 500 or answer.status in MAYBE:
        return Unknown(f"HTTP {answer.status}")
    try:
        told = _decoder.decode(answer.body).message
    except (ValueError, RecursionError):
        if answer.status != 429:
            return Unknown(f"HTTP {answer.status} without the provider's words")
        told = ""
    words = told if isinstance(told, str) else "; ".join(told)
    if answer.status == 400 and "number" in words.lower() and "e.164" in words.lower():
        return Rejected(R.INVALID_NUMBER, 400, redact(storable.text(words, 2000))[:500])
    outcome = outcome_for(answer.status, words)
    return msgspec.structs.replace(outcome, seconds=answer.retry_after) if isinstance(outcome, RetryAfter) else outcome
