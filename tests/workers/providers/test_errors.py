"""Every row of the contracts' code tables, and what each kind of HTTP answer counts as."""

from typing import Any

import httpx
import pytest

from tests.workers.providers.tables import assert_like, body_bytes, table
from workers.outcomes import Outcome, reason_of
from workers.providers.meta import client as meta_client
from workers.providers.meta import errors as meta
from workers.providers.twilio import client as twilio_client
from workers.providers.twilio import errors as twilio
from workers.providers.wire import Answer

MODULES = {"meta": (meta, meta_client), "twilio": (twilio, twilio_client)}
ROWS = [(name, code, row) for name in MODULES for row in table(f"{name}_errors") for code in row["codes"]]
ANSWERS = [(name, row) for name, rows in table("answers").items() for row in rows]


@pytest.mark.parametrize(("provider", "code", "row"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_code(provider: str, code: int, row: dict[str, Any]) -> None:
    outcome = MODULES[provider][0].outcome_for(code, "text")
    assert reason_of(outcome) == row["reason"]
    expected = {key: value for key, value in row.items() if key not in {"codes", "reason"}}
    assert_like(outcome, {"seconds": None, **expected} if row["is"] == "RetryAfter" else expected)
    assert outcome.code == code
    assert outcome.message == "text"


@pytest.mark.parametrize("provider", MODULES)
def test_table_covers_the_code_and_nothing_twice(provider: str) -> None:
    codes = [code for codes in MODULES[provider][0].TABLE for code in codes]
    assert len(codes) == len(set(codes))
    known = {code for row in table(f"{provider}_errors") for code in row["codes"]}
    assert {code for code in codes if not 200 <= code <= 299} <= known


def outcome_of(provider: str, answer: Answer) -> Outcome:
    """As `send` does it."""
    errors, client = MODULES[provider]
    outcome: Outcome = client.accepted(answer.body) if 200 <= answer.status < 300 else errors.classify(answer)
    return outcome


@pytest.mark.parametrize(("provider", "row"), ANSWERS)
def test_answer(provider: str, row: dict[str, Any]) -> None:
    answer = Answer(row["status"], body_bytes(row["body"]), httpx.Headers(row.get("headers", {})))
    outcome = outcome_of(provider, answer)
    assert_like(outcome, {key: value for key, value in row.items() if key not in {"status", "body", "headers"}})


@pytest.mark.parametrize("provider", MODULES)
@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff", b'{"error":{"code":1e400}}', b'{"code":1e400,"sid":1}', b"null"])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_hostile_body_is_unknown(provider: str, body: bytes, status: int) -> None:
    assert type(outcome_of(provider, Answer(status, body, httpx.Headers()))).__name__ == "Unknown"
