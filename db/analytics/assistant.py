"""Figures of the assistant: how many talks it answered alone and handed to people, why, what it cost, what it could not answer, and what
became of the moves of leads that it proposed."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.ai.enums import Purpose
from db.analytics import talks
from db.analytics.enums import Comparison
from db.analytics.period import Period, compared, period
from db.permissions import Permission
from db.proposals.enums import ProposalState
from db.stats.metrics import Metric
from db.tenancy import Actor
from db.work import Read, read

MOST_GAPS = 20


class Figures(NamedTuple):
    """`assisted`: talks in which the assistant gave the first answer; `closed`: all that were closed; `alone`: of them, by the assistant without
    people; `handed`: the assistant asked for people."""

    assisted: int = 0
    closed: int = 0
    alone: int = 0
    handed: int = 0


class Cost(NamedTuple):
    """Calls of models, and what they cost in millionths of a dollar; `unpriced`: of those whose price nobody knows."""

    calls: int = 0
    failed: int = 0
    amount: int = 0
    unpriced: int = 0


class Gap(NamedTuple):
    """What was asked and stood in no base. `times`: how often, in all."""

    id: UUID
    base_id: UUID
    base_name: str
    question: str
    times: int
    last_at: datetime


class Assistant(NamedTuple):
    """`reasons`: of those handed over; `moves`: proposals made in the period, by what became of them, and how many were applied by themselves."""

    period: Period
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    cost: Cost
    cost_before: Cost
    purposes: list[tuple[Purpose, Cost]]
    reasons: list[tuple[str, int]]
    moves: dict[ProposalState, int]
    automatic: int
    gaps: list[Gap]
    open_gaps: int


_COST = """
select u.purpose, count(*)::int as calls,
    count(*) filter (where u.result not in ('answered', 'called', 'cut_off', 'refused', 'filtered'))::int as failed,
    coalesce(sum(u.cost), 0)::bigint as amount, count(*) filter (where u.cost is null and u.counted > 0)::int as unpriced
from ai_usage u where u.company_id = $1 and u.result is not null and u.at >= $2 and u.at < $3 group by 1
"""
_REASONS = f"""
select coalesce(e.what, '') as reason, count(*)::int as n from talk t
left join lateral (select e.what from conversation_entry e where e.company_id = $1 and e.conversation_id = t.conversation_id
    and e.kind = 'handed_over' and e.at = t.handed_at order by e.id limit 1) e on true
where t.company_id = $1 and t.handed_at >= $2 and t.handed_at < $3 and {talks.WHERE.format(tag="$7")} group by 1 order by 2 desc, 1
"""
_MOVES = """
select state, count(*)::int as n, count(*) filter (where automatic)::int as automatic from lead_proposal
where company_id = $1 and created_at >= $2 and created_at < $3 group by 1
"""
_GAPS = f"""
select g.id, g.base_id, b.name as base_name, g.questions[cardinality(g.questions)] as question, g.times, g.last_at, count(*) over () as total
from knowledge_gap g join knowledge_base b on b.company_id = $1 and b.id = g.base_id
where g.company_id = $1 and g.state = 'open' and g.last_at >= $2 and g.last_at < $3 order by g.times desc, g.last_at desc, g.id limit {MOST_GAPS}
"""
_METRICS = [Metric.ASSISTED, Metric.CLOSED, Metric.CLOSED_ALONE, Metric.HANDED]


def _figures(rows: Iterable[asyncpg.Record]) -> Figures:
    by = Counter[int]()
    for row in rows:
        by[row["metric"]] += row["n"]
    return Figures(*(by[metric] for metric in _METRICS))


def _sum(costs: Iterable[Cost]) -> Cost:
    return Cost(*(sum(values) for values in zip(*costs, strict=True))) if (costs := list(costs)) else Cost()


async def _costs(r: Read, of: Period) -> list[tuple[Purpose, Cost]]:
    assert r.actor is not None
    rows = await r.fetch(_COST, r.actor.company_id, of.begins, of.ends)
    return [(Purpose(row["purpose"]), Cost(row["calls"], row["failed"], row["amount"], row["unpriced"])) for row in rows]


async def assistant(
    actor: Actor, first: date | None, last: date | None, where: talks.Where, beside: Comparison = Comparison.PREVIOUS
) -> Assistant:
    """Talks and why they were handed over are narrowed; cost, moves and questions are of everything. Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    actor.require(Permission.AI_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        rows, before = await compared(of, lambda one: talks.by_day(r, one, where))
        costs, costs_before = await compared(of, lambda one: _costs(r, one))
        narrowed = (where.channel_id, where.team_id, where.label_id, where.tag)
        reasons = await r.fetch(_REASONS, actor.company_id, of.begins, of.ends, *narrowed)
        moves = await r.fetch(_MOVES, actor.company_id, of.begins, of.ends)
        gaps = await r.fetch(_GAPS, actor.company_id, of.begins, of.ends)
    days = {day: list[asyncpg.Record]() for day in of.calendar}
    for row in rows:
        days[row["key"]].append(row)
    states = {row["state"]: row["n"] for row in moves}
    return Assistant(
        of,
        _figures(rows),
        _figures(before),
        {day: _figures(some) for day, some in days.items()},
        _sum(cost for _purpose, cost in costs),
        _sum(cost for _purpose, cost in costs_before),
        sorted(costs, key=lambda one: (-one[1].amount, one[0])),
        [(row["reason"], row["n"]) for row in reasons],
        {state: states.get(state.value, 0) for state in ProposalState},
        sum(row["automatic"] for row in moves),
        [Gap(*tuple(row)[:6]) for row in gaps],
        gaps[0]["total"] if gaps else 0,
    )
