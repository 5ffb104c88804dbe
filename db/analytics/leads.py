"""Figures of the leads of one board: what came, moved, was won and lost, how long it stood in each stage, and how many of those that came
into one stage came later into another.

Without a filter they are read from roll-ups, else the stays (table `lead_stay`) are counted by the function by which the roll-ups count them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics.enums import Comparison, LeadFact
from db.analytics.people import of_team
from db.analytics.period import Period, compared, period
from db.analytics.times import Times, times
from db.boards import boards
from db.boards.enums import StageKind
from db.permissions import Permission
from db.stats.metrics import Metric
from db.tenancy import Actor
from db.work import Read, read

_METRICS = (Metric.BEGAN, Metric.ARRIVED, Metric.LEFT, Metric.REACHED, Metric.PASSED)
METRICS = {
    LeadFact.ENTERED: Metric.BEGAN,
    LeadFact.ARRIVED: Metric.ARRIVED,
    LeadFact.MOVED: Metric.LEFT,
    LeadFact.WON: Metric.ARRIVED,
    LeadFact.LOST: Metric.ARRIVED,
    LeadFact.REACHED: Metric.REACHED,
    LeadFact.PASSED: Metric.PASSED,
}


class LeadWhere(NamedTuple):
    """Only leads like these, as they are now. `channel_id`, `team_id`: of their conversation."""

    owner_id: UUID | None = None
    tag: str | None = None
    channel_id: UUID | None = None
    team_id: UUID | None = None


class Figures(NamedTuple):
    """How many came onto the board, left a stage, came to be won and lost; what those were worth, in cents."""

    entered: int = 0
    moved: int = 0
    won: int = 0
    lost: int = 0
    entered_value: int = 0
    won_value: int = 0
    lost_value: int = 0


class StageFigures(NamedTuple):
    """`number`: as it is told apart from others of the board. `standing`: now, with their value; None with a filter."""

    id: UUID
    number: int
    name: str
    kind: StageKind
    gone: bool
    arrived: int
    arrived_value: int
    moved: int
    stood: Times
    reached: int
    standing: int | None
    standing_value: int | None


class Passed(NamedTuple):
    """Of the leads that came into one stage for the first time in the period: how many came later into the other, and how soon."""

    from_id: UUID
    to_id: UUID
    leads: int
    took: Times


class Leads(NamedTuple):
    period: Period
    board_id: UUID
    currency: str
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    stages: list[StageFigures]
    passed: list[Passed]
    reasons: list[tuple[str, int, int]]


_STAGES = """
select e.stage_id as id, e.number, coalesce(s.name, e.name) as name, coalesce(s.kind, e.kind) as kind, e.gone, t.leads, t.value_cents
from stage_ever e left join stage s on s.company_id = $1 and s.id = e.stage_id
left join stage_total t on t.company_id = $1 and t.stage_id = e.stage_id
where e.company_id = $1 and e.board_id = $2 order by e.gone, s.rank, e.number
"""
_KEPT = """
select k.day, k.metric, k.dim1, k.dim2, k.h, sum(k.n)::bigint as n, sum(k.sum)::bigint as amount from (
    select day, metric, dim1, dim2, h, n, sum from stat_day
    where company_id = $1 and metric = any($2::smallint[]) and day between $3 and $4 and dim1 = any($5::uuid[])
    union all
    select (d.bucket at time zone $6)::date, d.metric, d.dim1, d.dim2, d.h, d.n, d.sum from stat_delta d
    where d.company_id = $1 and d.metric = any($2::smallint[]) and dim1 = any($5::uuid[])
) k where k.day between $3 and $4 group by 1, 2, 3, 4, 5 having sum(k.n) <> 0 or sum(k.sum) <> 0
"""
_LIKE = f"""({{owner}}::uuid is null or l.owner_id = {{owner}}) and ({{tag}}::text is null or {{tag}} = any(l.tags))
    and ({{channel}}::uuid is null and {{team}}::uuid is null or exists (
        select from conversation v where v.company_id = $1 and v.id = l.conversation_id and ({{channel}}::uuid is null or v.channel_id = {{channel}})
            and ({{team}}::uuid is null or {of_team("v.team_id", "{team}")})))"""
_OF = f"join lead l on l.company_id = $1 and l.id = s.lead_id and {_LIKE}"
_COUNTED = f"""
select (f.happened at time zone $6)::date as day, f.metric, f.dim1, f.dim2, f.h, count(*)::bigint as n, sum(f.amount)::bigint as amount
from lead_stay s {_OF.format(owner="$7", tag="$8", channel="$9", team="$10")} cross join lateral lead_facts(s) f
where s.company_id = $1 and s.board_id = $5 and f.metric = any($2::smallint[]) and f.happened >= $3 and f.happened < $4
    and (s.entered_at >= $3 or s.left_at >= $3) group by 1, 2, 3, 4, 5
"""
_REASONS = """
select coalesce(s.reason, '') as reason, count(*)::int as leads, sum(s.value_cents)::bigint as value from lead_stay s {of}
where s.company_id = $1 and s.board_id = $2 and s.stage_id = any($3::uuid[]) and s.entered_at >= $4 and s.entered_at < $5
group by 1 order by 2 desc, 1 limit 50
"""


async def _facts(r: Read, of: Period, board_id: UUID, stages: list[UUID], where: LeadWhere) -> list[asyncpg.Record]:
    assert r.actor is not None
    company, metrics = r.actor.company_id, [int(metric) for metric in _METRICS]
    if where == LeadWhere():
        return await r.fetch(_KEPT, company, metrics, of.first, of.last, [board_id, *stages], of.zone)
    return await r.fetch(_COUNTED, company, metrics, of.begins, of.ends, board_id, of.zone, *where)


def _figures(rows: Iterable[asyncpg.Record], kinds: dict[UUID, StageKind]) -> Figures:
    n, value = Counter[str](), Counter[str]()
    for row in rows:
        match row["metric"]:
            case Metric.BEGAN:
                name = "entered"
            case Metric.LEFT:
                name = "moved"
            case Metric.ARRIVED:
                name = kinds[row["dim1"]].value
            case _:
                continue
        n[name] += row["n"]
        value[name] += row["amount"]
    return Figures(n["entered"], n["moved"], n["won"], n["lost"], value["entered"], value["won"], value["lost"])


async def leads(
    actor: Actor,
    board_id: UUID,
    first: date | None,
    last: date | None,
    where: LeadWhere,
    beside: Comparison = Comparison.PREVIOUS,
) -> Leads:
    """Exact as of its moment. Raises Forbidden, Invalid, NotFound."""
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        of = await period(r, actor.company_id, first, last, beside)
        known = await r.fetch(_STAGES, actor.company_id, board_id)
        kinds = {row["id"]: StageKind(row["kind"]) for row in known}
        rows, before = await compared(of, lambda one: _facts(r, one, board_id, list(kinds), where))
        lost = [key for key, kind in kinds.items() if kind is StageKind.LOST]
        narrowed = where != LeadWhere()
        reasons = await r.fetch(
            _REASONS.format(of=_OF.format(owner="$6", tag="$7", channel="$8", team="$9") if narrowed else ""),
            actor.company_id, board_id, lost, of.begins, of.ends, *(where if narrowed else ()),
        )  # fmt: skip
        currency: str = await r.fetchval(
            "select currency from board where company_id = $1 and id = $2", actor.company_id, board_id
        )
    days: dict[date, list[asyncpg.Record]] = {day: [] for day in of.calendar}
    for row in rows:
        days[row["day"]].append(row)
    return Leads(
        of,
        board_id,
        currency,
        _figures(rows, kinds),
        _figures(before, kinds),
        {day: _figures(some, kinds) for day, some in days.items()},
        _stages(rows, known, narrowed=narrowed),
        _passed(rows, {row["number"]: row["id"] for row in known}),
        [tuple(row) for row in reasons],
    )


def _stages(rows: list[asyncpg.Record], known: list[asyncpg.Record], *, narrowed: bool) -> list[StageFigures]:
    n, amount = Counter[tuple[UUID, int]](), Counter[tuple[UUID, int]]()
    bins = defaultdict[UUID, Counter[int]](Counter)
    for row in rows:
        key = (row["dim1"], row["metric"])
        n[key] += row["n"]
        amount[key] += row["amount"]
        if row["metric"] == Metric.LEFT:
            bins[row["dim1"]][row["h"]] += row["n"]
    found = []
    for one in known:
        key = one["id"]
        arrived, left, reached = ((key, int(metric)) for metric in (Metric.ARRIVED, Metric.LEFT, Metric.REACHED))
        if one["gone"] and not (n[arrived] or n[left]):
            continue
        standing = (None, None) if narrowed else (one["leads"] or 0, one["value_cents"] or 0)
        stood = times(bins[key], amount[left])
        found.append(
            StageFigures(
                key, one["number"], one["name"], StageKind(one["kind"]), one["gone"], n[arrived], amount[arrived], n[left], stood,
                n[reached], *standing,
            )
        )  # fmt: skip
    return found


def _passed(rows: list[asyncpg.Record], numbers: dict[int, UUID]) -> list[Passed]:
    bins, seconds = defaultdict[tuple[UUID, int], Counter[int]](Counter), Counter[tuple[UUID, int]]()
    for row in rows:
        if row["metric"] == Metric.PASSED:
            bins[row["dim1"], row["dim2"]][row["h"]] += row["n"]
            seconds[row["dim1"], row["dim2"]] += row["amount"]
    found = [Passed(key[0], numbers[key[1]], held.total(), times(held, seconds[key])) for key, held in bins.items()]
    return sorted(found, key=lambda one: (str(one.from_id), str(one.to_id)))


class LeadRow(NamedTuple):
    """One of those that a figure counts. `at`: when it was counted; `seconds`: what it is counted with. `title` None: the lead was deleted."""

    id: UUID
    lead_id: UUID
    title: str | None
    stage_id: UUID
    stage_name: str
    owner_name: str | None
    at: datetime
    seconds: int | None
    value_cents: int
    reason: str | None


_BEHIND = """
from lead_stay s cross join lateral lead_facts(s) f {join} lead l on l.company_id = $1 and l.id = s.lead_id
where s.company_id = $1 and s.board_id = $2 and f.metric = $3 and f.dim1 = any($4::uuid[]) and ($5::smallint is null or f.dim2 = $5)
    and f.happened >= $6 and f.happened < $7 and (s.entered_at >= $6 or s.left_at >= $6)
    and {like}
"""
_ROWS = """
select n.*, l.title, e.name as stage_name, u.name as owner_name from (
    select s.id, s.lead_id, s.stage_id, f.happened as at, case when f.h > 0 then f.amount end as seconds, s.value_cents, s.reason {behind}
    and ($12::timestamptz is null or (f.happened, s.id) < ($12, $13)) order by f.happened desc, s.id desc limit $14) n
left join lead l on l.company_id = $1 and l.id = n.lead_id
left join stage_ever e on e.company_id = $1 and e.stage_id = n.stage_id
left join account_user u on u.id = l.owner_id order by n.at desc, n.id desc
"""
_KINDS = {LeadFact.WON: StageKind.WON, LeadFact.LOST: StageKind.LOST}


async def rows(
    actor: Actor,
    board_id: UUID,
    fact: LeadFact,
    stages: tuple[UUID | None, UUID | None],
    first: date | None,
    last: date | None,
    where: LeadWhere,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[LeadRow], int]:
    """The stays that a figure counts, newest first, and how many there are. `stages`: which one, None for each; and of PASSED the one that
    was reached. Raises Forbidden, Invalid, NotFound."""
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        of = await period(r, actor.company_id, first, last)
        known = {row["id"]: row for row in await r.fetch(_STAGES, actor.company_id, board_id)}
        kind = _KINDS.get(fact)
        among = [key for key, row in known.items() if (kind is None or row["kind"] == kind) and stages[0] in (None, key)]
        to = None
        if fact is LeadFact.PASSED:
            to = known[stages[1]]["number"] if stages[1] in known else 0
        dims = [board_id] if fact is LeadFact.ENTERED else among
        args = (actor.company_id, board_id, int(METRICS[fact]), dims, to, of.begins, of.ends, *where)
        behind = _BEHIND.format(
            join="left join" if where == LeadWhere() else "join",
            like=_LIKE.format(owner="$8", tag="$9", channel="$10", team="$11"),
        )
        found = await r.fetch(_ROWS.format(behind=behind), *args, *(after or (None, None)), limit)
        total: int = await r.fetchval(f"select count(*) {behind}", *args)
        return [LeadRow(**{name: row[name] for name in LeadRow._fields}) for row in found], total
