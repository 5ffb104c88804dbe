"""Which campaigns that are not launched yet would go to a segment, and which sequences take people in from it."""

from typing import NamedTuple
from uuid import UUID

from db.campaigns.enums import CampaignState
from db.contacts.segments import MOST_USES, USES
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read


class SegmentUse(NamedTuple):
    """A campaign or a sequence. `scheduled`, `running`: it would be missed without anybody's doing."""

    campaign_id: UUID | None
    cadence_id: UUID | None
    name: str
    scheduled: bool
    running: bool


async def uses(actor: Actor, segment_id: UUID) -> list[SegmentUse]:
    """The newest 20. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        if not await r.fetchval("select true from segment where company_id = $1 and id = $2", actor.company_id, segment_id):
            raise RequestError.NOT_FOUND(what="segment")
        rows = await r.fetch(USES, actor.company_id, str(segment_id), MOST_USES)
    return [
        SegmentUse(
            row["campaign_id"],
            row["cadence_id"],
            row["name"],
            row["state"] == CampaignState.SCHEDULED,
            row["cadence_id"] is not None and row["state"] == "running",
        )
        for row in rows
    ]
