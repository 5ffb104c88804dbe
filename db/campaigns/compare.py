"""Campaigns beside one another, with honest figures: how sure it is that one does better, and not a bare percentage."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from db.campaigns.enums import CompareMetric
from db.campaigns.tallies import Figures
from db.campaigns.together import together
from db.campaigns.trials import Arm, verdicts, winner
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read


class Compared(msgspec.Struct, frozen=True):
    """One campaign, with what went another way in its place: so many were reached, so many of them did what counts. The share lies from `low` to `high` with 95 %; `best`: the probability that
    no other does better."""

    id: UUID
    name: str
    reached: int
    counted: int
    share: float
    low: float
    high: float
    best: float


class Comparison(msgspec.Struct, frozen=True):
    """`winner` None: nobody can say yet which is better."""

    metric: CompareMetric
    campaigns: list[Compared]
    winner: UUID | None


async def compare(actor: Actor, campaign_ids: Sequence[UUID], metric: CompareMetric) -> Comparison:
    """In the order asked. Raises NotFound."""
    ids = list(dict.fromkeys(campaign_ids))
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        rows = await r.fetch(
            "select id, name from campaign where company_id = $1 and id = any($2::uuid[])", actor.company_id, ids
        )
        names = {row["id"]: row["name"] for row in rows}
        if len(names) < len(ids):
            raise RequestError.NOT_FOUND(what="campaign")
        found = await together(r, ids)
    arms = [_arm(found[campaign_id].figures.delivered, _counted(found[campaign_id].figures, metric)) for campaign_id in ids]
    told = verdicts(arms) if arms else []
    first = winner(arms)
    return Comparison(
        metric,
        [Compared(one, names[one], *arm, *verdict) for one, arm, verdict in zip(ids, arms, told, strict=True)],
        None if first is None else ids[first],
    )


def _arm(delivered: int, counted: int) -> Arm:
    return Arm(max(delivered, counted), counted)  # an answer may come before it is told that the message arrived


def _counted(figures: Figures, metric: CompareMetric) -> int:
    return figures.read if metric is CompareMetric.READ else figures.replied
