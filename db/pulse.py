"""Notices within seconds that a server is away or silent, and that it answers again: one log line for each.

A connection whose packets are dropped fails no statement and answers none. So each process asks every server on a connection of
its own; when the question stays open, whatever else waits for that server is cut off, and nobody waits for it again until it
answers.
"""

import asyncio
import contextlib
import time
from typing import Protocol

import structlog

log = structlog.get_logger("db.pulse")

SLICES = 4  # a process that itself stood still loses one of them, not its patience


class Server(Protocol):
    """Who is asked."""

    async def ask(self) -> None:
        """Raises when the server does not work; must leave no broken connection behind, also when it is cancelled."""

    async def cut(self) -> None:
        """Ends everything else that waits for the server."""

    async def leave(self) -> None:
        """Closes what `ask` keeps open."""


class Pulse:
    """Asks until stopped. `up` is what is known; it is True until the first question failed."""

    def __init__(self, name: str, server: Server, *, every: float, patience: float) -> None:
        """`name` begins the log events. Seconds: `every` between two questions, `patience` for an answer."""
        self.up = True
        self._name = name
        self._server = server
        self._every = every
        self._patience = patience
        self._back = asyncio.Event()
        self._back.set()
        self._since = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(self._run(), name=f"{name} pulse")

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=1)
        await self._server.leave()

    async def back(self, at_most: float) -> None:
        """Returns once the server answers, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._back.wait(), at_most)

    async def _run(self) -> None:
        while True:
            error = await self._beat()
            if error is not None and not isinstance(error, TimeoutError) and self.up:
                error = await self._beat()  # its own connection may be all that was lost
            if error is None:
                self._answered()
            elif self.up:
                self.up, self._since = False, time.monotonic()
                self._back.clear()
                log.error(f"{self._name}.down", error=repr(error)[:300])
                await self._server.cut()
            await asyncio.sleep(self._every)

    def _answered(self) -> None:
        if not self.up:
            self.up = True
            self._back.set()
            log.warning(f"{self._name}.back", seconds=round(time.monotonic() - self._since, 1))

    async def _beat(self) -> Exception | None:
        """One question; what it raised, or TimeoutError for no answer."""
        asking = self._asking = asyncio.ensure_future(self._server.ask())
        asking.add_done_callback(lambda task: task.cancelled() or task.exception())  # one that is given up is nobody's business
        try:
            for _ in range(SLICES):
                if (await asyncio.wait({asking}, timeout=self._patience / SLICES))[0]:
                    error = asking.exception()
                    return error if isinstance(error, Exception) else None
            return TimeoutError("no answer")
        finally:
            asking.cancel()
