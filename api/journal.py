"""Lines of the request log on their way to the database: taken without waiting, written every second, dropped rather than held for long."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from db.audit import requests
from db.audit.requests import Line
from db.errors import AppError

log = structlog.get_logger("api")

EVERY = 1.0  # seconds
_WAITING = 10_000  # lines: while the database is away the oldest are dropped
_BATCH = 1000


class Journal:
    """Of one process."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=_WAITING)
        self._ending = asyncio.Event()
        self._writing = asyncio.Lock()

    def add(self, line: Line) -> None:
        """Never waits."""
        self._lines.append(line)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes for as long as it is open, and what is left at its end."""
        self._ending.clear()
        task = asyncio.create_task(self._write(), name="request log")
        try:
            yield
        finally:
            self._ending.set()
            await task

    async def _write(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Writes what waits; what is being written is in the database then, too."""
        async with self._writing:
            await self._flush()

    async def _flush(self) -> None:
        while self._lines:
            batch = [self._lines.popleft() for _ in range(min(_BATCH, len(self._lines)))]
            try:
                await requests.write(batch)
            except AppError as error:  # the database is away: they wait, as far as there is room
                self._lines.extendleft(reversed(batch[: _WAITING - len(self._lines)]))
                log.debug("request_log.waits", error=error.code.value)
                return
            except Exception:
                log.exception("request_log.lost", lines=len(batch))
