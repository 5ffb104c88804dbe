"""Single values of Meta's webhooks, made storable: moments, short texts, numbers that come as text."""

from datetime import UTC, datetime

import msgspec

from db import storable
from workers.providers.events import OtherEvent

ABSENT = msgspec.Raw(b"")  # `msgspec.Raw | None` would accept null only
MAX_ADDRESS = 100  # characters of a phone number or a BSUID
MAX_NAME = 500  # characters of names, ids and addresses inside a content
UNREADABLE = (ValueError, RecursionError, OverflowError)  # msgspec's and Unicode's errors are ValueErrors
LAST_SECOND = 253402300799  # 9999-12-31


def moment(value: str | float | None) -> datetime | None:
    """Unix seconds (text or number; milliseconds are recognised) as aware UTC; None when absent or senseless."""
    if value is None:
        return None
    try:
        seconds = float(value)
        if seconds > 1e11:
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= LAST_SECOND else None
    except (ValueError, OverflowError, OSError):
        return None


def short(value: str | int | None, limit: int = MAX_NAME) -> str | None:
    """A text of at most `limit` characters; None when there is nothing in it."""
    return None if value is None else storable.text(str(value), limit) or None


def problem(error: Exception) -> str:
    """Why something could not be read."""
    return storable.text(f"{type(error).__name__}: {error}", 300)


def unreadable(field: str, raw: bytes, account_id: str, why: str) -> OtherEvent:
    """A part that could not be read, kept with the reason."""
    return OtherEvent(field=field[:100], raw=bytes(raw), account_id=account_id, problem=why)
