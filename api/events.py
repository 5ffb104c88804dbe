"""`/v1/events` as WebSocket and as Server-Sent Events: the same frames, the same resume, and their part of the document."""

import asyncio
import inspect
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, WebSocket, get, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller, authenticate, bearer_token
from api.contract.events import CATALOGUE, Control, Event
from api.realtime import Frame, Hub
from db.errors import AppError, TooManyRequests, Unavailable
from db.permissions import Permission
from db.settings import Settings

LastId = Annotated[
    str | None, QueryParameter(max_length=40, description="The last id that was seen: what came after it follows.")
]
_CLOSED_AGAIN_LATER, _CLOSED_RESTART, _CLOSED_SESSION = 1013, 1012, 4401


def _again(error: AppError) -> str:
    """The reason of a close that passes, in at most 123 bytes: the code, and when to come again."""
    return f"{error.code.value} retry-after={max(1, round(error.retry_after or 1))}"


def _same_origin(settings: Settings, origin: str | None) -> bool:
    """Browsers name the page that connects; only our own may. Programs send no Origin."""
    if origin is None:
        return True
    own = {urlsplit(url)[:2] for url in (settings.public_url, settings.webhook_url)}
    return urlsplit(origin)[:2] in own


@websocket("/v1/events", opt={"public": True, "rate": None, "own_auth": True})
async def events_socket(socket: WebSocket[Any, Any, Any], last_event_id: LastId = None) -> None:
    """Checks the token itself: what passes (a database that is away, too many at once) closes with 1013 and says in its reason when to
    come again (`retry-after=2`), not with the 403 that a bad token gets before the connection stands."""
    settings: Settings = socket.app.state.settings
    hub: Hub = socket.app.state.hub
    try:
        if not _same_origin(settings, socket.headers.get("origin")):
            await socket.close(code=4403, reason="foreign origin")
            return
        actor = await authenticate(socket)
        actor.require(Permission.EVENTS_READ)
    except (Unavailable, TooManyRequests) as error:
        await socket.accept()
        await socket.close(code=_CLOSED_AGAIN_LATER, reason=_again(error))
        return
    except AppError as error:
        await socket.close(code=4000 + error.status, reason=error.code)
        return
    await socket.accept()
    frames = hub.listen(actor, bearer_token(socket), last_event_id)

    reason = ""

    async def deliver() -> int:
        nonlocal reason
        async with aclosing(frames):
            try:
                async for frame in frames:
                    await socket.send_text(frame.text.decode())
            except AppError as error:
                reason = _again(error)
                return _CLOSED_AGAIN_LATER
        return _CLOSED_RESTART if hub.closing else _CLOSED_SESSION

    async def drain() -> int:
        """What a client says is ignored; that it left is not."""
        with suppress(WebSocketDisconnect):
            while True:
                await socket.receive_data(mode="text")
        return 0

    tasks = {asyncio.create_task(deliver()), asyncio.create_task(drain())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    code = max((result for result in results if isinstance(result, int)), default=0)
    if code:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(code=code, reason=reason)


@get(
    "/v1/events",
    tags=("Events",),
    media_type="text/event-stream",
    summary="Follow live events",
    description="Server-Sent Events; the same address speaks WebSocket. Each `data` line, and each message of the socket, is one "
    "`EventFrame`. Reconnect with `Last-Event-ID` (or `?last_event_id=`) to get what came meanwhile. `reset` means that events were "
    "missed: fetch again what you show. A socket that closes with 1013 says in its reason when to come again (`retry-after=30`). "
    "Needs `events:read`; of the company's events a caller hears those whose permission it holds.",
)
async def events_stream(
    request: Request[Any, Any, Any],
    actor: Caller,
    last_event_id: LastId = None,
    last_event_header: Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=40)] = None,
) -> Stream:
    hub: Hub = request.app.state.hub
    frames = hub.listen(actor, bearer_token(request), last_event_header or last_event_id)
    first = await anext(frames)  # refusals come as a problem, not inside the stream
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_lines(first, frames), media_type="text/event-stream", headers=headers)


async def _lines(first: Frame, frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(frames):
        yield _line(first)
        async for frame in frames:
            yield _line(frame)


def _line(frame: Frame) -> bytes:
    """A heartbeat is a comment: it raises the last id and calls no handler."""
    id = f"id: {frame.id}\n".encode() if frame.id else b""
    return id + (b": ping" if frame.type == "ping" else b"data: " + frame.text) + b"\n\n"


_REF = "#/components/schemas/{name}"


def describe(document: dict[str, Any]) -> None:
    """Adds the frames to the document, in place: `EventFrame` is any of them, told apart by `type`."""
    _, found = msgspec.json.schema_components([Control, *CATALOGUE.values()], ref_template=_REF)
    control = found.pop("Control")
    frames = {f"{kind.__name__}Frame": _frame_schema(kind) for kind in CATALOGUE.values()}
    mapping = {kind.type: _REF.format(name=f"{kind.__name__}Frame") for kind in CATALOGUE.values()}
    mapping |= dict.fromkeys(control["properties"]["type"]["enum"], _REF.format(name="ControlFrame"))
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {
        **found,
        **schemas,
        **frames,
        "ControlFrame": control,
        "EventFrame": {
            "oneOf": [{"$ref": _REF.format(name=name)} for name in ("ControlFrame", *frames)],
            "discriminator": {"propertyName": "type", "mapping": mapping},
        },
    }
    operation = document["paths"]["/v1/events"]["get"]
    operation["description"] += "".join(
        f"\n\n`{kind.type}` (`{kind.permission.value}`): {_first_line(kind)}" for kind in CATALOGUE.values()
    )
    content = operation["responses"]["200"]["content"]["text/event-stream"]
    content["schema"] = {"type": "string", "x-item-schema": {"$ref": _REF.format(name="EventFrame")}}
    content["example"] = 'id: 1767225600000-0\ndata: {"id":"1767225600000-0","type":"hello"}\n\n'


def _frame_schema(kind: type[Event]) -> dict[str, Any]:
    return {
        "title": f"{kind.__name__}Frame",
        "description": _first_line(kind),
        "type": "object",
        "required": ["id", "type", "at", "data"],
        "properties": {
            "id": {"type": "string", "description": "Where to resume.", "examples": ["1767225600000-0"]},
            "type": {"const": kind.type},
            "at": {"type": "string", "format": "date-time"},
            "data": {"$ref": _REF.format(name=kind.__name__)},
        },
        "x-permission": kind.permission.value,
        "x-reach": kind.reach.value,
        "x-durable": kind.durable,
    }


def _first_line(kind: type[Event]) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]
