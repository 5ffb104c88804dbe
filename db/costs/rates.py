"""What one message or segment costs: the company's own price (`send_rate`), or what the provider publishes (`listed_rate`). Each counts from its first day until the next one of the
same kind, country and category; what was spent keeps its price. A country of its own stands before "all others"."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.costs.enums import RateCategory
from db.costs.errors import CostField
from db.costs.events import CostsChanged
from db.errors import Field, RequestError
from db.messages import loosened
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, Work, read, work

_OWN = """
select id, kind, country, category, currency, price, valid_from, source from send_rate where company_id = $1 and ($2::text is null or kind = $2)
order by kind, country, category, valid_from
"""
_LISTED = (
    "select kind, country, category, currency, price, valid_from, source from listed_rate where $1::text is null or kind = $1"
)
_COUNT_ANEW = """
update spend_reserved set counted_at = null where company_id = $1 and subject_id = '00000000-0000-0000-0000-000000000000'
"""
_SAVE = """
insert into send_rate(company_id, kind, country, category, currency, price, valid_from, source, created_by)
select $1, u.*, $9::uuid from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::date[], $8::text[]) u
on conflict (company_id, kind, country, category, valid_from) do update
set currency = excluded.currency, price = excluded.price, source = excluded.source, created_by = excluded.created_by
"""


class Rate(NamedTuple):
    """Millionths of the currency for one message or segment. `country` "": wherever no other price is known. `price` None: nobody knows it from that
    day on."""

    kind: str
    country: str
    category: str
    currency: str
    price: int | None
    valid_from: date
    source: str


class Price(NamedTuple):
    """Of one unit, in millionths of the currency."""

    amount: int
    currency: str


class Prices:
    """All prices that a company's sending may have: its own before those of our list."""

    def __init__(self, own: Iterable[Rate], listed: Iterable[Rate] = ()) -> None:
        self._lists = _sorted(own), _sorted(listed)

    def of(self, kind: str, country: str, category: str, day: date) -> Price | None:
        """None: nobody knows it."""
        for place in (country, "") if country else ("",):
            for known in self._lists:
                found = _valid(known.get((kind, place, category), ()), day)
                if found is not None and found.price is not None:
                    return Price(found.price, found.currency)
        return None

    def anywhere(self, kind: str, category: str, currency: str, day: date) -> bool:
        """Whether a price of that kind and currency is known for any country."""
        return any(
            (found := _valid(rates, day)) is not None and found.price is not None and found.currency == currency
            for known in self._lists
            for (of, _country, what), rates in known.items()
            if (of, what) == (kind, category)
        )


def _sorted(rates: Iterable[Rate]) -> dict[tuple[str, str, str], list[Rate]]:
    found: dict[tuple[str, str, str], list[Rate]] = {}
    for rate in sorted(rates, key=lambda one: one.valid_from):
        found.setdefault((rate.kind, rate.country, str(rate.category)), []).append(rate)
    return found


def _valid(rates: Sequence[Rate], day: date) -> Rate | None:
    return next((rate for rate in reversed(rates) if rate.valid_from <= day), None)


class Listed(NamedTuple):
    """`id` None: it is from our list."""

    rate: Rate
    id: UUID | None


async def rates(actor: Actor) -> list[Listed]:
    """The company's own and those of our list, by kind, country, category and day."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        own, listed = await r.fetch(_OWN, actor.company_id, None), await r.fetch(_LISTED, None)
    found = [Listed(Rate(*row[1:]), row["id"]) for row in own] + [
        Listed(Rate(*row), None) for row in listed if row["price"] is not None
    ]
    return sorted(found, key=lambda one: (*one.rate[:3], one.rate.valid_from, one.id is None))


async def prices(r: Read, company_id: UUID, kind: str | None = None) -> Prices:
    """All that may count for the company; `kind`: of such channels only."""
    own, listed = await r.fetch(_OWN, company_id, kind), await r.fetch(_LISTED, kind)
    return Prices([Rate(*row[1:]) for row in own], [Rate(*row) for row in listed])


def refuse_odd(found: Sequence[Rate]) -> None:
    """Raises Invalid with every wrong line."""
    wrong: list[Field] = []
    seen: set[tuple[object, ...]] = set()
    kinds = {one.kind: one for one in registry.providers()}
    for number, rate in enumerate(found):
        place = f"rates[{number}]"
        if rate.kind not in kinds:
            wrong.append(CostField.KIND(f"{place}.kind"))
        elif (kinds[rate.kind].capabilities.unit == "segment") != (rate.category == RateCategory.SMS):
            wrong.append(CostField.CATEGORY(f"{place}.category"))
        if len(rate.currency) != 3 or not (rate.currency.isascii() and rate.currency.isalpha() and rate.currency.isupper()):
            wrong.append(CostField.CURRENCY(f"{place}.currency"))
        if rate.country and not (len(rate.country) == 2 and rate.country.isascii() and rate.country.isupper()):
            wrong.append(CostField.COUNTRY(f"{place}.country"))
        key = (*rate[:3], rate.valid_from)
        if key in seen:
            wrong.append(CostField.DOUBLE(place))
        seen.add(key)
    if wrong:
        raise RequestError.INVALID(fields=wrong)


async def set_rates(actor: Actor, found: Sequence[Rate]) -> None:
    """Adds prices, or changes those of the same kind, country, category and first day. All or none. Raises Invalid."""
    refuse_odd(found)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        await _save(w, found)
        await _ask_anew(w)
        w.audit("send_rates.set", None, count=len(found))
        w.emit(CostsChanged())


async def _save(w: Work, found: Sequence[Rate]) -> None:
    if found:
        columns = [list(column) for column in zip(*found, strict=True)]
        await w.execute(_SAVE, w.company_id, *columns, w.actor.id if w.actor is not None and w.actor.kind == "user" else None)


async def _ask_anew(w: Work) -> None:
    """What counts against the month's limit is counted by the new prices, and who waits for it is asked about again."""
    await w.execute(_COUNT_ANEW, w.company_id)
    await loosened.ask(w)


async def remove_rate(actor: Actor, rate_id: UUID) -> None:
    """A price of the company's own goes; what was spent keeps it. Raises NotFound."""
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.reaches(None)  # it holds for what goes to real people
        if not await w.execute("delete from send_rate where company_id = $1 and id = $2", w.company_id, rate_id):
            raise RequestError.NOT_FOUND(what="send_rate")
        await _ask_anew(w)
        w.audit("send_rates.removed", rate_id)
        w.emit(CostsChanged())
