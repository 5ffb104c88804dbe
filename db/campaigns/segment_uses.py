"""Which campaigns that are not launched yet would go to a segment."""

from uuid import UUID

from db.campaigns.enums import CampaignState
from db.campaigns.field_uses import MOST, Use
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

_USES = """
select k.id, k.name, k.state from campaign k
where k.company_id = $1 and k.state in ('draft', 'scheduled') and k.audience->>'segment_id' = $2::text order by k.id desc limit $3
"""


async def uses(actor: Actor, segment_id: UUID) -> list[Use]:
    """The newest 20. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        if not await r.fetchval("select true from segment where company_id = $1 and id = $2", actor.company_id, segment_id):
            raise RequestError.NOT_FOUND(what="segment")
        rows = await r.fetch(_USES, actor.company_id, str(segment_id), MOST)
    return [Use(row["id"], row["name"], CampaignState(row["state"])) for row in rows]
