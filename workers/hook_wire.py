"""POSTs to addresses of tenants over connections that stay open for a while: the rules of `http.py` on the sender of `http1.py`.

A name is resolved and every address of it checked when a connection is opened, which then goes to that very address; a connection that
is used again still leads where it was checked, for 20 seconds without a request at most. Redirects are answers, no proxy is asked, and
of an answer no more than its beginning is read.
"""

import asyncio
import socket
import ssl
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import httpx

from workers.http import CONNECT_TIMEOUT, Blocked, GuardedBackend, OutboundError, Resolve, check_url
from workers.providers.http1 import Broken, NotSent, Pool, Target
from workers.providers.wire import Answer

TIMEOUT = 20.0
ENOUGH = 2048  # bytes of an answer
NAMES_AT_ONCE = 64  # look-ups of this process, in threads of their own: those whose servers are silent hold up no provider's


class Names:
    """Looks names up, one look-up for all who ask for the same at once."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(NAMES_AT_ONCE, thread_name_prefix="webhook-names")
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, host: str, port: int) -> list[str]:
        """Raises OSError."""
        asked = self._asked.get((host, port))
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host, port)
            self._asked[host, port] = asked
            asked.add_done_callback(lambda done: self._forget((host, port), done))
        return await asyncio.shield(asked)

    def _forget(self, place: tuple[str, int], done: asyncio.Future[list[str]]) -> None:
        self._asked.pop(place, None)
        if not done.cancelled():
            done.exception()  # whoever asked may have gone

    def _look_up(self, host: str, port: int) -> list[str]:
        return list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class HookWire:
    """One per process; safe to share between companies. `allow_private` exists for tests and one's own machine; `local_hosts` of this
    network may be called all the same, `own_hosts` never: what we are told by ourselves could go round for ever."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        local_hosts: Collection[str] = (),
        own_hosts: Collection[str] = (),
        resolve: Resolve | None = None,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private, self._local, self._own = allow_private, local_hosts, own_hosts
        self._names = Names()
        self._guards = {
            private: GuardedBackend(allow_private=private, resolve=resolve or self._names) for private in (False, True)
        }
        self._pool = Pool(connect_timeout=CONNECT_TIMEOUT, timeout=timeout, tls=tls, resolve=self._checked, enough=ENOUGH)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._pool.close()
        self._names.close()

    def _private(self, host: str) -> bool:
        return self._allow_private or host in self._local

    async def _checked(self, host: str, port: int) -> list[str]:
        return await self._guards[self._private(host)].checked_addresses(host, port, CONNECT_TIMEOUT)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One POST, once. Raises OutboundError: blocked | dns | connect | tls | timeout | protocol."""
        try:
            target = Target(str(httpx.URL(url)), headers)
        except (ValueError, httpx.InvalidURL) as error:
            raise Blocked("not an address that can be called") from error
        check_url(url, allow_private=self._private(target.host))
        if not self._allow_private and target.host.rstrip(".") in self._own:
            raise Blocked("an address of this service itself")
        try:
            return Answer(*await self._pool.post(target, body))
        except NotSent as error:
            raise OutboundError(_kind(error), str(error)) from error
        except Broken as error:
            raise OutboundError("timeout" if "in time" in str(error) else "protocol", str(error)) from error


def _kind(error: NotSent) -> str:
    """What kept the connection from coming about."""
    match error.__cause__:
        case ssl.SSLError():
            return "tls"
        case TimeoutError():
            return "timeout"
    return "connect"
