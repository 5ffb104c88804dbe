"""Tells screens that a campaign's counts moved: at most twice a second per campaign, and always once after the last move."""

import asyncio
from uuid import UUID

from db import events
from db.events import CampaignProgress

INTERVAL = 0.5


class Progress:
    """Collects touched campaigns; `run` publishes them."""

    def __init__(self) -> None:
        self._dirty: dict[UUID, set[UUID]] = {}

    def touch(self, company_id: UUID, campaign_id: UUID | None) -> None:
        if campaign_id is not None:
            self._dirty.setdefault(company_id, set()).add(campaign_id)

    async def flush(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for company_id, campaigns in dirty.items():
            await events.publish(company_id, [CampaignProgress(campaign_id=campaign_id) for campaign_id in campaigns])

    async def run(self) -> None:
        """Until cancelled; flushes a last time then."""
        try:
            while True:
                await asyncio.sleep(INTERVAL)
                await self.flush()
        finally:
            await self.flush()


progress = Progress()
