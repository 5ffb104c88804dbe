"""What accounts of Kommo hold: contacts, leads, notes, webhooks. In memory, and row by row on disk."""

import time
from typing import Any, Final

import msgspec

from workers.sandbox.kommo.account import Books, Entity, Hook
from workers.sandbox.store import Store

PIPELINES: Final[list[Entity]] = [
    {
        "id": 701,
        "name": "Vendas",
        "sort": 1,
        "is_main": True,
        "_embedded": {
            "statuses": [
                {"id": 7010, "name": "Leads de entrada", "sort": 10, "type": 1, "pipeline_id": 701},
                {"id": 7011, "name": "Contato inicial", "sort": 20, "type": 0, "pipeline_id": 701},
                {"id": 7012, "name": "Proposta", "sort": 30, "type": 0, "pipeline_id": 701},
                {"id": 7013, "name": "Negociação", "sort": 40, "type": 0, "pipeline_id": 701},
                {"id": 142, "name": "Ganho", "sort": 10000, "type": 0, "pipeline_id": 701},
                {"id": 143, "name": "Perdido", "sort": 11000, "type": 0, "pipeline_id": 701},
            ]
        },
    },
    {
        "id": 702,
        "name": "Pós-venda",
        "sort": 2,
        "is_main": False,
        "_embedded": {
            "statuses": [
                {"id": 7021, "name": "Entrega", "sort": 20, "type": 0, "pipeline_id": 702},
                {"id": 142, "name": "Ganho", "sort": 10000, "type": 0, "pipeline_id": 702},
                {"id": 143, "name": "Perdido", "sort": 11000, "type": 0, "pipeline_id": 702},
            ]
        },
    },
]
STATUSES: Final = {(one["id"], status["id"]) for one in PIPELINES for status in one["_embedded"]["statuses"]}
FIRST: Final = (701, 7011)
_STATE: Final = "kommo"


class Shelf:
    """The books of all accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._books: dict[str, Books] = {}

    async def load(self) -> None:
        for key, value in await self._store.recall(_STATE):
            account_id, noun, number = key.rsplit(":", 2)
            books = self.of(account_id)
            if noun == "hooks":
                books.hooks[int(number)] = msgspec.json.decode(value, type=Hook)
            else:
                getattr(books, noun)[int(number)] = msgspec.json.decode(value)
            books.last = max(books.last, int(number))

    def of(self, account_id: str) -> Books:
        return self._books.setdefault(account_id, Books())

    def next_id(self, account_id: str) -> int:
        books = self.of(account_id)
        books.last += 1
        return books.last

    def keep(self, account_id: str, noun: str, value: Entity | Hook) -> None:
        """Makes or changes one."""
        number = value.id if isinstance(value, Hook) else int(value["id"])
        getattr(self.of(account_id), noun)[number] = value
        self._store.remember(_STATE, f"{account_id}:{noun}:{number}", value)

    def drop(self, account_id: str, noun: str, number: int) -> None:
        getattr(self.of(account_id), noun).pop(number, None)
        self._store.remember(_STATE, f"{account_id}:{noun}:{number}", None)

    def forget(self, account_id: str) -> None:
        """The account is gone."""
        books = self._books.pop(account_id, Books())
        for noun in ("contacts", "leads", "notes", "hooks"):
            for number in getattr(books, noun):
                self._store.remember(_STATE, f"{account_id}:{noun}:{number}", None)


def stamp() -> dict[str, int]:
    now = int(time.time())
    return {"created_at": now, "updated_at": now}


def values(entity: Entity) -> list[str]:
    """The texts of a contact's fields."""
    found: list[str] = []
    for field in entity.get("custom_fields_values") or []:
        found += [str(one.get("value", "")) for one in field.get("values") or []]
    return found


def matches(entity: Entity, query: str) -> bool:
    """The loose search of the real one: parts of names and values; numbers whatever stands between their digits."""
    wanted = query.casefold().strip()
    texts = [str(entity.get("name", "")), *values(entity)]
    if any(wanted in text.casefold() for text in texts):
        return True
    digits = _digits(wanted)
    return len(digits) >= 5 and any(digits in _digits(text) for text in texts)


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def form(value: Any, name: str) -> list[tuple[str, str]]:
    """A tree as nested names of a form, as PHP reads them."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in form(item, f"{name}[{key}]")]
    if isinstance(value, list):
        return [pair for place, item in enumerate(value) for pair in form(item, f"{name}[{place}]")]
    return [(name, "" if value is None else str(int(value)) if isinstance(value, bool) else str(value))]
