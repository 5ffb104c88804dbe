"""The customer's side: a person writes to the business, opts out, opens the 24 h window.

Holds what the platforms remember about a person: the open window and the stop; both kept over a restart. What is told, and to
whom, is the vendor's.
"""

import secrets
import time
from typing import Final

import msgspec

from workers.sandbox.accounts import Account
from workers.sandbox.store import Store
from workers.sandbox.vendor import TYPING, Incoming, Vendors

WINDOW: Final = 86_400.0
SHOWN: Final = 25.0
"""Seconds that a person sees that somebody writes."""
_THEIRS: Final = "FROM inbound WHERE account = ? AND provider_id = ?"
_READ: Final = (
    f"INSERT INTO state SELECT 'read', account || '|' || sender, number {_THEIRS} "
    "ON CONFLICT DO UPDATE SET value = max(value, excluded.value)"
)
_WRITES: Final = f"INSERT OR REPLACE INTO state SELECT 'typing', account || '|' || sender, ? {_THEIRS}"
APART: Final = 1 << 39
"""Set in the number of an inbound message: it shares the format of its id with ours."""


class Inbound:
    """`salt` makes the message ids of this sandbox differ from another one's."""

    def __init__(self, store: Store, vendors: Vendors) -> None:
        self._store = store
        self._vendors = vendors
        self.salt = ""
        self._next = 1
        self._windows: dict[str, float] = {}
        self._stops: set[str] = set()

    async def load(self) -> None:
        kept = dict(await self._store.recall("salt")).get("ids")
        self.salt = msgspec.json.decode(kept, type=str) if kept else secrets.token_hex(5)
        if not kept:
            self._store.remember("salt", "ids", self.salt)
        self._windows = {key: float(value) for key, value in await self._store.recall("window")}
        self._stops = {key for key, _ in await self._store.recall("stop")}
        self._next = (await self._store.query("SELECT coalesce(max(number), 0) + 1 FROM inbound"))[0][0]

    def window_open(self, account_id: str, phone: str, now: float) -> bool:
        return self._windows.get(f"{account_id}|{phone}", 0.0) > now

    def open_window(self, account_id: str, phone: str, now: float) -> None:
        """For 24 h from `now` the business may write freely."""
        key = f"{account_id}|{phone}"
        self._windows[key] = now + WINDOW
        self._store.put("INSERT OR REPLACE INTO state VALUES ('window', ?, ?)", (key, str(now + WINDOW)))

    def stopped(self, account_id: str, phone: str) -> bool:
        """The person wants nothing more from this account (of Meta's: no marketing)."""
        return f"{account_id}|{phone}" in self._stops

    def remember_stop(self, account_id: str, phone: str, stop: bool) -> None:
        key = f"{account_id}|{phone}"
        (self._stops.add if stop else self._stops.discard)(key)
        self._store.remember("stop", key, True if stop else None)

    def mark_read(self, account_id: str, message_id: str, *, typing: bool) -> None:
        """The business read this message of a person, and those before it; with `typing` it writes an answer."""
        self._store.put(_READ, (account_id, message_id))
        if typing:
            self._store.put(_WRITES, (time.time() + SHOWN, account_id, message_id))

    def show_typing(self, account_id: str, person: str, on: bool) -> None:
        """The business begins to write to this person, or stopped to."""
        until = str(time.time() + SHOWN if on else 0)
        self._store.put("INSERT OR REPLACE INTO state VALUES ('typing', ?, ?)", (f"{account_id}|{person}", until))

    async def shown(self, account_id: str, person: str) -> tuple[int, bool]:
        """The number of the person's newest message that the business read (0: none), and whether it writes to them."""
        rows = dict(await self._store.query("SELECT kind, value FROM state WHERE id = ?", (f"{account_id}|{person}",)))
        return int(rows.get("read", 0)), float(rows.get("typing", 0)) > time.time()

    async def last(self, account_id: str, person: str) -> str | None:
        """The id of the person's newest message."""
        rows = await self._store.query(
            "SELECT provider_id FROM inbound WHERE account = ? AND sender = ? ORDER BY number DESC LIMIT 1", (account_id, person)
        )
        return rows[0][0] if rows else None

    def receive(self, account: Account, person: str, incoming: Incoming) -> str:
        """The person (as the vendor writes phone numbers) writes; returns the message id, "" of what is no message."""
        number, self._next = self._next, self._next + 1
        identifier, recipient = self._vendors[account.kind].receive(account, person, incoming, number)
        if incoming.kind == TYPING:
            return identifier
        self._store.put(
            "INSERT INTO inbound VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, account.id, person, recipient, incoming.text, identifier, time.time()),
        )
        return identifier
