"""The process's one Valkey client. Valkey carries wake-ups, limits and live events; nothing that would be lost with it.

A server that is away or silent is noticed (`db/pulse.py`): what waits for it fails at once, and so does every call until it
answers again, so that nobody waits for it twice.
"""

import asyncio
import contextlib
import hashlib
import socket
from typing import Any, ClassVar
from uuid import uuid4

from valkey.asyncio import ConnectionPool, Valkey
from valkey.asyncio.connection import Connection, UnixDomainSocketConnection
from valkey.exceptions import ConnectionError, NoScriptError, ValkeyError

from db.pulse import Pulse

_client: Valkey | None = None

Down = (ValkeyError, OSError, TimeoutError)
"""What a call raises while Valkey is away."""

ASK_EVERY, PATIENCE = 0.25, 0.6  # seconds between two questions whether the server lives, and to its answer
_SOCKET = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}


class Pool(ConnectionPool):
    """Gives no connection while its pulse says that the server does not answer."""

    pulse: Pulse | None = None

    async def get_connection(self, command_name: str, *keys: Any, **options: Any) -> Any:
        if self.pulse is not None and not self.pulse.up:
            raise ConnectionError("Valkey does not answer")
        return await super().get_connection(command_name, *keys, **options)  # type: ignore[no-untyped-call]


class _Server:
    """What the pulse needs of one pool."""

    KEY: ClassVar[str] = f"pulse:{uuid4().hex}"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asking: Connection | UnixDomainSocketConnection | None = None

    async def ask(self) -> None:
        """Raises unless the server answers and takes changes: a replica and a full one do not."""
        if self._asking is None:
            self._asking = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await self._asking.connect()
            await self._asking.send_command("SET", self.KEY, 1, "PX", 10_000)
            await self._asking.read_response()
        except BaseException:
            await self.leave()
            raise

    async def cut(self) -> None:
        """Ends every connection of the pool, and with it what waits for an answer."""
        with contextlib.suppress(*Down):
            await self._pool.disconnect()

    async def leave(self) -> None:
        """Closes the pulse's own connection."""
        if self._asking is not None:
            asking, self._asking = self._asking, None
            with contextlib.suppress(*Down):
                await asking.disconnect(nowait=True)


def connect(url: str, *, max_connections: int = 200) -> Valkey:
    """Makes the client; connects lazily, and again after every loss. Nobody watches the server yet: see `watch`."""
    global _client
    tcp: dict[str, Any] = {}
    if not url.startswith("unix:"):
        options = {getattr(socket, name): value for name, value in _SOCKET.items() if hasattr(socket, name)}
        tcp = {"socket_keepalive": True, "socket_keepalive_options": options}
    pool = Pool.from_url(
        url.replace("redis://", "valkey://", 1),
        **tcp,
        health_check_interval=10,
        socket_connect_timeout=2,
        max_connections=max_connections,
    )
    _client = Valkey.from_pool(pool)
    return _client


def watch(*, patience: float = PATIENCE) -> None:
    """Begins to watch the server. `patience`: seconds until a silent one counts as away."""
    pool: Pool = client().connection_pool
    pool.pulse = Pulse("valkey", _Server(pool), every=ASK_EVERY, patience=patience)


def pulse() -> Pulse | None:
    """Whether the server answers, if somebody watches it."""
    pool: Pool | None = _client.connection_pool if _client is not None else None  # type: ignore[assignment]
    return pool.pulse if pool is not None else None


def client() -> Any:  # valkey-py's types mix its synchronous and asynchronous halves
    if _client is None:
        raise RuntimeError("Valkey is not configured: call db.valkey.connect() first.")
    return _client


def connected() -> bool:
    """Whether this process has a client (not whether the server answers)."""
    return _client is not None


async def back(at_most: float) -> None:
    """Returns once the server answers, or after so many seconds; without a watch, after those."""
    watching = pulse()
    if watching is None or watching.up:  # not noticed yet
        await asyncio.sleep(at_most)
    else:
        await watching.back(at_most)


async def close() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        pool: Pool = closing.connection_pool  # type: ignore[assignment]
        if pool.pulse is not None:
            await pool.pulse.stop()
        with contextlib.suppress(*Down):
            await closing.aclose()


class Script:
    """A Lua script called by its hash; loaded again when the server has forgotten it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, keys: list[str], args: list[Any]) -> Any:
        try:
            return await client().evalsha(self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return await client().eval(self._text, len(keys), *keys, *args)
