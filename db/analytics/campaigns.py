"""Campaigns that started in a period, with the figures that their own pages show and what they cost."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from db.analytics.enums import Comparison
from db.analytics.period import Period, period
from db.campaigns.enums import CampaignState
from db.campaigns.tallies import Figures
from db.campaigns.together import together
from db.costs.ledger import Spent, spent
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 200
"""The newest."""
_CAMPAIGNS = f"""
select c.id, c.name, c.state, c.started_at, coalesce(h.name, '') as channel_name, count(*) over ()::int as total from campaign c
left join channel h on h.company_id = c.company_id and h.id = c.channel_id
where c.company_id = $1 and c.started_at >= $2 and c.started_at < $3 and c.cadence_id is null and c.fallback_of is null
    and ($4::uuid is null or c.channel_id = $4) order by c.started_at desc, c.id desc limit {MOST}
"""


class Started(NamedTuple):
    id: UUID
    name: str
    state: CampaignState
    started_at: datetime
    channel_name: str
    figures: Figures
    spent: list[Spent]


class Reach(NamedTuple):
    """How many campaigns started, and how far their messages came."""

    campaigns: int
    sent: int
    delivered: int
    read: int
    replied: int


class Campaigns(NamedTuple):
    """`total`: those that started, also where they are more than are listed. `before`: of the period before, of the messages those of the newest."""

    period: Period
    total: int
    items: list[Started]
    before: Reach


async def campaigns(
    actor: Actor, first: date | None, last: date | None, channel_id: UUID | None, beside: Comparison = Comparison.PREVIOUS
) -> Campaigns:
    """Newest first. Raises Forbidden, Invalid."""
    actor.require(Permission.CAMPAIGNS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        rows = await r.fetch(_CAMPAIGNS, actor.company_id, of.begins, of.ends, channel_id)
        ids = [row["id"] for row in rows]
        counted, money = await together(r, ids), await spent(r, actor.company_id, ids)
        earlier = await r.fetch(_CAMPAIGNS, actor.company_id, of.before.begins, of.before.ends, channel_id)
        then = [one.figures for one in (await together(r, [row["id"] for row in earlier])).values()]
        sums = (sum(getattr(one, name) for one in then) for name in Reach._fields[1:])
        before = Reach(earlier[0]["total"] if earlier else 0, *sums)
    items = [
        Started(
            row["id"],
            row["name"],
            CampaignState(row["state"]),
            row["started_at"],
            row["channel_name"],
            counted[row["id"]].figures,
            money[row["id"]],
        )
        for row in rows
    ]
    return Campaigns(of, rows[0]["total"] if rows else 0, items, before)
