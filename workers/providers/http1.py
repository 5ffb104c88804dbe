"""Keep-alive HTTP/1.1 connections for sending: one POST, one answer, and a clear word on whether a byte of it left.

Our own, on asyncio transports and httptools' parser, because it is the hottest path of the product and because no library
says surely what the ledger must know (docs/decisions/0010). It refuses what a sender must not have: retries, redirects,
proxies, cookies, compression, HTTP/2. An answer is bounded in bytes, headers, pieces and time, and one that comes before its
request was taken is nobody's: whoever holds the provider's address must not cost us memory, or a message its truth.
"""

import asyncio
import contextlib
import fcntl
import math
import socket
import ssl
import termios
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NoReturn, Self, cast
from urllib.parse import urlsplit

import httptools
import httpx
from aiohappyeyeballs import start_connection

IDLE = 20.0  # seconds a connection may wait for its next request; shorter than the far end's: fewer ambiguous resets
MAX_IDLE = 512  # per origin
MAX_BODY = 1_000_000  # bytes; an acceptance takes a few hundred
MAX_HEAD = 65_536  # bytes before the body, those of informational answers included
MAX_HEADERS = 200  # of one answer, trailers included
MAX_INFORMATIONAL = 20  # 1xx answers before the real one
MAX_CHUNKS = 10_000
SMALL = 4096  # bytes of a request that leaves in one piece, so that nobody can answer half of it
BRISK = 0.001  # seconds between two requests in which nobody asks the kernel what the other side said meanwhile
USER_AGENT = b"master-ia/1"

Raw = tuple[int, bytes, list[tuple[bytes, bytes]]]
"""Status, body, headers."""


class NotSent(Exception):
    """Surely no byte of the request left: no name, no connection, no TLS."""


class TooLate(Exception):
    """Surely no byte of the request left: its time was over before a connection stood."""


class Broken(Exception):
    """The connection broke or was too slow after the request was (or may have been) written."""


class _Refused(Exception):
    """Stops the parser after the connection was dropped."""


class Target:
    """Where a request goes, and its head up to the length of the body. Raises ValueError when it cannot be written."""

    __slots__ = ("head", "host", "port", "tls")

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http address")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
        self.port = parts.port or (443 if self.tls else 80)
        where = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"POST {where} HTTP/1.1",
            f"host: {parts.netloc.rpartition('@')[2]}",
            f"user-agent: {USER_AGENT.decode()}",
            "accept: */*",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any(ord(char) < 32 or ord(char) > 126 for line in lines for char in line) or " " in where:
            raise ValueError("a character that no header may hold")
        self.head = "\r\n".join([*lines, "content-length: "]).encode("ascii")

    @property
    def origin(self) -> tuple[str, int, bool]:
        return self.host, self.port, self.tls


class _Connection(asyncio.Protocol):
    """One connection; at most one request at a time."""

    def __init__(self, lost: Callable[["_Connection"], None], connected: socket.socket, tls: bool, enough: int | None) -> None:
        self.idle_since = 0.0
        self.deadline = 0.0
        self._lost = lost
        self._waiter: asyncio.Future[Raw] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._socket = connected
        self._tls = tls
        self._enough = enough
        self._fresh = True  # no answer yet
        self._begin()

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def usable(self, now: float) -> bool:
        """Open, not idle for too long, and the far end has not spoken unasked. (Under TLS bytes may wait: session tickets.)"""
        idle = now - self.idle_since
        if not self.open or (idle > IDLE and not self._fresh):
            return False
        return idle < BRISK or self._tls or not _waiting(self._socket, termios.FIONREAD)

    def ask(self, request: bytes, deadline: float) -> "asyncio.Future[Raw]":
        assert self._transport is not None
        self.deadline = deadline
        self._waiter = asyncio.get_running_loop().create_future()
        self._begin()
        self._received = self._informational = self._chunks = 0
        self._divisible = self._fresh or len(request) > SMALL
        self._transport.write(request)
        return self._waiter

    def drop(self, why: str) -> None:
        """Ends it now; who waits gets Broken."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(why)

    def _refuse(self, why: str) -> NoReturn:
        """`drop` from within the parser, which must not go on."""
        self.drop(why)
        raise _Refused

    def _asking(self) -> bool:
        """Whether the far end has not taken the whole request yet: part of it is here, or on the way. (A true answer brings the
        acknowledgement of what it answers.)"""
        assert self._transport is not None
        return self._transport.get_write_buffer_size() > 0 or _waiting(self._socket, termios.TIOCOUTQ)

    def _begin(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._head_read = False

    def _fail(self, why: str) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(Broken(why))

    def _finish(self, keep: bool) -> None:
        waiter, self._waiter = self._waiter, None
        self._fresh = False
        if not keep and self._transport is not None:
            self._transport.close()
        if waiter is not None and not waiter.done():
            body = self._body
            waiter.set_result((self._parser.get_status_code(), body[0] if len(body) == 1 else b"".join(body), self._headers))

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:  # nobody asked: the far end says goodbye (408), or is confused
            self.drop("unasked data")
            return
        if self._divisible and not self._received and self._asking():
            self.drop("an answer before the request was taken")
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.drop(f"not HTTP: {type(error).__name__}")
        if self._received > (MAX_HEAD + MAX_BODY if self._head_read else MAX_HEAD):
            self.drop("the answer is too long")

    def eof_received(self) -> None:
        """An answer without a length ends with its connection."""
        if self._head_read and not any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self._headers):
            self._finish(keep=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)
        self._fail(
            f"{type(exc).__name__}: {exc}" if exc else "the other side closed the connection before its answer was complete"
        )

    # httptools' calls

    def on_message_begin(self) -> None:
        if self._waiter is None:  # a second answer to one request: what follows must not pass for the next one's
            self._refuse("unasked data")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) >= MAX_HEADERS:
            self._refuse("the answer has too many headers")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_read = True

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            self._refuse("the answer has too many chunks")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY:
            self._refuse("the answer is too long")
        self._body.append(body)
        if self._enough is not None and self._size > self._enough:  # its beginning is the answer
            self._finish(keep=False)
            raise _Refused

    def on_message_complete(self) -> None:
        if 100 <= self._parser.get_status_code() < 200:  # "continue", "early hints": the answer is still to come
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                self._refuse("too many informational answers")
            self._begin()
        else:
            self._finish(self._parser.should_keep_alive())


def _waiting(connected: socket.socket, queue: int) -> bool:
    """Whether bytes wait in one of the socket's two queues: FIONREAD, received and not read, or TIOCOUTQ, written and not
    acknowledged. False where the system does not tell."""
    try:
        return fcntl.ioctl(connected, queue, b"\0\0\0\0") != b"\0\0\0\0"
    except (OSError, ValueError):
        return False


class Pool:
    """The connections of one process, by origin. `timeout` bounds a request from the first byte to the last, in seconds."""

    def __init__(
        self,
        *,
        connect_timeout: float,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        resolve: Callable[[str, int], Awaitable[list[str]]] | None = None,
        enough: int | None = None,
    ) -> None:
        """`resolve`: the addresses of a name, in place of the system's; what it raises passes through. `enough`: after so many bytes of a
        body no more is read and its beginning is the answer."""
        self._resolve, self._enough = resolve, enough
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._idle: dict[tuple[str, int, bool], list[_Connection]] = {}
        self._busy: set[_Connection] = set()
        self._tls = tls
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections; a request on the wire ends as Broken."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        for connection in [*self._busy, *(one for idle in self._idle.values() for one in idle)]:
            connection.drop("closed by us")

    async def post(self, target: Target, body: bytes, *, latest: float = math.inf) -> Raw:
        """One POST, once; not begun after `latest` (monotonic), whatever it waited for: a process that was frozen meanwhile must
        not send what others have taken over. Raises NotSent, TooLate, Broken."""
        idle = self._idle.setdefault(target.origin, [])
        now = time.monotonic()
        connection = None
        while idle:
            connection = idle.pop()
            if connection.usable(now):
                break
            connection.drop("idle for too long, or unasked data")
            connection = None
        if connection is None and now <= latest:
            connection = await self._connect(target, idle)
            now = time.monotonic()
            if not connection.usable(now):
                connection.drop("unasked data")
                raise NotSent("the other side spoke or closed before it was asked")
        if connection is None or now > latest:
            if connection is not None:
                idle.append(connection)
            raise TooLate("too little of the lease was left")
        self._busy.add(connection)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(self._timeout / 20, self._drop_late)
        try:
            answer = await connection.ask(b"%b%d\r\n\r\n%b" % (target.head, len(body), body), now + self._timeout)
        except BaseException:
            connection.drop("given up")
            raise
        finally:
            self._busy.discard(connection)
        if self._closed or len(idle) >= MAX_IDLE:
            connection.drop("not needed any more")
        elif connection.open:
            connection.idle_since = time.monotonic()
            idle.append(connection)
        return answer

    async def _connect(self, target: Target, idle: list[_Connection]) -> _Connection:
        if self._closed:
            raise NotSent("the client is closed")
        context = None
        if target.tls:
            context = self._tls = self._tls or httpx.create_ssl_context(trust_env=False)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_timeout):
                numbers = socket.AI_NUMERICHOST if self._resolve else 0
                names = await self._resolve(target.host, target.port) if self._resolve else [target.host]
                addresses = [
                    info
                    for name in names
                    for info in await loop.getaddrinfo(name, target.port, type=socket.SOCK_STREAM, flags=numbers)
                ]
                # The first address that answers: a dead IPv6 route must not cost every message its time.
                connected = await start_connection(addresses, happy_eyeballs_delay=0.25, interleave=1, loop=loop)
                try:
                    _, connection = await loop.create_connection(
                        partial(_Connection, partial(self._forget, idle), connected, target.tls, self._enough),
                        sock=connected,
                        ssl=context,
                        server_hostname=target.host if target.tls else None,
                    )
                except BaseException:
                    connected.close()
                    raise
        except TimeoutError as error:
            raise NotSent("no connection in time") from error
        except (OSError, UnicodeError) as error:  # refused, unknown name, TLS
            raise NotSent(f"{type(error).__name__}: {error}") from error
        return connection

    def _forget(self, idle: list[_Connection], connection: _Connection) -> None:
        with contextlib.suppress(ValueError):
            idle.remove(connection)

    def _drop_late(self) -> None:
        """One look at all requests, instead of a timer for each."""
        now = time.monotonic()
        for connection in [one for one in self._busy if one.deadline < now]:
            connection.drop("no complete answer in time")
        again = bool(self._busy) and not self._closed
        self._watch = asyncio.get_running_loop().call_later(self._timeout / 20, self._drop_late) if again else None
