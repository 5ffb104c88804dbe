"""VAPI as the sandbox plays it: the REST API, its server messages, the people who are called and who call, put together."""

from typing import ClassVar
from uuid import uuid4

import msgspec

from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.retell.scripts import Script
from workers.sandbox.server import Request
from workers.sandbox.shared import Shared
from workers.sandbox.vapi import live, webhooks
from workers.sandbox.vapi.account import VapiAccount
from workers.sandbox.vapi.api import Rest
from workers.sandbox.vapi.calls import Call, Calls, call_id
from workers.sandbox.vapi.talks import Talks
from workers.sandbox.vendor import Answer, Incoming, Vendor


class Vapi(Vendor[VapiAccount]):
    account: ClassVar = VapiAccount
    lanes = 8
    keeps_webhooks = True
    tries = 5
    kinds = ("call",)

    def __init__(self, shared: Shared) -> None:
        settings, self._shared = shared.settings, shared
        self._calls = Calls(settings.base_url)
        self._talks = Talks(self._calls, shared.webhooks, settings.seed, settings.speed)
        self._rest = Rest(shared.accounts, shared.ledger, self._calls, self._talks, settings.seed)

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        if path[0] == "vapi-live" and len(path) == 3:
            return live.handle(self._calls, self._talks, self._shared.accounts, request, path[1], path[2])
        return self._rest.handle(request, path[1:]) if path[0] == "vapi" else None

    def advance(self, flight: Flight, account: VapiAccount, now: float) -> float | None:
        return None

    def receive(self, account: VapiAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        """A person calls. The text names what they do, of the scripts; nothing: they talk."""
        try:
            script = Script(incoming.text or Script.TALKS)
        except ValueError:
            raise msgspec.ValidationError(f"no script {incoming.text}") from None
        customer = {} if incoming.hidden else {"number": person}
        call = Call(id=str(uuid4()), number=0, account=account.id, script=script, asked={"customer": customer}, inbound=True)
        self._talks.begin(account, call)
        return call.id, account.phone_number

    def opt_out(self, account: VapiAccount, person: str, stop: bool) -> None:
        """VAPI has no list of its own."""

    def headers(self, account: VapiAccount, url: str, body: bytes) -> dict[str, str]:
        return webhooks.headers(account, body)

    def person(self, digits: str) -> str:
        return f"+{digits}"

    def describe(self, entry: Entry) -> None:
        entry.provider_id = call_id(entry.number)
        call = self._calls.by_id.get(entry.provider_id)
        entry.preview = "" if call is None else f"[{call.script}] {call.course.summary}".rstrip()

    def forget(self, account: VapiAccount) -> None:
        self._calls.forget(account)

    @property
    def waiting(self) -> int:
        return self._talks.under_way

    def clear(self) -> None:
        self._talks.forget()
        self._calls.forget()
