"""Allowances: token buckets in Valkey, moved by one Lua script, so that any number of processes share one count.

Each request takes from its caller's bucket and from its company's, so that more keys do not mean more rate. Ordinary routes stay
open while Valkey is away. Sign-in does not: then each process counts by itself, more strictly.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from typing import Any, ClassVar, NamedTuple

import structlog
from litestar.connection import ASGIConnection

from api.client_ip import client_ip, network_of
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
    "send": Bucket("send", 60, 1),  # what makes messages go out
    "public": Bucket("public", 120, 2),  # per address
}
COMPANY = {
    "read": Bucket("read-company", 3000, 100),
    "write": Bucket("write-company", 900, 30),
    "send": Bucket("send-company", 120, 2),
}
UNKNOWN_TOKEN_ADDRESS = Bucket("unknown-token-address", 60, 1 / 2)
SIGN_IN_ACCOUNT = Bucket("sign-in-account", 10, 1 / 60)
SIGN_IN_ADDRESS = Bucket("sign-in-address", 60, 1 / 2)
SIGN_IN_ALL = Bucket("sign-in-all", 600, 10)
SIGN_UP_ADDRESS = Bucket("sign-up-address", 20, 1 / 60)
MAIL_ACCOUNT = Bucket("mail-account", 3, 1 / 600)

# KEYS: buckets. ARGV: for each bucket size and rate. All or nothing: {1 = allowed, wait ms, what is left in each, in thousandths}.
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
    left[i] = math.floor(n * 1000)
end
return {wait == 0 and 1 or 0, wait, unpack(left)}
"""
_script = valkey.Script(_TAKE)
_PATIENCE = 1.0  # seconds to wait for Valkey before it counts as away


class Taken(NamedTuple):
    allowed: bool
    wait: float  # seconds until one is free
    left: tuple[float, ...] = ()  # in each bucket


async def take(*buckets: tuple[Bucket, str]) -> Taken:
    """Takes one from each bucket, or from none. Raises `valkey.Down`."""
    keys = [f"limit:{{{bucket.name}}}:{owner}" for bucket, owner in buckets]
    args = [text for bucket, _ in buckets for text in (str(bucket.size), repr(bucket.rate))]
    allowed, wait, *left = await asyncio.wait_for(_script.run(keys, args), _PATIENCE)
    return Taken(bool(allowed), wait / 1000, tuple(n / 1000 for n in left))


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
        log.warning("rate_limit.open", error=type(error).__name__)
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
        return Taken(wait == 0, wait)


async def take_strictly(*buckets: tuple[Bucket, str]) -> None:
    """For sign-in and what mails people: never unlimited. Raises TooManyRequests."""
    try:
        taken = await take(*buckets)
    except valkey.Down as error:
        log.warning("rate_limit.local", error=type(error).__name__)
        taken = _Local.take(*buckets)
    if not taken.allowed:
        raise too_many(taken.wait)


class Strangers:
    """Addresses that sent too many unknown tokens: refused without a look-up until they may try again."""

    _until: ClassVar[OrderedDict[str, float]] = OrderedDict()  # by network, of at most 10,000

    @classmethod
    def check(cls, address: str) -> None:
        """Raises TooManyRequests while the address has to wait."""
        wait = cls._until.get(network_of(address), 0.0) - time.monotonic()
        if wait > 0:
            raise too_many(wait)

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


def owner_of(email: str) -> str:
    """An account's name in a key: no address in Valkey."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
