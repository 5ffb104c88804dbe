"""What the model was asked and what it answered, newest first. No header is kept, and what looks like a key is taken out of the texts."""

import re
import time
from typing import Any, Final

import msgspec

from workers.sandbox.store import Store

KEEP: Final = 2000
LONGEST_FILE: Final = 200
_SECRET: Final = re.compile(
    r"\b(?:sk|mia_live|mia_test|pk|rk|xox[abp]|ghp|EAA)[-_]?[A-Za-z0-9_-]{16,}|(?<=Bearer )[A-Za-z0-9._~+/-]{12,}=*"
)
_COLUMNS: Final = "number, account, at, seconds, kind, model, status, asked, answered, usage"


class Exchange(msgspec.Struct):
    """One request. `at` in epoch seconds, `seconds` until its answer was ready to leave; `status` 0: it got none. `usage`: of the vendor."""

    number: int
    account: str
    at: float
    seconds: float
    kind: str
    model: str
    status: int
    asked: msgspec.Raw
    answered: msgspec.Raw
    usage: msgspec.Raw


class Requests:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = 1

    async def load(self) -> None:
        self._next = (await self._store.query("SELECT coalesce(max(number), 0) + 1 FROM model_request"))[0][0]

    def note(
        self, account: str, kind: str, model: str, status: int, asked: Any, answered: Any, usage: Any = None, seconds: float = 0.0
    ) -> int:
        """Keeps one, and gives its number."""
        number, self._next = self._next, self._next + 1
        row = (number, account, time.time(), seconds, kind, model, status, _kept(asked), _kept(answered), _kept(usage))
        self._store.put("INSERT INTO model_request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if number % 50 == 0:
            self._store.put("DELETE FROM model_request WHERE number <= ?", (number - KEEP,))
        return number

    async def latest(self, account: str, limit: int, before: int = 0) -> list[Exchange]:
        """Of one account, or of all ("")."""
        rows = await self._store.query(
            f"SELECT {_COLUMNS} FROM model_request WHERE (? = '' OR account = ?) AND (? = 0 OR number < ?) ORDER BY number DESC LIMIT ?",
            (account, account, before, before, min(limit, KEEP)),
        )
        return [Exchange(*row[:7], *map(msgspec.Raw, row[7:])) for row in rows]

    async def forget(self, account: str) -> None:
        await self._store.read(lambda db: db.execute("DELETE FROM model_request WHERE ? = '' OR account = ?", (account, account)))


def _kept(value: Any) -> bytes:
    return msgspec.json.encode(clean(value))


def clean(value: Any) -> Any:
    """Without keys, and without the bytes of pictures and sounds."""
    if isinstance(value, str):
        if value.startswith("data:") and len(value) > LONGEST_FILE:
            return f"[{value[5:].partition(';')[0]}, {len(value) * 3 // 4000} kB]"
        return _SECRET.sub("[…]", value)
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(one) for one in value]
    return value
