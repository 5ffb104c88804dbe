"""`Idempotency-Key` on every POST with a caller, unless its `opt={"idempotent": False}` says otherwise.

A layer around the app holds the answer back until the effect and the answer are committed together; a hook before the handler
takes the key in that transaction, or gives the first answer again. Only answers of success are kept: a refused request changed
nothing and may be sent again.
"""

import hashlib
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from db.errors import RequestError, RequestField
from db.idempotency import Answer, Attempt, Replayed
from db.tenancy import Actor
from db.work import one_transaction

_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})
_PIECE = 1 << 20
_ATTEMPT, _STACK = "idempotent_attempt", "idempotent_stack"


class _Undone(Exception):
    """Rolls the transaction back: the request was refused, or was answered before."""


def takes_key(method: str, opt: Mapping[str, Any]) -> bool:
    """Whether a route heeds Idempotency-Key."""
    return method == "POST" and not opt.get("public") and bool(opt.get("idempotent", True))


async def take_key(request: Request[Any, Any, Any]) -> None:
    """Takes the key. Runs after the guard, so the caller is known, and reads the body before the transaction begins. Raises
    Replayed, Conflict, Invalid."""
    key = request.headers.get("idempotency-key")
    if key is None or not takes_key(request.method, request.route_handler.opt):
        return
    if not _KEY.match(key):
        raise RequestError.BAD_IDEMPOTENCY_KEY(fields=[RequestField.PATTERN("Idempotency-Key")])
    state = request.scope["state"]
    actor: Actor = state["actor"]
    upload = bool(request.route_handler.opt.get("upload"))
    body = await _form_digest(request) if upload else await request.body()
    attempt = Attempt(actor.company_id, key, _digest(request, actor, body))
    stack: AsyncExitStack = state[_STACK]
    transaction = await stack.enter_async_context(one_transaction(actor.company_id, attempt.begin))
    state[_ATTEMPT] = attempt
    if not upload:  # a file goes to the store first; then the first unit of work begins the transaction
        await transaction.begin()


def _digest(request: Request[Any, Any, Any], actor: Actor, body: bytes) -> bytes:
    """Who asks for what. Another person's request is another one: the first answer may hold a secret."""
    scope = request.scope
    return _hash(request.method.encode(), scope["path"].encode(), scope["query_string"], str(actor.id).encode(), body)


def _hash(*parts: bytes) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()


async def _form_digest(request: Request[Any, Any, Any]) -> bytes:
    """Fields and files of a form by their content, whatever the boundary. Files are on disk by now and read in pieces."""
    parts: list[bytes] = []
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            content = hashlib.sha256()
            while piece := await value.read(_PIECE):
                content.update(piece)
            await value.seek(0)
            parts += [b"file", name.encode(), value.filename.encode(), value.content_type.encode(), content.digest()]
        else:
            parts += [b"field", name.encode(), str(value).encode()]
    return _hash(*parts)


def on_replay(request: Request[Any, Any, Any], replayed: Replayed) -> Response[bytes]:
    """The first answer again, marked."""
    answer = replayed.answer
    request.scope["state"]["idempotent_replay"] = True
    return Response(answer.body, status_code=answer.status, headers={**answer.headers, "Idempotency-Replayed": "true"})


class Idempotent:
    """ASGI layer: under a key, no byte leaves before the effect and its answer are committed together."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        state, held = scope["state"], list[Message]()

        async def hold(message: Message) -> None:
            if _ATTEMPT in state:
                held.append(message)
            else:
                await send(message)

        try:
            async with AsyncExitStack() as stack:
                state[_STACK] = stack
                await self.app(scope, receive, hold)
                if _ATTEMPT in state:
                    answer = _answer(held)
                    if not 200 <= answer.status < 300 or "idempotent_replay" in state:
                        raise _Undone
                    await state[_ATTEMPT].keep(answer)
        except _Undone:
            pass
        except Exception as error:
            if _ATTEMPT not in state:
                raise
            await errors.answer(Request(scope, receive, send), error)(scope, receive, send)
            return
        for message in held:
            await send(message)


def _answer(held: list[Message]) -> Answer:
    status, headers, body = 0, dict[str, str](), bytearray()
    for message in held:
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            body += message["body"]
    return Answer(status, {name: value for name, value in headers.items() if name in _KEPT_HEADERS}, bytes(body))
