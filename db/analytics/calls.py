"""Figures of calls: how many people answered and when, how long they talked, how calls ended, what they cost."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics import rollup
from db.analytics.enums import CallFact
from db.analytics.period import Period, period
from db.analytics.times import Times, times
from db.messages.enums import CallOutcome
from db.permissions import Permission
from db.stats.metrics import Metric, currency
from db.tenancy import Actor
from db.work import read

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
    """`hours`, `talked_hours`: by weekday (0 is Monday) and hour, when the call was placed or came in. An outcome of None: it is not over."""

    period: Period
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    outcomes: list[tuple[CallOutcome | None, int]]
    hours: list[list[int]]
    talked_hours: list[list[int]]
    spent: list[Spent]


def _figures(rows: Iterable[asyncpg.Record]) -> Figures:
    called, seconds, bins = 0, 0, Counter[int]()
    for row in rows:
        if row["metric"] == Metric.CALLED:
            called += row["n"]
        elif row["metric"] == Metric.TALKED:
            bins[row["h"]] += row["n"]
            seconds += row["amount"]
    return Figures(called, bins.total(), times(bins, seconds))


async def calls(actor: Actor, first: date | None, last: date | None, channel_id: UUID | None) -> Calls:
    """Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        every = await rollup.kept(r, of, [Metric.CALLED, Metric.TALKED, Metric.COST], channel_id)
        over = {row["dim1"] for row in every if row["metric"] == Metric.CALLED}
        now_, before = rollup.halves(of, every)
        hours, talked = await rollup.hours(r, of, Metric.CALLED, channel_id), await rollup.hours(r, of, Metric.TALKED, channel_id)
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
        sorted(
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


_BEHIND = """
from call k cross join lateral (select from call_facts(k) f where f.metric = $2) f
where k.company_id = $1 and k.created_at >= $3 and k.created_at < $4 and ($5::uuid is null or k.channel_id = $5)
    and ($6::smallint is null or call_outcome_number(k.outcome) = $6)
"""
_ROWS = f"""
select n.id, v.id as conversation_id, coalesce(nullif(c.name, ''), v.address) as contact_name, coalesce(h.name, '') as channel_name, n.at, n.outcome, n.seconds
from (
    select k.id, k.channel_id, k.created_at as at, k.outcome, k.seconds {_BEHIND}
    and ($7::timestamptz is null or (k.created_at, k.id) < ($7, $8)) order by k.created_at desc, k.id desc limit $9) n
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
    *,
    channel_id: UUID | None,
    outcome: CallOutcome | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Row], int]:
    """The calls that a figure counts, newest first, and how many there are. Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        number = None if outcome is None else _OUTCOMES.index(outcome) + 1
        args = (actor.company_id, int(METRICS[fact]), of.begins, of.ends, channel_id, number)
        found = await r.fetch(_ROWS, *args, *(after or (None, None)), limit)
        total: int = await r.fetchval(f"select count(*) {_BEHIND}", *args)
        return [Row(**{**row, "outcome": CallOutcome(row["outcome"]) if row["outcome"] else None}) for row in found], total
