"""Web sockets of the pages: bound to the cookie that the page was made for, and to what a browser really sends.

NiceGUI lets whoever knows a client id speak for its page, and the id stands in the socket's URL, so in logs of proxies. Here a
socket needs the session cookie of the page's session (a page of nobody: the browser's own nonce cookie), is checked again with
every event, and ends with the session. What the browser wants to write into our log is dropped, and so is what is malformed,
too much or too often: counted, and told at most once a minute.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog
from nicegui import Client
from nicegui.nicegui import sio
from socketio.exceptions import ConnectionRefusedError  # type: ignore[import-untyped]
from socketio.packet import Packet  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.session import belongs_to, is_over
from ui.settings import Settings
from ui.visitors import Bucket, network

log = structlog.get_logger(__name__)

EVENTS_A_SECOND, EVENTS_AT_ONCE = 60.0, 300.0
LARGEST = 512 * 1024  # bytes of one message; the longest text that a form takes is far smaller
UNKNOWN, UNKNOWN_SECONDS = 10, 5.0  # sockets of one address that belong to no page, and how long each lives
TELL_EVERY = 60.0
RELOAD = "Implicit handshake failed"  # the words on which NiceGUI's script loads the page anew


class _Event(msgspec.Struct):
    client_id: str
    id: int
    listener_id: str
    args: list[str | None] = []


class _Response(msgspec.Struct):
    client_id: str
    request_id: str


class _Ack(msgspec.Struct):
    client_id: str
    next_message_id: int


SHAPES: Mapping[str, type[Any]] = {"event": _Event, "javascript_response": _Response, "ack": _Ack}

_buckets: dict[str, Bucket] = {}
_dropped: Counter[str] = Counter()
_told = 0.0


def _drop(why: str) -> None:
    global _told
    _dropped[why] += 1
    if time.monotonic() - _told > TELL_EVERY:
        _told = time.monotonic()
        log.warning("socket.dropped", **_dropped)
        _dropped.clear()


def _page(sid: str) -> Client | None:
    """The page that this socket has joined."""
    return next((client for room in sio.rooms(sid) if (client := Client.instances.get(room))), None)


def _guarded(name: str, handler: Callable[[str, Any], Any]) -> Callable[..., None]:
    shape = SHAPES[name]

    def checked(sid: str, message: Any = None, *_more: Any) -> None:
        try:
            client_id = msgspec.convert(message, shape).client_id
        except msgspec.ValidationError:
            return _drop("malformed")
        client = _page(sid)
        if client is None or client.id != client_id or is_over(client):
            return _drop("not_its_page")
        if not _buckets.setdefault(sid, Bucket(EVENTS_A_SECOND, EVENTS_AT_ONCE)).take():
            return _drop("too_often")
        try:
            handler(sid, message)
        except (ValueError, TypeError, KeyError, RecursionError):  # the handlers' own errors are caught further in
            _drop("malformed")

    return checked


class Door:
    """ASGI: a socket that does not belong to a page stays open only for as long as it takes to tell its browser to load the page
    anew, and only a few of them for one address."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._unknown: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        client = Client.instances.get(query.get("client_id", [""])[0])
        cookie = Headers(scope=scope).get("cookie", "")
        if client is not None and belongs_to(client, cookie, self._settings) and _same_page(query):
            await self._speak(scope, receive, send)
            return
        address = network(scope["client"][0] if scope.get("client") else None)
        if scope["type"] != "websocket" or self._unknown[address] >= UNKNOWN or self._unknown.total() >= 20 * UNKNOWN:
            _drop("no_page")
            await _refuse(scope, receive, send)
            return
        self._unknown[address] += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(UNKNOWN_SECONDS):
                    await self._speak(scope, receive, send)
        finally:
            self._unknown[address] -= 1
            if not self._unknown[address]:
                del self._unknown[address]

    async def _speak(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except (ValueError, KeyError, TypeError, IndexError):  # engineio does not catch what it cannot read
            _drop("malformed")


def _same_page(query: Mapping[str, list[str]]) -> bool:
    """Whether a connection that is gone on with was opened for the page of this request. Polling names it in the address, so in logs
    of proxies, and who has a page of their own must not speak or listen in the name of another."""
    environ = sio.environ.get(query["sid"][0]) if "sid" in query else None
    return environ is None or parse_qs(environ.get("QUERY_STRING", "")).get("client_id") == query.get("client_id")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse("forbidden", 403)(scope, receive, send)


class _Texts(Packet):  # type: ignore[misc]
    """What goes to pages is JSON: nothing in it is looked through for bytes."""

    uses_binary_events = False


def bind(settings: Settings) -> None:
    """Puts the checks in front of NiceGUI's socket handlers. Called once for every app that is built."""
    handlers = sio.handlers["/"]
    connect, disconnect, handshake = (_original(handlers[name]) for name in ("connect", "disconnect", "handshake"))

    async def connecting(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        client = Client.instances.get(query.get("client_id", [""])[0])
        if client is None or not belongs_to(client, environ.get("HTTP_COOKIE", ""), settings):
            raise ConnectionRefusedError(RELOAD)
        await connect(sid, environ, auth)

    async def shaking(sid: str, message: Any = None, *_more: Any) -> bool:
        try:
            return bool(await handshake(sid, message))
        except (ValueError, TypeError, KeyError, AttributeError):
            _drop("malformed")
            return False

    def disconnecting(sid: str, *more: Any) -> None:
        _buckets.pop(sid, None)
        disconnect(sid)

    def ignored(*_anything: Any) -> None:
        return None

    checks: dict[str, Callable[..., Any]] = {
        "connect": connecting, "disconnect": disconnecting, "handshake": shaking, "log": ignored,
        **{name: _guarded(name, _original(handlers[name])) for name in SHAPES},
    }  # fmt: skip
    for name, check in checks.items():
        check._original = _original(handlers[name])  # type: ignore[attr-defined]
        sio.on(name, check)
    sio.eio.max_http_buffer_size = LARGEST
    sio.packet_class = _Texts
    for name in ("engineio.server", "socketio.server"):  # they print a traceback for every malformed packet
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _original(handler: Callable[..., Any]) -> Callable[..., Any]:
    """NiceGUI's own handler, also when ours stands in front already."""
    original: Callable[..., Any] = getattr(handler, "_original", handler)
    return original
