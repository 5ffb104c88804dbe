"""The accounts of the outside world: who may call with which credentials, and how their people behave.

They are made on demand. The same `id` always yields the same credentials (they are derived from the seed and the id),
so a seed script may create its accounts again and again. They are sandbox credentials: worth nothing elsewhere.
What an account consists of is the vendor's: `meta/account.py`, `twilio/account.py`.
"""

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar, Union

import msgspec

from workers.sandbox.behaviour import Behaviour
from workers.sandbox.store import Store

UNNAMED = "signup-"
"""In front of the id of an account that nobody has named."""


class Derived:
    """Values that follow from the seed and a key alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def hexadecimal(self, kind: str, key: str, field: str, length: int) -> str:
        return hashlib.sha256(f"{self._seed}|{kind}|{key}|{field}".encode()).hexdigest()[:length]

    def digits(self, key: str, field: str, length: int) -> str:
        """Decimal digits, the first not 0."""
        value = int(self.hexadecimal("digits", key, field, 32), 16)
        return str(10 ** (length - 1) + value % (9 * 10 ** (length - 1)))


class Account(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every vendor's account has. A subclass sets its `tag` (the vendor's name) and `kind` to the same."""

    kind: ClassVar[str]

    id: str
    company: str
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)

    def keys(self) -> dict[str, list[str]]:
        """Index → the ids and credentials under which the account is found. Index names are the vendor's own."""
        return {}

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        """The fields of a new account."""
        return {}

    @classmethod
    def known_by(cls, given: dict[str, Any]) -> list[tuple[str, str]]:
        """Index and key under which an account without a name of its caller's is found."""
        return []

    @classmethod
    def spread(cls, base: dict[str, Any], given: dict[str, Any]) -> None:
        """Moves convenient top-level fields of `given` to where `base` keeps them."""


AccountT = TypeVar("AccountT", bound=Account)


class Taken(Exception):
    """An id or a credential belongs to another account."""


class Accounts:
    """All accounts, with one index per credential and id. Raises `Taken` and msgspec.ValidationError on bad input."""

    def __init__(self, store: Store, seed: int, kinds: Sequence[type[Account]]) -> None:
        self._store = store
        self._derived = Derived(seed)
        self._kinds = {kind.kind: kind for kind in kinds}
        self._union: Any = Union[tuple(kinds)]  # noqa: UP007 - made of a list
        self.by_id: dict[str, Account] = {}
        self._found: dict[tuple[str, str], Account] = {}
        self._named: dict[str, list[tuple[str, str]]] = {}  # by id: under which names it is found; what it had is not what it has

    async def load(self) -> None:
        decoder = msgspec.json.Decoder(self._union)
        for _, value in await self._store.recall("account"):
            self._index(decoder.decode(value))

    def find(self, kind: type[AccountT], index: str, key: str) -> AccountT | None:
        """The vendor's account with this id or credential."""
        found = self._found.get((index, key))
        return found if isinstance(found, kind) else None

    def get(self, kind: type[AccountT], account_id: str) -> AccountT | None:
        found = self.by_id.get(account_id)
        return found if isinstance(found, kind) else None

    def upsert(self, given: dict[str, Any]) -> Account:
        """Creates an account, or changes the fields given of the one with that id."""
        kind = self._kinds.get(given.get("kind", ""))
        if kind is None:
            raise msgspec.ValidationError(f"kind is {' or '.join(self._kinds)}")
        for field in ("id", "phone_number"):
            if not isinstance(given.get(field, ""), str):
                raise msgspec.ValidationError(f"{field} is a string")
        phone = given.get("phone_number") or ""
        key = given.get("id") or (self._derived.hexadecimal(kind.kind, phone, "id", 12) if phone else uuid.uuid4().hex[:12])
        old = self.by_id.get(key) or self._adopted(kind, given)
        base = {"kind": kind.kind, **kind.fresh(self._derived, key, given)} if old is None else msgspec.to_builtins(old)
        fresh = {name: value for name, value in given.items() if name != "behaviour"}
        kind.spread(base, fresh)
        base.update(fresh, id=key)
        base["behaviour"] = {**base.get("behaviour", {}), **(given.get("behaviour") or {})}
        account: Account = msgspec.convert(base, self._union)
        if old is not None and old.id != key:
            self.forget(old)
        return self.keep(account)

    def _adopted(self, kind: type[Account], given: dict[str, Any]) -> Account | None:
        """An account that was made in a sign-up window has no name of its caller's yet: the first one who names it by a credential
        gives it one."""
        for index, key in kind.known_by(given):
            found = self.find(kind, index, key)
            if found is not None and found.id.startswith(UNNAMED):
                return found
        return None

    def keep(self, account: Account) -> Account:
        """Indexes and stores an account after a change."""
        old = self.by_id.get(account.id)
        for name in _names(account):
            owner = self._found.get(name)
            if owner is not None and owner is not old and owner is not account:
                raise Taken(f"{name[1]} belongs to another account")
        if old is not None:
            self._unindex(old)
        self._index(account)
        self._store.remember("account", account.id, account)
        return account

    def forget(self, account: Account) -> None:
        self._unindex(account)
        self._store.remember("account", account.id, None)

    def _index(self, account: Account) -> None:
        self.by_id[account.id] = account
        self._named[account.id] = _names(account)
        self._found.update(dict.fromkeys(self._named[account.id], account))

    def _unindex(self, account: Account) -> None:
        self.by_id.pop(account.id, None)
        for name in self._named.pop(account.id, ()):
            self._found.pop(name, None)


def _names(account: Account) -> list[tuple[str, str]]:
    return [(index, key) for index, keys in account.keys().items() for key in keys]
