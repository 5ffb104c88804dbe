"""Allowances: token buckets in Valkey, moved by one Lua script, so that any number of processes share one count.

Ordinary routes stay open while Valkey is away. Sign-in does not: then each process counts by itself, more strictly.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from typing import Any, ClassVar, NamedTuple

import structlog
from litestar.connection import ASGIConnection

from api.client_ip import client_ip
from db import valkey
from db.errors import TooManyRequests
from db.tenancy import Actor

log = structlog.get_logger("api.rate_limit")


class Bucket(NamedTuple):
    """`size` requests at once, refilled at `rate` per second."""

    name: str
    size: int
    rate: float


CLASSES = {
    "read": Bucket("read", 600, 20),
    "write": Bucket("write", 300, 10),
    "send": Bucket("send", 60, 1),
    "public": Bucket("public", 120, 2),  # per address
}
SIGN_IN_ACCOUNT = Bucket("sign-in-account", 10, 1 / 60)
SIGN_IN_ADDRESS = Bucket("sign-in-address", 60, 1 / 2)
SIGN_IN_ALL = Bucket("sign-in-all", 600, 10)
SIGN_UP_ADDRESS = Bucket("sign-up-address", 20, 1 / 60)
MAIL_ACCOUNT = Bucket("mail-account", 3, 1 / 600)

# KEYS: buckets. ARGV: for each bucket size and rate. All or nothing: {1 = allowed, wait ms, left in the first bucket}.
_TAKE = """
local t = redis.call('TIME')
local at = t[1] * 1000 + math.floor(t[2] / 1000)
local left, wait = {}, 0
for i, key in ipairs(KEYS) do
    local size, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local held = redis.call('HMGET', key, 'n', 'at')
    local n = tonumber(held[1]) or size
    n = math.min(size, n + math.max(0, at - (tonumber(held[2]) or at)) * rate / 1000)
    left[i] = n
    if n < 1 then wait = math.max(wait, math.ceil((1 - n) / rate * 1000)) end
end
for i, key in ipairs(KEYS) do
    local size, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local n = left[i]
    if wait == 0 then n = n - 1 end
    redis.call('HSET', key, 'n', tostring(n), 'at', at)
    redis.call('PEXPIRE', key, math.ceil(size / rate * 1000) + 1000)
    left[i] = n
end
return {wait == 0 and 1 or 0, wait, math.floor(left[1])}
"""
_script = valkey.Script(_TAKE)
_PATIENCE = 1.0  # seconds to wait for Valkey before it counts as away


class Taken(NamedTuple):
    allowed: bool
    wait: float  # seconds until one is free
    left: int  # in the first bucket


async def take(*buckets: tuple[Bucket, str]) -> Taken:
    """Takes one from each bucket, or from none. Raises `valkey.Down`."""
    keys = [f"limit:{{{bucket.name}}}:{owner}" for bucket, owner in buckets]
    args = [text for bucket, _ in buckets for text in (str(bucket.size), repr(bucket.rate))]
    allowed, wait, left = await asyncio.wait_for(_script.run(keys, args), _PATIENCE)
    return Taken(bool(allowed), wait / 1000, int(left))


async def give_back(*buckets: tuple[Bucket, str]) -> None:
    """Forgets what was taken: a sign-in that succeeded counts against nobody."""
    try:
        await asyncio.wait_for(
            valkey.client().delete(*(f"limit:{{{bucket.name}}}:{owner}" for bucket, owner in buckets)), _PATIENCE
        )
    except valkey.Down:
        pass


def too_many(wait: float) -> TooManyRequests:
    return TooManyRequests("too_many_requests", "Too many requests. Wait a moment and try again.", retry_after=math.ceil(wait))


async def check(connection: ASGIConnection[Any, Any, Any, Any], actor: Actor | None, rate: str | None) -> None:
    """One request against its route's class. Sets what the RateLimit headers say. Raises TooManyRequests."""
    if rate is None:
        return
    state = connection.scope["state"]
    if actor is None:
        bucket, owner = CLASSES["public"], client_ip(connection, connection.app.state.settings.trusted_proxies)
    else:
        safe = connection.scope.get("method", "GET") in {"GET", "HEAD", "OPTIONS"}
        bucket, owner = CLASSES[("read" if safe else "write") if rate == "auto" else rate], str(actor.session_id or actor.id)
    try:
        taken = await take((bucket, owner))
    except valkey.Down as error:
        log.warning("rate_limit.open", error=type(error).__name__)
        return
    state["rate_limit"] = headers(bucket, taken)
    if not taken.allowed:
        raise too_many(taken.wait)


def headers(bucket: Bucket, taken: Taken) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): quota, window, what is left, seconds."""
    window = math.ceil(bucket.size / bucket.rate)
    wait = math.ceil(taken.wait) if not taken.allowed else math.ceil((bucket.size - taken.left) / bucket.rate)
    return {
        "RateLimit-Policy": f'"{bucket.name}";q={bucket.size};w={window}',
        "RateLimit": f'"{bucket.name}";r={max(0, taken.left)};t={wait}',
    }


class _Local:
    """Counts of this process, for sign-in while Valkey is away: a quarter of each allowance, of at most 10,000 owners."""

    buckets: ClassVar[OrderedDict[str, tuple[float, float]]] = OrderedDict()

    @classmethod
    def take(cls, *buckets: tuple[Bucket, str]) -> Taken:
        at, held = time.monotonic(), {}
        wait = 0.0
        for bucket, owner in buckets:
            size, rate = max(1, bucket.size // 4), bucket.rate / 4
            n, then = cls.buckets.get(f"{bucket.name}:{owner}", (size, at))
            n = min(size, n + (at - then) * rate)
            wait = max(wait, (1 - n) / rate if n < 1 else 0.0)
            held[f"{bucket.name}:{owner}"] = n
        for key, n in held.items():
            cls.buckets[key] = (n - 1 if wait == 0 else n, at)
            cls.buckets.move_to_end(key)
        while len(cls.buckets) > 10_000:
            cls.buckets.popitem(last=False)
        return Taken(wait == 0, wait, 0)


async def take_strictly(*buckets: tuple[Bucket, str]) -> None:
    """For sign-in and what mails people: never unlimited. Raises TooManyRequests."""
    try:
        taken = await take(*buckets)
    except valkey.Down as error:
        log.warning("rate_limit.local", error=type(error).__name__)
        taken = _Local.take(*buckets)
    if not taken.allowed:
        raise too_many(taken.wait)


def owner_of(email: str) -> str:
    """An account's name in a key: no address in Valkey."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
