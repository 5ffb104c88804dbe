"""The only way from the screens to our API: typed requests over one keep-alive connection pool per process.

Answers are decoded into contract Structs. A refusal becomes `ApiProblem`, a server that does not answer `Offline`;
nothing is retried here, since only the person at the screen knows whether a repeat is wanted, except a POST of unknown outcome
under its own Idempotency-Key.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID, uuid4

import httpx
import msgspec

from api.contract.base import Done, FieldError, Problem
from ui.client.transport import Transport

T = TypeVar("T")
Params = Mapping[str, Any]

_UPLOAD_SECONDS, _UPLOAD_SPEED = 60, 250_000  # and bytes a second: what is slower than both stands still
_PAUSES = (0.3, 0.7, 1.5)  # seconds between the tries of one POST


class ApiProblem(Exception):
    """The API refused: RFC 9457 problem details. The screens translate by `code`."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[FieldError] | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors or []
        self.params = dict(params or {})


class Offline(Exception):
    """The API did not answer: no connection, or none in time. Whether a write went through is not known."""


def _unknown(error: Offline | ApiProblem) -> bool:
    """Whether another try, at once, may tell what became of a request. After a time-out the person has waited long enough."""
    if isinstance(error, Offline):
        return not isinstance(error.__cause__, httpx.TimeoutException)
    return error.status == 503 or error.code == "idempotency_in_progress"


class Uploaded(Protocol):
    """What `nicegui` hands over for one uploaded file."""

    name: str
    content_type: str

    def size(self) -> int: ...

    def iterate(self, *, chunk_size: int = ...) -> AsyncIterator[bytes]: ...


class Pool:
    """The connection pool of this process; opened at start, closed at stop."""

    http: httpx.AsyncClient | None = None
    files: httpx.AsyncClient | None = None  # streams that browsers may read slowly hold none of the others up
    unanswered: Callable[[str], None] | None = None
    """Is told the session token of each request that got no answer, or a failure of the server."""

    @classmethod
    def open(cls, api_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        cls.http, cls.files = (
            httpx.AsyncClient(
                base_url=api_url,
                transport=transport or Transport(most),
                timeout=httpx.Timeout(20, connect=3),
                follow_redirects=False,
                trust_env=False,
            )
            for most in (64, 512)
        )

    @classmethod
    async def close(cls) -> None:
        for one in filter(None, (cls.http, cls.files)):
            await one.aclose()
        cls.http = cls.files = None


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, UUID) else value


def _problem(status: int, body: bytes) -> ApiProblem:
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return ApiProblem(status, f"http_{status}", f"HTTP {status}")
    return ApiProblem(problem.status, problem.code, problem.detail, problem.errors, problem.params)


class ApiClient:
    """Requests in the name of one session token, or of nobody. Cheap to make; holds no connection of its own."""

    def __init__(
        self, token: str | None = None, *, language: str | None = None, address: str | None = None, browser: str | None = None
    ) -> None:
        """`address` and `browser` (its User-Agent): the API counts and records people, not this process (its TRUSTED_PROXIES)."""
        self._token = token
        self._headers = {"Accept": "application/json"}
        if browser:
            self._headers["User-Agent"] = browser.encode("ascii", "ignore").decode()
        if address:
            self._headers["X-Forwarded-For"] = address
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if language:
            self._headers["Accept-Language"] = language

    async def get(self, path: str, type: type[T], params: Params | None = None) -> T:
        return await self._decoded("GET", path, type, params=params)

    async def post(
        self,
        path: str,
        type: type[T],
        body: msgspec.Struct | None = None,
        params: Params | None = None,
        *,
        key: str | None = None,
        version: int | None = None,
    ) -> T:
        """One Idempotency-Key for all tries: while nobody knows whether it went through, a signed-in person's POST is tried again.
        `key` is that of the caller, who may try again later; `version` as in `patch`."""
        headers = {"Idempotency-Key": key or str(uuid4()), **({} if version is None else {"If-Match": f'"{version}"'})}
        for pause in _PAUSES if "Authorization" in self._headers else ():
            try:
                return await self._decoded("POST", path, type, body=body, params=params, headers=headers)
            except (Offline, ApiProblem) as error:
                if not _unknown(error):
                    raise
            await asyncio.sleep(pause)
        return await self._decoded("POST", path, type, body=body, params=params, headers=headers)

    async def patch(
        self, path: str, type: type[T], body: msgspec.Struct, *, version: int | None = None, params: Params | None = None
    ) -> T:
        """`version`: what the person saw. Raises ApiProblem 412 when somebody changed it since."""
        headers = None if version is None else {"If-Match": f'"{version}"'}
        return await self._decoded("PATCH", path, type, body=body, params=params, headers=headers)

    async def put(
        self,
        path: str,
        type: type[T],
        body: msgspec.Struct | None = None,
        params: Params | None = None,
        *,
        version: int | None = None,
    ) -> T:
        """`version` as in `patch`."""
        headers = None if version is None else {"If-Match": f'"{version}"'}
        return await self._decoded("PUT", path, type, body=body, params=params, headers=headers)

    async def delete(self, path: str, params: Params | None = None, *, version: int | None = None) -> None:
        """`version` as in `patch`."""
        headers = None if version is None else {"If-Match": f'"{version}"'}
        await self._call("DELETE", path, None, params=params, headers=headers)

    async def delete_from(self, path: str, type: type[T]) -> T:
        """Deletes what hangs on something; the answer is that thing as it is now."""
        return await self._decoded("DELETE", path, type)

    async def upload(
        self, path: str, type: type[T], file: Uploaded, fields: Mapping[str, str] | None = None, *, field: str = "file"
    ) -> T:
        """Streams a file as multipart/form-data, after the plain `fields`. Memory stays at one chunk."""
        boundary = uuid4().hex
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (fields or {}).items()
        )
        name = file.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")  # as browsers do: HTML standard, form data
        content_type = (file.content_type or "application/octet-stream").replace("\r", "").replace("\n", "")
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        )
        start, end = head.encode(), f"\r\n--{boundary}--\r\n".encode()

        async def stream() -> AsyncIterator[bytes]:
            yield start
            async for chunk in file.iterate():
                yield chunk
            yield end

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(start) + file.size() + len(end)),
            "Idempotency-Key": str(uuid4()),
        }
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS + file.size() / _UPLOAD_SPEED):
                return await self._decoded("POST", path, type, content=stream(), headers=headers)
        except TimeoutError as error:
            raise Offline("the upload stood still") from error

    @asynccontextmanager
    async def download(
        self, path: str, params: Params | None = None, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Opens a streamed answer: `async for chunk in response.aiter_bytes()`. `path` may be a whole address."""
        request = self._request("GET", path, params=params, headers=headers)
        try:
            assert Pool.files is not None
            response = await Pool.files.send(request, stream=True)
        except httpx.TransportError as error:
            raise Offline(str(error)) from error
        try:
            if response.status_code >= 400:
                raise _problem(response.status_code, await response.aread())
            yield response
        finally:
            await response.aclose()

    def _unanswered(self) -> None:
        if self._token and Pool.unanswered is not None:
            Pool.unanswered(self._token)

    async def _decoded(self, method: str, path: str, type: type[T], **rest: Any) -> T:
        return cast(T, await self._call(method, path, type, **rest))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> httpx.Request:
        query = {name: _plain(value) for name, value in (params or {}).items() if value is not None}
        return _http().build_request(
            method, path, params=query or None, headers={**self._headers, **(headers or {})}, content=content
        )

    async def _call(
        self,
        method: str,
        path: str,
        type: type[T] | None,
        *,
        body: msgspec.Struct | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
    ) -> Any:
        if body is not None:
            content = msgspec.json.encode(body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        request = self._request(method, path, params=params, headers=headers, content=content)
        try:
            response = await _http().send(request)
        except httpx.TransportError as error:
            self._unanswered()
            raise Offline(str(error)) from error
        if response.status_code >= 400:
            if response.status_code >= 500:
                self._unanswered()
            raise _problem(response.status_code, response.content)
        if type is None or (type is Done and not response.content):
            return Done() if type is Done else None
        try:
            return msgspec.json.decode(response.content, type=type)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ApiProblem(502, "unreadable_answer", str(error)) from error


def _http() -> httpx.AsyncClient:
    if Pool.http is None:
        raise Offline("the connection pool is closed")
    return Pool.http
