"""What was billed: one row for each attempt. Meta tells it with a status (billable, category, type), at the earliest when the message was delivered;
who charges by segment does so once the message is sent.

The row says what was told last, at the price of the day of the first status: the same in whatever order statuses come, and however often. A price
stays once it is known for that day and category. Refuses to know webhooks: `workers/effects.py` reads them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.contacts.places import place
from db.costs import rates
from db.costs.enums import RateCategory
from db.messages.ledger import Arrived
from db.providers import registry
from db.work import Read, Work

_ENTERED = """
select attempt_id, message_id, campaign_id, channel_id, kind, country, simulated, units, at, told_at, billable, category, model, price, currency
from message_cost where company_id = $1 and attempt_id = any($2::uuid[])
"""
_OF_ATTEMPTS = """
select a.id, m.id, m.campaign_id, a.channel_id, m.address, m.units
from attempt a join message m on m.company_id = $1 and m.id = a.message_id where a.company_id = $1 and a.id = any($2::uuid[])
"""
_OF_PROVIDER = """
select r.provider_id, a.id, m.id, m.campaign_id, a.channel_id, m.address, m.units
from unnest((select $2::text[])) r(provider_id) join message m on m.company_id = $1 and m.provider_id = r.provider_id
join attempt a on a.company_id = $1 and a.message_id = m.id and a.provider_id = r.provider_id
"""
_CHANNELS = "select id, kind, sandbox from channel where company_id = $1 and id = any($2::uuid[])"
_ENTER = """
insert into message_cost(company_id, attempt_id, message_id, campaign_id, channel_id, kind, country, simulated, units, at, told_at, billable, category,
                         model, price, currency, amount)
select $1, u.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::boolean[], $9::smallint[], $10::timestamptz[],
    $11::timestamptz[], $12::boolean[], $13::text[], $14::text[], $15::bigint[], $16::text[], $17::bigint[]) u
on conflict do nothing returning attempt_id
"""
# Only what was read: another worker's word is not lost. Figures count what goes and what comes.
_TAKE_OUT = """
delete from message_cost k using unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) u(id, at, told_at)
where k.company_id = $1 and k.attempt_id = u.id and k.at = u.at and k.told_at is not distinct from u.told_at returning k.attempt_id
"""
# Where a later status says the same: what was spent and where it counts stays, so that no figure is asked and no index written.
_RESTAMP = """
update message_cost k set told_at = u.later from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[]) u(id, at, told_at, later)
where k.company_id = $1 and k.attempt_id = u.id and k.at = u.at and k.told_at is not distinct from u.told_at returning k.attempt_id
"""
_SUMS = """
select campaign_id, currency, sum(amount)::bigint as amount, count(*)::int as messages, count(*) filter (where not billable)::int as free,
    count(*) filter (where billable and price is null)::int as unpriced
from message_cost where company_id = $1 and campaign_id = any($2::uuid[]) group by 1, 2
"""


CALL = "call"
"""The category of what providers tell the amount of."""


class Charge(NamedTuple):
    """What a provider told of one attempt, named by our id, or by the provider's. `category` None: it is billed by segments."""

    attempt_id: UUID | None
    provider_id: str | None
    at: datetime
    billable: bool
    category: str | None
    model: str = ""
    amount: int | None = None
    """Of a call, told by the provider itself, in millionths of a US dollar; None: the price of the day counts."""


class _Told(NamedTuple):
    """What all statuses of an attempt say together: when the first was, and what the last one said. Of one moment the larger word counts."""

    first: datetime
    last: datetime
    billable: bool
    category: str
    model: str
    amount: int = -1  # that the provider told itself, in millionths of a dollar; -1: the price of the day counts


def _of(charge: Charge) -> _Told:
    category = RateCategory.SMS.value if charge.category is None else charge.category
    return _Told(charge.at, charge.at, charge.billable, category, charge.model, -1 if charge.amount is None else charge.amount)


def _together(told: Iterable[_Told]) -> _Told:
    found, *others = told
    for one in others:
        found = _Told(min(found.first, one.first), *max(found[1:], one[1:]))
    return found


async def bill(w: Work, charges: Sequence[Charge], arrived: Sequence[Arrived] = ()) -> None:
    """Enters what is new, and what a status corrects; charges of attempts that nobody knows are left out. `arrived`: what the caller knows of them
    already, so that nothing is entered of them yet."""
    told: dict[UUID, list[_Told]] = {}
    by_provider: dict[str, list[_Told]] = {}
    for charge in charges:
        if charge.attempt_id is not None:
            told.setdefault(charge.attempt_id, []).append(_of(charge))
        elif charge.provider_id:
            by_provider.setdefault(charge.provider_id, []).append(_of(charge))
    facts = {one.attempt_id: one for one in arrived if one.attempt_id in told}
    left, sure = set(told), set(facts)
    if by_provider:
        for row in await w.fetch(_OF_PROVIDER, w.company_id, list(by_provider)):
            one = Arrived(*tuple(row)[1:])
            facts.setdefault(one.attempt_id, one)
            told.setdefault(one.attempt_id, []).extend(by_provider[row[0]])
            left.add(one.attempt_id)
    while left:  # again where another worker was there between our look and our write: what it wrote is looked at, too
        left = await _enter(w, {one: _together(told[one]) for one in left}, facts, sure)
        sure = set()


async def _enter(w: Work, told: dict[UUID, _Told], facts: dict[UUID, Arrived], sure: set[UUID]) -> set[UUID]:
    """Returns those of whom something else stood there. `sure`: nothing does."""
    asked = [one for one in told if one not in sure]
    entered = {row["attempt_id"]: row for row in await w.fetch(_ENTERED, w.company_id, asked)} if asked else {}
    if missing := [one for one in asked if one not in entered and one not in facts]:
        facts.update({row[0]: Arrived(*row) for row in await w.fetch(_OF_ATTEMPTS, w.company_id, missing)})
    fresh = sorted(one for one in told if one not in entered and one in facts)
    after = {one: _together([told[one], _read(row)]) for one, row in entered.items()}
    differs = sorted(one for one, row in entered.items() if after[one] != _read(row))
    later = {one for one in differs if after[one] == _read(entered[one])._replace(last=after[one].last)}
    was = {one: (one, entered[one]["at"], entered[one]["told_at"]) for one in differs}
    done: set[UUID] = set()
    if later:
        stamps = [(*was[one], after[one].last) for one in differs if one in later]
        done = {row[0] for row in await w.fetch(_RESTAMP, w.company_id, *map(list, zip(*stamps, strict=True)))}
    if not fresh and len(later) == len(differs):
        return set(differs) - done
    known = await rates.prices(w, w.company_id)
    made = []
    if fresh:
        ids = list({facts[one].channel_id for one in fresh})
        channels = {row["id"]: row for row in await w.fetch(_CHANNELS, w.company_id, ids)}
        made = [_entry(facts[one], told[one], channels[facts[one].channel_id], known) for one in fresh]
    if wrong := [was[one] for one in differs if one not in later]:
        gone = {row[0] for row in await w.fetch(_TAKE_OUT, w.company_id, *map(list, zip(*wrong, strict=True)))}
        made += [_corrected(entered[one], after[one], known) for one in differs if one in gone]
    if made:
        done |= {row[0] for row in await w.fetch(_ENTER, w.company_id, *map(list, zip(*made, strict=True)))}
    return {*fresh, *differs} - done


def _read(row: asyncpg.Record) -> _Told:
    amount = row["price"] if row["category"] == CALL else -1
    return _Told(row["at"], row["told_at"] or row["at"], row["billable"], row["category"], row["model"], amount)


def _entry(one: Arrived, told: _Told, channel: asyncpg.Record, known: rates.Prices) -> tuple[object, ...]:
    kind, country = channel["kind"], place(one.address).country
    units = one.units if registry.provider(kind).capabilities.unit == "segment" else 1
    price = known.of(kind, country, told.category, told.first.date())
    of = (one.attempt_id, one.message_id, one.campaign_id, one.channel_id, kind, country, channel["sandbox"], units)
    return *of, *told[:5], *_money(told, units, price)


def _corrected(row: asyncpg.Record, told: _Told, known: rates.Prices) -> tuple[object, ...]:
    price = None if row["price"] is None else rates.Price(row["price"], row["currency"])
    if (row["at"].date(), row["category"]) != (told.first.date(), told.category):  # otherwise what was spent keeps its price
        price = known.of(row["kind"], row["country"], told.category, told.first.date())
    return *tuple(row)[:8], *told[:5], *_money(told, row["units"], price)


def _money(told: _Told, units: int, price: rates.Price | None) -> tuple[int | None, str | None, int]:
    if told.amount >= 0:
        return told.amount, "USD", told.amount if told.billable else 0
    if price is None:
        return None, None, 0
    return price.amount, price.currency, price.amount * units if told.billable else 0


class Spent(NamedTuple):
    """In one currency; None: of those whose price nobody knew."""

    currency: str | None
    amount: int
    messages: int
    free: int
    unpriced: int


async def spent(r: Read, company_id: UUID, campaign_ids: Sequence[UUID]) -> dict[UUID, list[Spent]]:
    """What was billed so far of each campaign, the largest sum first."""
    found: dict[UUID, list[Spent]] = {campaign_id: [] for campaign_id in campaign_ids}
    for row in await r.fetch(_SUMS, company_id, list(campaign_ids)):
        found[row["campaign_id"]].append(Spent(row["currency"], row["amount"], row["messages"], row["free"], row["unpriced"]))
    return {campaign_id: sorted(sums, key=lambda one: -one.amount) for campaign_id, sums in found.items()}
