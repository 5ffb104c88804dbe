"""The accounts of the outside world: who may call with which credentials, and where their webhooks go.

They are made on demand. The same `id` always yields the same credentials (they are derived from the seed and the id),
so a seed script may create its accounts again and again. They are sandbox credentials: worth nothing elsewhere.
"""

import hashlib
import uuid
from typing import Any, Final, Literal

import msgspec

from workers.sandbox.behaviour import Behaviour
from workers.sandbox.store import Store

TIERS: Final = {"TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000}
Tier = Literal["TIER_250", "TIER_1K", "TIER_2K", "TIER_10K", "TIER_100K", "UNLIMITED", "TIER_UNLIMITED"]
Quality = Literal["GREEN", "YELLOW", "RED", "UNKNOWN"]


class Number(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A sending number of a WhatsApp Business account. `throughput` in messages per second."""

    phone_number_id: str
    display_phone_number: str
    verified_name: str
    quality: Quality = "GREEN"
    throughput: float = 80.0
    registered: bool = True


class MetaAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="meta"):
    """A WABA with its app and token."""

    id: str
    company: str
    token: str
    app_id: str
    app_secret: str
    verify_token: str
    waba_id: str
    business_id: str
    tier: Tier = "TIER_100K"
    numbers: list[Number]
    webhook_url: str = ""
    subscribed: bool = True
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)


class TwilioAccount(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="twilio"):
    """A Twilio account with one number. `geo`: E.164 prefixes it may send to, empty for all."""

    id: str
    company: str
    account_sid: str
    auth_token: str
    phone_number: str
    phone_sid: str
    messaging_service_sid: str
    inbound_url: str = ""
    segments_per_second: float = 100.0
    queue_hours: float = 10.0
    geo: list[str] = []
    behaviour: Behaviour = msgspec.field(default_factory=Behaviour)


Account = MetaAccount | TwilioAccount
_DECODER: Final = msgspec.json.Decoder(Account)


class Taken(Exception):
    """An id or a credential belongs to another account."""


class Accounts:
    """All accounts, with one index per credential and id. Raises `Taken` and msgspec.ValidationError on bad input."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self.by_id: dict[str, Account] = {}
        self.by_token: dict[str, MetaAccount] = {}
        self.by_number: dict[str, tuple[MetaAccount, Number]] = {}
        self.by_waba: dict[str, MetaAccount] = {}
        self.by_app: dict[str, MetaAccount] = {}
        self.by_sid: dict[str, TwilioAccount] = {}

    async def load(self) -> None:
        for _, value in await self._store.recall("account"):
            self._index(_DECODER.decode(value))

    def upsert(self, given: dict[str, Any]) -> Account:
        """Creates an account, or changes the fields given of the one with that id."""
        kind = given.get("kind")
        if kind not in ("meta", "twilio"):
            raise msgspec.ValidationError("kind is meta or twilio")
        for field in ("id", "phone_number"):
            if not isinstance(given.get(field, ""), str):
                raise msgspec.ValidationError(f"{field} is a string")
        phone = given.get("phone_number") or ""
        key = given.get("id") or (self._derive(kind, phone, "id", 12) if phone else uuid.uuid4().hex[:12])
        old = self.by_id.get(key)
        if old is not None:
            base = msgspec.to_builtins(old)
        else:
            base = self._meta(key, given) if kind == "meta" else self._twilio(key, given)
        fresh = {name: value for name, value in given.items() if name != "behaviour"}
        if kind == "meta":
            _apply_number(base, fresh)
        base.update(fresh, id=key)
        base["behaviour"] = {**base.get("behaviour", {}), **(given.get("behaviour") or {})}
        account: Account = msgspec.convert(base, Account)
        return self.keep(account)

    def keep(self, account: Account) -> Account:
        """Indexes and stores an account after a change."""
        old = self.by_id.get(account.id)
        for index, names in self._names(account):
            for credential in names:
                found = index.get(credential)
                owner = found[0] if isinstance(found, tuple) else found
                if owner is not None and owner is not old and owner is not account:
                    raise Taken(f"{credential} belongs to another account")
        if old is not None:
            self._unindex(old)
        self._index(account)
        self._store.remember("account", account.id, account)
        return account

    def forget(self, account: Account) -> None:
        self._unindex(account)
        self._store.remember("account", account.id, None)

    def _names(self, account: Account) -> list[tuple[dict[str, Any], list[str]]]:
        if isinstance(account, TwilioAccount):
            return [(self.by_sid, [account.account_sid])]
        return [
            (self.by_token, [account.token]),
            (self.by_waba, [account.waba_id]),
            (self.by_app, [account.app_id]),
            (self.by_number, [number.phone_number_id for number in account.numbers]),
        ]

    def _index(self, account: Account) -> None:
        self.by_id[account.id] = account
        if isinstance(account, TwilioAccount):
            self.by_sid[account.account_sid] = account
            return
        self.by_token[account.token] = account
        self.by_waba[account.waba_id] = account
        self.by_app[account.app_id] = account
        for number in account.numbers:
            self.by_number[number.phone_number_id] = (account, number)

    def _unindex(self, account: Account) -> None:
        self.by_id.pop(account.id, None)
        for index, names in self._names(account):
            for credential in names:
                index.pop(credential, None)

    def _derive(self, kind: str, key: str, field: str, length: int) -> str:
        return hashlib.sha256(f"{self._seed}|{kind}|{key}|{field}".encode()).hexdigest()[:length]

    def _digits(self, key: str, field: str, length: int) -> str:
        value = int(self._derive("digits", key, field, 32), 16)
        return str(10 ** (length - 1) + value % (9 * 10 ** (length - 1)))

    def _meta(self, key: str, given: dict[str, Any]) -> dict[str, Any]:
        number = {
            "phone_number_id": self._digits(key, "number", 15),
            "display_phone_number": "55119" + self._digits(key, "phone", 8),
            "verified_name": given.get("company") or "Empresa",
        }
        return {
            "kind": "meta",
            "company": "Empresa",
            "token": "EAA" + self._derive("meta", key, "token", 60),
            "app_id": self._digits(key, "app", 16),
            "app_secret": self._derive("meta", key, "app_secret", 32),
            "verify_token": self._derive("meta", key, "verify_token", 24),
            "waba_id": self._digits(key, "waba", 15),
            "business_id": self._digits(key, "business", 15),
            "numbers": [number],
        }

    def _twilio(self, key: str, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "kind": "twilio",
            "company": "Empresa",
            "account_sid": "AC" + self._derive("twilio", key, "sid", 32),
            "auth_token": self._derive("twilio", key, "token", 32),
            "phone_number": "+55119" + self._digits(key, "phone", 8),
            "phone_sid": "PN" + self._derive("twilio", key, "number", 32),
            "messaging_service_sid": "MG" + self._derive("twilio", key, "service", 32),
        }


def _apply_number(base: dict[str, Any], fresh: dict[str, Any]) -> None:
    """Moves number fields given at the top level into the first number."""
    first = base["numbers"][0]
    for field in ("phone_number_id", "verified_name", "quality", "throughput"):
        if field in fresh:
            first[field] = fresh.pop(field)
    if phone := fresh.pop("phone_number", ""):
        first["display_phone_number"] = "".join(c for c in phone if c.isdigit())
