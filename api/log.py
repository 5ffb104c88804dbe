"""The outermost layer: request ids, security headers, one access line and the counters for each request.

Wraps the whole application, so that also a 404 of the router carries its id. Paths are logged without their query, which may
hold secrets of others (verify tokens), and one that no route knows without its long parts: somebody may have asked for a hook or a file
by the wrong method.
"""

import re
import time
from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api import health
from api.journal import Journal
from db.audit.requests import Line
from db.clock import now

log = structlog.get_logger("api.access")

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9_-]{8,64}$")
_LONG = re.compile(r"[^/]{20,}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WS"})
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


def _template(scope: Mapping[str, Any]) -> str:
    """The route's pattern: few values, no ids."""
    found = scope.get("path_template")
    return found if isinstance(found, str) and scope.get("route_handler") is not None else "(none)"


_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_PROBLEM = (b"content-type", b"application/problem+json")


class _Code(msgspec.Struct):
    code: str | None = None


def _code_of(body: bytes) -> str | None:
    """Of a problem."""
    try:
        return msgspec.json.decode(body, type=_Code).code
    except msgspec.MsgspecError:
        return None


class RequestLogging:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, *, https: bool, journal: Journal) -> None:
        self.app = app
        self.journal = journal
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _REQUEST_ID.match(given) else uuid4().hex
        state: dict[str, Any] = dict(scope.get("state") or {})
        state["request_id"] = request_id
        scope["state"] = state
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500 if scope["type"] == ScopeType.HTTP else 101
        code: str | None = None

        async def observed_send(message: Message) -> None:
            nonlocal status, code
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = list(message["headers"])
                names = {name.lower() for name, _ in headers}
                headers.append((b"x-request-id", request_id.encode()))
                headers.extend(_SECURITY)
                if _POLICY[0] not in names:
                    headers.append(_POLICY)
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-store"))
                if self.https:
                    headers.append(_TRANSPORT)
                more = state.get("rate_limit", {}) | (state.get("dated", {}) if status < 300 else {})
                headers.extend((name.encode(), value.encode()) for name, value in more.items())
                message["headers"] = headers
                state["problem"] = any(name.lower() == _PROBLEM[0] and value.startswith(_PROBLEM[1]) for name, value in headers)
            elif message["type"] == "http.response.body" and state.get("problem"):
                code = code or _code_of(message["body"])
            elif message["type"] == "websocket.close":
                status = 403 if status == 101 and not state.get("accepted") else status
            elif message["type"] == "websocket.accept":
                state["accepted"] = True
            await send(message)

        try:
            await self.app(scope, receive, observed_send)
        finally:
            took = time.perf_counter() - started
            template = _template(cast("Mapping[str, Any]", scope))
            method = str(scope.get("method", "WS"))
            # Anyone may call by any method: unknown ones are one label, or the counters would grow without end.
            health.observe(method if method in _METHODS else "OTHER", template, status, took)
            actor = state.get("actor")
            if actor is not None and template != "(none)":
                path = _PARAMETER.sub(r"{\1}", template)
                line = (path, status, took * 1000, actor.kind, actor.id, actor.ip, code)
                self.journal.add(Line(actor.company_id, now(), request_id, method, *line))
            if template not in health.QUIET or (status >= 500 and status != 503):  # /ready says 503 as often as it is asked
                log.info(
                    "request",
                    method=method,
                    path=template if template != "(none)" else _LONG.sub("…", scope["path"])[:200],
                    status=status,
                    duration_ms=round(took * 1000, 1),
                    company_id=str(actor.company_id) if actor else None,
                    actor=f"{actor.kind}:{actor.id}" if actor else None,
                    ip=actor.ip if actor else None,
                )
