"""How many leads came onto boards, of all boards together, from roll-ups."""

from datetime import date

from db.analytics import rollup
from db.analytics.period import compared, period
from db.permissions import Permission
from db.stats.metrics import Metric
from db.tenancy import Actor
from db.work import read


async def came(actor: Actor, first: date, last: date) -> tuple[int, int]:
    """In the period, and in the one before. Raises Forbidden, Invalid."""
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        now, before = await compared(of, lambda one: rollup.kept(r, one, [Metric.BEGAN]))
        return sum(row["n"] for row in now), sum(row["n"] for row in before)
