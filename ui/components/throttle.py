"""Asks again at a limited rate while events come: at most once per interval, and always once after the last one.

An interval of a second and more is leisure: it grows with the number of open pages, which take turns, so that all of them together leave
the API and this program time for what somebody waits for.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from nicegui import Client, background_tasks, ui

PACE = 10  # calls a second of all pages together, for each thing that they ask for at leisure


class Throttle:
    """`poke()` as often as you like; `call` runs at most once per `seconds`, never beside itself. `later`: not before the first of
    them is over."""

    def __init__(self, call: Callable[[], Awaitable[None]], seconds: float = 0.5, *, later: bool = False) -> None:
        self._call, self._seconds = call, seconds
        self._last = time.monotonic() if later else 0.0
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
            turn = len(Client.instances) / PACE if self._seconds >= 1 else 0.0
            left = self._last + max(self._seconds, turn) - time.monotonic()
            await asyncio.sleep(max(left, random.uniform(0.0, turn)))
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
