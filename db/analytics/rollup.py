"""Reading roll-ups and the deltas that wait, as of now: by day, and by weekday and hour."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import asyncpg

from db.analytics.period import Period
from db.stats.metrics import Metric
from db.work import Read

_KEPT = """
select k.day, k.metric, k.dim1, k.dim2, k.h, sum(k.n)::bigint as n, sum(k.sum)::bigint as amount from (
    select day, metric, dim1, dim2, h, n, sum from stat_day where company_id = $1 and metric = any($2::smallint[]) and day between $3 and $4
    union all
    select (d.bucket at time zone $5)::date, d.metric, d.dim1, d.dim2, d.h, d.n, d.sum from stat_delta d
    where d.company_id = $1 and d.metric = any($2::smallint[])
) k where k.day between $3 and $4 and ($6::uuid is null or k.dim1 = $6) group by 1, 2, 3, 4, 5 having sum(k.n) <> 0 or sum(k.sum) <> 0
"""
_HOURS = """
select extract(isodow from k.at)::int - 1 as weekday, extract(hour from k.at)::int as hour, k.metric, sum(k.n)::bigint as n from (
    select s.bucket at time zone $5 as at, s.metric, s.n from stat_hour s where s.company_id = $1 and s.metric = any($2::smallint[])
        and s.bucket >= $3 and s.bucket < $4 and ($6::uuid is null or s.dim1 = $6)
    union all
    select d.bucket at time zone $5, d.metric, d.n from stat_delta d where d.company_id = $1 and d.metric = any($2::smallint[])
        and d.bucket >= $3 and d.bucket < $4 and ($6::uuid is null or d.dim1 = $6)
) k group by 1, 2, 3
"""


async def kept(r: Read, of: Period, metrics: Sequence[Metric], dim1: UUID | None = None) -> list[asyncpg.Record]:
    """Rows `day, metric, dim1, dim2, h, n, amount` of the period."""
    assert r.actor is not None
    return await r.fetch(_KEPT, r.actor.company_id, [int(one) for one in metrics], of.first, of.last, of.zone, dim1)


async def hours(r: Read, of: Period, metric: Metric, dim1: UUID | None = None) -> list[list[int]]:
    """By weekday (0 is Monday) and hour."""
    assert r.actor is not None
    found = [[0] * 24 for _ in range(7)]
    for row in await r.fetch(_HOURS, r.actor.company_id, [int(metric)], of.begins, of.ends, of.zone, dim1):
        found[row["weekday"]][row["hour"]] += row["n"]
    return found


def by_day(of: Period, rows: Iterable[asyncpg.Record]) -> dict[date, list[asyncpg.Record]]:
    """A day without any is there too."""
    days: dict[date, list[asyncpg.Record]] = {day: [] for day in of.calendar}
    for row in rows:
        days[row["day"]].append(row)
    return days
