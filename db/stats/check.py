"""Compare the figures of messages with the messages themselves, and make them anew where they differ.

Each is one statement, so both sides are of one moment while messages go on changing.
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import MessageState
from db.stats.metrics import Metric
from db.work import Read, SystemWork

_FACTS = f"""
select f.metric, f.at, m.channel_id, (m.campaign_id is null)::int::smallint as alone, count(*) as n
from message m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
where m.company_id = $1 and m.origin is null and m.reacts_to is null and (m.state >= {MessageState.SENT} or m.replied_at is not null) group by 1, 2, 3, 4
"""
_DIFFERENCES = f"""
with facts as ({_FACTS}), zone as (
    select time_zone from company where id = $1
), sides as (
    select (at at time zone time_zone)::date as day, metric, channel_id, alone, n as counted, 0 as kept from facts, zone
    union all
    select day, metric, dim1, dim2, 0, n from stat_day where company_id = $1 and metric = any($2::smallint[])
    union all
    select (bucket at time zone time_zone)::date, metric, dim1, dim2, 0, n from stat_delta, zone
    where company_id = $1 and metric = any($2::smallint[])
)
select day, metric, sum(counted)::bigint as counted, sum(kept)::bigint as kept from sides
group by day, metric, channel_id, alone having sum(counted) <> sum(kept) order by 1, 2
"""
_REPAIR = f"""
with facts as ({_FACTS}), deltas as (
    delete from stat_delta where company_id = $1 and metric = any($2::smallint[])
), hours as (
    delete from stat_hour where company_id = $1 and metric = any($2::smallint[])
), days as (
    delete from stat_day where company_id = $1 and metric = any($2::smallint[])
)
insert into stat_delta(company_id, metric, bucket, dim1, dim2, n) select $1, metric, at, channel_id, alone, n from facts
"""
_METRICS = [int(metric) for metric in Metric]


class Difference(NamedTuple):
    day: date
    metric: Metric
    counted: int  # by walking through the messages
    kept: int


async def companies(s: Read) -> list[UUID]:
    return [row["id"] for row in await s.fetch("select id from company order by id")]


async def any_company(s: Read) -> UUID | None:
    """One that sends, by chance: in time each is looked at."""
    found: UUID | None = await s.fetchval("select company_id from channel order by random() limit 1")
    return found


async def differences(s: Read, company_id: UUID) -> list[Difference]:
    """Where the kept figures of a company are wrong; walks through all of its messages."""
    rows = await s.fetch(_DIFFERENCES, company_id, _METRICS)
    return [Difference(row["day"], Metric(row["metric"]), row["counted"], row["kept"]) for row in rows]


async def repair(s: SystemWork, company_id: UUID) -> None:
    """Counts a company anew; the next fold adds it up."""
    await s.execute("select pg_advisory_xact_lock(hashtext('stats'))")
    await s.execute(_REPAIR, company_id, _METRICS)
