"""Fetches the bytes of a file from where its provider says they are, into a file on this machine.

Only hosts of the provider, over checked addresses; a redirect is looked at like the first address, and gets the credentials only on
the same host.
"""

from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from workers.http import Blocked, Downloaded, OutboundClient
from workers.providers.adapter import FileSource

MAX_BYTES = 100_000_000  # Meta's own limit for what people send
SECONDS = 300.0
IDLE = 30.0
MAX_REDIRECTS = 3


async def fetch(client: OutboundClient, source: FileSource, file: BinaryIO) -> Downloaded:
    """The last answer; its body is in `file` when it is a 200. Raises OutboundError, Blocked among them."""
    url = source.url
    for _ in range(MAX_REDIRECTS + 1):
        host = _host(url)
        if not _allowed(host, source.hosts):
            raise Blocked(f"{host[:100]} is no host of the provider")
        headers = source.headers if _origin(url) == _origin(source.url) else {}
        got = await client.download(url, file, headers=headers, timeout=SECONDS, idle=IDLE, max_bytes=MAX_BYTES)
        if got.status not in (301, 302, 303, 307, 308):
            return got
        url = urljoin(url, got.headers.get("location", ""))
    raise Blocked("too many redirects")


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _allowed(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts if one)
