"""Authentication by default: every route asks for a Bearer token unless its own `opt={"public": True}` says otherwise.

Never by path pattern: Litestar matches those unanchored, and a neighbour's path slips through (decision 8). Rights are
not decided here: each action and query asks its actor (`db/tenancy.py`).
"""

import time
from collections import OrderedDict
from typing import Any, TypeAlias

import msgspec
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from api import rate_limit
from api.client_ip import client_ip
from db.accounts.errors import AccountError
from db.accounts.identify import Identity, identify, refused
from db.clock import now
from db.crypto import digest
from db.errors import RequestError, Unauthenticated
from db.settings import Settings
from db.tenancy import Actor

Caller: TypeAlias = NamedDependency[Actor]
"""How a handler asks for who is calling: `actor: Caller`."""

AnyConnection = ASGIConnection[Any, Any, Any, Any]
_REMEMBER = 3.0  # seconds: a revocation elsewhere is felt within them
_MAX_CACHED = 10_000

_known: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()
_once_valid: OrderedDict[bytes, None] = OrderedDict()


async def resolve(token: str, address: str | None = None) -> Identity:
    """The holder of a token; remembered for 3 seconds. Unknown tokens are counted by address, and one that sent too many is refused
    without a look-up; a token that was valid before is looked up all the same, so that a neighbour's noise locks nobody out.
    Without an address nothing is counted. Raises Unauthenticated, TooManyRequests, Unavailable."""
    key = digest(token)
    found = _known.get(key)
    if found is not None and time.monotonic() - found[0] < _REMEMBER:
        if found[1].expires_at is not None and found[1].expires_at <= now():
            raise refused()
        return found[1]
    _known.pop(key, None)
    stranger = address if key not in _once_valid else None
    if stranger is not None:
        await rate_limit.Strangers.check(stranger, key)
    started = time.monotonic()
    try:
        identity = await identify(token, address)
    except Unauthenticated:
        _once_valid.pop(key, None)
        await rate_limit.Strangers.disown(key)
        if stranger is not None:
            await rate_limit.Strangers.count(stranger)
        raise
    if key not in _once_valid:
        await rate_limit.Strangers.vouch(key)
    _known[key] = (started, identity)
    _once_valid[key] = None
    _once_valid.move_to_end(key)
    for held in (_known, _once_valid):
        while len(held) > _MAX_CACHED:
            held.popitem(last=False)
    return identity


async def given_out(token: str) -> None:
    """Notes a new token as valid, so that its first use counts as no unknown token of its address."""
    await rate_limit.Strangers.vouch(digest(token))


def forget_all() -> None:
    """After a change of rights in this process: it holds here at once, elsewhere within 3 seconds."""
    _known.clear()


def bearer_token(connection: AnyConnection) -> str:
    """The token of the Authorization header. Raises Unauthenticated."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 20 <= len(token := token.strip()) <= 200:
        raise refused()
    return token


async def authenticate(connection: AnyConnection) -> Actor:
    """The actor of this connection, with its address and request id. Raises Forbidden `address_not_allowed`."""
    settings: Settings = connection.app.state.settings
    address = client_ip(connection, settings.trusted_proxies)
    identity = await resolve(bearer_token(connection), address)
    if not identity.allows(address):
        raise RequestError.ADDRESS_NOT_ALLOWED()
    state = connection.scope["state"]
    actor: Actor = msgspec.structs.replace(identity.actor, ip=address, request_id=state.get("request_id"))
    state["actor"] = actor
    return actor


async def guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """The app's one guard: who is it, and is there still room in their allowance."""
    opt = handler.opt
    actor = None if opt.get("public") else await authenticate(connection)
    await rate_limit.check(connection, actor, opt.get("rate", "auto"))


async def provide_actor(request: AnyConnection) -> Actor:
    """Dependency `actor`. Asking for it on a public route is a programming error."""
    actor: Actor = request.scope["state"]["actor"]
    return actor


def person(actor: Actor) -> Actor:
    """The actor, if it is somebody at a screen. Raises Forbidden for API keys."""
    if actor.kind != "user" or actor.id is None:
        raise AccountError.PEOPLE_ONLY()
    return actor
