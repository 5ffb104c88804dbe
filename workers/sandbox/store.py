"""The sandbox's state on disk: one SQLite file, one thread that owns it.

The event loop only appends to lists; every 50 ms the thread writes them in one transaction. A read first hands over
what is waiting, so it always sees its own writes. What a `kill -9` can lose is at most those 50 ms.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Result = TypeVar("Result")
Row = Sequence[Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS state (kind TEXT, id TEXT, value BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
  number INTEGER PRIMARY KEY, account TEXT, channel TEXT, sender TEXT, recipient TEXT, correlation TEXT, callback TEXT,
  content BLOB, content_hash INTEGER, request_hash INTEGER, accepted_at REAL, segments INTEGER, category TEXT,
  wa_id TEXT, status TEXT, error INTEGER, updated_at REAL, done INTEGER,
  rank INTEGER);
CREATE INDEX IF NOT EXISTS ledger_recipient ON ledger (recipient);
CREATE TABLE IF NOT EXISTS inbound (
  number INTEGER PRIMARY KEY, account TEXT, sender TEXT, recipient TEXT, text TEXT, provider_id TEXT, at REAL);
CREATE INDEX IF NOT EXISTS inbound_message ON inbound (provider_id);
CREATE TABLE IF NOT EXISTS webhook (
  number INTEGER PRIMARY KEY, account TEXT, url TEXT, body BLOB, headers BLOB, tries INTEGER, first_at REAL,
  next_at REAL);
CREATE INDEX IF NOT EXISTS webhook_due ON webhook (next_at);
CREATE TABLE IF NOT EXISTS mail (
  number INTEGER PRIMARY KEY, at REAL, sender TEXT, recipients TEXT, subject TEXT, text TEXT, html TEXT, raw BLOB);
CREATE TABLE IF NOT EXISTS model_request (
  number INTEGER PRIMARY KEY, account TEXT, at REAL, seconds REAL, kind TEXT, model TEXT, status INTEGER, asked BLOB, answered BLOB,
  usage BLOB);
CREATE INDEX IF NOT EXISTS model_request_account ON model_request (account, number);
"""
FLUSH_SECONDS = 0.05
CHUNK = 200


class Store:
    """`put` queues a write and returns at once; `read` runs a function on the thread and awaits it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # caught mails hold sign-in links
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox-store")
        self._db: sqlite3.Connection = self._thread.submit(self._open, folder / "sandbox.sqlite3").result()
        self._waiting: dict[str, list[Row]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.executescript(SCHEMA)
        return db

    def put(self, sql: str, row: Row) -> None:
        """Queues one row for a statement; rows of one statement are written together, statements in first-use order.

        A statement with `{rows}` takes many rows at once; of rows with the same first column only the one whose
        last column is greatest counts.
        """
        rows = self._waiting.get(sql)
        if rows is None:
            self._waiting[sql] = [row]
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)
        else:
            rows.append(row)

    def remember(self, kind: str, key: str, value: Any) -> None:
        """Keeps a small object under (kind, key); None forgets it."""
        self.flush()
        if value is None:
            self.put("DELETE FROM state WHERE kind = ? AND id = ?", (kind, key))
        else:
            self.put("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (kind, key, msgspec.json.encode(value)))

    async def recall(self, kind: str) -> list[tuple[str, bytes]]:
        return await self.query("SELECT id, value FROM state WHERE kind = ? ORDER BY id", (kind,))

    def _flush(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Hands everything queued to the thread, without waiting for it."""
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            # result() in the callback makes a failed write (full disk) loud in the log instead of lost
            self._thread.submit(self._write, waiting).add_done_callback(lambda written: written.result())

    def _write(self, waiting: dict[str, list[Row]]) -> None:
        db = self._db
        db.execute("BEGIN")
        try:
            for sql, rows in waiting.items():
                if "{rows}" in sql:
                    _write_many(db, sql, rows)
                else:
                    db.executemany(sql, rows)
        except sqlite3.Error:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    async def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        self.flush()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._db)

    async def query(self, sql: str, values: Row = ()) -> list[tuple[Any, ...]]:
        return await self.read(lambda db: db.execute(sql, values).fetchall())

    async def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        await self.read(lambda db: db.close())
        self._thread.shutdown()


def _write_many(db: sqlite3.Connection, sql: str, rows: list[Row]) -> None:
    """One step per 200 rows: `executemany` hands the interpreter lock over twice for every row."""
    best: dict[Any, Row] = {}
    for row in rows:
        if row[0] not in best or row[-1] >= best[row[0]][-1]:
            best[row[0]] = row
    kept = list(best.values())
    marks = f"({','.join('?' * len(kept[0]))})"
    for start in range(0, len(kept), CHUNK):
        chunk = kept[start : start + CHUNK]
        db.execute(sql.replace("{rows}", ",".join([marks] * len(chunk))), [value for row in chunk for value in row])
