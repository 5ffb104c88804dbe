"""Campaigns that were held after a restore, a copy or a failover, and are continued or discarded by a person (db/holds)."""

from uuid import UUID

import asyncpg

from db.campaigns.announce import changed
from db.campaigns.enums import CampaignState
from db.campaigns.events import CampaignChanged
from db.jobs import PrepareCampaign
from db.messages.enums import MessageState
from db.messages.reasons import FailureReason
from db.work import Work

_HOLD = f"""
update campaign k set state = 'held', was_held = true
where company_id = $1 and state in ('scheduled', 'preparing', 'running', 'paused') and ($2::uuid[] is null or id = any($2))
returning id, version, name, old.state as before, scheduled_at,
    (select coalesce(sum(delta), 0)::int from message_tally t where t.company_id = $1 and t.campaign_id = k.id and t.state = {MessageState.QUEUED}) as waiting
"""


async def hold(w: Work, only: list[UUID] | None = None) -> list[asyncpg.Record]:
    """Holds every campaign that could still send: (id, name, before, scheduled_at, waiting). Nothing of them is claimed, planned,
    resumed or finished any more."""
    rows = await w.fetch(_HOLD, w.company_id, only)
    for row in rows:
        w.audit("campaign.held", row["id"], before=row["before"])
        w.emit(CampaignChanged(campaign_id=row["id"], state=CampaignState.HELD, version=row["version"]))
    return rows


async def release(w: Work, campaign_id: UUID, before: CampaignState) -> None:
    """Lets a held campaign be what it was. One whose time has passed starts at once."""
    scheduled_at = await w.fetchval(
        "update campaign set state = $3 where company_id = $1 and id = $2 and state = 'held' returning scheduled_at",
        w.company_id,
        campaign_id,
        before.value,
    )
    if before in (CampaignState.SCHEDULED, CampaignState.PREPARING):
        w.enqueue(PrepareCampaign(campaign_id=campaign_id), at=scheduled_at if before is CampaignState.SCHEDULED else None)
    w.audit("campaign.continued", campaign_id, state=before.value)
    await changed(w, campaign_id)


async def discard(w: Work, campaign_id: UUID) -> None:
    """Ends a held campaign; the messages that wait end as cancelled, `discarded`."""
    await w.execute(
        "update campaign set state = 'cancelled', state_reason = $3, state_detail = null, resume_at = null"
        " where company_id = $1 and id = $2 and state = 'held'",
        w.company_id,
        campaign_id,
        FailureReason.DISCARDED.value,
    )
    w.audit("campaign.discarded", campaign_id)
    await changed(w, campaign_id)
