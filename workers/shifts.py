"""Long work of one job, a batch at a time."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from db.clock import now
from workers.runtime import Snooze

SHIFT = 300.0  # seconds; then the job gives way and goes on as a new run, well within its lease


async def in_shifts(step: Callable[[], Awaitable[bool]]) -> None:
    """Until a step says that it was the last. Raises Snooze to go on later."""
    began = time.monotonic()
    while await step():
        if time.monotonic() - began > SHIFT:
            raise Snooze(now() + timedelta(seconds=1))
