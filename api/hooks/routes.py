"""Which company and secret a webhook address belongs to, kept in memory so that a webhook costs no query of its own.

All channels are read every few seconds in one query, and one at once when it changes, and when a signature does not fit (a replaced secret).
Unknown addresses are asked for one at a time, so that guessing addresses cannot crowd out the known ones. While Postgres is
away what is known stays usable, also to a process that starts then: the routes are kept in a file, their secrets sealed as they
are in the table. Only signing secrets are opened here, never tokens.
"""

import asyncio
import contextlib
import os
import time
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import structlog

from db import event_stream, valkey
from db.channels.secrets import HOOK_ROUTE, HOOK_ROUTES, unseal
from db.crypto import SealBroken

log = structlog.get_logger("api.hooks")

REFRESH = 20.0  # seconds
PAUSE = 1.0  # seconds until Valkey or Postgres are asked again
MAX_KNOWN = 50_000
PATIENCE = 4.0  # seconds to wait for an answer about one address, the wait for others included


class Route(msgspec.Struct, gc=False):
    """Where one webhook address leads. `read_at` is monotonic."""

    company_id: UUID
    channel_id: UUID
    kind: str
    secret: str
    verify_token: str
    sealed: bytes | None
    read_at: float


class _Kept(msgspec.Struct, array_like=True):
    """One route in the file, as the table has it."""

    id: UUID
    company_id: UUID
    kind: str
    signing_secret: bytes | None
    verify_token: str | None


class Routes:
    """`pool` acts as the system role: it sees channels of every company. `file` remembers the routes from one run to the next."""

    def __init__(self, pool: asyncpg.Pool, file: Path) -> None:
        self._pool = pool
        self._file = file
        self._written: bytes = b""
        self._known: dict[UUID, Route] = {}
        self._one_at_a_time = asyncio.Lock()
        self._stale = asyncio.Event()

    async def find(self, channel_id: UUID, kind: str) -> Route | None:
        """The route, or None when there is no such channel. Raises what asyncpg raises when it is not known and Postgres is away."""
        route = self._known.get(channel_id)
        if route is None:
            async with asyncio.timeout(PATIENCE), self._one_at_a_time:
                route = self._known.get(channel_id) or await self._read(channel_id)
        return route if route is not None and route.kind == kind else None

    async def again(self, route: Route) -> Route | None:
        """The route as it is now, if it changed; at most one look per second and channel."""
        if time.monotonic() - route.read_at < 1.0:
            return None
        async with asyncio.timeout(PATIENCE), self._one_at_a_time:
            fresh = await self._read(route.channel_id)
        return fresh if fresh is not None and fresh.secret != route.secret else None

    async def _read(self, channel_id: UUID) -> Route | None:
        rows = await self._fetch(HOOK_ROUTE, channel_id)
        if not rows:
            self._known.pop(channel_id, None)
            return None
        return self._keep(rows[0])

    async def _fetch(self, sql: str, argument: object) -> list[_Kept]:
        """Ends a connection that does not answer at once: asyncpg would wait for it again to undo the question."""
        async with self._pool.acquire() as connection:
            try:
                return [_Kept(**row) for row in await connection.fetch(sql, argument, timeout=PATIENCE)]
            except BaseException:
                connection.terminate()
                raise

    def _keep(self, row: _Kept) -> Route:
        old = self._known.get(row.id)
        sealed = row.signing_secret
        if old is not None and old.sealed == sealed:
            secret = old.secret
        else:
            try:
                secret = unseal(row.company_id, row.id, "signing_secret", sealed)
            except SealBroken as error:
                log.error("hooks.secret_broken", channel_id=str(row.id), error=str(error))
                secret = ""
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        route = Route(row.company_id, row.id, row.kind, secret, row.verify_token or "", sealed, time.monotonic())
        self._known[row.id] = route
        return route

    async def keep_fresh(self) -> None:
        """Until cancelled: reads all routes again and again, drops what is gone, and keeps them in the file."""
        while True:
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # what is known stays usable
                await self.refresh()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), REFRESH)
            self._stale.clear()

    async def follow(self) -> None:
        """Until cancelled: reads a channel anew as soon as it changes, one that moved to another provider too. What is not told here, because
        Valkey is away, comes with the next reading of all."""
        place: str | None = None
        while True:
            try:
                if place is None:
                    place = await event_stream.channels_from_now()
                    self._stale.set()  # something may have changed before
                place, changed = await event_stream.channels_after(place)
                for channel_id in changed:
                    await self._read(channel_id)
            except valkey.Down:
                place = None
                await valkey.back(PAUSE)
            except (asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(PAUSE)

    async def refresh(self) -> None:
        """Reads all routes, the newest first when there are too many to keep. Raises what asyncpg and the disk raise."""
        known_before = set(self._known)
        kept = await self._fetch(HOOK_ROUTES, MAX_KNOWN)
        found = {row.id for row in kept}
        for gone in known_before - found:
            self._known.pop(gone, None)
        for row in kept:
            self._keep(row)
        content = msgspec.msgpack.encode(kept)
        if content != self._written:
            await asyncio.to_thread(self._write, content)
            self._written = content

    def _write(self, content: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        partial.replace(self._file)

    async def recall(self) -> None:
        """What an earlier run knew, for as long as Postgres does not say better."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            content = await asyncio.to_thread(self._file.read_bytes)
            for row in msgspec.msgpack.decode(content, type=list[_Kept]):
                self._keep(row)
