"""Tells screens that a campaign's counts or a conversation moved: at most twice a second each, and always once after the last move."""

import asyncio
from uuid import UUID

from db import event_stream
from db.campaigns.events import CampaignProgress
from db.events import Event
from db.messages.events import ConversationChanged

INTERVAL = 0.5


class Progress:
    """Collects what was touched; `run` publishes it."""

    def __init__(self) -> None:
        self._dirty: dict[UUID, set[Event]] = {}

    def touch(self, company_id: UUID, campaign_id: UUID | None) -> None:
        if campaign_id is not None:
            self._dirty.setdefault(company_id, set()).add(CampaignProgress(campaign_id=campaign_id))

    def touch_contact(self, company_id: UUID, contact_id: UUID | None) -> None:
        """A message of no campaign to this person moved."""
        if contact_id is not None:
            self._dirty.setdefault(company_id, set()).add(ConversationChanged(contact_id=contact_id))

    async def flush(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for company_id, moved in dirty.items():
            await event_stream.publish(company_id, moved)

    async def run(self) -> None:
        """Until cancelled; flushes a last time then."""
        try:
            while True:
                await asyncio.sleep(INTERVAL)
                await self.flush()
        finally:
            await self.flush()


progress = Progress()
