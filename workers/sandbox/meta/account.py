"""A WhatsApp Business account with its app, its token and its numbers."""

from typing import Any, ClassVar, Final, Literal

import msgspec

from workers.sandbox.accounts import Account, Derived

TIERS: Final = {"TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000}
Tier = Literal["TIER_250", "TIER_1K", "TIER_2K", "TIER_10K", "TIER_100K", "UNLIMITED", "TIER_UNLIMITED"]
Quality = Literal["GREEN", "YELLOW", "RED", "UNKNOWN"]


class Number(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A sending number of a WhatsApp Business account. `throughput` in messages per second; `pin` for two-step verification, "" while
    it is off."""

    phone_number_id: str
    display_phone_number: str
    verified_name: str
    quality: Quality = "GREEN"
    throughput: float = 80.0
    registered: bool = True
    pin: str = ""


class MetaAccount(Account, kw_only=True, tag="meta"):
    """A WABA with its app and token."""

    kind: ClassVar[str] = "meta"

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

    def number(self, number_id: str) -> Number | None:
        return next((number for number in self.numbers if number.phone_number_id == number_id), None)

    def keys(self) -> dict[str, list[str]]:
        return {
            "token": [self.token],
            "waba": [self.waba_id],
            "app": [self.app_id],
            "number": [number.phone_number_id for number in self.numbers],
        }

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        number = {
            "phone_number_id": derived.digits(key, "number", 15),
            "display_phone_number": "55119" + derived.digits(key, "phone", 8),
            "verified_name": given.get("company") or "Empresa",
        }
        return {
            "company": "Empresa",
            "token": "EAA" + derived.hexadecimal("meta", key, "token", 60),
            "app_id": derived.digits(key, "app", 16),
            "app_secret": derived.hexadecimal("meta", key, "app_secret", 32),
            "verify_token": derived.hexadecimal("meta", key, "verify_token", 24),
            "waba_id": derived.digits(key, "waba", 15),
            "business_id": derived.digits(key, "business", 15),
            "numbers": [number],
        }

    @classmethod
    def known_by(cls, given: dict[str, Any]) -> list[tuple[str, str]]:
        return [("number", str(given["phone_number_id"]))] if given.get("phone_number_id") else []

    @classmethod
    def spread(cls, base: dict[str, Any], given: dict[str, Any]) -> None:
        """Number fields given at the top level are the first number's."""
        first = base["numbers"][0]
        for field in ("phone_number_id", "verified_name", "quality", "throughput"):
            if field in given:
                first[field] = given.pop(field)
        if phone := given.pop("phone_number", ""):
            first["display_phone_number"] = "".join(c for c in phone if c.isdigit())
