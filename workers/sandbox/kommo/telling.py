"""What an account tells its webhooks: forms with nested names, unsigned, of changes over the API too."""

from typing import Final
from urllib.parse import urlencode

from workers.sandbox.kommo.account import Entity, KommoAccount
from workers.sandbox.kommo.books import Shelf, form
from workers.sandbox.webhooks import Webhooks

_ONE: Final = {"leads": "lead", "contacts": "contact"}
_TOLD: Final = ("id", "name", "status_id", "old_status_id", "pipeline_id", "price", "created_at", "updated_at")


class Teller:
    def __init__(self, shelf: Shelf, webhooks: Webhooks) -> None:
        self._shelf, self._webhooks = shelf, webhooks

    def tell(self, account: KommoAccount, noun: str, verb: str, entity: Entity) -> None:
        """`verb`: add, update or status."""
        setting = f"{verb}_{_ONE[noun]}"
        body = self.body(account, noun, verb, entity)
        for hook in self._shelf.of(account.id).hooks.values():
            if not hook.disabled and setting in hook.settings:
                self._webhooks.post(account, hook.destination, body)

    @staticmethod
    def body(account: KommoAccount, noun: str, verb: str, entity: Entity) -> bytes:
        """As it goes over the wire: all values are texts."""
        told: Entity = {name: entity[name] for name in _TOLD if name in entity}
        if noun == "contacts":
            told["type"] = "contact"
            told["custom_fields"] = [
                {"code": field.get("field_code"), "values": [{"value": one.get("value")} for one in field.get("values") or []]}
                for field in entity.get("custom_fields_values") or []
            ]
        pairs = form({"id": account.number, "subdomain": account.id}, "account")
        return urlencode([*pairs, *form([told], f"{noun}[{verb}]")]).encode()
