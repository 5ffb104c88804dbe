"""`Idempotency-Key` on routes with `opt={"idempotent": True}`: a hook before the handler claims the key or answers from
memory, and a layer around the app keeps the answer before its last byte leaves.

Only answers of success are kept: a refused request changed nothing and may be sent again. A form with a file is told apart by its
length, so that nothing is read into memory here.
"""

import asyncio
import hashlib
import re
from typing import Any

import structlog
from litestar import Request, Response
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from db import crypto, idempotency
from db.errors import AppError, Field, Invalid
from db.idempotency import Answer, Claim
from db.tenancy import Actor

log = structlog.get_logger("api.idempotency")

_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})
_STATE = "idempotency"


async def before_request(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Claims the key, or answers what was answered before. Runs after the guard, so the caller is known."""
    key = request.headers.get("idempotency-key")
    actor: Actor | None = request.scope["state"].get("actor")
    if key is None or actor is None or not request.route_handler.opt.get("idempotent"):
        return None
    if not _KEY.match(key):
        raise Invalid(
            "bad_idempotency_key",
            "Idempotency-Key must be 1 to 200 visible ASCII characters.",
            fields=[Field("Idempotency-Key", "pattern", "1 to 200 visible ASCII characters.")],
        )
    found = await idempotency.claim(actor.company_id, key, await _hash(request, actor))
    if isinstance(found, Claim):
        request.scope["state"][_STATE] = found
        return None
    return Response(found.body, status_code=found.status, headers={**found.headers, "Idempotency-Replayed": "true"})


async def _hash(request: Request[Any, Any, Any], actor: Actor) -> bytes:
    whole = hashlib.sha256()
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    body = request.headers.get("content-length", "").encode() if multipart else await request.body()
    for part in (
        request.method.encode(),
        request.scope["path"].encode(),
        request.scope["query_string"],
        str(actor.id).encode(),
        body,
    ):
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()


class Remembering:
    """ASGI layer: stores the answer of a claimed request, or frees its key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = 0, dict[str, str](), bytearray()

        async def keeping_send(message: Message) -> None:
            nonlocal status, headers
            claim = scope["state"].get(_STATE)
            if isinstance(claim, Claim):
                if message["type"] == "http.response.start":
                    status = message["status"]
                    headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
                elif message["type"] == "http.response.body":
                    body.extend(message["body"])
                    if not message["more_body"]:
                        scope["state"][_STATE] = None
                        kept = {name: value for name, value in headers.items() if name in _KEPT_HEADERS}
                        await _settle(claim, Answer(status, kept, bytes(body)))
            await send(message)

        try:
            await self.app(scope, receive, keeping_send)
        finally:
            left = scope["state"].get(_STATE)
            if isinstance(left, Claim):
                await _settle(left, None)


async def _settle(claim: Claim, answer: Answer | None) -> None:
    """Shielded: a caller who hangs up must not leave the key running. A failure here costs a minute, never a wrong answer."""
    keep = answer is not None and 200 <= answer.status < 300
    try:
        await asyncio.shield(idempotency.finish(claim, answer) if keep and answer else idempotency.release(claim))
    except (AppError, crypto.SealBroken, OSError) as error:
        log.warning("idempotency.unsettled", error=type(error).__name__)
