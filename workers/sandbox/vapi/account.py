"""A VAPI account with one number and one assistant, how it proves itself to our address, and what the people do whom it calls."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec

from workers.sandbox.accounts import Account, Derived
from workers.sandbox.retell.scripts import Script


class VapiAccount(Account, kw_only=True, tag="vapi"):
    """`server_url`: of the assistant and of the number, one for all messages. `other_assistants`: their ids → names. `auth`: how the credential of the server proves itself.
    `script`, `callees`, `colleague` and the spans are as of the sandbox's Retell."""

    kind: ClassVar[str] = "vapi"

    private_key: str
    phone_number_id: str
    assistant_id: str
    phone_number: str
    server_secret: str
    server_url: str = ""
    other_assistants: dict[str, str] = msgspec.field(default_factory=dict)
    auth: Literal["secret", "bearer", "hmac", "standard"] = "hmac"
    script: Script | None = None
    callees: dict[str, Script] = msgspec.field(default_factory=dict)
    colleague: Literal["connected", "no-answer", "busy", "voicemail", "failed"] = "connected"
    tells_words: bool = False  # while one speaks
    concurrency_limit: Annotated[int, msgspec.Meta(ge=0)] = 10
    ring_seconds: tuple[float, float] = (2.0, 15.0)
    talk_seconds: tuple[float, float] = (8.0, 60.0)
    report_seconds: tuple[float, float] = (1.0, 8.0)

    def keys(self) -> dict[str, list[str]]:
        return {"private_key": [self.private_key]}

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        def uuid(name: str) -> str:
            found = derived.hexadecimal("vapi", key, name, 32)
            return "-".join((found[:8], found[8:12], "4" + found[13:16], "9" + found[17:20], found[20:]))

        return {
            "company": "Empresa",
            "private_key": uuid("key"),
            "phone_number_id": uuid("number"),
            "assistant_id": uuid("assistant"),
            "other_assistants": {uuid("other"): "Cobrança"},
            "phone_number": "+55113" + derived.digits(key, "vapi", 7),
            "server_secret": derived.hexadecimal("vapi", key, "secret", 32),
        }
