"""When somebody wants to be called back, as the analysis of a call tells it: a field `callback_at` that its owner has an analysis fill."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from db import storable
from db.contacts.places import place

FIELD = "callback_at"


def wished(data: Any, person: str | None) -> datetime | None:
    """ISO 8601; without an offset on the clock of who was called. None: not told, or not to be read."""
    value = data.get(FIELD) if isinstance(data, dict) else None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None and found.tzinfo is None:
            zones = place(person or "").zones
            found = found.replace(tzinfo=ZoneInfo(zones[0])) if zones else None
        return None if found is None else storable.moment(found)
    except (ValueError, OverflowError):
        return None
