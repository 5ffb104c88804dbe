"""What the shared parts of the sandbox ask of a vendor's folder. `app.py` lists the vendors."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection
from typing import Any, ClassVar, Generic

import msgspec

from workers.sandbox.accounts import Account, AccountT
from workers.sandbox.ledger import Entry, Flight
from workers.sandbox.server import Reply, Request

Answer = Reply | Awaitable[Reply]
Action = Callable[[Any, Request], Answer]


TYPING = "typing"
"""The kind of what is no message: somebody begins to write one."""


class Incoming(msgspec.Struct, frozen=True):
    """What a person writes to the business. `number_id`: which of the account's numbers, the first when empty. `hidden`: without
    a phone number. `answers`: the message that is answered. `kind`: what it is, of the vendor's `kinds`; `target`: the provider's id of
    the message that it changes or reacts to, or whose button `option` was pressed; `description`: the line under it. `group`: the name or id of the group in which they write."""

    text: str
    number_id: str = ""
    hidden: bool = False
    answers: Flight | None = None
    kind: str = "text"
    target: str | None = None
    option: str = ""
    description: str = ""
    group: str = ""


class Vendor(ABC, Generic[AccountT]):
    """One vendor with its API, its webhooks and what its people do. `account` is the kind of account that it serves."""

    account: ClassVar[type[Account]]
    lanes: ClassVar[int]
    """Webhooks posted at once for one account."""
    keeps_webhooks: ClassVar[bool]
    """A webhook that failed is kept on disk and tried again; else only a connection that could not be made is, once."""
    tries: ClassVar[int | None] = None
    """How often a webhook that is kept is tried in all; None: for a week."""

    has_groups: ClassVar[bool] = False
    """People write in groups in which the business is, too."""

    kinds: ClassVar[Collection[str]]
    """What its people can send."""

    async def load(self) -> None:
        """Reads what a stop left behind; called once, before the doors open."""

    @abstractmethod
    def handle(self, request: Request, path: list[str]) -> Answer | None:
        """Answers a request to the vendor's API, None when the address is not the vendor's. `path`: its parts."""

    @abstractmethod
    def advance(self, flight: Flight, account: AccountT, now: float) -> float | None:
        """Makes a message's next event happen; seconds until the one after it, None at the end."""

    @abstractmethod
    def receive(self, account: AccountT, person: str, incoming: Incoming, number: int) -> tuple[str, str]:
        """A person writes: tells the subscriber. Returns the message id and our number that was written to."""

    @abstractmethod
    def opt_out(self, account: AccountT, person: str, stop: bool) -> None:
        """The person wants no more messages (`stop`), or again."""

    @abstractmethod
    def headers(self, account: AccountT, url: str, body: bytes) -> dict[str, str]:
        """Of one webhook: type, signature, user agent."""

    @abstractmethod
    def person(self, digits: str) -> str:
        """A phone number as the ledger keeps it."""

    @abstractmethod
    def describe(self, entry: Entry) -> None:
        """Fills in the provider's id and the text as the person reads it."""

    @property
    def actions(self) -> dict[str, Action]:
        """Further doors under /sandbox/accounts/{id}: "METHOD name" → what answers."""
        return {}

    @property
    def waiting(self) -> int:
        """Batches of webhooks not handed over yet."""
        return 0

    def view(self, account: AccountT) -> dict[str, Any]:
        """The account with its credentials."""
        shown: dict[str, Any] = msgspec.to_builtins(account)
        return shown

    def address(self, account: AccountT, url: str) -> str:
        """Where a kept webhook goes now."""
        return url

    def flush(self) -> None:
        """Hands over the webhooks that wait for a batch."""

    def forget(self, account: AccountT) -> None:
        """The account is gone."""

    def clear(self) -> None:
        """Forgets limits and waiting webhooks."""


Vendors = dict[str, Vendor[Any]]
"""By the `kind` of their accounts."""
