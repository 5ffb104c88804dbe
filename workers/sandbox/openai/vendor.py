"""OpenAI as the sandbox plays it: the API, the model behind it, and what it saw."""

from typing import ClassVar

import msgspec

from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.openai import page
from workers.sandbox.openai.account import Model, OpenAIAccount
from workers.sandbox.openai.api import Api
from workers.sandbox.openai.chat import Chat
from workers.sandbox.openai.requests import Requests
from workers.sandbox.openai.usage import Cache
from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.shared import Shared
from workers.sandbox.vendor import Action, Answer, Incoming, Vendor


class OpenAI(Vendor[OpenAIAccount]):
    """It has no people: nobody writes through it."""

    account: ClassVar = OpenAIAccount
    lanes = 1
    keeps_webhooks = False
    kinds = ()

    def __init__(self, shared: Shared) -> None:
        self._accounts = shared.accounts
        self._requests = Requests(shared.store)
        self._cache = Cache()
        self._api = Api(shared.accounts, Chat(self._requests, self._cache), self._requests, shared.settings.seed)

    async def load(self) -> None:
        await self._requests.load()

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        if path[:2] != ["openai", "v1"]:
            return None
        return self._api.handle(request, path[2:])

    def advance(self, flight: Flight, account: OpenAIAccount, now: float) -> float | None:
        return None

    def receive(self, account: OpenAIAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        raise msgspec.ValidationError("a model receives no messages")

    def opt_out(self, account: OpenAIAccount, person: str, stop: bool) -> None:
        raise msgspec.ValidationError("a model receives no messages")

    def headers(self, account: OpenAIAccount, url: str, body: bytes) -> dict[str, str]:
        return {}

    def person(self, digits: str) -> str:
        return digits

    def describe(self, entry: Entry) -> None:
        """Nothing of it stands in the ledger of messages."""

    @property
    def actions(self) -> dict[str, Action]:
        return {
            "GET model": lambda account, _: json_reply(account.model),
            "PUT model": self._set_model,
            "GET requests": self._shown,
            "DELETE requests": self._forgotten,
        }

    async def page(self) -> Reply:
        """GET /model: what the models of all accounts saw."""
        return page.page(await self._requests.latest("", page.SHOWN))

    def _set_model(self, account: OpenAIAccount, request: Request) -> Reply:
        """Changes the fields given. Raises msgspec.ValidationError."""
        given = msgspec.json.decode(request.body, type=dict[str, object])
        account.model = msgspec.convert({**msgspec.to_builtins(account.model), **given}, Model)
        self._accounts.keep(account)
        return json_reply(account.model)

    async def _shown(self, account: OpenAIAccount, request: Request) -> Reply:
        """GET requests?limit=&before=: newest first."""
        params = request.params()
        limit, before = (int(text) if text.isdecimal() else 0 for text in (params.get("limit", ""), params.get("before", "")))
        return json_reply({"data": await self._requests.latest(account.id, limit or 20, before)})

    async def _forgotten(self, account: OpenAIAccount, request: Request) -> Reply:
        await self._requests.forget(account.id)
        return Reply(204)

    def clear(self) -> None:
        self._cache.clear()
