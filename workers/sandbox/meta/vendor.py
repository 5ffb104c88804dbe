"""WhatsApp as the sandbox plays it: the Graph API, its webhooks, its people, put together."""

import json
from typing import Any, ClassVar

from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.meta.account import MetaAccount
from workers.sandbox.meta.api import VERSION, Graph
from workers.sandbox.meta.control import Controls
from workers.sandbox.meta.errors import no_object, no_token
from workers.sandbox.meta.ids import wamid
from workers.sandbox.meta.inbound import Customers
from workers.sandbox.meta.kinds import KINDS
from workers.sandbox.meta.limits import Limits
from workers.sandbox.meta.media import Media
from workers.sandbox.meta.messages import Messages
from workers.sandbox.meta.progress import Progress
from workers.sandbox.meta.signup import Signup
from workers.sandbox.meta.template_send import preview
from workers.sandbox.meta.templates import Templates
from workers.sandbox.meta.webhooks import Batches, meta_signature
from workers.sandbox.server import Reply, Request
from workers.sandbox.shared import Shared
from workers.sandbox.vendor import Action, Answer, Incoming, Vendor

_PEOPLE = (
    "SELECT account, recipient, max(accepted_at) FROM ledger WHERE channel = 'meta' AND category <> 'service' "
    "AND accepted_at > strftime('%s', 'now') - 86400 GROUP BY account, recipient"
)


class Meta(Vendor[MetaAccount]):
    account: ClassVar = MetaAccount
    lanes = 4
    keeps_webhooks = True
    kinds = KINDS

    def __init__(self, shared: Shared) -> None:
        settings, store, accounts, ledger, webhooks, inbound, deliveries = shared
        self._store = store
        self._accounts = accounts
        self._inbound = inbound
        self._signup = Signup(accounts)
        self._limits = Limits()
        self._batches = Batches(accounts, webhooks, settings.seed)
        self._templates = Templates(settings, store, accounts, self._batches)
        self._media = Media(settings, store)
        self._customers = Customers(inbound, self._batches, self._media)
        self._progress = Progress(settings.speed, ledger, inbound, deliveries, self._batches)
        self._controls = Controls(accounts, self._templates, self._batches)
        messages = Messages(settings, ledger, self._limits, self._templates, self._media, inbound, deliveries)
        self._graph = Graph(settings, accounts, self._limits, messages, self._templates, self._media, self._batches)

    async def load(self) -> None:
        await self._templates.load()
        await self._media.load()
        rows: list[tuple[Any, ...]] = await self._store.query(_PEOPLE)
        for account_id, recipient, at in rows:
            if account := self._accounts.get(MetaAccount, account_id):
                self._limits.remember_person(account, recipient, at)

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        if path[0] == "connect":
            return self._signup.handle(request, path[1:])
        if VERSION.fullmatch(path[0]) and path[1:] == ["oauth", "access_token"] and request.method == "GET":
            return self._signup.exchange(request)
        if VERSION.fullmatch(path[0]):
            return self._graph.handle(request, path[1:]) if len(path) > 1 and path[1] else no_object(request.method, "")
        if path[0] == "whatsapp_business" and len(path) == 3:
            return self._attachment(request, path[2])
        return None

    def _attachment(self, request: Request, key: str) -> Reply:
        account = self._accounts.find(MetaAccount, "token", request.header(b"authorization").removeprefix("Bearer "))
        return self._media.download(account.id, key) if account else no_token("An access token is required.")

    def advance(self, flight: Flight, account: MetaAccount, now: float) -> float | None:
        return self._progress.advance(flight, account, now)

    def receive(self, account: MetaAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        return self._customers.receive(account, person, incoming, number)

    def opt_out(self, account: MetaAccount, person: str, stop: bool) -> None:
        self._customers.opt_out(account, person, stop)

    def headers(self, account: MetaAccount, url: str, body: bytes) -> dict[str, str]:
        return {
            "content-type": "application/json",
            "user-agent": "facebookexternalua",
            "x-hub-signature-256": meta_signature(account.app_secret, body),
        }

    def address(self, account: MetaAccount, url: str) -> str:
        """A subscription that moved meanwhile gets the old events at its new address, as with Meta."""
        return account.webhook_url

    def person(self, digits: str) -> str:
        return digits

    def describe(self, entry: Entry) -> None:
        content = json.loads(bytes(entry.content))
        entry.provider_id = wamid(self._inbound.salt, entry.number, entry.wa_id)
        inner = content.get(content["type"])
        if content["type"] == "text":
            entry.preview = inner["body"]
        elif content["type"] == "template":
            template = self._templates.find(entry.account, inner["name"], inner["language"]["code"])
            entry.preview = preview(template, inner.get("components") or []) if template else inner["name"]
        elif content["type"] == "interactive":
            entry.preview = str((inner.get("body") or {}).get("text") or "")
        else:
            entry.preview = f"[{content['type']}]"

    @property
    def actions(self) -> dict[str, Action]:
        return self._controls.actions

    def view(self, account: MetaAccount) -> dict[str, Any]:
        """The first number's fields at the top for convenience."""
        first = account.numbers[0]
        shown = {"phone_number_id": first.phone_number_id, "display_phone_number": first.display_phone_number}
        return super().view(account) | shown

    @property
    def waiting(self) -> int:
        return len(self._batches)

    def flush(self) -> None:
        self._batches.flush()

    def forget(self, account: MetaAccount) -> None:
        self._templates.forget_account(account.id)

    def clear(self) -> None:
        self._batches.clear()
        self._limits.clear()
