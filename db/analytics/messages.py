"""Figures of messages, from roll-ups alone: no message is read. A message counts on the day it was sent, whatever became of it later."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics.enums import Comparison
from db.analytics.period import Period, compared, period
from db.messages.reasons import NUMBERED, FailureReason
from db.permissions import Permission
from db.stats.metrics import Author, Metric, currency
from db.tenancy import Actor
from db.work import Read, read

_OF = (
    Metric.SENT,
    Metric.DELIVERED,
    Metric.READ,
    Metric.REPLIED,
    Metric.FAILED,
    Metric.NO_RESULT,
    Metric.AUTHORED,
    Metric.WROTE,
    Metric.REFUSED,
    Metric.INBOUND,
    Metric.COST,
)
_KEPT = """
select k.day, k.metric, k.dim1, k.dim2, k.h, sum(k.n)::bigint as n, sum(k.sum)::bigint as sum from (
    select day, metric, dim1, dim2, h, n, sum from stat_day where company_id = $1 and metric = any($2::smallint[]) and day between $3 and $4
    union all
    select (d.bucket at time zone c.time_zone)::date, d.metric, d.dim1, d.dim2, d.h, d.n, d.sum from stat_delta d join company c on c.id = d.company_id
    where d.company_id = $1 and d.metric = any($2::smallint[])
) k where k.day between $3 and $4 and ($5::uuid is null or k.metric = $6 or k.dim1 = $5) group by 1, 2, 3, 4, 5 having sum(k.n) <> 0
"""
_OF_CAMPAIGN = (
    Metric.CAMPAIGN_SENT,
    Metric.CAMPAIGN_DELIVERED,
    Metric.CAMPAIGN_READ,
    Metric.CAMPAIGN_REPLIED,
    Metric.CAMPAIGN_FAILED,
    Metric.CAMPAIGN_NO_RESULT,
    Metric.CAMPAIGN_REFUSED,
    Metric.CAMPAIGN_COST,
)
_KEPT_OF_CAMPAIGN = """
select k.day, (k.metric - case when k.metric = $6 then 1 else 10 end)::smallint as metric, $7::uuid as dim1, k.dim2, k.h,
    sum(k.n)::bigint as n, sum(k.sum)::bigint as sum from (
    select day, metric, dim2, h, n, sum from stat_day
    where company_id = $1 and metric = any($2::smallint[]) and day between $3 and $4 and dim1 = $5
    union all
    select (d.bucket at time zone c.time_zone)::date, d.metric, d.dim2, d.h, d.n, d.sum from stat_delta d join company c on c.id = d.company_id
    where d.company_id = $1 and d.metric = any($2::smallint[]) and d.dim1 = $5
) k where k.day between $3 and $4 group by 1, 2, 4, 5 having sum(k.n) <> 0
"""
_CHANNELS = "select id, name from channel where company_id = $1 and id = any($2::uuid[])"
_PEOPLE = "select u.id, u.name from account_user u join membership m on m.user_id = u.id where m.company_id = $1 and u.id = any($2::uuid[])"
_CHECKED = "select at, differences from stat_check where company_id = $1 order by at desc limit 1"


class Figures(NamedTuple):
    """Of those sent so many were delivered, read, answered; failed and without a result are counted when they ended."""

    sent: int = 0
    of_campaigns: int = 0  # of those sent
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    no_result: int = 0
    received: int = 0


class Group(NamedTuple):
    id: UUID
    name: str
    figures: Figures


class Spent(NamedTuple):
    """In one currency; None: of those whose price nobody knew."""

    currency: str | None
    amount: int
    messages: int


class Messages(NamedTuple):
    period: Period
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    channels: list[Group]
    authors: dict[Author, int]
    people: list[tuple[UUID, str, int]]
    refusals: list[tuple[FailureReason, int]]
    spent: list[Spent]
    spent_before: list[Spent]
    checked: tuple[datetime, int] | None


def _figures(rows: Iterable[asyncpg.Record]) -> Figures:
    by, campaigns = Counter[int](), 0
    for row in rows:
        by[row["metric"]] += row["n"]
        if row["metric"] == Metric.SENT and row["dim2"] == 0:
            campaigns += row["n"]
    return Figures(
        by[Metric.SENT],
        campaigns,
        by[Metric.DELIVERED],
        by[Metric.READ],
        by[Metric.REPLIED],
        by[Metric.FAILED],
        by[Metric.NO_RESULT],
        by[Metric.INBOUND],
    )


def _spent(rows: Iterable[asyncpg.Record]) -> list[Spent]:
    amounts, messages = Counter[int](), Counter[int]()
    for row in rows:
        if row["metric"] == Metric.COST:
            amounts[row["h"]] += row["sum"]
            messages[row["h"]] += row["n"]
    found = [Spent(currency(number), amounts[number], n) for number, n in messages.items()]
    return sorted(found, key=lambda one: (one.currency is None, -one.amount))


async def _rows(r: Read, of: Period, channel_id: UUID | None, campaign_id: UUID | None) -> list[asyncpg.Record]:
    """Day, metric, dim1, dim2, h, n, sum: of a campaign as if they were of its channel."""
    assert r.actor is not None
    company = r.actor.company_id
    if campaign_id is None:
        metrics = [int(metric) for metric in _OF]
        return await r.fetch(_KEPT, company, metrics, of.first, of.last, channel_id, int(Metric.WROTE))
    channel = await r.fetchval("select channel_id from campaign where company_id = $1 and id = $2", company, campaign_id)
    if channel is None or channel_id not in (None, channel):
        return []
    metrics = [int(metric) for metric in _OF_CAMPAIGN]
    return await r.fetch(_KEPT_OF_CAMPAIGN, company, metrics, of.first, of.last, campaign_id, int(Metric.CAMPAIGN_COST), channel)


async def messages(
    actor: Actor,
    first: date | None,
    last: date | None,
    channel_id: UUID | None,
    campaign_id: UUID | None = None,
    beside: Comparison = Comparison.PREVIOUS,
) -> Messages:
    """Of a campaign nothing is received, and nobody of the team wrote it. Raises Forbidden, Invalid."""
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        rows, before = await compared(of, lambda one: _rows(r, one, channel_id, campaign_id))
        days = {day: list[asyncpg.Record]() for day in of.calendar}
        channels = defaultdict[UUID, list[asyncpg.Record]](list)
        wrote, authors, refusals = Counter[UUID](), Counter[int](), Counter[int]()
        for row in rows:
            if row["metric"] == Metric.WROTE:
                wrote[row["dim1"]] += row["n"]
                continue
            days[row["day"]].append(row)
            channels[row["dim1"]].append(row)
            if row["metric"] == Metric.AUTHORED:
                authors[row["dim2"]] += row["n"]
            elif row["metric"] == Metric.REFUSED:
                refusals[row["dim2"]] += row["n"]
        names = {row["id"]: row["name"] for row in await r.fetch(_CHANNELS, actor.company_id, list(channels))}
        people = {row["id"]: row["name"] for row in await r.fetch(_PEOPLE, actor.company_id, list(wrote))}
        checked = await r.fetchrow(_CHECKED, actor.company_id)
    groups = [Group(key, names.get(key, ""), _figures(some)) for key, some in channels.items()]
    return Messages(
        of,
        _figures(rows),
        _figures(before),
        {day: _figures(some) for day, some in days.items()},
        sorted(groups, key=lambda one: (-sum(one.figures), str(one.id))),
        {author: authors[author] for author in Author},
        [] if channel_id else [(key, people.get(key, ""), n) for key, n in wrote.most_common()],
        [(NUMBERED[number - 1] if number else FailureReason.UNKNOWN_OUTCOME, n) for number, n in refusals.most_common()],
        _spent(rows),
        _spent(before),
        tuple(checked) if checked else None,
    )
