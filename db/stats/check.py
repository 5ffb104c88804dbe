"""Compare the kept figures with what they count, and make them anew where they differ.

Each is one statement, so both sides are of one moment while messages go on changing.
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.messages.enums import MessageState
from db.stats.metrics import Metric
from db.work import Read, SystemWork

_QUARTER = "date_bin('15 minutes', {}, '2000-01-01 00:00+00')"
_NONE = "'00000000-0000-0000-0000-000000000000'::uuid"
_SIDE = "b.origin is null and b.kind <> all('{preference,reaction,edit,revoke,system}')"
# Each source is counted by the same function as by its trigger.
_FACTS = f"""
select (f.metric + x.more)::smallint as metric, f.at, x.dim1, x.dim2::smallint as dim2, 0::smallint as h, count(*) as n, 0::bigint as sum
from message m cross join lateral message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f
cross join lateral (values (0, m.channel_id, (m.campaign_id is null)::int), (10, m.campaign_id, 0)) x(more, dim1, dim2)
where m.company_id = $1 and m.origin is null and m.reacts_to is null and (m.state >= {MessageState.SENT} or m.replied_at is not null)
    and x.dim1 is not null group by 1, 2, 3, 4
union all
select f.metric, f.at, f.dim1, f.dim2, 0, count(*), 0 from message m
cross join lateral message_marks(m.campaign_id, m.channel_id, m.author_id, m.origin, m.dedupe_key, m.state, m.reason, m.sent_at, m.done_at) f
where m.company_id = $1 and m.reacts_to is null and m.state >= {MessageState.SENT} group by 1, 2, 3, 4
union all
select f.metric, f.at, f.dim1, f.dim2, f.h, count(*), sum(f.seconds)::bigint from talk t cross join lateral talk_facts(t) f
where t.company_id = $1 group by 1, 2, 3, 4, 5
union all
select {Metric.INBOUND:d}, {_QUARTER.format("b.received_at")}, b.channel_id, 0, 0, count(*), 0 from inbound_message b
where b.company_id = $1 and {_SIDE} group by 2, 3
union all
select x.metric::smallint, {_QUARTER.format("k.at")}, x.dim1, cost_category(k.category), currency_number(k.currency), count(*), sum(k.amount)::bigint
from message_cost k cross join lateral (values ({Metric.COST:d}, k.channel_id), ({Metric.CAMPAIGN_COST:d}, k.campaign_id)) x(metric, dim1)
where k.company_id = $1 and x.dim1 is not null group by 1, 2, 3, 4, 5
union all
select f.metric, f.at, f.dim1, f.dim2, f.h, count(*), sum(f.amount)::bigint from lead_stay s cross join lateral lead_facts(s) f
where s.company_id = $1 group by 1, 2, 3, 4, 5
union all
select f.metric, f.at, {_NONE}, f.dim2, f.h, count(*), 0 from consent_entry e cross join lateral consent_facts(e) f where e.company_id = $1 group by 1, 2, 4, 5
union all
select f.metric, f.at, k.channel_id, f.dim2, f.h, count(*), sum(f.seconds)::bigint from call k cross join lateral call_facts(k) f
where k.company_id = $1 group by 1, 2, 3, 4, 5
"""
_DIFFERENCES = f"""
with facts as ({_FACTS}), zone as (
    select time_zone from company where id = $1
), sides as (
    select (at at time zone time_zone)::date as day, metric, dim1, dim2, h, n as counted, 0 as kept, sum as amount from facts, zone
    union all
    select day, metric, dim1, dim2, h, 0, n, -sum from stat_day where company_id = $1
    union all
    select (bucket at time zone time_zone)::date, metric, dim1, dim2, h, 0, n, -sum from stat_delta, zone where company_id = $1
), wrong as (
    select day, metric, sum(counted) as counted, sum(kept) as kept from sides
    group by day, metric, dim1, dim2, h having sum(counted) <> sum(kept) or sum(amount) <> 0
)
select day, metric, sum(counted)::bigint as counted, sum(kept)::bigint as kept from wrong group by 1, 2 order by 1, 2
"""
_REPAIR = f"""
with facts as ({_FACTS}), deltas as (
    delete from stat_delta where company_id = $1
), hours as (
    delete from stat_hour where company_id = $1
), days as (
    delete from stat_day where company_id = $1
)
insert into stat_delta(company_id, metric, bucket, dim1, dim2, h, n, sum) select $1, metric, at, dim1, dim2, h, n, sum from facts
"""
_KEEP = """
insert into stat_check(company_id, took_ms, differences) values ($1, $2, $3)
"""
_DUE = """
select c.id from company c left join lateral (select max(at) as at from stat_check k where k.company_id = c.id) k on true
where exists (select from channel h where h.company_id = c.id) and coalesce(k.at < now() - interval '20 hours', true)
order by k.at nulls first, c.id limit $1
"""


class Difference(NamedTuple):
    day: date
    metric: Metric
    counted: int  # by walking through the messages
    kept: int


async def companies(s: Read) -> list[UUID]:
    return [row["id"] for row in await s.fetch("select id from company order by id")]


async def due(s: Read, most: int) -> list[UUID]:
    """Companies whose figures were not compared today, those first that wait longest."""
    return [row["id"] for row in await s.fetch(_DUE, most)]


async def differences(s: Read, company_id: UUID) -> list[Difference]:
    """Where the kept figures of a company are wrong; walks through all of its messages."""
    rows = await s.fetch(_DIFFERENCES, company_id)
    return [Difference(row["day"], Metric(row["metric"]), row["counted"], row["kept"]) for row in rows]


async def keep(s: SystemWork, company_id: UUID, found: int, took_ms: int) -> None:
    """Writes down the result of a comparison; those of the last 90 days stay."""
    await s.execute("delete from stat_check where company_id = $1 and at < now() - interval '90 days'", company_id)
    await s.execute(_KEEP, company_id, took_ms, found)


async def repair(s: SystemWork, company_id: UUID) -> None:
    """Counts a company anew while everything runs: what commits meanwhile brings its own deltas. The next fold adds it up."""
    await s.execute("select pg_advisory_xact_lock(hashtext('stats'))")
    await s.execute(_REPAIR, company_id)
