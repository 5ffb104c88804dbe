"""The taxonomy is closed, every reason is usable for grouping, and waits grow as the vendors ask."""

import pytest

from db.messages.reasons import FailureReason
from workers.outcomes import (
    Accepted,
    OptedOut,
    OptOutScope,
    Outcome,
    Rejected,
    RetryAfter,
    Unknown,
    reason_of,
    retry_delay,
)

R = FailureReason
FINAL = {
    R.NOT_ON_WHATSAPP, R.INVALID_NUMBER, R.OWN_NUMBER, R.LANDLINE, R.OPTED_OUT, R.BUSINESS_BLOCKED_USER, R.BLOCKED,
    R.IDENTITY_CHANGED, R.PHONE_NEEDED, R.COUNTRY_BLOCKED, R.EXPERIMENT, R.TEST_RECIPIENT, R.WINDOW_CLOSED, R.TEMPLATE_DISABLED,
    R.TEMPLATE_POLICY, R.TEMPLATE_INVALID, R.TOO_LONG, R.UNSUPPORTED, R.BAD_REQUEST, R.CARRIER_FILTERED, R.CALL_ENDED, R.DISCARDED, R.CHANGE_TOO_LATE,
}  # fmt: skip
"""Sending the same to the same person again would fail again, or must not happen."""


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_is_its_own_key(reason: FailureReason) -> None:
    assert reason == reason.name.lower() == str(reason)
    assert reason.retry is (reason not in FINAL)
    assert FailureReason(reason.value) is reason


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Accepted("wamid.A"), None),
        (Rejected(FailureReason.MEDIA, 131053), FailureReason.MEDIA),
        (OptedOut(OptOutScope.MARKETING), FailureReason.OPTED_OUT),
        (Unknown("timeout"), FailureReason.UNKNOWN_OUTCOME),
    ],
)
def test_reason_of(outcome: Outcome, reason: FailureReason | None) -> None:
    assert reason_of(outcome) is reason


@pytest.mark.parametrize(
    ("outcome", "delays"),
    [
        (RetryAfter(None, FailureReason.TEMPORARY), [2, 4, 8, 16]),
        (RetryAfter(None, FailureReason.PAIR_RATE), [4, 16, 64, 256, 600]),
        (RetryAfter(30.0, FailureReason.THROUGHPUT), [30, 30, 30, 30, 32]),
        (RetryAfter(None, FailureReason.API_RATE), [60, 60, 60, 60, 60, 64]),
        (RetryAfter(7200.0, FailureReason.API_RATE), [7200]),
    ],
)
def test_retry_delay(outcome: RetryAfter, delays: list[float]) -> None:
    assert [retry_delay(outcome, tries) for tries in range(1, len(delays) + 1)] == delays
    assert retry_delay(outcome, 10_000) == max(600.0, outcome.seconds or 0.0)
    assert retry_delay(outcome, 0) == delays[0]
