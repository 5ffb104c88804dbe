"""The process's one Valkey client. Valkey carries wake-ups, limits and live events; nothing that would be lost with it."""

import valkey.asyncio as valkey_asyncio
from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

_client: Valkey | None = None

Down = (ValkeyError, OSError, TimeoutError)
"""What a call raises while Valkey is away."""


def connect(url: str, *, max_connections: int = 200) -> Valkey:
    """Makes the client; connects lazily, and again after every loss. Keep-alive and health checks find half-open sockets."""
    global _client
    _client = valkey_asyncio.from_url(
        url.replace("redis://", "valkey://", 1),
        socket_keepalive=True,
        health_check_interval=10,
        socket_connect_timeout=2,
        max_connections=max_connections,
    )
    return _client


def client() -> Valkey:
    if _client is None:
        raise RuntimeError("Valkey is not configured: call db.valkey.connect() first.")
    return _client


async def close() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        await closing.aclose()
