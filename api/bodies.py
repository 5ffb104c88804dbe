"""A time limit for reading a request's body, so that strangers cannot hold connections open by sending a byte now and then.

A body has `GRACE` seconds, and longer only as long as it comes at `SLOWEST` bytes a second, as an upload over a poor line does.
"""

import asyncio
import time

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

GRACE = 15.0  # seconds
SLOWEST = 8 * 1024  # bytes per second


class BodyDeadline:
    """ASGI layer: a request whose body comes too slowly is answered with 408."""

    def __init__(self, app: ASGIApp, grace: float = GRACE) -> None:
        self.app = app
        self.grace = grace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, bounded(receive, self.grace) if scope["type"] == ScopeType.HTTP else receive, send)


def bounded(receive: Receive, grace: float) -> Receive:
    """`receive` within the time limit. Raises 408."""
    started: float | None = None  # when the body is first asked for: a busy server must not blame its caller
    size, ended = 0, False

    async def timely() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        nonlocal started, size, ended
        if ended:  # from here on it only waits for the caller to hang up
            return await receive()
        now = time.monotonic()
        started = now if started is None else started
        try:
            async with asyncio.timeout(max(0.0, started + grace + size / SLOWEST - now)):
                message = await receive()
        except TimeoutError:
            raise HTTPException(status_code=408, headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            size += len(message["body"])
            ended = not message["more_body"]
        return message

    return timely
