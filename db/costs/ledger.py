"""What was billed: one row for each attempt, written once. Meta tells it with a status (billable, category, type), at the earliest when the message
was delivered; who charges by segment does so once the message is sent. The price is that of the day, and stays.

Repeating is harmless, in whatever order statuses come. Refuses to know webhooks: `workers/effects.py` reads them.
"""

from collections.abc import Sequence
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

_ENTERED = "select attempt_id from message_cost where company_id = $1 and attempt_id = any($2::uuid[])"
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
insert into message_cost(company_id, attempt_id, message_id, campaign_id, channel_id, at, kind, country, category, model, billable, units, price,
                         currency, amount, simulated)
select $1, u.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::boolean[], $12::smallint[], $13::bigint[], $14::text[], $15::bigint[], $16::boolean[]) u
on conflict do nothing
"""
_SUMS = """
select campaign_id, currency, sum(amount)::bigint as amount, count(*)::int as messages, count(*) filter (where not billable)::int as free,
    count(*) filter (where billable and price is null)::int as unpriced
from message_cost where company_id = $1 and campaign_id = any($2::uuid[]) group by 1, 2
"""


class Charge(NamedTuple):
    """What a provider told of one attempt, named by our id, or by the provider's. `category` None: it is billed by segments."""

    attempt_id: UUID | None
    provider_id: str | None
    at: datetime
    billable: bool
    category: str | None
    model: str = ""


async def bill(w: Work, charges: Sequence[Charge], arrived: Sequence[Arrived] = ()) -> None:
    """Enters what is not entered yet; charges of attempts that nobody knows are left out. `arrived`: what the caller knows of them already."""
    named = {charge.attempt_id: charge for charge in charges if charge.attempt_id is not None}
    by_provider = {charge.provider_id: charge for charge in charges if charge.attempt_id is None and charge.provider_id}
    due = [(named.pop(one.attempt_id), one) for one in arrived if one.attempt_id in named]
    if named:
        entered = {row[0] for row in await w.fetch(_ENTERED, w.company_id, list(named))}
        if left := named.keys() - entered:
            due += [(named[row[0]], Arrived(*row)) for row in await w.fetch(_OF_ATTEMPTS, w.company_id, list(left))]
    if by_provider:
        rows = await w.fetch(_OF_PROVIDER, w.company_id, list(by_provider))
        due += [(by_provider[row[0]], Arrived(*tuple(row)[1:])) for row in rows]
    if not due:
        return
    known = await rates.prices(w, w.company_id)
    channels = {row["id"]: row for row in await w.fetch(_CHANNELS, w.company_id, list({one.channel_id for _, one in due}))}
    made = [_entry(one, charge, channels[one.channel_id], known) for charge, one in due]
    await w.execute(_ENTER, w.company_id, *map(list, zip(*made, strict=True)))


def _entry(one: Arrived, charge: Charge, channel: asyncpg.Record, known: rates.Prices) -> tuple[object, ...]:
    kind, country = channel["kind"], place(one.address).country
    category = RateCategory.SMS.value if charge.category is None else charge.category
    units = one.units if registry.provider(kind).capabilities.unit == "segment" else 1
    price = known.of(kind, country, category, charge.at.date())
    amount = price.amount * units if price is not None and charge.billable else 0
    money = (price.amount, price.currency, amount) if price is not None else (None, None, 0)
    of = (one.attempt_id, one.message_id, one.campaign_id, one.channel_id, charge.at, kind, country)
    return *of, category, charge.model, charge.billable, units, *money, channel["sandbox"]


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
