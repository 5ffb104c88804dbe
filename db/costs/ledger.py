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
from db.providers import registry
from db.work import Read, Work

_OF_ATTEMPTS = """
select a.id, a.id as named, '' as provider_id, a.channel_id, m.id as message_id, m.campaign_id, m.address, m.units, c.kind, c.sandbox
from unnest((select $2::uuid[])) r(id) join attempt a on a.company_id = $1 and a.id = r.id
join message m on m.company_id = $1 and m.id = a.message_id join channel c on c.company_id = $1 and c.id = a.channel_id
where not exists (select from message_cost k where k.company_id = $1 and k.attempt_id = a.id)
union all
select a.id, null, r.provider_id, a.channel_id, m.id, m.campaign_id, m.address, m.units, c.kind, c.sandbox
from unnest((select $3::text[])) r(provider_id) join message m on m.company_id = $1 and m.provider_id = r.provider_id
join attempt a on a.company_id = $1 and a.message_id = m.id and a.provider_id = r.provider_id
join channel c on c.company_id = $1 and c.id = a.channel_id
where not exists (select from message_cost k where k.company_id = $1 and k.attempt_id = a.id)
"""
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


async def bill(w: Work, charges: Sequence[Charge]) -> None:
    """Enters what is not entered yet; charges of attempts that nobody knows are left out."""
    named = {charge.attempt_id: charge for charge in charges if charge.attempt_id is not None}
    by_provider = {charge.provider_id: charge for charge in charges if charge.attempt_id is None and charge.provider_id}
    if not named and not by_provider:
        return
    rows = await w.fetch(_OF_ATTEMPTS, w.company_id, list(named), list(by_provider))
    if not rows:
        return
    known = await rates.prices(w, w.company_id)
    made = [_entry(row, named.get(row["named"]) or by_provider[row["provider_id"]], known) for row in rows]
    await w.execute(_ENTER, w.company_id, *map(list, zip(*made, strict=True)))


def _entry(row: asyncpg.Record, charge: Charge, known: rates.Prices) -> tuple[object, ...]:
    country = place(row["address"]).country
    category = RateCategory.SMS.value if charge.category is None else charge.category
    units = row["units"] if registry.provider(row["kind"]).capabilities.unit == "segment" else 1
    price = known.of(row["kind"], country, category, charge.at.date())
    amount = price.amount * units if price is not None and charge.billable else 0
    money = (price.amount, price.currency, amount) if price is not None else (None, None, 0)
    of = (row["id"], row["message_id"], row["campaign_id"], row["channel_id"], charge.at, row["kind"], country)
    return *of, category, charge.model, charge.billable, units, *money, row["sandbox"]


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
