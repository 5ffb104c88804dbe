"""The hooks alone, over their own servers where a test must stop them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.hooks.asgi import Hooks, in_front
from db.settings import Settings


async def nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("not a webhook")


def client_of(hooks: Hooks) -> httpx.AsyncClient:
    """Requests into the ASGI application, without a socket."""
    transport = httpx.ASGITransport(app=in_front(hooks, nothing))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://testserver")


@pytest.fixture(scope="session")
async def hooks(database: Settings) -> AsyncIterator[Hooks]:
    async with Hooks(database).running() as hooks:
        yield hooks


@pytest.fixture
async def hook_client(hooks: Hooks) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(hooks) as client:
        yield client
