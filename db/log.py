"""One JSON line per event on stderr, for every program: request, company and job ids bound by context, secrets taken out.

Never holds a request body, a message text or a whole phone number. Redaction is the last net, not a licence to log secrets.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from db.redact import shapes

_DENY = re.compile(
    r"(password|secret|token|authorization|api_?key|cookie|signature|private_key|credential|dsn|database_url|valkey_url|smtp_url)$",
    re.I,
)
_PHONE = re.compile(r"(?<![\w-])\+?(\d{4})\d{3,9}(\d{2})(?![\w-])")
_PLAIN_NUMBERS = frozenset({"timestamp", "duration_ms", "status", "count", "size", "pid", "request_id", "job_id"})


def redact(value: Any, depth: int = 0) -> Any:
    """The value with secrets and phone numbers masked; containers are copied."""
    if isinstance(value, str):
        return _PHONE.sub(r"\1***\2", shapes(value))
    if depth > 4:
        return "..."
    if isinstance(value, dict):
        return {key: "***" if _DENY.search(str(key)) and item else redact(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value), depth + 1)


def redact_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor."""
    for key, value in event.items():
        if key not in _PLAIN_NUMBERS:
            event[key] = "***" if _DENY.search(key) and value else redact(value)
    return event


def configure(level: str = "INFO") -> None:
    """Sets structlog and the standard library's logging to the same JSON lines. Exceptions are written without local values."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("saq").setLevel(logging.ERROR)  # it warns of every ordinary stop
    for noisy in ("httpx", "httpcore", "asyncio", "granian.access", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
