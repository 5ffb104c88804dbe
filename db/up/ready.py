"""Does a program answer yet: plain HTTP over asyncio, because the supervisor must start before any client library is imported."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


async def http_status(url: str, timeout: float = 2.0) -> int | None:
    """The status of a GET, or None when nobody answers."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    writer = None
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
            line = await reader.readline()
            writer.close()
            return int(line.split()[1])
    if writer is not None:
        writer.close()
    return None


async def answers(url: str, *, below: int = 500) -> bool:
    """True once a GET gets a status under `below`."""
    status = await http_status(url)
    return status is not None and status < below
