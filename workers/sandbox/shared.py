"""The parts of the sandbox that every vendor uses."""

from typing import NamedTuple

from workers.sandbox.accounts import Accounts
from workers.sandbox.config import Settings
from workers.sandbox.deliveries import Deliveries
from workers.sandbox.inbound import Inbound
from workers.sandbox.ledger import Ledger
from workers.sandbox.store import Store
from workers.sandbox.webhooks import Webhooks


class Shared(NamedTuple):
    settings: Settings
    store: Store
    accounts: Accounts
    ledger: Ledger
    webhooks: Webhooks
    inbound: Inbound
    deliveries: Deliveries
