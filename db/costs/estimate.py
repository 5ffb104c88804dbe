"""What sending would cost, before anything is sent: people by country, at the prices of a day."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import msgspec

from db.costs.caps import units_of
from db.costs.rates import Prices


class Group(NamedTuple):
    """People at one place who get a message of one category."""

    country: str
    category: str
    people: int
    units: int


class Line(msgspec.Struct, frozen=True):
    """One country and category. `price`, `currency` and `amount` None: nobody knows the price."""

    country: str
    category: str
    people: int
    units: int
    price: int | None
    currency: str | None
    amount: int | None


class Total(msgspec.Struct, frozen=True):
    currency: str
    amount: int


class Estimate(msgspec.Struct, frozen=True):
    """`totals`: by currency; without those of whom nobody knows the price (`unpriced` people)."""

    lines: list[Line]
    totals: list[Total]
    unpriced: int


def estimate(groups: Iterable[Group], known: Prices, kind: str, day: date) -> Estimate:
    """The largest group first."""
    merged: dict[tuple[str, str], list[int]] = {}
    for group in groups:
        sums = merged.setdefault((group.country, group.category), [0, 0])
        sums[0] += group.people
        sums[1] += units_of(kind, group.units, group.people)
    lines = []
    totals: dict[str, int] = {}
    for (country, category), (people, units) in sorted(merged.items(), key=lambda item: (-item[1][0], item[0])):
        price = known.of(kind, country, category, day)
        if price is None:
            lines.append(Line(country, category, people, units, None, None, None))
            continue
        lines.append(Line(country, category, people, units, price.amount, price.currency, price.amount * units))
        totals[price.currency] = totals.get(price.currency, 0) + price.amount * units
    unpriced = sum(line.people for line in lines if line.price is None)
    return Estimate(lines, [Total(*one) for one in sorted(totals.items())], unpriced)
