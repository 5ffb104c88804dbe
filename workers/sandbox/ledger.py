"""What the sandbox accepted: the proof that a sender lost nothing and sent nothing twice.

Rows go straight to SQLite; in memory stay one counter and the messages that still have events to come (flights). Numbers are never used
twice, also not after a reset, because provider ids are made of them.
"""

import hashlib
import sqlite3
import time
from typing import Any, Final

import msgspec

from workers.sandbox.store import Store

_INSERT: Final = (
    "INSERT INTO ledger (number, account, channel, sender, recipient, correlation, callback, content, content_hash, "
    "request_hash, accepted_at, segments, category, wa_id, status, updated_at, done, rank) "
    "VALUES {rows}"
)
_UPDATE: Final = (
    "WITH told(number, status, error, at, done, rank) AS (VALUES {rows}) UPDATE ledger SET status = told.status, "
    "error = told.error, updated_at = told.at, done = told.done, rank = told.rank FROM told "
    "WHERE ledger.number = told.number AND told.rank > ledger.rank"
)
_COLUMNS: Final = (
    "number, account, channel, sender, recipient, correlation, callback, content, request_hash, accepted_at, segments, "
    "category, wa_id, status, error, updated_at, done"
)
RANKS: Final = {
    "accepted": 0,
    "queued": 0,
    "sent": 1,
    "delivered": 2,
    "read": 3,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
}


class Flight:
    """One accepted message that still has events to come. Slots keep a million of them in about 250 MB."""

    __slots__ = ("account", "category", "channel", "number", "prefix", "recipient", "sender", "stage", "tag", "wa_id")

    def __init__(
        self,
        number: int,
        channel: str,
        account: str,
        sender: str,
        recipient: str,
        wa_id: str,
        tag: str,
        prefix: str,
        category: str,
        stage: str,
    ) -> None:
        self.number = number
        self.channel = channel
        self.account = account
        self.sender = sender
        self.recipient = recipient
        self.wa_id = recipient if wa_id == recipient else wa_id
        self.tag = tag
        self.prefix = prefix
        self.category = category
        self.stage = stage


class Entry(msgspec.Struct):
    """A ledger row as it is shown. `content` is the JSON that was asked for; times in epoch seconds."""

    number: int
    account: str
    channel: str
    sender: str
    recipient: str
    correlation: str
    callback: str
    content: msgspec.Raw
    request_hash: str
    accepted_at: float
    segments: int
    category: str
    wa_id: str
    status: str
    error: int | None
    updated_at: float
    done: bool
    provider_id: str = ""
    preview: str = ""


def rank(status: str, done: bool) -> int:
    """Webhooks are answered in any order: the ledger only moves to a higher rank."""
    return 2 * RANKS[status] + done


def digest(content: bytes) -> int:
    """64 bits of BLAKE2b as SQLite's signed integer."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = 1
        self.accepted = 0

    async def load(self) -> list[tuple[Flight, float]]:
        """Counts what is there; returns the flights that a stop interrupted, each with its time of acceptance."""
        state = dict(await self._store.recall("counter"))
        highest, count = (await self._store.query("SELECT coalesce(max(number), 0), count(*) FROM ledger"))[0]
        self._next = max(highest + 1, int(state.get("number", b"1")))
        self.accepted = count
        rows = await self._store.query(
            "SELECT number, channel, account, sender, recipient, wa_id, correlation, callback, category, status, "
            "accepted_at FROM ledger WHERE done = 0"
        )
        return [(_flight(row), row[10]) for row in rows]

    def accept(
        self,
        flight: Flight,
        content: bytes,
        request: bytes,
        segments: int,
        done: bool = False,
    ) -> int:
        """Books one accepted message and gives it its number, also written to the flight."""
        number = flight.number = self._next
        self._next += 1
        self.accepted += 1
        now = time.time()
        self._store.put(
            _INSERT,
            (
                number,
                flight.account,
                flight.channel,
                flight.sender,
                flight.recipient,
                flight.tag,
                flight.prefix + flight.tag if flight.prefix else "",
                content,
                digest(content),
                digest(request),
                now,
                segments,
                flight.category,
                flight.wa_id,
                flight.stage,
                now,
                done,
                rank(flight.stage, done),
            ),
        )
        return number

    def set_status(self, number: int, status: str, error: int | None, done: bool) -> None:
        self._store.put(_UPDATE, (number, status, error, time.time(), done, rank(status, done)))

    def redact(self, number: int, content: bytes) -> None:
        """Its text is taken away; its hash still proves what was accepted."""
        self._store.put("UPDATE ledger SET content = ? WHERE number = ?", (content, number))

    async def entry(self, number: int) -> Entry | None:
        rows = await self._store.query(f"SELECT {_COLUMNS} FROM ledger WHERE number = ?", (number,))
        return _entry(rows[0]) if rows else None

    async def entries(self, where: dict[str, Any], limit: int, newest_first: bool = False) -> list[Entry]:
        """Rows that meet all conditions (SQL fragment with one `?` → value), by number."""
        clause = " AND ".join(where) or "1"
        order = "DESC" if newest_first else "ASC"
        sql = f"SELECT {_COLUMNS} FROM ledger WHERE {clause} ORDER BY number {order} LIMIT ?"
        return [_entry(row) for row in await self._store.query(sql, (*where.values(), limit))]

    async def summary(self, account: str, channel: str) -> dict[str, Any]:
        """Totals and every repetition of (channel, to, content) and of a correlation id; both "" for all."""
        return await self._store.read(lambda db: _summary(db, account, channel))

    async def reset(self) -> None:
        """Forgets all messages, inbound ones and waiting webhooks; numbers go on."""
        self._store.remember("counter", "number", self._next)
        await self._store.read(lambda db: [db.execute(f"DELETE FROM {t}") for t in ("ledger", "inbound", "webhook")])
        self.accepted = 0


def _summary(db: sqlite3.Connection, account: str, channel: str) -> dict[str, Any]:
    clause = "(? = '' OR account = ?) AND (? = '' OR channel = ?)"
    values = (account, account, channel, channel)
    total, people = db.execute(
        f"SELECT count(*), count(DISTINCT recipient) FROM ledger WHERE {clause}",
        values,
    ).fetchone()
    repeats = db.execute(
        "SELECT channel, recipient, min(content), count(*) AS times, group_concat(number) FROM ledger "
        f"WHERE {clause} GROUP BY channel, recipient, content_hash HAVING times > 1 ORDER BY times DESC",
        values,
    ).fetchall()
    correlations = db.execute(
        f"SELECT correlation, count(*) AS times FROM ledger WHERE {clause} AND correlation <> '' "
        "GROUP BY correlation HAVING times > 1",
        values,
    ).fetchall()
    statuses = db.execute(
        f"SELECT channel || ':' || status, count(*) FROM ledger WHERE {clause} GROUP BY 1",
        values,
    ).fetchall()
    return {
        "accepted": total,
        "distinct_recipients": people,
        "duplicates": sum(times - 1 for *_, times, _ in repeats),
        "duplicate_correlations": sum(times - 1 for _, times in correlations),
        "by_status": dict(statuses),
        "repeated": [
            {"channel": row[0], "to": row[1], "content": msgspec.Raw(row[2]), "times": row[3], "numbers": row[4]}
            for row in repeats[:100]
        ],
    }


def _flight(row: tuple[Any, ...]) -> Flight:
    number, channel, account, sender, recipient, wa_id, tag, callback, category, status, _ = row
    prefix = callback.removesuffix(tag) if callback else ""
    return Flight(number, channel, account, sender, recipient, wa_id, tag, prefix, category, status)


def _entry(row: tuple[Any, ...]) -> Entry:
    values = list(row)
    values[7] = msgspec.Raw(values[7])
    values[8] = f"{values[8] & (1 << 64) - 1:016x}"
    values[16] = bool(values[16])
    return Entry(*values)
