"""The one source of "now": aware UTC. Time zones exist only at the edges (screens, exports, schedules typed by people)."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
