"""The phone of a rehearsal number, with the device that it let in."""

from typing import Any, ClassVar

from workers.sandbox.accounts import Account, Derived


class LinkedAccount(Account, kw_only=True, tag="linked"):
    """`number`: E.164. `device`: the index of the linked device, 0 for none. `restricted_until`: epoch seconds until which it may write to nobody
    first."""

    kind: ClassVar[str] = "linked"

    number: str
    device: int = 0
    restricted_until: float = 0.0

    def keys(self) -> dict[str, list[str]]:
        return {"linked": [self.number]}

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        return {"company": "Empresa", "number": "+55119" + derived.digits(key, "linked", 8)}
