"""Figures of calls: how many people answered and when, how long they talked, how calls ended, what they cost."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics import rollup
from db.analytics.enums import CallFact, Comparison
from db.analytics.people import TAGGED, of_team
from db.analytics.period import Period, compared, period
from db.analytics.times import Times, times
from db.messages.enums import CallOutcome
from db.permissions import Permission
from db.stats.metrics import Metric, currency
from db.tenancy import Actor
from db.work import Read, read

METRICS = {CallFact.CALLED: Metric.CALLED, CallFact.TALKED: Metric.TALKED}
_OUTCOMES = list(CallOutcome)
"""In the order of their numbers in the database; a later one goes to the end."""


class Figures(NamedTuple):
    """`length`: of those in which a person spoke."""

    called: int
    talked: int
    length: Times


class Spent(NamedTuple):
    """In one currency; None: of calls whose price nobody knew."""

    currency: str | None
    amount: int
    calls: int


class Calls(NamedTuple):
    """`hours`, `talked_hours`: by weekday (0 is Monday) and hour, when the call was placed or came in. An outcome of None: it is not over. `spent` None:
    costs are counted by channel, and these figures are of a team or a tag."""

    period: Period
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    outcomes: list[tuple[CallOutcome | None, int]]
    hours: list[list[int]]
    talked_hours: list[list[int]]
    spent: list[Spent] | None


class CallWhere(NamedTuple):
    """Only calls of these. `team_id`: which has their conversation now; `tag`: which their people bear now."""

    channel_id: UUID | None = None
    team_id: UUID | None = None
    tag: str | None = None


_LIKE = f"""($5::uuid is null or k.channel_id = $5) and ($6::uuid is null and $7::text is null or exists (
    select from (
        select m.contact_id from message m where m.company_id = $1 and m.id = k.id
        union all
        select i.contact_id from inbound_message i where i.company_id = $1 and i.id = k.id) p
    left join conversation v on v.company_id = $1 and v.contact_id = p.contact_id and v.channel_id = k.channel_id
    where ($6::uuid is null or v.id is not null and {of_team("v.team_id", "$6")}) and ($7::text is null or {TAGGED.format(contact="p.contact_id", tag="$7")})))"""
_COUNTED = f"""
select (f.happened at time zone $4)::date as day, extract(isodow from f.happened at time zone $4)::int - 1 as weekday,
    extract(hour from f.happened at time zone $4)::int as hour, f.metric, k.channel_id as dim1, f.dim2, f.h, count(*)::bigint as n, sum(f.seconds)::bigint as amount
from call k cross join lateral call_facts(k) f where k.company_id = $1 and k.created_at >= $2 and k.created_at < $3 and {_LIKE}
group by 1, 2, 3, 4, 5, 6, 7
"""


async def _rows(r: Read, of: Period, where: CallWhere) -> list[asyncpg.Record]:
    """Day, metric, dim1, dim2, h, n, amount; counted call by call also weekday and hour."""
    assert r.actor is not None
    if where.team_id is None and where.tag is None:
        return await rollup.kept(r, of, [Metric.CALLED, Metric.TALKED, Metric.COST], where.channel_id)
    return await r.fetch(_COUNTED, r.actor.company_id, of.begins, of.ends, of.zone, *where)


async def _hours(r: Read, of: Period, where: CallWhere, rows: list[asyncpg.Record], metric: Metric) -> list[list[int]]:
    if where.team_id is None and where.tag is None:
        return await rollup.hours(r, of, metric, where.channel_id)
    found = [[0] * 24 for _ in range(7)]
    for row in rows:
        if row["metric"] == metric:
            found[row["weekday"]][row["hour"]] += row["n"]
    return found


def _figures(rows: Iterable[asyncpg.Record]) -> Figures:
    called, seconds, bins = 0, 0, Counter[int]()
    for row in rows:
        if row["metric"] == Metric.CALLED:
            called += row["n"]
        elif row["metric"] == Metric.TALKED:
            bins[row["h"]] += row["n"]
            seconds += row["amount"]
    return Figures(called, bins.total(), times(bins, seconds))


async def calls(
    actor: Actor, first: date | None, last: date | None, where: CallWhere, beside: Comparison = Comparison.PREVIOUS
) -> Calls:
    """Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        now_, before = await compared(of, lambda one: _rows(r, one, where))
        over = {row["dim1"] for row in (*now_, *before) if row["metric"] == Metric.CALLED}
        hours = await _hours(r, of, where, now_, Metric.CALLED)
        talked = await _hours(r, of, where, now_, Metric.TALKED)
    outcomes, amounts, billed = Counter[int](), Counter[int](), Counter[int]()
    for row in now_:
        if row["metric"] == Metric.CALLED:
            outcomes[row["dim2"]] += row["n"]
        elif row["metric"] == Metric.COST and row["dim1"] in over:
            amounts[row["h"]] += row["amount"]
            billed[row["h"]] += row["n"]
    return Calls(
        of,
        _figures(now_),
        _figures(before),
        {day: _figures(rows) for day, rows in rollup.by_day(of, now_).items()},
        [(_OUTCOMES[number - 1] if number else None, n) for number, n in outcomes.most_common()],
        hours,
        talked,
        None
        if where.team_id is not None or where.tag is not None
        else sorted(
            (Spent(currency(key), amounts[key], n) for key, n in billed.items()),
            key=lambda one: (one.currency is None, -one.amount),
        ),
    )


class Row(NamedTuple):
    """One of those that a figure counts. `conversation_id` None: it was deleted."""

    id: UUID
    conversation_id: UUID | None
    contact_name: str | None
    channel_name: str
    at: datetime
    outcome: CallOutcome | None
    seconds: int | None


_BEHIND = f"""
from call k cross join lateral (select from call_facts(k) f where f.metric = $2) f
where k.company_id = $1 and k.created_at >= $3 and k.created_at < $4 and {_LIKE}
    and ($8::smallint is null or call_outcome_number(k.outcome) = $8)
"""
_ROWS = f"""
select n.id, v.id as conversation_id, coalesce(nullif(c.name, ''), v.address) as contact_name, coalesce(h.name, '') as channel_name, n.at, n.outcome, n.seconds
from (
    select k.id, k.channel_id, k.created_at as at, k.outcome, k.seconds {_BEHIND}
    and ($9::timestamptz is null or (k.created_at, k.id) < ($9, $10)) order by k.created_at desc, k.id desc limit $11) n
left join message m on m.company_id = $1 and m.id = n.id
left join inbound_message i on i.company_id = $1 and i.id = n.id
left join contact c on c.company_id = $1 and c.id = coalesce(m.contact_id, i.contact_id)
left join conversation v on v.company_id = $1 and v.contact_id = c.id and v.channel_id = n.channel_id
left join channel h on h.company_id = $1 and h.id = n.channel_id order by n.at desc, n.id desc
"""


async def rows(
    actor: Actor,
    fact: CallFact,
    first: date | None,
    last: date | None,
    where: CallWhere,
    *,
    outcome: CallOutcome | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Row], int]:
    """The calls that a figure counts, newest first, and how many there are. Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        number = None if outcome is None else _OUTCOMES.index(outcome) + 1
        args = (actor.company_id, int(METRICS[fact]), of.begins, of.ends, *where, number)
        found = await r.fetch(_ROWS, *args, *(after or (None, None)), limit)
        total: int = await r.fetchval(f"select count(*) {_BEHIND}", *args)
        return [Row(**{**row, "outcome": CallOutcome(row["outcome"]) if row["outcome"] else None}) for row in found], total
