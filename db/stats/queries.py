"""Read figures: the roll-ups and the deltas that wait, as of now."""

from datetime import date
from uuid import UUID

from db.stats.metrics import Metric
from db.work import Read

_DAILY = """
select day, metric, sum(n)::bigint as n from (
    select day, metric, n from stat_day where company_id = $1 and metric = any($2::smallint[]) and day between $3 and $4
    union all
    select (d.bucket at time zone c.time_zone)::date, d.metric, d.n from stat_delta d join company c on c.id = d.company_id
    where d.company_id = $1 and d.metric = any($2::smallint[])
) counted where day between $3 and $4 group by 1, 2
"""


async def daily(r: Read, company_id: UUID, metrics: list[Metric], first: date, last: date) -> dict[tuple[date, Metric], int]:
    """By day of the company's own calendar, both ends included; a day without any is left out. Exact as of the transaction."""
    rows = await r.fetch(_DAILY, company_id, [int(metric) for metric in metrics], first, last)
    return {(row["day"], Metric(row["metric"])): row["n"] for row in rows}
