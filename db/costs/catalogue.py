"""Prices that we know: what each provider publishes (`db/providers/<provider>`), with its source; a company's own (`send_rate`) stand before them.
Amounts are millionths of the currency for one message or segment."""

from datetime import date
from typing import NamedTuple

from db.providers import registry


class Rate(NamedTuple):
    """`country` "": wherever no other price is known. `price` None: nobody knows it from that day on."""

    kind: str
    country: str
    category: str
    currency: str
    price: int | None
    valid_from: date
    source: str


RATES = tuple(Rate(provider.kind, *rate) for provider in registry.providers() for rate in provider.rates)
