"""The process's one Valkey client. Valkey carries wake-ups, limits and live events; nothing that would be lost with it."""

import hashlib
from typing import Any

import valkey.asyncio as valkey_asyncio
from valkey.asyncio import Valkey
from valkey.exceptions import NoScriptError, ValkeyError

_client: Valkey | None = None

Down = (ValkeyError, OSError, TimeoutError)
"""What a call raises while Valkey is away."""


def connect(url: str, *, max_connections: int = 200) -> Valkey:
    """Makes the client; connects lazily, and again after every loss. Keep-alive and health checks find half-open sockets."""
    global _client
    tcp = {} if url.startswith("unix:") else {"socket_keepalive": True}
    _client = valkey_asyncio.from_url(
        url.replace("redis://", "valkey://", 1),
        **tcp,
        health_check_interval=10,
        socket_connect_timeout=2,
        max_connections=max_connections,
    )
    return _client


def client() -> Any:  # valkey-py's types mix its synchronous and asynchronous halves
    if _client is None:
        raise RuntimeError("Valkey is not configured: call db.valkey.connect() first.")
    return _client


def connected() -> bool:
    """Whether this process has a client (not whether the server answers)."""
    return _client is not None


async def close() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
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
