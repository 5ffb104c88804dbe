"""`/mcp`: the API for agents, as streamable HTTP of the Model Context Protocol. Without sessions: every request brings its key, and any
process may answer it. Only keys are taken, no sign-ins of people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from api import errors, rate_limit
from api.auth.guard import authenticate
from api.bodies import GRACE, bounded
from api.mcp.calls import Caller
from api.mcp.schemas import bind
from api.mcp.tools import TOOLS
from api.openapi.document import document
from db.accounts import identify
from db.errors import AppError, RequestError

if TYPE_CHECKING:
    from api.mcp.protocol import Protocol

PATH = "/mcp"
BODY_LIMIT = 64 * 1024


class Agents:
    """ASGI layer: answers /mcp, sends everything else on to `api`."""

    def __init__(self, app: Litestar, api: ASGIApp) -> None:
        self._app = app
        self.api = api  # for other paths
        self.inner: ASGIApp = api  # for what tools ask: with its own request id and line in the log
        self._came = asyncio.Event()
        self._protocol: asyncio.Future[Protocol] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Started and stopped with the API."""
        self._came.clear()
        self._protocol = asyncio.get_running_loop().create_future()
        speaking = asyncio.create_task(self._speak(self._protocol))
        try:
            yield
        finally:
            self._protocol = None
            speaking.cancel()
            with suppress(asyncio.CancelledError):
                await speaking

    async def _speak(self, protocol: "asyncio.Future[Protocol]") -> None:
        """From the first agent on, in one task."""
        await self._came.wait()
        try:
            loaded = await asyncio.to_thread(self._load)
        except Exception as error:
            protocol.set_exception(error)  # each agent is told that it does not work
            return
        async with loaded.running():
            protocol.set_result(loaded)
            await asyncio.Event().wait()

    def _load(self) -> "Protocol":
        from api.mcp.protocol import Protocol  # here: an API to which no agent comes starts a second sooner

        return Protocol(bind(document(self._app), TOOLS), BODY_LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"] != PATH:
            await self.api(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _empty(send, 405, (b"allow", b"POST"))
            return
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        try:
            actor = await authenticate(request)
            if actor.kind != "api_key":
                raise identify.refused()
            await rate_limit.check(request, actor, "read")
            body = await _read(receive)
        except (AppError, HTTPException) as error:
            await errors.answer(request, error)(scope, receive, send)
            return
        assert self._protocol is not None
        self._came.set()
        protocol = await asyncio.shield(self._protocol)
        caller = Caller(self.inner, scope, actor, scope["state"]["request_id"])
        await protocol.answer(caller, scope, _again(body), send)


async def _empty(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read(receive: Receive) -> bytes:
    """The body, within the limits of size and time of any request. Raises TooLarge, 408."""
    timely, body, more = bounded(receive, GRACE), bytearray(), True
    while more:
        message = await timely()
        if message["type"] != "http.request":
            break
        body += message["body"]
        more = message["more_body"]
        if len(body) > BODY_LIMIT:
            raise RequestError.TOO_LARGE()
    return bytes(body)


def _again(body: bytes) -> Any:
    """A body that was read, to be read once more."""
    read = False

    async def receive() -> Any:
        nonlocal read
        if read:
            await asyncio.Event().wait()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
