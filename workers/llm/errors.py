"""Error codes of OpenAI and of servers that speak its protocol, and what each means for who asks.

Source: OpenAI "Error codes"; Azure "Azure OpenAI error codes" (`DeploymentNotFound`, a number as code); OpenRouter and others (402).
Decided by `error.code`, then `error.type`, then by the status alone: texts change. A refused request was not answered, so nothing is
charged for it. A 403 that does not name the key says nothing about it: one customer's text may have displeased a firewall.
"""

from collections.abc import Callable, Mapping

import msgspec

from db import storable
from db.redact import redact
from workers.llm.outcomes import (
    Filtered,
    KeyRefused,
    Malformed,
    ModelGone,
    NoCredit,
    RateLimited,
    TimedOut,
    TooLong,
    Trouble,
    Unreachable,
)

LONGEST_WAIT = 24 * 3600.0
Meaning = Callable[[str], Trouble | Filtered]


def _too_long(detail: str) -> Trouble:
    return TooLong(detail)


def _filtered(_detail: str) -> Filtered:
    return Filtered()


def _unreachable(detail: str) -> Trouble:
    return Unreachable(detail=detail)


def _gone(detail: str) -> Trouble:
    return ModelGone(detail=detail)


def _refused(detail: str) -> Trouble:
    return Malformed(detail, refused=True)


def _limited(detail: str) -> Trouble:
    return RateLimited(detail=detail)


def _late(_detail: str) -> Trouble:
    return TimedOut()


TABLE: dict[tuple[str, ...], Meaning] = {
    (
        "invalid_api_key", "invalid_organization", "account_deactivated", "organization_deactivated", "mismatched_organization",
        "invalid_issuer", "ip_not_authorized", "unsupported_country_region_territory", "authentication_error", "invalid_token",
        "PermissionDenied", "AuthenticationTypeDisabled",
    ): KeyRefused,
    (
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated", "insufficient_balance",
        "credit_balance_too_low", "payment_required",
    ): NoCredit,
    ("model_not_found", "model_not_available", "model_deprecated", "unsupported_model", "DeploymentNotFound", "deployment_not_found"): _gone,
    ("context_length_exceeded", "string_above_max_length", "array_above_max_length", "max_tokens_exceeded", "request_too_large"): _too_long,
    ("content_filter", "content_policy_violation", "moderation_blocked", "ResponsibleAIPolicyViolation"): _filtered,
    ("rate_limit_exceeded", "slow_down", "RateLimitReached", "TooManyRequests", "tokens", "requests", "tokens_usage_based"): _limited,
    ("server_error", "internal_error", "engine_overloaded", "overloaded_error", "service_unavailable", "InternalServerError"): _unreachable,
    ("timeout", "request_timeout"): _late,
}  # fmt: skip
CODES: dict[str, Meaning] = {code: meaning for codes, meaning in TABLE.items() for code in codes}
STATUSES: dict[int, Meaning] = {
    401: KeyRefused, 402: NoCredit, 403: _gone, 404: _gone, 408: _late, 413: _too_long, 429: _limited, 504: _late,
}  # fmt: skip


class _Error(msgspec.Struct, frozen=True):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None


class _Envelope(msgspec.Struct, frozen=True):
    error: _Error | str


_envelope = msgspec.json.Decoder(_Envelope, strict=False)


def meaning(status: int, body: bytes, headers: Mapping[str, str], key: str = "") -> Trouble | Filtered:
    """Of an answer that is not 2xx. `key` is taken out of what is kept of its text: servers repeat it."""
    error = _read(body)
    detail = redact(storable.text((error.message if error else None) or "", 2000), [key])[:300]
    found = None
    if error is not None:
        names = (str(name) for name in (error.code, error.type) if name is not None)
        found = next((CODES[name] for name in names if name in CODES), None)
    if error is None and status in (403, 404):  # no server of this protocol, or a firewall before it: its errors have an envelope
        return Unreachable(detail=f"HTTP {status}")
    found = found or STATUSES.get(status) or (_unreachable if status >= 500 else _refused)
    outcome = found(detail or f"HTTP {status}")
    return RateLimited(retry_after(headers), outcome.detail) if isinstance(outcome, RateLimited) else outcome


def _read(body: bytes) -> _Error | None:
    try:
        error = _envelope.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _Error(message=error) if isinstance(error, str) else error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from `retry-after-ms` or `retry-after`; None when absent, unreadable or a date."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name) or "") / scale
        except ValueError:
            continue
        if 0 <= seconds <= LONGEST_WAIT:
            return seconds
    return None
