"""POSTs to addresses of tenants over connections that stay open for a while: the rules of `http.py` on the sender of `http1.py`.

A name is resolved and every address of it checked when a connection is opened, which then goes to that very address; a connection that
is used again still leads where it was checked, for 20 seconds without a request at most. Redirects are answers, no proxy is asked, and
of an answer no more than its beginning is read.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Self

import httpx

from workers.http import CONNECT_TIMEOUT, Blocked, GuardedBackend, OutboundError, Resolve, check_url, system_resolver
from workers.providers.http1 import Broken, NotSent, Pool, Target
from workers.providers.wire import Answer

TIMEOUT = 20.0
ENOUGH = 2048  # bytes of an answer


class HookWire:
    """One per process; safe to share between companies. `allow_private` exists for tests only."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        own_addresses: Iterable[str] = (),
        resolve: Resolve = system_resolver,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._backend = GuardedBackend(allow_private=allow_private, resolve=resolve, refused=own_addresses)
        self._pool = Pool(connect_timeout=CONNECT_TIMEOUT, timeout=timeout, tls=tls, resolve=self._checked, enough=ENOUGH)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._pool.close()

    async def _checked(self, host: str, port: int) -> list[str]:
        return await self._backend.checked_addresses(host, port, CONNECT_TIMEOUT)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One POST, once. Raises OutboundError: blocked | dns | connect | tls | timeout | protocol."""
        check_url(url, allow_private=self._allow_private)
        try:
            target = Target(str(httpx.URL(url)), headers)
        except ValueError as error:
            raise Blocked("not an address that can be called") from error
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
