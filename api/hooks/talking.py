"""The socket beneath a call in which our persona speaks: opened once its secret was checked, and closed with the call."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from litestar.types import Receive, Send

from api.hooks.routes import Route
from api.hooks.talk import Session
from db.providers.definition import Provider
from db.providers.live import Reached

LONGEST = 3 * 3600.0
"""Seconds of one call."""
FRAME = 1024 * 1024
"""Bytes; a call's whole transcript stands in each."""
MOST = 500
"""Calls of one process at once."""
BUSY, TOO_LARGE = 1013, 1009

_open = 0


async def serve(
    provider: Provider,
    route: Route,
    call_id: str,
    person: Callable[[bytes], Awaitable[Reached]],
    receive: Receive,
    send: Send,
) -> None:
    """One call."""
    global _open
    assert provider.talk is not None
    if _open >= MOST:
        await send({"type": "websocket.close", "code": BUSY, "reason": ""})
        return
    _open += 1
    try:
        first: Any = await receive()
        if first["type"] != "websocket.connect":
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        gone = asyncio.Event()

        async def write(text: str) -> None:
            if not gone.is_set():
                with contextlib.suppress(OSError, RuntimeError):  # it closed meanwhile
                    await send({"type": "websocket.send", "text": text, "bytes": None})

        session = Session(route.company_id, route.channel_id, call_id, provider.talk, write, person)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST):
                await session.run(_frames(receive, gone))
        if not gone.is_set():
            await send({"type": "websocket.close", "code": TOO_LARGE, "reason": ""})
    finally:
        _open -= 1


async def _frames(receive: Receive, gone: asyncio.Event) -> AsyncIterator[str | bytes]:
    """Until it closes, or sends more than it may."""
    while True:
        message: Any = await receive()
        if message["type"] == "websocket.disconnect":
            gone.set()
            return
        frame = message.get("text")
        frame = frame if frame is not None else message.get("bytes") or b""
        if len(frame) > FRAME:
            return
        yield frame
