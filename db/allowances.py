"""Token buckets in Valkey, moved by one Lua script, so that any number of processes share one count.

What must never be unlimited (passwords, mails) takes strictly: while Valkey is away each process counts by itself, with a quarter
of every allowance.
"""

import asyncio
import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from typing import ClassVar, NamedTuple

import structlog

from db import valkey
from db.errors import AppError, RequestError

log = structlog.get_logger("db.allowances")


class Bucket(NamedTuple):
    """`size` requests at once, refilled at `rate` per second."""

    name: str
    size: int
    rate: float


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
# A bucket that Valkey has forgotten is full already; what is over its size is cut off by the next look.
_GIVE = """
for _, key in ipairs(KEYS) do
    if redis.call('EXISTS', key) == 1 then redis.call('HINCRBYFLOAT', key, 'n', 1) end
end
"""
_script, _give = valkey.Script(_TAKE), valkey.Script(_GIVE)
_PATIENCE = 1.0  # seconds to wait for Valkey before it counts as away


class Taken(NamedTuple):
    allowed: bool
    wait: float  # seconds until one is free
    left: tuple[float, ...] = ()  # in each bucket


def _key(bucket: Bucket, owner: str) -> str:
    return f"limit:{{{bucket.name}}}:{owner}"


async def take(*buckets: tuple[Bucket, str]) -> Taken:
    """Takes one from each bucket, or from none. Raises `valkey.Down`."""
    keys = [_key(bucket, owner) for bucket, owner in buckets]
    args = [text for bucket, _ in buckets for text in (str(bucket.size), repr(bucket.rate))]
    allowed, wait, *left = await asyncio.wait_for(_script.run(keys, args), _PATIENCE)
    return Taken(bool(allowed), wait / 1000, tuple(n / 1000 for n in left))


async def give_back(*buckets: tuple[Bucket, str]) -> None:
    """Returns one to each: what succeeded counts against nobody."""
    try:
        await asyncio.wait_for(_give.run([_key(bucket, owner) for bucket, owner in buckets], []), _PATIENCE)
    except valkey.Down:
        pass


def too_many(wait: float) -> AppError:
    return RequestError.TOO_MANY_REQUESTS(retry_after=math.ceil(wait))


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
        log.debug("rate_limit.local", error=type(error).__name__)
        taken = _Local.take(*buckets)
    if not taken.allowed:
        raise too_many(taken.wait)


def owner_of(email: str) -> str:
    """An account's name in a key: no address in Valkey."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]


def network_of(address: str) -> str:
    """Whom an address stands for when requests are counted: itself, the IPv4 address mapped into it, or its IPv6 /64, since one
    subscriber holds all of those."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((int(ip), 64), strict=False))
