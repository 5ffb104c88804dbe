"""One JSON line per event on stderr, for every program: request, company and job ids bound by context, secrets taken out.

Never holds a request body, a message text or a whole phone number. Redaction is the last net, not a licence to log secrets.
Warnings and errors of one kind are counted after the first few of a minute, so that an outage does not bury what else happens.
"""

import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping
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


_MAX_LINES = 3  # lines of one kind within
_WINDOW = 60.0  # seconds
_KINDS = 1000
_NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+")


class Fold(logging.Filter):
    """Lets the first few warnings or errors of a kind pass in each minute and counts the others; the next line of the kind that
    passes says how many were left out (`repeated`). A kind is the logger, the event and the error, numbers and ids aside."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()  # since when, how many

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        kind, at = _kind(record), self._clock()
        since, count = self._seen.get(kind, (at, 0))
        left_out = 0
        if at - since >= _WINDOW:
            since, left_out, count = at, max(0, count - _MAX_LINES), 0
        self._seen[kind] = since, count + 1
        self._seen.move_to_end(kind)
        if len(self._seen) > _KINDS:
            self._seen.popitem(last=False)
        if left_out:
            if isinstance(record.msg, dict):
                record.msg = {**record.msg, "repeated": left_out}
            else:
                record.msg, record.args = f"{record.getMessage()} (repeated {left_out} times)", None
        return count < _MAX_LINES


def _kind(record: logging.LogRecord) -> Hashable:
    if isinstance(record.msg, dict):  # a structlog line
        said = f"{record.msg.get('event', '')} {record.msg.get('error', '')} {record.msg.get('exception', '')[-200:]}"
    else:
        said = record.getMessage()
    raised = record.exc_info[1] if record.exc_info else None
    return record.name, record.levelno, _NUMBERS.sub("", said)[:400], repr(type(raised)), _NUMBERS.sub("", str(raised))[:200]


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
    handler.addFilter(Fold())
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
    # At INFO the HTTP clients write whole addresses, and some of those hold secrets.
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "asyncio", "granian.access", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
