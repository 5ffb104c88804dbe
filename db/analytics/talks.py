"""Figures of conversations: by day, channel, team and person, with the talks behind each of them.

Without a filter, and with one by the same thing by which they are told apart, they are read from roll-ups; else the talks are counted, by
the same function by which the roll-ups count them. So a figure is the same either way, and is the number of the talks that it opens into.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics.enums import Comparison, TalkFact
from db.analytics.people import NOBODY, TAGGED, of_team
from db.analytics.period import Period, compared, period
from db.analytics.times import Times, times
from db.permissions import Permission
from db.stats.metrics import Axis, Metric
from db.tenancy import Actor
from db.work import Read, read

MOST_WAITING = 10_000  # people who wait that are counted at most
METRICS = {
    TalkFact.OPENED: Metric.OPENED,
    TalkFact.REOPENED: Metric.REOPENED,
    TalkFact.ASSISTED: Metric.ASSISTED,
    TalkFact.ANSWERED: Metric.ANSWERED,
    TalkFact.PHONED: Metric.PHONED,
    TalkFact.CLOSED: Metric.CLOSED,
    TalkFact.CLOSED_ALONE: Metric.CLOSED_ALONE,
    TalkFact.HANDED: Metric.HANDED,
}
_AT = {
    TalkFact.OPENED: "opened_at",
    TalkFact.REOPENED: "opened_at",
    TalkFact.ASSISTED: "assisted_at",
    TalkFact.ANSWERED: "human_at",
    TalkFact.PHONED: "human_at",
    TalkFact.CLOSED: "closed_at",
    TalkFact.CLOSED_ALONE: "closed_at",
    TalkFact.HANDED: "handed_at",
}


class Where(NamedTuple):
    """Only talks of these. `label_id`: which their conversations bear now; `tag`: which their people bear now."""

    channel_id: UUID | None = None
    team_id: UUID | None = None
    user_id: UUID | None = None
    label_id: UUID | None = None
    tag: str | None = None

    def one(self) -> tuple[Axis, UUID | None] | None:
        """The axis of the roll-up that tells these figures, and which one of it; None: none does."""
        named = [(axis, which) for axis, which in zip(Axis, self[:3], strict=True) if which is not None]
        if self.label_id is not None or self.tag is not None or len(named) > 1:
            return None
        return named[0] if named else (Axis.CHANNEL, None)


class Figures(NamedTuple):
    """How many, by what; the times to first answers and to closes."""

    counts: dict[TalkFact, int]
    assisted: Times
    answered: Times
    phoned: Times
    closed: Times


class Group(NamedTuple):
    """What of the figures belongs to one channel, team or person; id None: to none of them."""

    id: UUID | None
    name: str
    figures: Figures


class Waiting(NamedTuple):
    """Who waits for an answer now, with one channel, team and person."""

    channel_id: UUID
    team_id: UUID | None
    user_id: UUID | None
    amount: int
    since: datetime


class Talks(NamedTuple):
    """`hours`: messages that people wrote, by weekday (0 is Monday) and hour; None with a filter that they do not know."""

    period: Period
    figures: Figures
    before: Figures
    days: dict[date, dict[TalkFact, int]]
    channels: list[Group]
    teams: list[Group]
    people: list[Group]
    hours: list[list[int]] | None
    waiting: list[Waiting]
    checked: tuple[datetime, int] | None


_KEPT = """
select {by} as key, k.metric, k.h, sum(k.n)::bigint as n, sum(k.sum)::bigint as seconds from (
    select day, metric, dim1, h, n, sum from stat_day
    where company_id = $1 and metric between {first} and {last} and day between $2 and $3 and dim2 = {axis}
    union all
    select (d.bucket at time zone c.time_zone)::date, d.metric, d.dim1, d.h, d.n, d.sum from stat_delta d join company c on c.id = d.company_id
    where d.company_id = $1 and d.metric between {first} and {last} and d.dim2 = {axis}
) k where k.day between $2 and $3 and ($4::uuid is null or k.dim1 = $4) group by 1, 2, 3 having sum(k.n) <> 0
"""
_COUNTED = """
select {by} as key, k.metric, k.h, count(*)::bigint as n, sum(k.seconds)::bigint as seconds from (
    select (f.at at time zone c.time_zone)::date as day, f.metric, f.dim1, f.h, f.seconds
    from talk t join company c on c.id = t.company_id cross join lateral talk_facts(t) f
    {persons} where t.company_id = $1 and f.dim2 = {axis} and {where}
        and (t.opened_at >= $7 and t.opened_at < $8 or t.assisted_at >= $7 and t.assisted_at < $8 or t.human_at >= $7 and t.human_at < $8
            or t.closed_at >= $7 and t.closed_at < $8 or t.handed_at >= $7 and t.handed_at < $8)
) k where k.day between $2 and $3 group by 1, 2, 3
"""
_BORNE = """({label}::uuid is null or exists (
    select from conversation_label b where b.company_id = $1 and b.conversation_id = {conversation} and b.label_id = {label}))"""
_OF_TAGGED = f"exists (select from conversation o where o.company_id = $1 and o.id = t.conversation_id and {TAGGED.format(contact='o.contact_id', tag='{tag}')})"
WHERE = f"""($4::uuid is null or t.channel_id = $4) and ($5::uuid is null or {of_team("t.team_id", "$5")})
    and {_BORNE.format(label="$6", conversation="t.conversation_id")} and ({{tag}}::text is null or {_OF_TAGGED})"""
"""Of talks `t`; `tag`: its parameter."""
# Each fact has its person: who answered, else who cared for the conversation.
_PERSONS = "join lateral (select g.metric from talk_facts(t) g where g.dim2 = 2 and g.dim1 = $10) w on w.metric = f.metric"
_HOURS = f"""
select extract(isodow from k.at)::int - 1 as day, extract(hour from k.at)::int as hour, sum(k.n)::bigint as n from (
    select s.bucket at time zone $5 as at, s.n from stat_hour s where s.company_id = $1 and s.metric = {Metric.INBOUND:d}
        and s.bucket >= $2 and s.bucket < $3 and ($4::uuid is null or s.dim1 = $4)
    union all
    select d.bucket at time zone $5, d.n from stat_delta d where d.company_id = $1 and d.metric = {Metric.INBOUND:d}
        and d.bucket >= $2 and d.bucket < $3 and ($4::uuid is null or d.dim1 = $4)
) k group by 1, 2
"""
_WAITING = f"""
select channel_id, team_id, assignee_id, count(*)::int as n, min(waiting_since) as since from (
    select v.channel_id, v.team_id, v.assignee_id, v.waiting_since from conversation v
    where v.company_id = $1 and v.state = 'open' and v.waiting_since is not null and ($2::uuid is null or v.channel_id = $2)
        and ($3::uuid is null or {of_team("v.team_id", "$3")}) and ($4::uuid is null or v.assignee_id = $4)
        and {_BORNE.format(label="$5", conversation="v.id")} and ($6::text is null or {TAGGED.format(contact="v.contact_id", tag="$6")})
    order by v.waiting_since limit {MOST_WAITING}) w
group by 1, 2, 3 order by 4 desc
"""
_NAMES = {
    Axis.CHANNEL: "select id, name from channel where company_id = $1 and id = any($2::uuid[])",
    Axis.TEAM: "select id, name from team where company_id = $1 and id = any($2::uuid[])",
    Axis.PERSON: "select u.id, u.name from account_user u join membership m on m.user_id = u.id where m.company_id = $1 and u.id = any($2::uuid[])",
}
_CHECKED = "select at, differences from stat_check where company_id = $1 order by at desc limit 1"


async def _facts(r: Read, of: Period, where: Where, axis: Axis, by: str) -> list[asyncpg.Record]:
    """Key (`k.day` or `k.dim1`), metric, bin, how many, seconds."""
    assert r.actor is not None
    kept = where.one()
    if kept is not None and (kept[0] is axis or kept[1] is None):
        sql = _KEPT.format(by=by, first=int(Metric.OPENED), last=int(Metric.HANDED), axis=int(axis))
        return await r.fetch(sql, r.actor.company_id, of.first, of.last, kept[1])
    args: list[object] = [
        r.actor.company_id,
        of.first,
        of.last,
        where.channel_id,
        where.team_id,
        where.label_id,
        of.begins,
        of.ends,
        where.tag,
    ]
    sql = _COUNTED.format(by=by, axis=int(axis), where=WHERE.format(tag="$9"), persons=_PERSONS if where.user_id else "")
    return await r.fetch(sql, *args, *([where.user_id] if where.user_id else []))


async def by_day(r: Read, of: Period, where: Where) -> list[asyncpg.Record]:
    """Key (the day), metric, bin, how many, seconds."""
    kept = where.one()
    return await _facts(r, of, where, kept[0] if kept else Axis.CHANNEL, "k.day")


_FACT = {int(metric): fact for fact, metric in METRICS.items()}


def _figures(rows: Iterable[asyncpg.Record]) -> Figures:
    counts, bins, seconds = Counter[TalkFact](), defaultdict[TalkFact, Counter[int]](Counter), Counter[TalkFact]()
    for row in rows:
        fact = _FACT[row["metric"]]
        counts[fact] += row["n"]
        bins[fact][row["h"]] += row["n"]
        seconds[fact] += row["seconds"]
    of = {fact: times(bins[fact], seconds[fact]) for fact in TalkFact}
    by = {fact: counts[fact] for fact in TalkFact}
    return Figures(by, of[TalkFact.ASSISTED], of[TalkFact.ANSWERED], of[TalkFact.PHONED], of[TalkFact.CLOSED])


async def _groups(r: Read, of: Period, where: Where, axis: Axis) -> list[Group]:
    assert r.actor is not None
    mine = defaultdict[UUID, list[asyncpg.Record]](list)
    for row in await _facts(r, of, where, axis, "k.dim1"):
        mine[row["key"]].append(row)
    names = {row["id"]: row["name"] for row in await r.fetch(_NAMES[axis], r.actor.company_id, list(mine))}
    found = [Group(key if key != NOBODY else None, names.get(key, ""), _figures(rows)) for key, rows in mine.items()]
    return sorted(found, key=lambda one: (one.id is None, -sum(one.figures.counts.values()), str(one.id)))


async def talks(
    actor: Actor, first: date | None, last: date | None, where: Where, beside: Comparison = Comparison.PREVIOUS
) -> Talks:
    """Exact as of its moment. Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        rows, before = await compared(of, lambda one: by_day(r, one, where))
        days = {day: dict[TalkFact, int]() for day in of.calendar}
        for row in rows:
            day, fact = days[row["key"]], _FACT[row["metric"]]
            day[fact] = day.get(fact, 0) + row["n"]
        hours = await _hours(r, of, where.channel_id) if not any(where[1:]) else None
        waiting = [Waiting(*row) for row in await r.fetch(_WAITING, actor.company_id, *where)]
        checked = await r.fetchrow(_CHECKED, actor.company_id)
        channels, teams, people = [await _groups(r, of, where, axis) for axis in Axis]
    return Talks(
        of, _figures(rows), _figures(before), days, channels, teams, people, hours, waiting, tuple(checked) if checked else None
    )


async def _hours(r: Read, of: Period, channel_id: UUID | None) -> list[list[int]]:
    assert r.actor is not None
    hours = [[0] * 24 for _ in range(7)]
    for row in await r.fetch(_HOURS, r.actor.company_id, of.begins, of.ends, channel_id, of.zone):
        hours[row["day"]][row["hour"]] = row["n"]
    return hours


class Talk(NamedTuple):
    """One of those that a figure counts. `at`: when it was counted; `seconds`: what it is counted with. `conversation_id` None: it was deleted."""

    id: UUID
    conversation_id: UUID | None
    contact_name: str | None
    channel_name: str
    team_name: str | None
    user_id: UUID | None
    user_name: str | None
    at: datetime
    seconds: int | None
    opened_at: datetime
    closed_at: datetime | None


_ROWS = """
select t.id, v.id as conversation_id, coalesce(nullif(c.name, ''), v.address) as contact_name, coalesce(h.name, '') as channel_name, m.name as team_name,
    u.id as user_id, u.name as user_name, t.{at} as at, case when f.h > 0 then f.seconds end as seconds, t.opened_at, t.closed_at
from talk t cross join lateral (select f.dim1, f.seconds, f.h from talk_facts(t) f where f.metric = {metric} and f.dim2 = 2) f
left join conversation v on v.company_id = $1 and v.id = t.conversation_id
left join contact c on c.company_id = $1 and c.id = v.contact_id
left join channel h on h.company_id = $1 and h.id = t.channel_id
left join team m on m.company_id = $1 and m.id = t.team_id
left join account_user u on u.id = f.dim1
where t.company_id = $1 and t.{at} >= $2 and t.{at} < $3 and ($7::uuid is null or f.dim1 = $7) and {where}
    and ($8::timestamptz is null or (t.{at}, t.id) < ($8, $9)) order by t.{at} desc, t.id desc limit $10
"""
_TOTAL = """
select count(*) from talk t cross join lateral (select f.dim1 from talk_facts(t) f where f.metric = {metric} and f.dim2 = 2) f
where t.company_id = $1 and t.{at} >= $2 and t.{at} < $3 and ($7::uuid is null or f.dim1 = $7) and {where}
"""


async def rows(
    actor: Actor,
    fact: TalkFact,
    first: date | None,
    last: date | None,
    where: Where,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Talk], int]:
    """The talks that a figure counts, newest first, and how many there are. The zero id as team or person: of none. Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        named = {"at": _AT[fact], "metric": int(METRICS[fact])}
        args = [actor.company_id, of.begins, of.ends, where.channel_id, where.team_id, where.label_id, where.user_id]
        found = await r.fetch(
            _ROWS.format(**named, where=WHERE.format(tag="$11")), *args, *(after or (None, None)), limit, where.tag
        )
        total: int = await r.fetchval(_TOTAL.format(**named, where=WHERE.format(tag="$8")), *args, where.tag)
        return [Talk(*row) for row in found], total
