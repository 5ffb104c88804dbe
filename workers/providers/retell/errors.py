"""Retell's refusals, and how a call ended, each with what it means here. Source: retell-sdk 6.2.13 (`disconnection_reason`).

Refusals carry no code of their own: the HTTP status is one. Ends that nobody here knows are faults: the call is over, and nobody spoke.
"""

from typing import NamedTuple

import msgspec

from db import storable
from db.messages.enums import CallOutcome as C
from db.messages.reasons import FailureReason as R
from db.redact import redact
from workers.outcomes import OptedOut, OptOutScope, PauseChannel, Refusal, Rejected, RetryAfter, Scope, Unknown
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
ENDS: dict[tuple[str, ...], End] = {
    (
        "user_hangup",
        "agent_hangup",
        "inactivity",
        "max_duration_reached",
        "call_take_over",
        "manual_stopped",
        "transfer_cancelled",
    ): End(C.ANSWERED),
    ("call_transfer", "transfer_bridged"): End(C.TRANSFERRED),
    ("user_requested_callback",): End(C.CALLBACK_WANTED),
    ("user_requested_dnc",): End(C.OPTED_OUT),
    ("voicemail_reached",): End(C.VOICEMAIL, R.CALL_MACHINE),
    ("ivr_reached",): End(C.MENU, R.CALL_MACHINE),
    ("dial_no_answer",): End(C.NO_ANSWER, R.CALL_UNANSWERED),
    ("dial_busy",): End(C.BUSY, R.CALL_BUSY),
    ("user_declined",): End(C.REFUSED, R.CALL_REFUSED),
    ("invalid_destination",): End(C.WRONG_NUMBER, R.INVALID_NUMBER),
    ("marked_as_spam", "network_blocked"): End(C.BLOCKED, R.CARRIER_FILTERED),
    ("dial_failed", "telephony_provider_unavailable", "sip_routing_error"): End(C.NO_LINE, R.CALL_FAULT),
    ("telephony_provider_permission_denied",): End(C.NO_LINE, R.COUNTRY_BLOCKED),
    ("concurrency_limit_reached", "no_concurrency_fallback"): End(C.NO_LINE, R.CALL_FAULT),
    ("no_valid_payment", "credit_exhausted", "budget_reached"): End(C.NO_CREDIT, R.PAYMENT, 402),
    ("scam_detected",): End(C.BLOCKED, R.ACCOUNT_LOCKED, 403),
}
BY_REASON: dict[str, End] = {reason: end for reasons, end in ENDS.items() for reason in reasons}
UNSPOKEN = End(C.CANCELLED, R.CALL_ENDED)
"""It was stopped before anybody answered."""


def end_of(reason: str, *, connected: bool, voicemail: bool | None) -> End:
    """What Retell's word for the end of a call means. `voicemail`: what its analysis heard, once there is one."""
    end = BY_REASON.get(reason, FAULT)
    if end.outcome is C.ANSWERED and not connected:
        return UNSPOKEN
    return BY_REASON["voicemail_reached"] if end.outcome is C.ANSWERED and voicemail else end


class RetellError(msgspec.Struct, frozen=True):
    """The body of a refused call."""

    status: str
    message: str = ""


_decoder = msgspec.json.Decoder(RetellError, strict=False)


def outcome_for(code: int, message: str = "") -> Refusal:
    """What the sender must do about a refusal, by its HTTP status."""
    known = TABLE.get(code, Rejected(R.BAD_REQUEST))
    return msgspec.structs.replace(known, code=storable.int4(code), message=redact(storable.text(message, 2000))[:500])


def classify(answer: Answer) -> Refusal | Unknown:
    """The outcome of an answer that is no usable 2xx. A 4xx in Retell's form: no call was made. A key that was used for another request
    proves that a call may be there; 5xx and everything else prove nothing."""
    if not 400 <= answer.status < 500:
        return Unknown(f"HTTP {answer.status}")
    try:
        error = _decoder.decode(answer.body)
    except (ValueError, RecursionError):
        if answer.status != 429:
            return Unknown(f"HTTP {answer.status} without the provider's words")
        error = RetellError("error")
    words = error.message.lower()
    if "idempotency" in words:
        return Unknown("the key of this attempt was used for another request")
    if answer.status == 400 and ("do_not_call" in words or "do not call" in words):
        return OptedOut(OptOutScope.SENDER, 400, redact(storable.text(error.message, 2000))[:500])
    if answer.status == 400 and "to_number" in words:
        return Rejected(R.INVALID_NUMBER, 400, redact(storable.text(error.message, 2000))[:500])
    outcome = outcome_for(answer.status, error.message)
    return msgspec.structs.replace(outcome, seconds=answer.retry_after) if isinstance(outcome, RetryAfter) else outcome
