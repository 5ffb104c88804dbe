"""Figures of what people asked for: who wanted nothing any more, who wanted it again, and by what that is known."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics import rollup
from db.analytics.period import Period, period
from db.permissions import Permission
from db.stats.metrics import Metric, Said
from db.tenancy import Actor
from db.work import read

SOURCES = ("keyword", "provider", "person", "import", "api", "list")
"""In the order of their numbers in the database."""


class Figures(NamedTuple):
    """`out`, `back`: of everything; `out_of_some`, `back_of_some`: of marketing or news alone. `sent`: messages that went out."""

    out: int = 0
    back: int = 0
    out_of_some: int = 0
    back_of_some: int = 0
    sent: int = 0


class Consent(NamedTuple):
    """`sources`: opt-outs and consents by what they are known by."""

    period: Period
    figures: Figures
    before: Figures
    days: dict[date, Figures]
    sources: list[tuple[str, int, int]]


def _figures(rows: Iterable[asyncpg.Record]) -> Figures:
    said, sent = Counter[int](), 0
    for row in rows:
        if row["metric"] == Metric.SENT:
            sent += row["n"]
        else:
            said[row["dim2"]] += row["n"]
    return Figures(said[Said.OUT], said[Said.IN], said[Said.OUT_OF_CATEGORY], said[Said.IN_CATEGORY], sent)


async def consent(actor: Actor, first: date | None, last: date | None) -> Consent:
    """Raises Forbidden, Invalid."""
    actor.require(Permission.CONTACTS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        now_, before = rollup.halves(of, await rollup.kept(r, of, [Metric.SAID, Metric.SENT]))
    by = Counter[tuple[int, int]]()
    for row in now_:
        if row["metric"] == Metric.SAID:
            by[row["h"], row["dim2"] % 2] += row["n"]
    numbers = sorted({number for number, _allowed in by}, key=lambda number: -by[number, 0])
    sources = [(SOURCES[number - 1] if number else "", by[number, 0], by[number, 1]) for number in numbers]
    days = {day: _figures(rows) for day, rows in rollup.by_day(of, now_).items()}
    return Consent(of, _figures(now_), _figures(before), days, sources)


class Entry(NamedTuple):
    """One of those that a figure counts. `contact_id` None: it was said of an address that no contact had, or the contact is gone."""

    id: UUID
    contact_id: UUID | None
    contact_name: str | None
    category: str | None
    allowed: bool
    source: str
    at: datetime


_BEHIND = """
from consent_entry e where e.company_id = $1 and e.at >= $2 and e.at < $3 and ($4::boolean is null or e.allowed = $4)
    and ($5::boolean is null or (e.category is not null) = $5) and ($6::text is null or e.source = $6)
"""
_ROWS = f"""
select n.id, c.id as contact_id, c.name as contact_name, n.category, n.allowed, n.source, n.at from (
    select e.id, e.contact_id, e.category, e.allowed, e.source, e.at {_BEHIND}
    and ($7::timestamptz is null or (e.at, e.id) < ($7, $8)) order by e.at desc, e.id desc limit $9) n
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
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Entry], int]:
    """What a figure counts, newest first, and how many there are. `partly`: of marketing or news alone. Raises Forbidden, Invalid."""
    actor.require(Permission.CONTACTS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        args = (actor.company_id, of.begins, of.ends, allowed, partly, source)
        found = await r.fetch(_ROWS, *args, *(after or (None, None)), limit)
        total: int = await r.fetchval(f"select count(*) {_BEHIND}", *args)
        return [Entry(*row) for row in found], total
