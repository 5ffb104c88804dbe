"""Where a provider delivers no messages of a category, as rows with their source and the days on which they hold (`unreached_country`)."""

from datetime import date
from typing import NamedTuple

from db.work import Read

_HOLDS = (
    "u.kind = {kind} and u.category = {category} and current_date between u.valid_from and coalesce(u.valid_until, 'infinity')"
)
_ROWS = f"select u.country, u.valid_from, u.source from unreached_country u where {_HOLDS.format(kind='$1', category='$2')} order by 1"


class Unreached(NamedTuple):
    """One country, and since when."""

    country: str
    since: date
    source: str


def sql(*, kind: str, category: str, address: str, region: str) -> str:
    """SQL: messages of the category do not arrive where somebody is. `region`: the country of their number; a WhatsApp user id begins with it."""
    countries = f"select u.country from unreached_country u where {_HOLDS.format(kind=kind, category=category)}"
    return f"coalesce({region}, case when {address} not like '+%' then left({address}, 2) end) = any(array({countries}))"


async def of(r: Read, kind: str, category: str) -> list[Unreached]:
    """The countries, in order."""
    return [Unreached(*row) for row in await r.fetch(_ROWS, kind, category)]
