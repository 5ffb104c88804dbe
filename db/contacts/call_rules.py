"""When people may be called, and how often: rows by country and area with their source and the days on which they hold (`call_rule`)."""

from datetime import date, time
from typing import NamedTuple

from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

Span = tuple[time, time]
_ROWS = """
select country, areas, weekdays_from, weekdays_to, saturday_from, saturday_to, sunday_from, sunday_to, skip_holidays, per_day, per_week,
    valid_from, valid_until, source from call_rule order by country = '', country, areas = '{}', areas, valid_from desc
"""
_DAYS = (("weekdays", (0, 1, 2, 3, 4)), ("saturday", (5,)), ("sunday", (6,)))


class CallRule(NamedTuple):
    """`hours` by day of the week, Monday is 0; a day that is missing is closed. `holidays`: the country's are closed too. `per_day`, `per_week`: calls to one
    person at most. `source`: where the rule comes from. `country` "": wherever no other rule holds; `areas`: of Brazil, none for all."""

    country: str
    areas: tuple[str, ...]
    hours: dict[int, Span]
    holidays: bool
    per_day: int
    per_week: int
    valid_from: date
    valid_until: date | None
    source: str

    def holds(self, country: str, area: str, on: date) -> bool:
        """Whether it counts there on that day."""
        there = self.country in ("", country) and (not self.areas or area in self.areas)
        return there and self.valid_from <= on <= (self.valid_until or date.max)


async def load(r: Read) -> tuple[CallRule, ...]:
    """The narrowest first: of those that hold at a place the first one counts."""
    return tuple(
        CallRule(
            row["country"],
            tuple(row["areas"]),
            {
                day: (row[f"{name}_from"], row[f"{name}_to"])
                for name, days in _DAYS
                if row[f"{name}_from"] is not None
                for day in days
            },
            row["skip_holidays"],
            row["per_day"],
            row["per_week"],
            row["valid_from"],
            row["valid_until"],
            row["source"],
        )
        for row in await r.fetch(_ROWS)
    )


async def listed(actor: Actor) -> tuple[CallRule, ...]:
    """All, also those that are over or still to come."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return await load(r)
