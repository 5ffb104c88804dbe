"""Webhooks of providers: signature over the raw bytes, stored durably, answered. Bodies are not parsed here, and whose they are,
how they are signed and what is answered is the provider's to say (`db/providers/definition.py:Webhook`).

A plain ASGI application in front of the API, because this path takes thousands of requests per second and needs nothing of
the framework. Answers: 200 stored; 401 or 403 wrong signature; 404 unknown address; 405; 411 to 415 for what no provider sends;
413 over 3 MB; 429 beyond a company's share of a day (quota.py); 503 with Retry-After while Postgres is away, where the provider
repeats what failed (what others send goes to the spool).
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import asyncpg
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send, WebSocketScope

from api.hooks import live, talking
from api.hooks.collector import Broken, Collector, Down
from api.hooks.quota import Quota
from api.hooks.routes import Route, Routes
from api.hooks.spool import Spool, SpoolFull
from db import queue, storable
from db.channels import talks
from db.engine import SYSTEM_ROLE, behind_pooler, open_connection
from db.errors import RequestError
from db.ids import uuid7
from db.messages.inbox import Received
from db.providers import registry
from db.providers.definition import Call, Handshake, Provider, Webhook
from db.providers.live import Handover, Reached
from db.settings import Settings
from db.tenancy import worker

log = structlog.get_logger("api.hooks")

PREFIX = "/hooks/"
BODY_LIMIT = 3 * 1024 * 1024  # Meta's own limit
BODY_SECONDS = 15.0  # a body that trickles in slower than this is cut off
IN_FLIGHT_LIMIT = 48 * 1024 * 1024  # bytes of all bodies being read by this process; strangers could fill its memory
WAKE_EVERY = 0.05  # seconds between two wake-ups of one company
CLOSE = (b"connection", b"close")
NOBODY = secrets.token_hex(32)  # checked against where there is no secret, for the same work; nobody may know it

TEXT = (b"content-type", b"text/plain; charset=utf-8")
HARMLESS = (  # a browser that is led here makes nothing of the answer, which may hold what the caller sent
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class Refused(Exception):
    """Answered with this status and a word."""

    def __init__(self, status: int, word: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(word)
        self.status = status
        self.word = word
        self.headers = headers


class Hooks:
    """Started and stopped with the API: `async with hooks.running()`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base = settings.webhook_url.rstrip("/")
        self._in_flight = 0
        self._dirty: set[UUID] = set()
        self._wake = asyncio.Event()
        self._collector = Collector(settings.system_url, self._stored)
        self._spool = Spool(settings.spool_dir, settings.system_url, self._stored)
        self._quota = Quota()
        self._pool: asyncpg.Pool | None = None
        self._routes: Routes | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Hooks"]:
        """Opens its own connections; works, and spools, also when Postgres is away at the start."""
        self._pool = asyncpg.create_pool(
            behind_pooler(self._settings.system_url)[0],
            min_size=0,
            max_size=1,
            connect=self._connect,
        )
        await self._pool
        self._routes = Routes(self._pool, self._settings.data_dir / "hook-routes")
        await self._routes.recall()
        self._collector.start()
        loops = (self._routes.keep_fresh(), self._routes.follow(), self._spool.run(), self._wake_workers(), self._quota.keep())
        tasks = [asyncio.create_task(work) for work in loops]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=5)
            await self._collector.stop()
            await self._spool.close()
            self._pool.terminate()

    async def _connect(self, *_: Any, **__: Any) -> asyncpg.Connection:
        return await open_connection(
            self._settings.system_url, name="masteria-hooks", role=SYSTEM_ROLE, statement_timeout=3, timeout=2
        )

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """One webhook. `scope["path"]` begins with /hooks/."""
        try:
            body, kind = await self._answer(scope, receive)
            await _respond(send, 200, body, kind)
        except Refused as refused:
            await _respond(send, refused.status, refused.word.encode(), TEXT, *refused.headers)

    async def _answer(self, scope: HTTPScope, receive: Receive) -> tuple[bytes, tuple[bytes, bytes]]:
        provider, webhook, channel, attempt = _addressed(scope["path"])
        channel_id, attempt_id = _uuid(channel), None if attempt is None else _uuid(attempt)
        if webhook.handshake is not None and scope["method"] == "GET":
            return await self._handshake(scope, provider, webhook.handshake, channel_id), TEXT
        if scope["method"] != "POST":
            allowed = b"POST" if webhook.handshake is None else b"GET, POST"
            raise Refused(405, "method not allowed", (b"allow", allowed))
        route = await self._known(channel_id, provider)
        body = await self._checked(scope, receive, webhook, route)
        self._count(route, body)
        row = (uuid7(), channel_id, webhook.source, attempt_id, body, datetime.now(UTC), webhook.people(body))
        await self._store(Received(route.company_id, *row), webhook)
        kind = (b"content-type", webhook.answer_type.encode())
        if webhook.live is not None:
            told = provider.address(self._base, channel_id, webhook.live.tells)
            place = live.Place(route.company_id, channel_id, row[0])
            return await live.answer(place, webhook.live, body, told), kind
        return webhook.answer, kind

    async def _handshake(self, scope: HTTPScope, provider: Provider, handshake: Handshake, channel_id: UUID) -> bytes:
        """The provider registers the address, and is answered when it knows the channel's token."""
        query: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
        route = await self._route(channel_id, provider)
        answer = handshake(query, route.verify_token if route and route.verify_token else NOBODY)
        if route is None:
            raise Refused(404, "not found")
        if answer is None:
            raise Refused(403, "wrong verify token")
        return answer

    async def _checked(self, scope: HTTPScope, receive: Receive, webhook: Webhook, route: Route) -> bytes:
        """The body, signed with the channel's secret: the one we know, or the one that has just replaced it."""
        header = _signature(scope, webhook)
        headers = _headers(scope) if webhook.signatures else {}
        call = Call(self._public_url(scope), await self._body(scope, receive), header, headers)
        if not webhook.verify(route.secret or NOBODY, call):
            fresh = await self._again(route)
            if fresh is None or not fresh.secret or not webhook.verify(fresh.secret, call):
                raise Refused(webhook.refusal, "wrong signature")
        return call.body

    async def _store(self, row: Received, webhook: Webhook) -> None:
        """On disk when this returns. Raises Refused."""
        try:
            await self._collector.add(row)
        except Down:
            if webhook.repeats:
                raise Refused(503, "try again", (b"retry-after", b"5")) from None
            try:
                await self._spool.append(row)
            except SpoolFull:
                raise Refused(503, "try again", (b"retry-after", b"5")) from None

    async def speak(self, scope: WebSocketScope, receive: Receive, send: Send) -> None:
        """The socket of a call in which our persona speaks: /hooks/{provider}/{channel}/{path}/{secret}/{call}. Whoever does not know the
        secret is refused before the socket opens."""
        try:
            provider, route, call_id = await self._spoken_to(scope["path"])
        except Refused:
            await send({"type": "websocket.close", "code": 4403, "reason": ""})
            return
        await talking.serve(provider, route, call_id, self._person(provider, route), receive, send)

    async def _spoken_to(self, path: str) -> tuple[Provider, Route, str]:
        parts = path.split("/")  # "", "hooks", provider, channel, path, secret, call
        provider = registry.named(parts[2]) if len(parts) == 7 else None
        if provider is None or provider.talk is None or parts[4] != provider.talk.path:
            raise Refused(404, "not found")
        route = await self._known(_uuid(parts[3]), provider)
        if not await talks.fits(worker(route.company_id), route.channel_id, parts[5]):
            raise Refused(403, "wrong secret")
        call_id = storable.identifier(parts[6], 100)
        if call_id is None:
            raise Refused(404, "not found")
        return provider, route, call_id

    def _person(self, provider: Provider, route: Route) -> Callable[[bytes], Awaitable[Reached]]:
        """Asks for somebody of the team as the agent's own tool would: stored first, then waited for."""
        assert provider.talk is not None
        webhook = provider.webhook(provider.talk.asks_person)

        async def ask(body: bytes) -> Reached:
            assert webhook.live is not None
            wanted = webhook.live.asked(body)
            assert isinstance(wanted, Handover)
            row = (uuid7(), route.channel_id, webhook.source, None, body, datetime.now(UTC), webhook.people(body))
            try:
                await self._store(Received(route.company_id, *row), webhook)
            except Refused as refused:
                raise RequestError.UNAVAILABLE(retry_after=5) from refused
            return await live.somebody(live.Place(route.company_id, route.channel_id, row[0]), wanted, webhook.live.seconds)

        return ask

    def _count(self, route: Route, body: bytes) -> None:
        if not self._quota.spend(route.company_id, len(body)):
            wait = str(min(3600, self._quota.seconds_left))
            raise Refused(429, "too much for one day", (b"retry-after", wait.encode()))

    def _public_url(self, scope: HTTPScope) -> str:
        """The address as the provider called it: from the settings, never from the Host header."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.partition(b"?")[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return self._base + path + (f"?{query}" if query else "")

    async def _route(self, channel_id: UUID, provider: Provider) -> Route | None:
        assert self._routes is not None
        try:
            return await self._routes.find(channel_id, provider.kind)
        except Broken:
            raise Refused(503, "try again", (b"retry-after", b"5")) from None

    async def _known(self, channel_id: UUID, provider: Provider) -> Route:
        """The route of a channel that exists. Asked before a byte of the body is read."""
        route = await self._route(channel_id, provider)
        if route is None:
            raise Refused(404, "not found", CLOSE)
        return route

    async def _body(self, scope: HTTPScope, receive: Receive) -> bytes:
        """The raw body. Raises Refused for what is too large, packed or too slow, and while too much is being read at once."""
        length = _length(scope)
        message = await receive()
        if message["type"] == "http.request" and (not message.get("more_body") or len(message.get("body", b"")) == length):
            body: bytes = message.get("body", b"")  # nearly always: all in one piece
            if len(body) > BODY_LIMIT:
                raise Refused(413, "too large", CLOSE)
            return body
        chunks, size = [], 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    if message["type"] != "http.request":
                        raise Refused(400, "the body ended early")
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    self._in_flight += len(chunk)
                    if size > BODY_LIMIT:
                        raise Refused(413, "too large", CLOSE)
                    if self._in_flight > IN_FLIGHT_LIMIT:
                        raise Refused(503, "too much at once", (b"retry-after", b"5"), CLOSE)
                    chunks.append(chunk)
                    if not message.get("more_body"):
                        return b"".join(chunks)
                    message = await receive()
        except TimeoutError:
            raise Refused(408, "too slow", CLOSE) from None
        finally:
            self._in_flight -= size

    async def _again(self, route: Route) -> Route | None:
        assert self._routes is not None
        try:
            return await self._routes.again(route)
        except Broken:
            return None

    def _stored(self, row: Received) -> None:
        if row.company_id not in self._dirty:
            self._dirty.add(row.company_id)
            self._wake.set()

    async def _wake_workers(self) -> None:
        """Tells workers which companies have something to process; a poller makes lost wake-ups good."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            companies, self._dirty = self._dirty, set()
            slot = int(time.time() / WAKE_EVERY)
            for company_id in companies:
                await queue.wake_one(
                    "inbound", "process_inbox", key=f"inbox:{company_id}:{slot}", company_id=str(company_id), timeout=60
                )
            await asyncio.sleep(WAKE_EVERY)


def in_front(hooks: Hooks, app: ASGIApp) -> ASGIApp:
    """Sends /hooks/… to the hooks and everything else on."""

    async def entry(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["path"].startswith(PREFIX):
            await hooks(scope, receive, send)
        elif scope["type"] == ScopeType.WEBSOCKET and scope["path"].startswith(PREFIX):
            await hooks.speak(scope, receive, send)
        else:
            await app(scope, receive, send)

    return entry


def _uuid(text: str) -> UUID:
    if len(text) != 36:
        raise Refused(404, "not found")
    try:
        return UUID(text)
    except ValueError:
        raise Refused(404, "not found") from None


def _addressed(path: str) -> tuple[Provider, Webhook, str, str | None]:
    """Whose address this is: provider, webhook, and the channel and the attempt that it names. Raises Refused."""
    parts = path.split("/", 4)  # "", "hooks", the provider's name, the channel, the webhook's path
    provider = registry.named(parts[2]) if len(parts) > 3 else None
    rest = parts[4].split("/") if len(parts) > 4 else []
    for webhook in provider.webhooks if provider else ():
        wanted = webhook.path.split("/") if webhook.path else []
        variable = [given for given, want in zip(rest, wanted, strict=False) if want == "{attempt}"]
        if len(rest) == len(wanted) and all(want in (given, "{attempt}") for given, want in zip(rest, wanted, strict=True)):
            assert provider is not None
            return provider, webhook, parts[3], variable[0] if variable else None
    raise Refused(404, "not found")


def _signature(scope: HTTPScope, webhook: Webhook) -> str:
    """The header that signs the body. Raises Refused where there is none, so that nobody reads an unsigned body."""
    wanted = {name.encode() for name in (webhook.signature, *webhook.signatures)}
    for name, value in scope["headers"]:
        if name in wanted and value:
            return value.decode("latin-1")
    raise Refused(webhook.refusal, "wrong signature", CLOSE)


def _headers(scope: HTTPScope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _length(scope: HTTPScope) -> int:
    """The announced length, -1 without one. Raises Refused for what is too large or packed."""
    length = -1
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value)
            if length > BODY_LIMIT:
                raise Refused(413, "too large", CLOSE)
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise Refused(415, "packed bodies are not taken")
    return length


async def _respond(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *HARMLESS, length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
