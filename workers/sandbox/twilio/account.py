"""A Twilio account with one number and one messaging service."""

from typing import Any, ClassVar

import msgspec

from workers.sandbox.accounts import Account, Derived


class Number(msgspec.Struct, kw_only=True):
    """A number that was bought here."""

    sid: str
    friendly_name: str
    trunk_sid: str | None = None


class AccessList(msgspec.Struct, kw_only=True):
    """Who may call over a trunk. `entries`: sid → user name and password, or address and length of its network."""

    kind: str
    friendly_name: str
    entries: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)


class Trunk(msgspec.Struct, kw_only=True):
    """`origination`: sid → name and address. `lists`: sids of lists."""

    friendly_name: str
    domain: str
    origination: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    lists: list[str] = msgspec.field(default_factory=list)


class TwilioAccount(Account, kw_only=True, tag="twilio"):
    """`geo`: E.164 prefixes it may send to, empty for all. `bought`: by number; `purchases`: how often one was paid for. `trunks` and
    `access_lists`: by sid."""

    kind: ClassVar[str] = "twilio"

    account_sid: str
    auth_token: str
    phone_number: str
    phone_sid: str
    messaging_service_sid: str
    inbound_url: str = ""
    segments_per_second: float = 100.0
    queue_hours: float = 10.0
    geo: list[str] = msgspec.field(default_factory=list)
    bought: dict[str, Number] = msgspec.field(default_factory=dict)
    trunks: dict[str, Trunk] = msgspec.field(default_factory=dict)
    access_lists: dict[str, AccessList] = msgspec.field(default_factory=dict)
    purchases: int = 0

    def keys(self) -> dict[str, list[str]]:
        return {"sid": [self.account_sid], "trunk_domain": [trunk.domain for trunk in self.trunks.values()]}

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "company": "Empresa",
            "account_sid": "AC" + derived.hexadecimal("twilio", key, "sid", 32),
            "auth_token": derived.hexadecimal("twilio", key, "token", 32),
            "phone_number": "+55119" + derived.digits(key, "phone", 8),
            "phone_sid": "PN" + derived.hexadecimal("twilio", key, "number", 32),
            "messaging_service_sid": "MG" + derived.hexadecimal("twilio", key, "service", 32),
        }
