"""A small HTTP/1.1 server, because the sandbox must do what frameworks hide: close a connection after it accepted a
message, answer late without holding a task, and cost a few microseconds.

It refuses to be general: no TLS, no WebSockets but those that only speak (status 101 with `pieces`), requests are collected in memory up to a limit. Answers may come in pieces.
"""

import asyncio
import base64
import hashlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote

import httptools
import msgspec

MAX_BODY: Final = 110 * 1024 * 1024
MAX_HEAD: Final = 64 * 1024
REASONS: Final = {
    101: b"Switching Protocols",
    200: b"OK",
    201: b"Created",
    204: b"No Content",
    302: b"Found",
    307: b"Temporary Redirect",
    400: b"Bad Request",
    401: b"Unauthorized",
    402: b"Payment Required",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    409: b"Conflict",
    413: b"Content Too Large",
    422: b"Unprocessable Content",
    429: b"Too Many Requests",
    500: b"Internal Server Error",
    503: b"Service Unavailable",
}
JSON: Final = b"application/json"


class Request(msgspec.Struct):
    """One request. `path` is decoded, `query` raw, header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes

    def params(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last wins."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form(self) -> list[tuple[str, str]]:
        """Fields of an urlencoded body, in order. Undecodable bytes become U+FFFD."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


class Reply(msgspec.Struct):
    """One answer. `delay` in seconds before it leaves; `cut` closes the connection instead of answering. `pieces`: the body, sent
    piece by piece as it comes; the iterator is closed when the client goes, and raises `Cut` to close the connection."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    extra: bytes = b""
    delay: float = 0.0
    cut: bool = False
    pieces: AsyncIterator[bytes] | None = None


class Cut(Exception):
    """An answer in pieces ends here, and the connection with it."""


Handler = Callable[[Request], Reply | Awaitable[Reply]]


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, msgspec.json.encode(value))


def socket_reply(request: Request, messages: AsyncIterator[bytes | str]) -> Reply:
    """Opens a WebSocket that only speaks: texts and bytes, a frame each."""
    key = request.headers.get(b"sec-websocket-key", b"")
    if request.header(b"upgrade").lower() != "websocket" or not key:
        return problem(400, "a WebSocket is opened here")
    proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest())
    extra = b"upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n" % proof
    return Reply(101, extra=extra, pieces=_frames(messages))


async def _frames(messages: AsyncIterator[bytes | str]) -> AsyncIterator[bytes]:
    async for message in messages:
        kind, body = (0x81, message.encode()) if isinstance(message, str) else (0x82, message)
        head = bytes((kind, len(body))) if len(body) < 126 else bytes((kind, 126)) + len(body).to_bytes(2, "big")
        yield head + body


def problem(status: int, message: str) -> Reply:
    """An error of the sandbox's own door."""
    return json_reply({"error": {"message": message}}, status)


class Connection(asyncio.Protocol):
    """One client connection: requests are answered in order, one at a time."""

    _transport: asyncio.Transport

    def __init__(self, handler: Handler, live: "set[Connection]") -> None:
        self._handler = handler
        self._live = live
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[tuple[Request, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._streaming: asyncio.Task[None] | None = None
        self._open = False
        self._busy = False
        self._speaks = False
        self._reset()

    def _reset(self) -> None:
        self._head = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0

    # asyncio callbacks
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one without being a subclass
        self._transport = cast(asyncio.Transport, transport)
        self._open = True
        self._live.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open = False
        self._live.discard(self)
        if self._streaming is not None:
            self._streaming.cancel()

    def data_received(self, data: bytes) -> None:
        if self._speaks:  # nothing is heard but that the other one goes
            if data[:1] == b"\x88":
                self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._open and not self._speaks:
                self._send(Reply(400, b"bad request", b"text/plain"), False)
        except httptools.HttpParserError:
            if self._open:
                self._send(Reply(400, b"bad request", b"text/plain"), False)

    def close(self) -> None:
        if self._open:
            self._transport.abort()

    # httptools callbacks
    def on_message_begin(self) -> None:
        self._reset()

    def on_url(self, url: bytes) -> None:
        self._head += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value
        self._size += len(name) + len(value)
        if self._size > MAX_HEAD or len(self._head) > MAX_HEAD:
            self._refuse()

    def on_headers_complete(self) -> None:
        self._size = 0
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY:
            self._refuse()
        elif self._open:
            self._body.append(body)

    def _refuse(self) -> None:
        if self._open:
            self._send(Reply(413, b"too large", b"text/plain"), False)
            self._open = False

    def on_message_complete(self) -> None:
        if not self._open:
            return
        path, _, query = self._head.decode("latin-1").partition("?")
        if "%" in path:
            path = unquote(path)
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request = Request(self._parser.get_method().decode(), path, query, self._headers, body)
        self._queue.append((request, self._parser.should_keep_alive()))
        if not self._busy:
            self._next()

    # answering
    def _next(self) -> None:
        while self._queue and self._open and not self._busy:
            request, keep = self._queue.popleft()
            answer = self._handler(request)
            if isinstance(answer, Reply):
                self._answer(answer, keep)
            else:
                self._busy = True
                self._task = self._loop.create_task(self._wait(answer, keep))

    async def _wait(self, answer: Awaitable[Reply], keep: bool) -> None:
        reply = await answer
        self._busy = False
        self._answer(reply, keep)
        self._next()

    def _answer(self, reply: Reply, keep: bool) -> None:
        if reply.delay > 0:
            self._busy = True
            self._loop.call_later(reply.delay, self._late, reply, keep)
        else:
            self._send(reply, keep)

    def _late(self, reply: Reply, keep: bool) -> None:
        self._busy = False
        if self._open:
            self._send(reply, keep)
            self._next()

    def _send(self, reply: Reply, keep: bool) -> None:
        if reply.cut:
            self._open = False
            self._transport.abort()
            return
        if reply.status == 101 and reply.pieces is not None:
            self._speaks = self._busy = True
            self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % reply.extra)
            self._streaming = self._loop.create_task(self._speak(reply.pieces))
            return
        size = b"content-length: %d" % len(reply.body) if reply.pieces is None else b"transfer-encoding: chunked"
        self._transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\n%b\r\n%b%b\r\n%b"
            % (
                reply.status,
                REASONS.get(reply.status, b"Status"),
                reply.content_type,
                size,
                reply.extra,
                b"" if keep else b"connection: close\r\n",
                reply.body,
            )
        )
        if reply.pieces is not None:
            self._busy = True
            self._streaming = self._loop.create_task(self._stream(reply.pieces, keep))
        elif not keep:
            self._end()

    async def _speak(self, frames: AsyncIterator[bytes]) -> None:
        try:
            async for frame in frames:
                self._transport.write(frame)
            self._transport.write(b"\x88\x00")
        finally:
            self._end()

    async def _stream(self, pieces: AsyncIterator[bytes], keep: bool) -> None:
        try:
            async for piece in pieces:
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        except BaseException as error:
            self.close()
            if isinstance(error, Cut):
                return
            raise
        self._transport.write(b"0\r\n\r\n")
        self._busy = False
        if keep:
            self._next()
        else:
            self._end()

    def _end(self) -> None:
        self._open = False
        self._transport.close()


def bind(host: str, port: int) -> socket.socket:
    """Takes the port, so that its number is known before anyone is served; 0 takes a free one. OSError when taken."""
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)


async def listen(handler: Handler, taken: socket.socket) -> tuple[asyncio.Server, set[Connection]]:
    """Starts to serve. The set holds the open connections, to be closed at the end."""
    live: set[Connection] = set()
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(handler, live), sock=taken, backlog=1024), live
