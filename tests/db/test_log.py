"""What never reaches a log line."""

import pytest

from db.log import redact, redact_event


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [hidden]"),
        ("token EAAJZC0ABCDEFGHIJ123", "token [hidden]"),
        ("mia_live_1f2e3d4c_" + "x" * 43, "[hidden]"),
        ("mia_s_" + "y" * 43, "[hidden]"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "[hidden]"),
        ("postgresql://app:hunter2@db.example.com/x", "postgresql://app:[hidden]@db.example.com/x"),
        ("to +5511987654321 failed", "to 5511***21 failed"),
        ("0197a1c2-7d3e-7c11-9a55-226908718142", "0197a1c2-7d3e-7c11-9a55-226908718142"),
        ("2026-03-02T14:05:00Z", "2026-03-02T14:05:00Z"),
        ("sent 5000 of 12000", "sent 5000 of 12000"),
    ],
)
def test_texts(text: str, kept: str) -> None:
    assert redact(text) == kept


def test_keys_that_name_a_secret() -> None:
    event = {
        "event": "x",
        "password": "a",
        "access_token": "b",
        "nested": {"api_key": "c", "list": ["Bearer abcdef"]},
        "status": 200,
    }
    assert redact_event(None, "info", event) == {
        "event": "x",
        "password": "***",
        "access_token": "***",
        "nested": {"api_key": "***", "list": ["Bearer [hidden]"]},
        "status": 200,
    }
