"""Runs background jobs: claims the row, calls the function, writes one of four outcomes (done, retry, snooze, cancel)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID


class Retry(Exception):
    """Try again after so many seconds; counts as a try. `None`: by exponential back-off."""

    def __init__(self, after: float | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.after = after


class Snooze(Exception):
    """Not yet: look again at `until`; does not count as a try."""

    def __init__(self, until: datetime) -> None:
        super().__init__(str(until))
        self.until = until


class Cancel(Exception):
    """This will never work: the row is kept as dead with the reason."""


JobFunction = Callable[[UUID, Any], Awaitable[None]]
