"""HEAD wherever there is GET, and an Allow header that lists it."""

import asyncio

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send, WebSocketReceiveMessage

HEAD = "asked_by_head"


def only_head(scope: Scope) -> bool:
    """Whether the answer goes out without its body: then nothing was handed over."""
    return bool(scope.get("state", {}).get(HEAD))


class Methods:
    """ASGI layer: HEAD runs as GET and answers without the body; a stream ends at once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        head, asked, answered = scope["method"] == "HEAD", False, asyncio.Event()

        async def request() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await answered.wait()  # then nobody listens any more
            return {"type": "http.disconnect"}

        async def respond(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, _truthful(value) if name == b"allow" else value) for name, value in message["headers"]]
                await send({**message, "headers": headers})
                if head:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    answered.set()
            elif not head:
                await send(message)

        if not head:
            await self.app(scope, receive, respond)
            return
        scope["method"] = "GET"
        scope.setdefault("state", {})[HEAD] = True
        try:
            await self.app(scope, request, respond)
        finally:
            scope["method"] = "HEAD"


def _truthful(allow: bytes) -> bytes:
    """The methods of HTTP among them, with HEAD beside GET."""
    methods = {method.strip() for method in allow.split(b",")} - {b"websocket"}
    return b", ".join(sorted(methods | ({b"HEAD"} if b"GET" in methods else set())))
