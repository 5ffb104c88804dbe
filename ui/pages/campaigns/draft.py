"""The draft behind the wizard: what is typed is kept by itself, half a second later, with If-Match.

It knows no screen: the wizard hands in what to do when it was saved, when it had to be loaded again (somebody else wrote
first), and where to say how far the saving is. Nothing typed is dropped while the API is away: it is tried again.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import background_tasks, ui

from api.contract.campaigns import Campaign, CampaignCreate, CampaignPatch
from ui.client import campaigns
from ui.client.base import ApiClient, ApiProblem, Offline

PAUSE = 0.6  # seconds without a change before it is saved
AGAIN = 4.0  # seconds until the next try when the API is away


class Draft:
    """`change(body="…")` notes and saves later; `flush()` saves now. `campaign` is what the API holds, None before the first save.

    `on_status(state)` gets saving, saved, offline, changed (loaded again) or refused.
    """

    def __init__(
        self, api: ApiClient, campaign: Campaign | None, name: str, *, on_saved: Callable[[], Any], on_status: Callable[..., Any]
    ) -> None:
        self.api, self.campaign = api, campaign
        self.name = campaign.name if campaign else name
        self._on_saved, self._on_status = on_saved, on_status
        self._pending: dict[str, Any] = {}
        self._turn = 0
        self._lock = asyncio.Lock()
        self._place = ui.context.slot.parent

    @property
    def id(self) -> UUID:
        """Only once there is a campaign."""
        assert self.campaign is not None
        return self.campaign.id

    @property
    def dirty(self) -> bool:
        return bool(self._pending) or self._lock.locked()

    def value(self, field: str) -> Any:
        """A field of the campaign as typed, saved or not."""
        return self._pending[field] if field in self._pending else getattr(self.campaign, field)

    def change(self, **fields: Any) -> None:
        self._pending |= fields
        self._later(PAUSE)

    def _later(self, seconds: float) -> None:
        self._turn += 1
        background_tasks.create(self._wait(self._turn, seconds), name="save draft")

    async def _wait(self, turn: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if turn == self._turn and not self._gone():
            with self._place:
                await self.flush()

    def _gone(self) -> bool:
        return self._place.is_deleted or self._place.client.is_deleted

    async def create(self, channel_id: UUID) -> None:
        """The first save of a new campaign. Raises what the API says."""
        async with self._lock:
            if self.campaign is None:
                self.campaign = await campaigns.create(self.api, CampaignCreate(name=self.name, channel_id=channel_id))
        self._on_status("saved")

    async def flush(self) -> bool:
        """Saves what is pending; True when everything is at the API."""
        if self.campaign is None:
            return False
        async with self._lock:
            if not self._pending:
                return True
            sending, self._pending = self._pending, {}
            self._on_status("saving")
            try:
                self.campaign = await campaigns.change(
                    self.api, self.campaign.id, CampaignPatch(**sending), self.campaign.version
                )
            except ApiProblem as error:
                return await self._refused(error)
            except Offline:
                self._pending = sending | self._pending
                self._on_status("offline")
                self._later(AGAIN)
                return False
        self.name = self.campaign.name
        self._on_status("saved")
        self._on_saved()
        return not self._pending

    async def _refused(self, error: ApiProblem) -> bool:
        if error.status == 412:
            await self._load()
            self._on_status("changed")
        else:
            self._on_status("refused", error)
        return False

    async def _load(self) -> None:
        assert self.campaign is not None
        self._pending = {}
        self.campaign = await campaigns.campaign(self.api, self.campaign.id)
        self.name = self.campaign.name

    async def look(self, version: int | None = None) -> bool:
        """After an event that told of `version` (None: after a gap): loads again when somebody else wrote; True when what is shown is
        old now."""
        async with self._lock:  # a save of ours that is under way brings the version of which its event tells
            known = self.campaign
            if known is None or self._pending or (version is not None and version <= known.version):
                return False  # what is pending will meet the other one by its 412
            await self._load()
            return self.campaign is not None and self.campaign.version != known.version
