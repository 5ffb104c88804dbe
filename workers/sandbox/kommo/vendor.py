"""Kommo as the sandbox plays it: the API, its webhooks, and what people do in the account."""

from typing import Any, ClassVar

import msgspec

from workers.sandbox.kommo.account import Entity, KommoAccount, account_of
from workers.sandbox.kommo.api import Api, Limit
from workers.sandbox.kommo.books import STATUSES, Shelf
from workers.sandbox.kommo.telling import Teller
from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.server import Reply, Request, json_reply, problem
from workers.sandbox.shared import Shared
from workers.sandbox.vendor import Action, Answer, Incoming, Vendor


class Person(msgspec.Struct, forbid_unknown_fields=True):
    """`POST contact`: somebody writes a contact down, or with `id` changes one. What is None stays."""

    id: int | None = None
    name: str | None = None
    phones: list[str] | None = None
    emails: list[str] | None = None


class Move(msgspec.Struct, forbid_unknown_fields=True):
    """`POST lead`: somebody drags a lead."""

    id: int
    status_id: int
    pipeline_id: int = 701


class Kommo(Vendor[KommoAccount]):
    """It has no people who write: messages of Kommo's own channels are nobody's here."""

    account: ClassVar = KommoAccount
    lanes = 1
    keeps_webhooks = True
    kinds = ()

    def __init__(self, shared: Shared) -> None:
        self._accounts = shared.accounts
        self._shelf = Shelf(shared.store)
        self._api = Api(shared.accounts, self._shelf, Teller(self._shelf, shared.webhooks), shared.settings.seed)

    async def load(self) -> None:
        await self._shelf.load()

    def handle(self, request: Request, path: list[str]) -> Answer | None:
        if path[0] != "kommo":
            return None
        account = account_of(self._accounts, path[1] if len(path) > 1 else "")
        return problem(404, "no such account") if account is None else self._api.handle(request, account, path[2:])

    def advance(self, flight: Flight, account: KommoAccount, now: float) -> float | None:
        return None

    def receive(self, account: KommoAccount, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        raise msgspec.ValidationError("Kommo receives no messages here")

    def opt_out(self, account: KommoAccount, person: str, stop: bool) -> None:
        raise msgspec.ValidationError("Kommo receives no messages here")

    def headers(self, account: KommoAccount, url: str, body: bytes) -> dict[str, str]:
        return {"content-type": "application/x-www-form-urlencoded", "user-agent": "amoCRM-Webhooks/3.0"}

    def person(self, digits: str) -> str:
        return digits

    def describe(self, entry: Entry) -> None:
        """Nothing of it stands in the ledger of messages."""

    @property
    def actions(self) -> dict[str, Action]:
        return {"GET books": self._books, "POST contact": self._contact, "POST lead": self._lead}

    def _books(self, account: KommoAccount, request: Request) -> Reply:
        books = self._shelf.of(account.id)
        shown: dict[str, Any] = {noun: list(getattr(books, noun).values()) for noun in ("contacts", "leads", "notes", "hooks")}
        return json_reply({**shown, "most_in_a_second": self._api.limits.setdefault(account.id, Limit()).most})

    def _contact(self, account: KommoAccount, request: Request) -> Reply:
        """Raises msgspec.ValidationError."""
        given = msgspec.json.decode(request.body, type=Person)
        entity: Entity = {} if given.name is None else {"name": given.name}
        fields = [("PHONE", given.phones), ("EMAIL", given.emails)]
        written = [
            {"field_code": code, "values": [{"value": one, "enum_code": "WORK"} for one in found]}
            for code, found in fields
            if found is not None
        ]
        if written:
            entity["custom_fields_values"] = written
        if given.id is None:
            return json_reply(self._api.make(account, "contacts", entity), 201)
        known = self._shelf.of(account.id).contacts.get(given.id)
        return (
            problem(404, "no such contact") if known is None else json_reply(self._api.change(account, "contacts", known, entity))
        )

    def _lead(self, account: KommoAccount, request: Request) -> Reply:
        """Raises msgspec.ValidationError."""
        given = msgspec.json.decode(request.body, type=Move)
        known = self._shelf.of(account.id).leads.get(given.id)
        if known is None or (given.pipeline_id, given.status_id) not in STATUSES:
            return problem(404, "no such lead or status")
        moved = {"status_id": given.status_id, "pipeline_id": given.pipeline_id}
        return json_reply(self._api.change(account, "leads", known, moved))

    def forget(self, account: KommoAccount) -> None:
        self._shelf.forget(account.id)

    def clear(self) -> None:
        self._api.limits.clear()
