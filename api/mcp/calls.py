"""Calls from a tool to the API, in this process: a request like any other, with the caller's own key. So rights, limits, audit and
idempotency are the API's, and nothing here decides about them."""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from litestar.types import ASGIApp

from db.permissions import Permission
from db.tenancy import Actor

_SHARED = ("type", "asgi", "client", "server", "scheme", "http_version", "app", "litestar_app")
_HANDED_ON = frozenset({b"authorization", b"x-forwarded-for", b"user-agent", b"accept-language"})


class Answer(NamedTuple):
    """What the API said."""

    status: int
    body: Any
    retry_after: int | None  # seconds

    @property
    def good(self) -> bool:
        return self.status < 300


class Caller(NamedTuple):
    """Who calls, and over which connection."""

    app: ASGIApp
    scope: Any  # of the request to /mcp
    actor: Actor
    request_id: str

    def require(self, needs: frozenset[Permission]) -> None:
        """Raises Forbidden `key_lacks_permission`."""
        for permission in sorted(needs):
            self.actor.require(permission)

    async def ask(self, method: str, path: str, *, query: Any = (), body: Any = None, key: str | None = None) -> Answer:
        """One request to the API. Its line in the log has the id of the request to /mcp."""
        headers = [(name, value) for name, value in self.scope["headers"] if name in _HANDED_ON]
        headers += [(b"host", b"mcp"), (b"x-request-id", self.request_id.encode())]
        raw = b"" if body is None else msgspec.json.encode(body)
        if body is not None:
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
        if key is not None:
            headers.append((b"idempotency-key", key.encode("ascii")))
        scope: Any = {
            **{name: self.scope[name] for name in _SHARED if name in self.scope},
            "method": method,
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": urlencode(query, doseq=True).encode(),
            "headers": headers,
            "extensions": {},
            "state": {},
        }
        return await _answer(self.app, scope, raw)


async def _answer(app: ASGIApp, scope: Any, raw: bytes) -> Answer:
    asked, status, wait, parts = False, 500, None, bytearray()

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # the caller stays until the end
        asked = True
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, wait
        if message["type"] == "http.response.start":
            status = message["status"]
            wait = next((int(value) for name, value in message["headers"] if name.lower() == b"retry-after"), None)
        elif message["type"] == "http.response.body":
            parts.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, msgspec.json.decode(bytes(parts)) if parts else None, wait)
