"""Bounds what strangers can cost this process: pages of people who are not signed in, per address and in all, and pages a second.

A page is state in memory (about 0.4 MB) until its browser is gone. An address is an IPv4 address or an IPv6 /64, as the server
resolved it. Where there are too many, the oldest page of the same kind goes; its browser loads it anew.
"""

import ipaddress
import time
from collections.abc import Iterator

from nicegui import Client

from ui.session import browser_address, close_page, token_of

PER_ADDRESS = 40  # open pages without a session; an office behind one address signs in at nine
IN_ALL = 400
PAGES_A_SECOND, PAGES_AT_ONCE = 4.0, 120.0
STALE = 30.0  # seconds for a browser to open the socket of its page
MAX_ADDRESSES = 10_000


class Bucket:
    """A token bucket: `take` is False when nothing is left. Tokens come back at `rate` a second, up to `room`."""

    __slots__ = ("at", "rate", "room", "tokens")

    def __init__(self, rate: float, room: float) -> None:
        self.rate, self.room, self.tokens, self.at = rate, room, room, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.room, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def network(host: str | None) -> str:
    """The key under which an address is counted: IPv4 also when mapped into IPv6, the /64 of an IPv6 address."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return host or ""
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Throttle:
    """How fast each address opens pages."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def may_open(self, host: str | None) -> bool:
        """Whether this address may be served one more page now."""
        key = network(host)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= MAX_ADDRESSES:
                self._buckets.clear()
            bucket = self._buckets[key] = Bucket(PAGES_A_SECOND, PAGES_AT_ONCE)
        return bucket.take()


def strangers() -> Iterator[Client]:
    """Pages of nobody who is signed in, the oldest first, those without a socket before the others."""
    found = [client for client in Client.instances.values() if token_of(client) is None]
    return iter(sorted(found, key=lambda client: (client.has_socket_connection, client.created)))


def make_room(host: str | None) -> None:
    """Called before a page is served: closes what is too much. Also what never got its socket."""
    late = time.time() - STALE
    for client in [client for client in strangers() if not client.has_socket_connection and client.created < late]:
        close_page(client)
    here = network(host)
    everyone = list(strangers())
    mine = [client for client in everyone if network(browser_address(client)) == here]
    for client in mine[: max(0, len(mine) - PER_ADDRESS + 1)] or everyone[: max(0, len(everyone) - IN_ALL + 1)]:
        close_page(client)
