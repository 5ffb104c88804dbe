"""Twilio as the sandbox plays it: the REST API, its callbacks, its people, put together."""

import json
from typing import ClassVar

from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.server import Request
from workers.sandbox.shared import Shared
from workers.sandbox.twilio import media
from workers.sandbox.twilio.account import TwilioAccount
from workers.sandbox.twilio.api import Rest
from workers.sandbox.twilio.ids import make_sid
from workers.sandbox.twilio.inbound import KINDS, Customers
from workers.sandbox.twilio.limits import Limits
from workers.sandbox.twilio.progress import Progress
from workers.sandbox.twilio.webhooks import headers
from workers.sandbox.vendor import Answer, Incoming, Vendor


class Twilio(Vendor[TwilioAccount]):
    account: ClassVar = TwilioAccount
    lanes = 32
    keeps_webhooks = False
    kinds = KINDS

    def __init__(self, shared: Shared) -> None:
        settings, _store, accounts, ledger, webhooks, inbound, deliveries = shared
        self._inbound = inbound
        self._limits = Limits()
        self._customers = Customers(settings, inbound, webhooks)
        self._progress = Progress(ledger, inbound, deliveries, webhooks)
        self._rest = Rest(accounts, ledger, self._limits, inbound, deliveries, settings.seed)

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        if path[0] == "2010-04-01" and len(path) > 2 and path[1] == "Accounts":
            return self._rest.handle(request, path[2:])
        if path[0] in ("twilio-trunking", "twilio-pricing") and len(path) > 2:
            return self._rest.beside(request, [path[0].removeprefix("twilio-"), *path[1:]])
        if path[0] == "twilio-cdn" and len(path) == 2:
            return media.hand_over(path[1])
        return None

    def advance(self, flight: Flight, account: TwilioAccount, now: float) -> float | None:
        return self._progress.advance(flight, account, now)

    def receive(self, account: TwilioAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        return self._customers.receive(account, person, incoming, number)

    def opt_out(self, account: TwilioAccount, person: str, stop: bool) -> None:
        """By the words that Twilio knows."""
        self._inbound.receive(account, person, Incoming("STOP" if stop else "START"))

    def headers(self, account: TwilioAccount, url: str, body: bytes) -> dict[str, str]:
        return headers(account, url, body)

    def person(self, digits: str) -> str:
        return f"+{digits}"

    def describe(self, entry: Entry) -> None:
        entry.provider_id = make_sid(self._inbound.salt, entry.number)
        entry.preview = json.loads(bytes(entry.content)).get("Body", "")

    def clear(self) -> None:
        self._limits.clear()
