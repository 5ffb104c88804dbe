"""One process's way to the providers: the fast sender (http1.py) and the control client (httpx), made once.

`Wire.post` never raises for trouble on the network: it says whether the request surely did not leave (`RetryAfter`) or
may have (`Unknown`). It refuses to retry, to follow redirects and to read proxy variables of the environment: a second
try behind the sender's back is how messages go out twice.
"""

import json
import math
import socket
import ssl
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Self, TypeVar

import httpx
import msgspec

from db import storable
from db.channels.errors import NetworkFailure
from db.messages.reasons import FailureReason
from db.redact import HIDDEN
from workers.outcomes import Outcome, PauseChannel, RetryAfter, Scope, Unknown
from workers.providers.http1 import Broken, NotSent, Pool, Target

MAX_RETRY_AFTER = 24 * 3600.0
T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer read to its end."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] | httpx.Headers

    def header(self, name: str) -> str | None:
        """One header's value, None if absent; the name in any case."""
        value: str | None = httpx.Headers(self.headers).get(name)
        return value

    def without(self, secret: bytes) -> "Answer":
        """The answer with `secret` taken out of its body: providers repeat a malformed token in their error texts."""
        if not secret or secret not in self.body:
            return self
        return Answer(self.status, self.body.replace(secret, HIDDEN.encode()), self.headers)

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


def decoded(body: bytes, kind: type[T]) -> T:
    """The JSON of a control answer, with nothing in it that cannot be stored. Slow beside a typed decoder, and forgiving: one
    broken emoji does not hide the rest. A NUL is replaced, not taken out: two names must not become one. Raises ValueError,
    RecursionError."""
    return msgspec.convert(storable.tree(json.loads(body.replace(b"\\u0000", b"\\ufffd"))), kind, strict=False)


def _failure(error: BaseException) -> NetworkFailure:
    """What went wrong on the way, from the errors beneath that of the client."""
    beneath: BaseException | None = error
    while beneath is not None:
        match beneath:
            case socket.gaierror() | UnicodeError():
                return NetworkFailure.NAME_NOT_FOUND
            case ssl.SSLError():
                return NetworkFailure.NO_CERTIFICATE
            case TimeoutError() | httpx.TimeoutException():
                return NetworkFailure.NO_ANSWER
            case ConnectionRefusedError():
                return NetworkFailure.CONNECTION_REFUSED
        beneath = beneath.__cause__ or beneath.__context__
    return NetworkFailure.CONNECTION_REFUSED if isinstance(error, httpx.ConnectError) else NetworkFailure.CONNECTION_BROKEN


class ProviderError(Exception):
    """A control call (anything but a send) failed: `outcome` as for a send, `body_excerpt` for the log."""

    def __init__(self, outcome: Outcome, http_status: int | None, body_excerpt: str) -> None:
        super().__init__(f"{type(outcome).__name__} (HTTP {http_status}): {body_excerpt[:200]}")
        self.outcome = outcome
        self.http_status = http_status
        self.body_excerpt = body_excerpt


class Wire:
    """Both clients with their connection pools (one pool per host inside); one per process, closed at its end.

    `timeout` bounds a whole send and must stay below half of a slice's lease (docs/architecture.md, sending).
    `connect_timeout` must be smaller: a timeout of the whole can no longer be told from one while connecting.
    """

    def __init__(self, *, connect_timeout: float = 5.0, timeout: float = 12.0, control_timeout: float = 30.0) -> None:
        if connect_timeout >= timeout:
            raise ValueError("connect_timeout must be smaller than timeout")
        self.timeout = timeout
        self._sender = Pool(connect_timeout=connect_timeout, timeout=timeout)
        self._targets: dict[tuple[str, ...], Target] = {}
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
        self._sender.close()
        await self.control.aclose()

    async def post(
        self, url: str, headers: dict[str, str], body: bytes, *, latest: float = math.inf
    ) -> Answer | RetryAfter | PauseChannel | Unknown:
        """Send one POST once, and never after `latest` (monotonic): raises TooLate. Cancellation passes through: the attempt stays
        open and its lease makes it unknown."""
        try:
            target = self._target(url, headers)
        except ValueError as error:  # a token with a line break, a malformed base URL: a setting is wrong
            return PauseChannel(FailureReason.TOKEN_INVALID, message=f"request cannot be built: {type(error).__name__}")
        try:
            return Answer(*await self._sender.post(target, body, latest=latest))
        except NotSent as error:
            message = _failure(error).about(target.host)
            return RetryAfter(None, FailureReason.NETWORK, scope=Scope.CHANNEL, message=message)
        except Broken as error:
            return Unknown(str(error)[:300])

    def _target(self, url: str, headers: dict[str, str]) -> Target:
        """Kept: a channel sends all its messages to one address with one token."""
        key = (url, *headers.values())
        target = self._targets.get(key)
        if target is None:
            if len(self._targets) > 500:
                self._targets.clear()
            target = self._targets[key] = Target(url, headers)
        return target

    async def call(self, request: httpx.Request) -> Answer:
        """One control call; raises `ProviderError` for trouble on the network, returns any HTTP answer."""
        try:
            response = await self.control.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            message = _failure(error).about(request.url.host)
            raise ProviderError(
                RetryAfter(None, FailureReason.NETWORK, scope=Scope.CHANNEL, message=message), None, str(error)
            ) from error
        except httpx.RequestError as error:
            raise ProviderError(Unknown(_failure(error).about(request.url.host)), None, str(error)) from error
        return Answer(response.status_code, response.content, response.headers)

    async def ask(
        self,
        method: str,
        url: str,
        kind: type[T],
        classify: Callable[[Answer], Outcome],
        *,
        headers: dict[str, str],
        secret: bytes,
        **parts: Any,
    ) -> T:
        """One control call, read as `kind`. Raises `ProviderError` unless it is a 2xx of that shape; `classify` judges other answers."""
        answer = await self.tell(method, url, classify, headers=headers, secret=secret, **parts)
        try:
            return decoded(answer.body, kind)
        except (ValueError, RecursionError) as error:
            raise ProviderError(Unknown("unexpected answer"), answer.status, _excerpt(answer)) from error

    async def tell(
        self,
        method: str,
        url: str,
        classify: Callable[[Answer], Outcome],
        *,
        headers: dict[str, str],
        secret: bytes,
        **parts: Any,
    ) -> Answer:
        """One control call, whatever a 2xx says. Raises `ProviderError` for anything else; `classify` judges it."""
        try:
            request = self.control.build_request(method, url, headers=headers, **parts)
        except (httpx.InvalidURL, ValueError) as error:
            raise ProviderError(Unknown("request cannot be built"), None, type(error).__name__) from error
        answer = (await self.call(request)).without(secret)
        if not 200 <= answer.status < 300:
            raise ProviderError(classify(answer), answer.status, _excerpt(answer))
        return answer


def _excerpt(answer: Answer) -> str:
    return answer.body[:1000].decode("utf-8", "replace")
