"""Holidays of whole countries, as rows with the law that makes them and the days since which they hold (`holiday`).

States and towns have more: a company adds those to its office hours (`office_hours.holidays`). Other countries than Brazil have none here yet.
"""

import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from db.contacts import call_rules
from db.contacts.call_rules import CallRule
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

KEPT = 300.0
"""Seconds after which what a migration changed is read."""
_ROWS = "select country, name, month, day, from_easter, valid_from, valid_until, source from holiday order by country, name, valid_from"
_OWN = "select holidays from office_hours where company_id = $1"
_known: list[tuple[float, "Calendar"]] = []


class Holiday(NamedTuple):
    """A day of each year, or so many days from Easter. `valid_until` None: still."""

    country: str
    name: str
    month: int | None
    day: int | None
    from_easter: int | None
    valid_from: date
    valid_until: date | None
    source: str

    def on(self, year: int) -> date | None:
        """The day of that year; None: it is none then."""
        if self.month is not None and self.day is not None:
            found = date(year, self.month, self.day)
        else:
            found = easter(year) + timedelta(days=self.from_easter or 0)
        return found if self.valid_from <= found <= (self.valid_until or date.max) else None


class Calendar:
    """All that are known, with the rules of when people may be called."""

    def __init__(self, rows: list[Holiday], calls: Sequence[CallRule] = ()) -> None:
        self.rows, self.calls = rows, calls
        self._years: dict[tuple[str, int], list[date]] = {}

    def of(self, country: str, year: int) -> list[date]:
        """In order."""
        key = (country, year)
        if key not in self._years:
            days = [one.on(year) for one in self.rows if one.country == country]
            self._years[key] = sorted({day for day in days if day is not None})
        return self._years[key]


class Listed(NamedTuple):
    """One day of this year or the next. `rule` None: the company set it with its office hours."""

    day: date
    rule: Holiday | None


async def calendar(r: Read) -> Calendar:
    """As it was five minutes ago at most."""
    if not _known or time.monotonic() - _known[0][0] > KEPT:
        days = [Holiday(*row) for row in await r.fetch(_ROWS)]
        _known[:] = [(time.monotonic(), Calendar(days, await call_rules.load(r)))]
    return _known[0][1]


async def listed(actor: Actor, year: int) -> list[Listed]:
    """Of this year and the next, in order, with those that the company set."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        rows = (await calendar(r)).rows
        own = await r.fetchval(_OWN, actor.company_id) or []
    found = [Listed(day, one) for one in rows for at in (year, year + 1) if (day := one.on(at)) is not None]
    found += [Listed(day, None) for day in own if day.year in (year, year + 1)]
    return sorted(found, key=lambda one: (one.day, one.rule is None))


def easter(year: int) -> date:
    """Of the Gregorian calendar (the anonymous algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)
