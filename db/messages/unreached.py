"""Where a provider delivers no messages of a category, as rows with their source and the days on which they hold (`unreached_country`). One rule for
campaigns, sequences, and what is written to one person."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

_HOLDS = (
    "u.kind = {kind} and u.category = {category} and current_date between u.valid_from and coalesce(u.valid_until, 'infinity')"
)
_LISTED = "select kind, category, country, valid_from, valid_until, source from unreached_country order by kind, category, country, valid_from"
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


async def one(r: Read, company_id: UUID, kind: str, category: str, address: str) -> bool:
    """Whether messages of the category do not arrive at this address."""
    region = "(select i.region from contact_identity i where i.company_id = $3 and i.value = $4 limit 1)"
    found: bool = await r.fetchval(
        f"select coalesce({sql(kind='$1', category='$2', address='$4', region=region)}, false)",
        kind,
        category,
        company_id,
        address,
    )
    return found


class Listed(NamedTuple):
    """One rule, also one that is over or is still to come. `valid_until` None: still."""

    kind: str
    category: str
    country: str
    valid_from: date
    valid_until: date | None
    source: str


async def listed(actor: Actor) -> list[Listed]:
    """All, by kind of channel."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return [Listed(*row) for row in await r.fetch(_LISTED)]
