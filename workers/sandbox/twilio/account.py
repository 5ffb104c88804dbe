"""A Twilio account with one number and one messaging service."""

from typing import Any, ClassVar

import msgspec

from workers.sandbox.accounts import Account, Derived


class TwilioAccount(Account, kw_only=True, tag="twilio"):
    """`geo`: E.164 prefixes it may send to, empty for all."""

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

    def keys(self) -> dict[str, list[str]]:
        return {"sid": [self.account_sid]}

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
