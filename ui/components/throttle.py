"""Asks again at a limited rate while events come: at most once per interval, and always once after the last one."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from nicegui import background_tasks, ui


class Throttle:
    """`poke()` as often as you like; `call` runs at most once per `seconds`, never beside itself."""

    def __init__(self, call: Callable[[], Awaitable[None]], seconds: float = 0.5) -> None:
        self._call, self._seconds = call, seconds
        self._last = 0.0
        self._running = self._again = False
        self._place = ui.context.slot.parent

    def poke(self) -> None:
        if self._running:
            self._again = True
            return
        self._running = True
        background_tasks.create(self._run(), name="throttle")

    async def _run(self) -> None:
        try:
            await asyncio.sleep(max(0.0, self._last + self._seconds - time.monotonic()))
            self._again = False  # what was poked until now is in this call
            if self._place.is_deleted or self._place.client.is_deleted:
                return
            self._last = time.monotonic()
            with self._place:
                await self._call()
        except asyncio.CancelledError:
            self._again = False
            raise
        finally:
            self._running = False
            if self._again:  # also when the call raised
                self.poke()
