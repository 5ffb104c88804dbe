"""What came of a campaign, for its report: how far people went, how soon they read, at what hours, what it cost.

Counts come from the tallies; times from one pass over the campaign's messages, which stand together by their key. The hour to send at comes from the
roll-ups of all campaigns of the channel: of those sent at an hour, so many read it.
"""

import math
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from db.campaigns import goals, money
from db.campaigns.goals import Goal, Span
from db.campaigns.queries import Group, failures, groups, one
from db.campaigns.tallies import Figures
from db.campaigns.together import Alone, together
from db.clock import now
from db.costs.ledger import Spent
from db.errors import RequestError
from db.messages.enums import MessageState
from db.permissions import Permission
from db.providers import registry
from db.stats.metrics import Metric
from db.tenancy import Actor
from db.work import Read, read

EDGES = (60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200)
"""Seconds between sent and read at which the groups of the report end; the last group has no end."""
LEAST = 200
"""Sent at an hour, before anything is said of it."""
_DAYS = 90
_ENDED = "select finished_at from campaign where company_id = $1 and id = $2"
_ZONE = "select time_zone from company where id = $1"
_FIRST = "exists (select from message b where b.company_id = $1 and b.contact_id = f.contact_id and b.campaign_id = $8 and b.{} is not null)"
_TIMES = f"""
with own as materialized (
    select extract(epoch from m.read_at - m.sent_at)::int as read_in, extract(epoch from m.replied_at - m.sent_at)::int as replied_in,
        extract(hour from m.read_at at time zone $4)::int as read_h, extract(hour from m.replied_at at time zone $4)::int as replied_h
    from (select o.read_at, o.replied_at, o.sent_at from message o where o.company_id = $1 and o.dedupe_key > $2 and o.dedupe_key < $3
        union all select case when not {_FIRST.format("read_at")} then f.read_at end, case when not {_FIRST.format("replied_at")} then f.replied_at end, f.sent_at
        from message f where f.company_id = $1 and f.dedupe_key > $6 and f.dedupe_key < $7 and (f.read_at is not null or f.replied_at is not null)) m
    where m.sent_at is not null and (m.read_at is not null or m.replied_at is not null)
)
select 'read' as what, percentile_cont(0.5) within group (order by read_in) as a, percentile_cont(0.9) within group (order by read_in) as b, null::int as k, null::int as n from own
union all select 'replied', percentile_cont(0.5) within group (order by replied_in), null, null, null from own
union all select 'bin', null, null, width_bucket(greatest(read_in, 0), $5::int[]), count(*)::int from own where read_in is not null group by 4
union all select 'read_h', null, null, read_h, count(*)::int from own where read_h is not null group by 4
union all select 'replied_h', null, null, replied_h, count(*)::int from own where replied_h is not null group by 4
"""
_SENT_AT = f"""
select extract(hour from bucket at time zone $3)::int as hour, sum(n) filter (where metric = {Metric.SENT})::int as sent,
    coalesce(sum(n) filter (where metric = {Metric.READ}), 0)::int as read, coalesce(sum(n) filter (where metric = {Metric.REPLIED}), 0)::int as replied
from stat_hour where company_id = $1 and metric = any($4::smallint[]) and dim1 = $2 and dim2 = 0 and bucket >= now() - make_interval(days => {_DAYS})
group by 1 order by 1
"""


class Hour(NamedTuple):
    """An hour of the company's day: `sent` then; of those so many `read` and `replied`, whenever they did."""

    hour: int
    sent: int
    read: int
    replied: int


class BestHours(msgspec.Struct, frozen=True):
    """`best` None: too little was sent at different hours to say."""

    hours: list[Hour]
    best: int | None


class Times(msgspec.Struct, frozen=True):
    """Seconds from sent to read: the middle one, and that which nine of ten stay under; to the answer. `bins`: how many read within each of the
    groups of EDGES; `read` and `replied` by the hour of the company's day."""

    read_median: float | None
    read_most: float | None
    replied_median: float | None
    bins: list[int]
    read: list[int]
    replied: list[int]


class Report(msgspec.Struct, frozen=True):
    """As of `at`, of each person once, by whichever way they got it; `alone`: of these, who got it only in place of a message that did not arrive.
    `converted` None: the reader may not be told."""

    campaign: dict[str, Any]
    at: datetime
    zone: str
    reports_read: bool
    figures: Figures
    goal: Goal
    converted: int | None
    times: Times
    best: BestHours
    failures: list[Group]
    skipped: list[Group]
    spent: list[Spent]
    alone: Alone | None


async def report(actor: Actor, campaign_id: UUID) -> Report:
    """Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        row = await one(r, campaign_id)
        zone = await r.fetchval(_ZONE, actor.company_id)
        whole = (await together(r, [campaign_id]))[campaign_id]
        ends = [await r.fetchval(_ENDED, actor.company_id, one) for one in whole.ids]
        wanted = await goals.goal(r, campaign_id)
        found = await groups(r, campaign_id)
        return Report(
            campaign=row,
            at=now(),
            zone=zone,
            reports_read=_reads(row["channel_kind"]),
            figures=whole.figures,
            goal=wanted,
            converted=await goals.converted(r, whole.ids, wanted, Span(row["started_at"], None if None in ends else max(ends))),
            times=await _times(r, whole.ids, zone),
            best=await _best(r, row["channel_id"], row["channel_kind"], zone),
            failures=failures(found, whole.saved),
            skipped=[group for state, group in found if state == MessageState.SKIPPED],
            spent=await money.spent_on(r, whole.ids),
            alone=whole.alone,
        )


def _reads(kind: str | None) -> bool:
    return kind is None or registry.provider(kind).capabilities.reports_read


async def _times(r: Read, campaign_ids: list[UUID], zone: str) -> Times:
    """Of the first one, and of the one in its place for whom the first one was not read nor answered."""
    assert r.actor is not None
    first, other = campaign_ids[0], campaign_ids[-1]
    keys = (f"{other}:", f"{other};") if other != first else ("", "")
    rows = await r.fetch(_TIMES, r.actor.company_id, f"{first}:", f"{first};", zone, list(EDGES), *keys, first)
    middle: dict[str, tuple[float | None, float | None]] = {}
    counted: dict[str, dict[int, int]] = {"bin": {}, "read_h": {}, "replied_h": {}}
    for row in rows:
        if row["what"] in counted:
            counted[row["what"]][row["k"]] = row["n"]
        else:
            middle[row["what"]] = (row["a"], row["b"])
    read_median, read_most = middle["read"]
    return Times(
        read_median,
        read_most,
        middle["replied"][0],
        [counted["bin"].get(place, 0) for place in range(len(EDGES) + 1)],
        [counted["read_h"].get(hour, 0) for hour in range(24)],
        [counted["replied_h"].get(hour, 0) for hour in range(24)],
    )


async def best_hours(actor: Actor, channel_id: UUID) -> BestHours:
    """When a channel's campaigns of the last 90 days did best. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        row = await r.fetchrow(
            "select c.kind, k.time_zone from channel c join company k on k.id = $1 where c.company_id = $1 and c.id = $2",
            actor.company_id,
            channel_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="channel")
        return await _best(r, channel_id, row["kind"], row["time_zone"])


async def _best(r: Read, channel_id: UUID | None, kind: str | None, zone: str) -> BestHours:
    assert r.actor is not None
    if channel_id is None:
        return BestHours([], None)
    metrics = [int(metric) for metric in (Metric.SENT, Metric.READ, Metric.REPLIED)]
    rows = await r.fetch(_SENT_AT, r.actor.company_id, channel_id, zone, metrics)
    hours = [Hour(row["hour"], row["sent"] or 0, row["read"], row["replied"]) for row in rows]
    return BestHours(hours, best_of(hours, by_read=_reads(kind)))


def best_of(hours: list[Hour], *, by_read: bool) -> int | None:
    """The hour whose share is surely the highest: by the lower end of its interval, so that a lucky small number does not win. None while fewer than
    two hours have enough."""
    enough = [one for one in hours if one.sent >= LEAST]
    if len(enough) < 2:
        return None
    return max(enough, key=lambda one: _low(one.read if by_read else one.replied, one.sent)).hour


def _low(counted: int, of: int) -> float:
    """The lower end of Wilson's interval of 95 %."""
    z, share = 1.96, min(counted, of) / of
    middle = share + z * z / (2 * of)
    return (middle - z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))) / (1 + z * z / of)
