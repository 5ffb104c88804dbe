"""What comes from outside, made fit for its column: cleaned where it is parsed, so that no writer meets what Postgres refuses.

Its text holds neither NUL nor half of a surrogate pair, its numbers end somewhere, and an index entry takes 2,700 bytes. Refuses
to raise, and to guess: what cannot be told any more is None.
"""

import hashlib
import math
from datetime import UTC, datetime
from typing import Any, overload

import msgspec

IDENTIFIER = 500  # characters of at most four bytes: an index takes them
TEXT = 65_536  # characters of what people read; far more than any provider lets them write


@overload
def text(value: str, limit: int = TEXT) -> str: ...
@overload
def text(value: str | None, limit: int = TEXT) -> str | None: ...
def text(value: str | None, limit: int = TEXT) -> str | None:
    """Without NUL, halves of surrogate pairs replaced by U+FFFD, at most `limit` characters."""
    if value is None:
        return None
    if len(value) > limit:
        value = value[:limit]
    if "\0" in value:
        value = value.replace("\0", "")
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def identifier(value: str | None, limit: int = IDENTIFIER) -> str | None:
    """As it is, or None when it cannot be kept as it is: a name with a piece taken out names something else."""
    return value if value and len(value) <= limit and value.isprintable() else None


def key(value: str, limit: int = IDENTIFIER) -> str:
    """What `value` is compared by: itself without what `text` takes out, or a hash of that where an index does not take it. So
    what is named twice in the same way is found again, however unreasonable the name."""
    if value.isascii() and value.isprintable() and len(value) <= limit:
        return value
    clean = text(value, len(value))
    return clean if len(clean) <= limit else f"sha256:{hashlib.sha256(clean.encode()).hexdigest()}"


def int4(value: int | None) -> int | None:
    """None beyond 32 bits."""
    return value if value is not None and -(2**31) <= value < 2**31 else None


def moment(value: datetime | None) -> datetime | None:
    """Aware, in UTC (what names no zone is taken for it); None where no calendar reaches."""
    if value is None:
        return None
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None


def tree(value: Any) -> Any:
    """The same JSON value with every text clean; numbers that JSON or 64 bits cannot hold are null."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [tree(item) for item in value]
    if isinstance(value, dict):
        return {text(key): tree(item) for key, item in value.items()}
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def encoded(value: object) -> str:
    """JSON that jsonb takes, of anything that can be told as JSON, whatever people and models wrote in it."""
    return msgspec.json.encode(tree(msgspec.to_builtins(value, str_keys=True))).decode()
