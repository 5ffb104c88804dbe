"""Which company and secret a webhook address belongs to, kept in memory so that a webhook costs no query of its own.

Known channels are read again every few seconds in one query, and at once when a signature does not fit (a replaced secret).
Unknown addresses are asked for one at a time, so that guessing addresses cannot crowd out the known ones. While Postgres is
away what is known stays usable. Only signing secrets are opened here, never tokens.
"""

import asyncio
import time
from uuid import UUID

import asyncpg
import msgspec
import structlog

from db.channels.secrets import unseal
from db.crypto import SealBroken
from db.enums import ChannelKind

log = structlog.get_logger("api.hooks")

REFRESH = 20.0  # seconds
MOST = 50_000

_COLUMNS = "select id, company_id, kind, signing_secret, verify_token from channel"


class Route(msgspec.Struct, gc=False):
    """Where one webhook address leads. `read_at` is monotonic."""

    company_id: UUID
    channel_id: UUID
    kind: str
    secret: str
    verify_token: str
    sealed: bytes | None
    read_at: float


class Routes:
    """`pool` acts as the system role: it sees channels of every company."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._known: dict[UUID, Route] = {}
        self._one_at_a_time = asyncio.Lock()

    async def find(self, channel_id: UUID, kind: ChannelKind) -> Route | None:
        """The route, or None when there is no such channel. Raises what asyncpg raises when it is not known and Postgres is away."""
        route = self._known.get(channel_id)
        if route is None:
            async with self._one_at_a_time:
                route = self._known.get(channel_id) or await self._read(channel_id)
        return route if route is not None and route.kind == kind else None

    async def again(self, route: Route) -> Route | None:
        """The route as it is now, if it changed; at most one look per second and channel."""
        if time.monotonic() - route.read_at < 1.0:
            return None
        async with self._one_at_a_time:
            fresh = await self._read(route.channel_id)
        return fresh if fresh is not None and fresh.secret != route.secret else None

    async def _read(self, channel_id: UUID) -> Route | None:
        row: asyncpg.Record | None = await self._pool.fetchrow(
            f"{_COLUMNS} where id = $1 and archived_at is null", channel_id, timeout=5
        )
        if row is None:
            self._known.pop(channel_id, None)
            return None
        return self._keep(row)

    def _keep(self, row: asyncpg.Record) -> Route:
        old = self._known.get(row["id"])
        sealed = row["signing_secret"]
        if old is not None and old.sealed == sealed:
            secret = old.secret
        else:
            try:
                secret = unseal(row["company_id"], row["id"], "signing_secret", sealed)
            except SealBroken as error:
                log.error("hooks.secret_broken", channel_id=str(row["id"]), error=str(error))
                secret = ""
        if len(self._known) >= MOST:
            self._known.clear()
        route = Route(row["company_id"], row["id"], row["kind"], secret, row["verify_token"] or "", sealed, time.monotonic())
        self._known[row["id"]] = route
        return route

    async def keep_fresh(self) -> None:
        """Until cancelled: reads what is known again, drops what is gone."""
        while True:
            await asyncio.sleep(REFRESH)
            if not self._known:
                continue
            asked = list(self._known)
            try:
                rows = await self._pool.fetch(f"{_COLUMNS} where id = any($1::uuid[]) and archived_at is null", asked, timeout=5)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                continue  # what is known stays usable
            found = {row["id"] for row in rows}
            for row in rows:
                self._keep(row)
            for gone in set(asked) - found:
                self._known.pop(gone, None)
