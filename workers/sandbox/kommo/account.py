"""An account of Kommo as the sandbox plays it. It is there at its first call, under the name in its address: its data is worth nothing."""

from typing import Any, ClassVar, Final

import msgspec

from workers.sandbox.accounts import Account, Accounts, Derived

LONGEST: Final = 64
PREFIX: Final = "kommo-"


class KommoAccount(Account, kw_only=True, tag="kommo"):
    """`token`: the long-lived one. `code`: what an integration exchanges once for a pair. `access_seconds`: how long a token of a pair
    holds; the refresh token of a pair is good for one use."""

    kind: ClassVar[str] = "kommo"

    number: int
    token: str
    client_id: str
    client_secret: str
    code: str
    refresh_token: str = ""
    access_token: str = ""
    access_until: float = 0.0
    access_seconds: int = 86_400
    per_second: int = 7

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        name = key.removeprefix(PREFIX)
        return {
            "company": "Empresa",
            "number": int(derived.digits(key, "number", 8)),
            "token": f"sandbox-{name}",
            "client_id": derived.hexadecimal("kommo", key, "client", 32),
            "client_secret": derived.hexadecimal("kommo", key, "secret", 48),
            "code": derived.hexadecimal("kommo", key, "code", 40),
            "behaviour": {"latency_ms": 0, "latency_jitter_ms": 0},
        }


def account_of(accounts: Accounts, name: str) -> KommoAccount | None:
    """The account of an address; None for a name that is none."""
    if not (name.isalnum() and name.isascii() and len(name) <= LONGEST):
        return None
    found = accounts.get(KommoAccount, PREFIX + name)
    if found is None:
        made = accounts.upsert({"kind": KommoAccount.kind, "id": PREFIX + name})
        assert isinstance(made, KommoAccount)
        return made
    return found


Entity = dict[str, Any]


class Hook(msgspec.Struct):
    """Where the account tells what happens."""

    id: int
    destination: str
    settings: list[str]
    disabled: bool = False


class Books(msgspec.Struct):
    """What one account holds, by id."""

    contacts: dict[int, Entity] = msgspec.field(default_factory=dict)
    leads: dict[int, Entity] = msgspec.field(default_factory=dict)
    notes: dict[int, Entity] = msgspec.field(default_factory=dict)
    hooks: dict[int, Hook] = msgspec.field(default_factory=dict)
    last: int = 1000
