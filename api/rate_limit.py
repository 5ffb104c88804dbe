"""What a caller may ask for per second.

Each request takes from its caller's bucket and from its company's, so that more keys do not mean more rate. Ordinary routes stay
open while Valkey is away; what checks passwords or mails people does not (`db/allowances.py`).
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Any, ClassVar

import structlog
from litestar.connection import ASGIConnection

from api.client_ip import client_ip
from db import valkey
from db.allowances import Bucket, Taken, network_of, take, take_strictly, too_many
from db.errors import TooManyRequests
from db.tenancy import Actor

log = structlog.get_logger("api.rate_limit")

CLASSES = {
    "read": Bucket("read", 600, 20),
    "write": Bucket("write", 300, 10),
    "send": Bucket("send", 60, 1),  # what makes messages go out
    "public": Bucket("public", 120, 2),  # per address
}
COMPANY = {
    "read": Bucket("read-company", 3000, 100),
    "write": Bucket("write-company", 900, 30),
    "send": Bucket("send-company", 120, 2),
}
UNKNOWN_TOKEN_ADDRESS = Bucket("unknown-token-address", 60, 1 / 2)
LINK_NETWORK = Bucket("link-network", 60, 1 / 2)
SIGN_UP_ADDRESS = Bucket("sign-up-address", 20, 1 / 60)


async def check(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor | None, rate: str | None) -> None:
    """One request against its route's class. Sets what the RateLimit headers say. Raises TooManyRequests."""
    if rate is None:
        return
    state = connection.scope["state"]
    buckets: list[tuple[Bucket, str]]
    if actor is None:
        address = client_ip(connection, connection.app.state.settings.trusted_proxies)
        buckets = [(CLASSES["public"], network_of(address))]
    else:
        safe = connection.scope.get("method", "GET") in {"GET", "HEAD", "OPTIONS"}
        name = ("read" if safe else "write") if rate == "auto" else rate
        buckets = [(CLASSES[name], str(actor.id)), (COMPANY[name], str(actor.company_id))]
    try:
        taken = await take(*buckets)
    except valkey.Down as error:
        log.debug("rate_limit.open", error=type(error).__name__)
        return
    state["rate_limit"] = headers([bucket for bucket, _ in buckets], taken)
    if not taken.allowed:
        raise too_many(taken.wait)


def headers(buckets: list[Bucket], taken: Taken) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), one item per bucket: quota and window; what is
    left, and in how many seconds the bucket is full again, or has one again when it is empty."""
    policies, states = [], []
    for bucket, left in zip(buckets, taken.left, strict=True):
        missing = 1 - left if left < 1 and not taken.allowed else bucket.size - left
        policies.append(f'"{bucket.name}";q={bucket.size};w={math.ceil(bucket.size / bucket.rate)}')
        states.append(f'"{bucket.name}";r={math.floor(left)};t={math.ceil(missing / bucket.rate)}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}


_VOUCHED = 14 * 86_400  # seconds, as long as a session lives


def _valid(token: bytes) -> str:
    return f"valid-token:{token.hex()}"


async def _answered(question: Awaitable[Any]) -> Any:
    """Valkey's answer; None while it is away."""
    try:
        return await asyncio.wait_for(question, 1.0)
    except valkey.Down:
        return None


class Strangers:
    """Addresses that sent too many unknown tokens: refused without a look-up until they may try again. Tokens that were given out or
    found valid lately are known to all processes by their digest, so that a neighbour's noise locks nobody out."""

    _until: ClassVar[OrderedDict[str, float]] = OrderedDict()  # by network, of at most 10,000

    @classmethod
    async def check(cls, address: str, token: bytes) -> None:
        """Raises TooManyRequests while the address has to wait and the token (its digest) is not known."""
        wait = cls._until.get(network_of(address), 0.0) - time.monotonic()
        if wait > 0 and not await _answered(valkey.client().exists(_valid(token))):
            raise too_many(wait)

    @staticmethod
    async def vouch(token: bytes) -> None:
        """The token is valid."""
        await _answered(valkey.client().set(_valid(token), 1, ex=_VOUCHED))

    @staticmethod
    async def disown(token: bytes) -> None:
        """The token is not valid any more."""
        await _answered(valkey.client().delete(_valid(token)))

    @classmethod
    async def count(cls, address: str) -> None:
        """Counts one unknown token. Raises TooManyRequests when that was one too many."""
        network = network_of(address)
        try:
            await take_strictly((UNKNOWN_TOKEN_ADDRESS, network))
        except TooManyRequests as error:
            cls._until[network] = time.monotonic() + (error.retry_after or 0)
            cls._until.move_to_end(network)
            while len(cls._until) > 10_000:
                cls._until.popitem(last=False)
            raise
