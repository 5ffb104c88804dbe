"""Retell as the sandbox plays it: the REST API, its webhooks, the people who are called, put together."""

from typing import ClassVar

import msgspec

from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.retell import webhooks
from workers.sandbox.retell.account import RetellAccount
from workers.sandbox.retell.api import Rest
from workers.sandbox.retell.callers import Callers
from workers.sandbox.retell.calls import Calls, call_id
from workers.sandbox.retell.progress import Progress
from workers.sandbox.retell.scripts import Script
from workers.sandbox.server import Request
from workers.sandbox.shared import Shared
from workers.sandbox.vendor import Answer, Incoming, Vendor


class Retell(Vendor[RetellAccount]):
    account: ClassVar = RetellAccount
    lanes = 8
    keeps_webhooks = True
    tries = 3
    kinds = ("call",)

    def __init__(self, shared: Shared) -> None:
        settings = shared.settings
        self._accounts = shared.accounts
        self.calls = Calls(shared.store, settings.base_url)
        self._progress = Progress(self.calls, shared.deliveries, shared.webhooks)
        self._callers = Callers(self.calls, shared.webhooks, self._progress, settings.seed, settings.speed)
        self._progress.wanting = self._callers.begin_wanting
        self._rest = Rest(shared.accounts, shared.ledger, self.calls, shared.deliveries, self._progress, settings.seed)

    async def load(self) -> None:
        await self.calls.load()

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        if path[0] == "retell":
            return self._rest.handle(request, path[1:])
        if path[0] == "retell-recordings" and len(path) == 2 and request.method == "GET":
            return self._rest.recording(request, path[1])
        return None

    def advance(self, flight: Flight, account: RetellAccount, now: float) -> float | None:
        return self._progress.advance(flight, account, now)

    def receive(self, account: RetellAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        """A person calls. The text names what they do, of the scripts; nothing: they talk."""
        try:
            script = Script(incoming.text or Script.TALKS)
        except ValueError:
            raise msgspec.ValidationError(f"no script {incoming.text}") from None
        return self._callers.ring(account, "" if incoming.hidden else person, script), account.phone_number

    def opt_out(self, account: RetellAccount, person: str, stop: bool) -> None:
        """In Retell's own list of contacts."""
        listed = [number for number in account.do_not_call if number != person]
        account.do_not_call = [*listed, person] if stop else listed
        self._accounts.keep(account)

    def headers(self, account: RetellAccount, url: str, body: bytes) -> dict[str, str]:
        return webhooks.headers(account.api_key, body)

    def person(self, digits: str) -> str:
        return f"+{digits}"

    def describe(self, entry: Entry) -> None:
        entry.provider_id = call_id(entry.number)
        call = self.calls.by_id.get(entry.provider_id)
        entry.preview = "" if call is None else f"[{call.script}] {call.course.summary}".rstrip()

    def forget(self, account: RetellAccount) -> None:
        self.calls.forget(account)

    @property
    def waiting(self) -> int:
        return self._callers.under_way

    def clear(self) -> None:
        self._callers.forget()
        self.calls.forget()
