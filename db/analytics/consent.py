"""Figures of what people asked for: who wanted nothing any more, who wanted it again, and by what that is known."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics import rollup
from db.analytics.enums import Comparison
from db.analytics.people import TAGGED
from db.analytics.period import Period, compared, period
from db.permissions import Permission
from db.stats.metrics import Metric, Said
from db.tenancy import Actor
from db.work import Read, read

SOURCES = ("keyword", "provider", "person", "import", "api", "list")
"""In the order of their numbers in the database."""


class Figures(NamedTuple):
    """`out`, `back`: of everything; `out_of_some`, `back_of_some`: of marketing or news alone. `sent`: messages that went out; None:
    they are not counted by tag."""

    out: int = 0
    back: int = 0
    out_of_some: int = 0
    back_of_some: int = 0
    sent: int | None = 0


class Consent(NamedTuple):
    """`sources`: opt-outs and consents by what they are known by."""

    period: Period
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    sources: list[tuple[str, int, int]]


_LIKE = f"({{tag}}::text is null or {TAGGED.format(contact='e.contact_id', tag='{tag}')})"
_COUNTED = f"""
select (e.at at time zone $4)::date as day, f.metric, f.dim2, f.h, count(*)::bigint as n from consent_entry e cross join lateral consent_facts(e) f
where e.company_id = $1 and e.at >= $2 and e.at < $3 and {_LIKE.format(tag="$5")} group by 1, 2, 3, 4
"""


async def _said(r: Read, of: Period, tag: str | None) -> list[asyncpg.Record]:
    assert r.actor is not None
    if tag is None:
        return await rollup.kept(r, of, [Metric.SAID, Metric.SENT])
    return await r.fetch(_COUNTED, r.actor.company_id, of.begins, of.ends, of.zone, tag)


def _figures(rows: Iterable[asyncpg.Record], *, narrowed: bool) -> Figures:
    said, sent = Counter[int](), 0
    for row in rows:
        if row["metric"] == Metric.SENT:
            sent += row["n"]
        else:
            said[row["dim2"]] += row["n"]
    return Figures(said[Said.OUT], said[Said.IN], said[Said.OUT_OF_CATEGORY], said[Said.IN_CATEGORY], None if narrowed else sent)


async def consent(
    actor: Actor, first: date | None, last: date | None, tag: str | None = None, beside: Comparison = Comparison.PREVIOUS
) -> Consent:
    """`tag`: only of people who bear it now. Raises Forbidden, Invalid."""
    actor.require(Permission.CONTACTS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        now_, before = await compared(of, lambda one: _said(r, one, tag))
    by = Counter[tuple[int, int]]()
    for row in now_:
        if row["metric"] == Metric.SAID:
            by[row["h"], row["dim2"] % 2] += row["n"]
    numbers = sorted({number for number, _allowed in by}, key=lambda number: -by[number, 0])
    sources = [(SOURCES[number - 1] if number else "", by[number, 0], by[number, 1]) for number in numbers]
    days = {day: _figures(rows, narrowed=tag is not None) for day, rows in rollup.by_day(of, now_).items()}
    now, was = (_figures(half, narrowed=tag is not None) for half in (now_, before))
    return Consent(of, now, was, days, sources)


class Entry(NamedTuple):
    """One of those that a figure counts. `contact_id` None: it was said of an address that no contact had, or the contact is gone."""

    id: UUID
    contact_id: UUID | None
    contact_name: str | None
    category: str | None
    allowed: bool
    source: str
    at: datetime


_BEHIND = f"""
from consent_entry e where e.company_id = $1 and e.at >= $2 and e.at < $3 and ($4::boolean is null or e.allowed = $4)
    and ($5::boolean is null or (e.category is not null) = $5) and ($6::text is null or e.source = $6)
    and {_LIKE.format(tag="$7")}
"""
_ROWS = f"""
select n.id, c.id as contact_id, c.name as contact_name, n.category, n.allowed, n.source, n.at from (
    select e.id, e.contact_id, e.category, e.allowed, e.source, e.at {_BEHIND}
    and ($8::timestamptz is null or (e.at, e.id) < ($8, $9)) order by e.at desc, e.id desc limit $10) n
left join contact c on c.company_id = $1 and c.id = n.contact_id order by n.at desc, n.id desc
"""


async def rows(
    actor: Actor,
    first: date | None,
    last: date | None,
    *,
    allowed: bool | None,
    partly: bool | None,
    source: str | None,
    tag: str | None = None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Entry], int]:
    """What a figure counts, newest first, and how many there are. `partly`: of marketing or news alone. Raises Forbidden, Invalid."""
    actor.require(Permission.CONTACTS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        args = (actor.company_id, of.begins, of.ends, allowed, partly, source, tag)
        found = await r.fetch(_ROWS, *args, *(after or (None, None)), limit)
        total: int = await r.fetchval(f"select count(*) {_BEHIND}", *args)
        return [Entry(*row) for row in found], total
