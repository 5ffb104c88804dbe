"""One process's way to the providers: the fast sender (pyreqwest) and the control client (httpx), made once.

`Wire.post` never raises for trouble on the network: it says whether the request surely did not leave (`RetryAfter`) or
may have (`Unknown`). It refuses to retry, to follow redirects and to read proxy variables of the environment: a second
try behind the sender's back is how messages go out twice.

**How pyreqwest 0.15.1 reports trouble** (measured on sockets, `tests/workers/providers/test_wire.py`). Its classes
mislead: `ConnectError` and `ConnectTimeoutError` are raised for *everything* before the answer's head, also for a reset
or a timeout after the whole request was written. What tells them apart is the second entry of `details["causes"]`, the
text of hyper-util's error kind: `client error (Connect)` covers DNS, TCP and TLS, before any byte of the request;
`client error (SendRequest)` or none is ambiguous. A free pooled connection which the other side closed is replaced
before anything is written; when it closes at the same moment the outcome is ambiguous, so unknown.
"""

import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Self

import httpx
import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PoolTimeoutError, PyreqwestError
from pyreqwest.response import Response

from db.messages.reasons import FailureReason
from workers.outcomes import Outcome, PauseChannel, RetryAfter, Scope, Unknown

NOT_SENT = "client error (Connect)"
MAX_RETRY_AFTER = 24 * 3600.0


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer read to its end. `headers` looks up one name, case-insensitive."""

    status: int
    body: bytes
    headers: Response | httpx.Headers

    def header(self, name: str) -> str | None:
        """One header's value, None if absent."""
        if isinstance(self.headers, Response):
            return self.headers.get_header(name)
        value: str | None = self.headers.get(name)
        return value

    @property
    def retry_after(self) -> float | None:
        """`Retry-After` in seconds, from seconds or from a date, capped at a day; None when absent or unreadable."""
        value = self.header("retry-after")
        if not value:
            return None
        try:
            seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), MAX_RETRY_AFTER)


class ProviderError(Exception):
    """A control call (anything but a send) failed: `outcome` as for a send, `body_excerpt` for the log."""

    def __init__(self, outcome: Outcome, http_status: int | None, body_excerpt: str) -> None:
        super().__init__(f"{type(outcome).__name__} (HTTP {http_status}): {body_excerpt[:200]}")
        self.outcome = outcome
        self.http_status = http_status
        self.body_excerpt = body_excerpt


class Wire:
    """Both clients with their connection pools (one pool per host inside); one per process, closed at its end.

    `timeout` bounds a whole send and must stay below half of a slice's lease (RELIABILITY 2.2, step 3).
    `connect_timeout` must be smaller: a timeout of the whole can no longer be told from one while connecting.
    """

    def __init__(self, *, connect_timeout: float = 5.0, timeout: float = 12.0, control_timeout: float = 30.0) -> None:
        if connect_timeout >= timeout:
            raise ValueError("connect_timeout must be smaller than timeout")
        self.timeout = timeout
        self._sender: Client = (
            ClientBuilder()
            .follow_redirects(False)
            .no_proxy()
            .referer(False)
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .user_agent("master-ia/1")
            .connect_timeout(timedelta(seconds=connect_timeout))
            .timeout(timedelta(seconds=timeout))
            .pool_max_idle_per_host(512)
            .pool_idle_timeout(timedelta(seconds=20))  # shorter than the far end's: fewer ambiguous resets
            .build()
        )
        self.control = httpx.AsyncClient(
            timeout=httpx.Timeout(control_timeout, connect=connect_timeout),
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "master-ia/1"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close both clients; a send in flight ends as unknown."""
        await self._sender.close()
        await self.control.aclose()

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer | RetryAfter | PauseChannel | Unknown:
        """Send one POST once. Cancellation passes through: the attempt stays open and its lease makes it unknown."""
        try:
            request = self._sender.post(url).headers(headers).body_bytes(body).build()
        except (
            PyreqwestError,
            ValueError,
        ) as error:  # a token with a line break, a malformed base URL: a setting is wrong
            return PauseChannel(FailureReason.TOKEN_INVALID, message=f"request cannot be built: {type(error).__name__}")
        try:
            response = await request.send()
            return Answer(response.status, (await response.bytes()).to_bytes(), response)
        except PyreqwestError as error:
            if surely_not_sent(error):
                return RetryAfter(None, FailureReason.NETWORK, scope=Scope.CHANNEL, message=_causes(error))
            return Unknown(_causes(error))

    async def call(self, request: httpx.Request) -> Answer:
        """One control call; raises `ProviderError` for trouble on the network, returns any HTTP answer."""
        try:
            response = await self.control.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise ProviderError(RetryAfter(None, FailureReason.NETWORK, scope=Scope.CHANNEL), None, str(error)) from error
        except httpx.RequestError as error:
            raise ProviderError(Unknown(type(error).__name__), None, str(error)) from error
        return Answer(response.status_code, response.content, response.headers)


def surely_not_sent(error: PyreqwestError) -> bool:
    """Whether the failure came before the first byte of the request (see the module's text)."""
    if isinstance(error, PoolTimeoutError):
        return True
    causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return bool(causes and len(causes) > 1 and causes[1]["message"] == NOT_SENT)


def _causes(error: PyreqwestError) -> str:
    """The chain of causes without its head, which repeats the URL."""
    causes = (error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None) or []
    return ": ".join([error.message, *(cause["message"] for cause in causes[1:])])[:300]
