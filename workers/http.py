"""The one way out to addresses that tenants give us: webhooks, media links, discovery documents.

Names are resolved here, every address is checked, and the connection goes to the very address that was checked, with
Host and SNI of the name: a name that points elsewhere a moment later changes nothing. Refuses redirects, proxies of the
environment, connections kept for reuse, unusual ports, credentials in URLs, plain http, and more bytes or seconds than
allowed. Rules: wire contract "webhooks-out", section 7. `allow_private` exists for tests and the sandbox only.
"""

import asyncio
import hashlib
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, Self
from urllib.parse import urlsplit

import httpcore
import httpx
import msgspec

MAX_URL = 2048
PORTS = frozenset({443, 8443})
LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa")
CONNECT_TIMEOUT = 5.0
TOTAL_TIMEOUT = 20.0
MAX_BYTES = 64 * 1024
USER_AGENT = "master-ia/1"
_PIECE = 1 << 16

GLOBAL_V6 = ipaddress.ip_network("2000::/3")
# Global by their registry, but they wrap or lead to an IPv4 address: 6to4, Teredo, its whole parent, documentation.
WRAPPED_V6 = tuple(ipaddress.ip_network(net) for net in ("2002::/16", "2001::/23", "2001:db8::/32", "3fff::/20"))
BLOCKED_V4 = tuple(ipaddress.ip_network(net) for net in ("0.0.0.0/8", "100.64.0.0/10", "192.88.99.0/24"))

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


class OutboundError(Exception):
    """The call failed; `kind` says how: blocked | dns | connect | tls | timeout | too_large | protocol."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Blocked(OutboundError):
    """Refused by our own rules before anything was sent. Trying again is useless until the address changes."""

    def __init__(self, detail: str) -> None:
        super().__init__("blocked", detail)


class OutboundAnswer(msgspec.Struct, frozen=True):
    """Any HTTP answer, redirects too. `body` as on the wire; `truncated` when there was more than allowed."""

    status: int
    headers: httpx.Headers
    body: bytes
    truncated: bool
    seconds: float


class Downloaded(msgspec.Struct, frozen=True):
    """An answer whose body, if it is a 200, went into a file: `size` bytes with that SHA-256."""

    status: int
    headers: httpx.Headers
    size: int
    sha256: bytes


def public_address(address: str) -> bool:
    """Whether an IP address is an ordinary one of the public internet, wrapped forms included."""
    try:
        ip: IP = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # What is outside 2000::/3 is local, reserved, multicast, mapped IPv4 (::ffff:0:0/96) or NAT64 (64:ff9b::/96).
        return ip in GLOBAL_V6 and not any(ip in net for net in WRAPPED_V6)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not any(ip in net for net in BLOCKED_V4)


async def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, as the operating system finds them; odd spellings of IPv4 are read as it would."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def check_url(url: str, *, allow_private: bool) -> httpx.URL:
    """The URL if its form is allowed; raises `Blocked`. Addresses are checked on calling."""
    try:
        parts = urlsplit(url)
        parsed = httpx.URL(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except (ValueError, TypeError, httpx.InvalidURL) as error:
        raise Blocked("not a URL") from error
    host = parsed.host.lower().rstrip(".")
    odd = any(character <= " " for character in url)
    if odd or len(url) > MAX_URL or not host or "%" in host or parts.username is not None or parts.password is not None:
        raise Blocked("URL too long, with spaces, without a host or with a password")
    if allow_private and parts.scheme in ("https", "http"):
        return parsed
    if parts.scheme != "https" or port not in PORTS:
        raise Blocked("only https on the ports 443 and 8443")
    if any(host == name or host.endswith("." + name) for name in LOCAL_NAMES) or not ("." in host or ":" in host):
        raise Blocked("a name of a local network")  # not looked up: whether it is there is nobody's business
    return parsed


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore: resolve, check all, connect to a checked address."""

    def __init__(self, *, allow_private: bool, resolve: Resolve, refused: Iterable[str] = ()) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._refused = frozenset(str(ipaddress.ip_address(address)) for address in refused)
        self._open = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self.checked_addresses(host, port, timeout)
        for number, address in enumerate(addresses):
            try:
                return await self._open.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses) - 1:
                    raise
        raise OutboundError("dns", f"{host} has no address")

    async def checked_addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        """All addresses of a name; raises `Blocked` if any of them is not public or is our own."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise OutboundError("dns", f"{host}: no answer in time") from error
        except (OSError, UnicodeError) as error:
            raise OutboundError("dns", f"{host} cannot be resolved") from error
        if not addresses:
            raise OutboundError("dns", f"{host} has no address")
        for address in addresses:
            if address in self._refused or not (self._allow_private or public_address(address)):
                raise Blocked(f"{host} leads to a private or reserved address")
        return addresses

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise Blocked("unix sockets")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's transport over our backend; without connections kept for reuse, so that every call is checked anew."""

    def __init__(self, backend: GuardedBackend, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False, retries=0)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, max_connections=None, max_keepalive_connections=0, retries=0, network_backend=backend
        )


class OutboundClient:
    """Calls tenant-given URLs. One per process; safe to share between companies, it keeps no cookies or connections.

    `own_addresses` are this installation's public addresses, which tenants may not reach through us. `tls` and
    `resolve` default to the system's.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        own_addresses: Iterable[str] = (),
        connect_timeout: float = CONNECT_TIMEOUT,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._backend = GuardedBackend(allow_private=allow_private, resolve=resolve, refused=own_addresses)
        self._connect_timeout = connect_timeout
        self._client = httpx.AsyncClient(
            transport=_Transport(self._backend, tls or ssl.create_default_context()),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    def check_url(self, url: str) -> httpx.URL:
        """The URL if its form is allowed; raises `Blocked`. Addresses are checked on calling."""
        return check_url(url, allow_private=self._allow_private)

    async def check(self, url: str) -> None:
        """Check form and addresses without calling; raises `Blocked` or `OutboundError("dns")`."""
        parsed = self.check_url(url)
        await self._backend.checked_addresses(parsed.host, parsed.port or 443, self._connect_timeout)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float = TOTAL_TIMEOUT,
        max_bytes: int = MAX_BYTES,
        truncate: bool = True,
    ) -> OutboundAnswer:
        """One call, once. `timeout` (seconds) covers everything from the name to the last byte.

        Reads at most `max_bytes` of the answer; with `truncate` the rest is dropped, else raises `too_large`.
        Raises `OutboundError`.
        """
        started = time.monotonic()
        async with self._answer(method, url, headers, content, timeout) as answer:
            body, more = await _read(answer, max_bytes, truncate)
        return OutboundAnswer(answer.status_code, answer.headers, body, more, time.monotonic() - started)

    async def download(
        self, url: str, file: BinaryIO, *, headers: Mapping[str, str] | None = None, timeout: float, idle: float, max_bytes: int
    ) -> Downloaded:
        """A GET whose 200 is written into `file` piece by piece, so that no large one is held in memory. `timeout` covers
        everything, `idle` the wait for each piece (seconds). Raises `OutboundError`, `too_large` beyond `max_bytes`."""
        size, digest = 0, hashlib.sha256()
        async with self._answer("GET", url, headers, None, timeout, idle) as answer:
            if answer.status_code == 200:
                told = answer.headers.get("content-length", "")
                if told.isdecimal() and int(told) > max_bytes:
                    raise OutboundError("too_large", f"more than {max_bytes} bytes")
                async for part in answer.aiter_raw(_PIECE):
                    size += len(part)
                    if size > max_bytes:
                        raise OutboundError("too_large", f"more than {max_bytes} bytes")
                    digest.update(part)
                    await asyncio.to_thread(file.write, part)
        return Downloaded(answer.status_code, answer.headers, size, digest.digest())

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        timeout: float,
        idle: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """One call, its answer still unread. Whatever goes wrong until the end of the block is an `OutboundError`."""
        target = self.check_url(url)
        # identity: a compressed answer could unfold to any size
        fixed = {"user-agent": USER_AGENT, **(headers or {}), "accept-encoding": "identity"}
        limits = httpx.Timeout(idle or timeout, connect=min(self._connect_timeout, timeout))
        try:
            async with asyncio.timeout(timeout):
                async with self._client.stream(method, target, headers=fixed, content=content, timeout=limits) as answer:
                    self._client.cookies.clear()
                    yield answer
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OutboundError("timeout", f"no complete answer within {timeout:g} s") from error
        except httpx.ConnectError as error:
            kind = "tls" if "SSL" in str(error) or isinstance(error.__context__, ssl.SSLError) else "connect"
            raise OutboundError(kind, str(error) or "connection refused") from error
        except (httpx.HTTPError, ValueError) as error:
            raise OutboundError("protocol", f"{type(error).__name__}: {error}") from error


async def _read(answer: httpx.Response, max_bytes: int, truncate: bool) -> tuple[bytes, bool]:
    """Up to `max_bytes` of the body, and whether there was more."""
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_raw():
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            if not truncate:
                raise OutboundError("too_large", f"more than {max_bytes} bytes")
            return b"".join(parts)[:max_bytes], True
    return b"".join(parts), False
