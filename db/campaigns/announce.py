"""Reads a changed campaign once, for the answer of the action and for its event, so that the two agree."""

from typing import Any
from uuid import UUID

from db.campaigns.enums import CampaignState
from db.campaigns.events import CampaignChanged
from db.campaigns.queries import one
from db.work import Work


async def changed(w: Work, campaign_id: UUID) -> dict[str, Any]:
    """After the last change of a unit of work: emits the event and returns the row of `queries.campaign`. Raises Forbidden `test_key` where
    the campaign's channel is a real one."""
    row = await one(w, campaign_id)
    if row["channel_id"] is not None:
        await w.reaches(row["channel_id"])
    w.emit(CampaignChanged(campaign_id=campaign_id, state=CampaignState(row["state"]), version=row["version"]))
    return row
