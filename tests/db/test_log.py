"""What never reaches a log line."""

import logging

import pytest
import structlog

from db.log import Fold, configure, redact, redact_event


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


@pytest.mark.parametrize("client", ["httpx", "httpcore", "httpx2", "httpcore2"])
def test_addresses_that_are_called_are_not_written(client: str) -> None:
    """Facebook is asked with the secret of the operator's app in the address."""
    root, own = logging.getLogger(), logging.getLogger(client)
    kept, level, defaults = list(root.handlers), root.level, structlog.get_config()
    try:
        configure()
        assert not own.isEnabledFor(logging.INFO)
        assert own.isEnabledFor(logging.WARNING)
    finally:
        root.handlers[:] = kept
        root.setLevel(level)
        structlog.configure(**defaults)


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


def _record(event: object, level: int = logging.WARNING, error: BaseException | None = None) -> logging.LogRecord:
    return logging.LogRecord("db.x", level, "", 0, event, None, (type(error), error, None) if error else None)


def test_repeats_of_a_kind_are_counted_not_written() -> None:
    at = 0.0
    fold = Fold(lambda: at)
    passed = [fold.filter(_record({"event": "lost", "error": f"gone at 0x{n:x}", "company_id": n})) for n in range(1000)]
    assert passed.count(True) == 3
    assert fold.filter(_record({"event": "lost", "error": "refused"}))  # another error is another kind
    assert fold.filter(_record({"event": "request"}, logging.INFO))
    at = 61.0
    again = _record({"event": "lost", "error": "gone at 0x7", "company_id": 1})
    assert fold.filter(again)
    assert isinstance(again.msg, dict)
    assert again.msg["repeated"] == 997


def test_repeats_of_other_libraries_are_counted_too() -> None:
    at = 0.0
    fold = Fold(lambda: at)
    for number in range(50):
        passed = fold.filter(
            _record(f"Task exception was never retrieved: <Task-{number}>", error=ConnectionError(f"gone {number}"))
        )
        assert passed == (number < 3)
    at = 61.0
    again = _record("Task exception was never retrieved: <Task-9>", error=ConnectionError("gone 9"))
    assert fold.filter(again)
    assert again.getMessage() == "Task exception was never retrieved: <Task-9> (repeated 47 times)"
