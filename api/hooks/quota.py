"""How many bytes of webhooks one company may send a day. Whoever connects a channel holds its secret and can sign anything; what
is signed is stored, so it is counted.

The bound is several times what a busy company needs: 600,000 statuses of 1 kB are 600 MB. Counted in each process and summed in
Valkey once a second, so a webhook costs no round trip; while Valkey is away each process counts for itself.
"""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import structlog

from db import valkey

log = structlog.get_logger("api.hooks")

MAX_BYTES_A_DAY = 4_000_000_000  # bytes of a company in a day (UTC)
DAY = 86_400
EVERY = 1.0  # seconds between two sums


class Quota:
    """`spend` counts and says whether there is room; `keep` sums over all processes until it is cancelled."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._day = 0
        self._used: dict[UUID, int] = {}
        self._fresh: dict[UUID, int] = {}
        self._refused: set[UUID] = set()

    def spend(self, company_id: UUID, size: int) -> bool:
        """False when the company has had its day's share; then nothing is counted."""
        self._turn()
        used = self._used.get(company_id, 0)
        if used + size > MAX_BYTES_A_DAY:
            if company_id not in self._refused:
                self._refused.add(company_id)
                log.warning("hooks.over_quota", company_id=str(company_id), used=used)
            return False
        self._used[company_id] = used + size
        self._fresh[company_id] = self._fresh.get(company_id, 0) + size
        return True

    @property
    def seconds_left(self) -> int:
        """Until the next day."""
        return DAY - int(self._clock()) % DAY

    def _turn(self) -> None:
        day = int(self._clock()) // DAY
        if day != self._day:
            self._day, self._used, self._fresh, self._refused = day, {}, {}, set()

    async def sum_up(self) -> None:
        """Adds what this process took and reads what all took; what Valkey does not take is added the next time."""
        self._turn()
        fresh, self._fresh = self._fresh, {}
        day = self._day
        for company_id, size in fresh.items():
            key = f"hooks:{day}:{company_id}"
            try:
                total = int(await valkey.client().incrby(key, size))
                await valkey.client().expire(key, DAY + 3600)
            except valkey.Down:
                if day == self._day:
                    self._fresh[company_id] = self._fresh.get(company_id, 0) + size
                continue
            if day == self._day:
                self._used[company_id] = total + self._fresh.get(company_id, 0)

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.sum_up()
