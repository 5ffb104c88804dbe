"""One process's way to servers of models: the `openai` package over connections of ours, made once.

An address that a company gave is checked when it is called, and the connection goes to the very address that was checked
(`workers/http.py`). The package's own retries, redirects, cookies, proxies and settings from the environment are off: who may be
charged decides what is repeated, and nothing of this installation may reach a server that a company named.
"""

import asyncio
import importlib.util
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2
import msgspec

from db.ai.connection import Connection, Opened, sandbox_key
from db.ai.enums import Provider
from db.ai.errors import CallFailure
from db.settings import Settings
from workers.http import Blocked, GuardedBackend, OutboundError, Resolve, check_url, system_resolver
from workers.llm import errors
from workers.llm.outcomes import Filtered, Malformed, NotConnected, TimedOut, Trouble, Unreachable


def _later(name: str) -> ModuleType:
    """A module that runs when somebody first asks it for something."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    import openai
else:
    openai = sys.modules.get("openai") or _later("openai")  # a second and 30 MB, which are nothing for who has no AI

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_TIMEOUT = 5.0
MAX_BYTES = 32 * 1024 * 1024
"""Of one answer: 256 vectors of 3,072 numbers, written out, are far less."""
AZURE_VERSION = "2024-10-21"


class Failed(Exception):
    """A call brought no answer."""

    def __init__(self, outcome: Trouble | Filtered | NotConnected) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


_loading = threading.Lock()


def _load() -> None:
    with _loading:
        _ = openai.AsyncOpenAI


class _Backend(httpcore2.AsyncNetworkBackend):
    """Opens connections: resolve, check all, connect to a checked address."""

    def __init__(self, guard: GuardedBackend) -> None:
        self._guard, self._open = guard, httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._guard.checked_addresses(host, port, timeout)
        for number, address in enumerate(addresses):
            try:
                return await self._open.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(addresses) - 1:
                    raise
        raise OutboundError("dns", f"{host} has no address")

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise Blocked("unix sockets")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error where it grows too large."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > MAX_BYTES:
                raise OutboundError("too_large", f"more than {MAX_BYTES} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncHTTPTransport):
    """httpx2's transport over our backend."""

    def __init__(self, guard: GuardedBackend, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False, retries=0)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls, max_connections=200, max_keepalive_connections=20, keepalive_expiry=30, retries=0,
            network_backend=_Backend(guard),
        )  # fmt: skip

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise OutboundError("protocol", "a compressed answer")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return response


def _http(allow_private: bool, resolve: Resolve, tls: ssl.SSLContext) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=_Transport(GuardedBackend(allow_private=allow_private, resolve=resolve), tls),
        follow_redirects=False,
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"accept-encoding": "identity"},  # a compressed answer could unfold to any size
    )


class Models:
    """The clients of one process. `allow_local`: companies may name private addresses."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
        openai_url: str = OPENAI_URL,
    ) -> None:
        self._sandbox_url, self._allow_local, self._openai_url = settings.sandbox_url, settings.ai_allow_local, openai_url
        context = tls or ssl.create_default_context()
        self._theirs = _http(settings.ai_allow_local, resolve, context)
        self._sandbox = _http(True, resolve, context)

    async def close(self) -> None:
        await self._theirs.aclose()
        await self._sandbox.aclose()

    def off(self, connection: Connection) -> NotConnected | None:
        """Why nothing can be asked here; None: it can."""
        played = connection.provider is Provider.SANDBOX and not self._sandbox_url
        return NotConnected(CallFailure.SANDBOX_OFF) if played else None

    async def client(self, opened: Opened, timeout: float) -> "openai.AsyncOpenAI":
        """For one call. Raises Failed when it is off or the address is not allowed."""
        connection = opened.connection
        if (off := self.off(connection)) is not None:
            raise Failed(off)
        await asyncio.to_thread(_load)
        options: dict[str, Any] = {
            "api_key": opened.key or "none",
            "admin_api_key": "",
            "organization": "",
            "project": "",
            "webhook_secret": "",
            "max_retries": 0,
            "timeout": httpx2.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout)),
            "http_client": self._theirs,
        }
        client: openai.AsyncOpenAI
        if connection.provider is Provider.SANDBOX:
            options |= {"http_client": self._sandbox, "api_key": opened.key or sandbox_key(opened.company_id)}
            client = openai.AsyncOpenAI(base_url=f"{self._sandbox_url}/openai/v1", **options)
        elif connection.provider is Provider.OPENAI:
            client = openai.AsyncOpenAI(base_url=self._openai_url, **options)
        else:
            self._check(connection.base_url)
            if connection.provider is Provider.AZURE and not _speaks_v1(connection.base_url):
                version = connection.api_version or AZURE_VERSION
                client = openai.AsyncAzureOpenAI(azure_endpoint=connection.base_url, api_version=version, **options)
            else:
                client = openai.AsyncOpenAI(base_url=connection.base_url, **options)
        # What the package took from this installation's environment all the same, and headers without a value.
        client._custom_headers = {}
        client.organization, client.project = connection.organization or None, None
        return client

    def _check(self, url: str) -> None:
        try:
            check_url(url, allow_private=self._allow_local)
        except Blocked as error:
            raise Failed(_blocked(error)) from error


def _speaks_v1(url: str) -> bool:
    """Azure's newer address, `https://….openai.azure.com/openai/v1`: as OpenAI's, without versions."""
    return url.rstrip("/").endswith("/openai/v1")


def _blocked(error: OutboundError) -> Unreachable:
    failure = CallFailure.ADDRESS_REFUSED if isinstance(error, Blocked) else CallFailure.UNREACHABLE
    surely = error.kind in ("blocked", "dns", "connect")
    return Unreachable(failure, error.detail[:300], sent=not surely, cut=not surely)


@contextmanager
def failures(key: str) -> Iterator[None]:
    """Turns whatever the package raises into `Failed`."""
    try:
        try:
            yield
        except Failed:
            raise
        except Exception:
            _load()  # what is named below is there once the package is whole: another thread may be in the middle of it
            raise
    except Failed:
        raise
    except openai.APIStatusError as error:
        raise Failed(errors.meaning(error.status_code, error.response.content, error.response.headers, key)) from error
    except (openai.APITimeoutError, TimeoutError, httpx2.TimeoutException) as error:
        connecting = isinstance(error.__cause__, httpx2.ConnectTimeout) or isinstance(error, httpx2.ConnectTimeout)
        raise Failed(Unreachable(sent=False) if connecting else TimedOut()) from error
    except openai.APIConnectionError as error:
        surely = isinstance(error.__cause__, httpx2.ConnectError)
        raise Failed(Unreachable(detail=str(error.__cause__ or "")[:300], sent=not surely, cut=not surely)) from error
    except openai.APIError as error:  # an error in the middle of a stream
        body = error.body if isinstance(error.body, dict) else {"message": error.message}
        raise Failed(errors.meaning(500, msgspec.json.encode({"error": body}), {}, key)) from error
    except OutboundError as error:
        raise Failed(_blocked(error)) from error
    except (httpx2.HTTPError, ssl.SSLError) as error:
        raise Failed(Unreachable(detail=type(error).__name__, cut=True)) from error
    except (openai.OpenAIError, ValueError, TypeError, RecursionError) as error:
        raise Failed(Malformed(f"{type(error).__name__}: {error}"[:300])) from error


def plain(chunk: object) -> dict[str, object]:
    """A piece of a stream. Raises ValueError: the package hands on whatever stands in a line."""
    if not isinstance(chunk, openai.BaseModel):
        raise ValueError("a piece of a stream that is no object")
    return chunk.to_dict(mode="json")


_models: Models | None = None


def connect(models: Models) -> None:
    """What this process calls models with."""
    global _models
    _models = models


def models() -> Models:
    if _models is None:
        raise RuntimeError("No way to models: call workers.llm.client.connect() first.")
    return _models


async def close() -> None:
    global _models
    if _models is not None:
        await _models.close()
        _models = None
