"""The UI in process: NiceGUI's simulated browser in front, the fake API behind, both without a port."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from nicegui import core, ui
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals, prepare_simulation

from api.app import create_app
from db.settings import Settings as Servers
from db.tenancy import Actor
from tests.api.conftest import bearer, running
from tests.ui.fake_api import FakeApi
from ui import main
from ui.client.base import ApiClient
from ui.settings import Settings

SETTINGS = Settings(api_url="http://api.test", public_url="http://test", dev=True, max_upload=1000)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@asynccontextmanager
async def _browser(transport: httpx.ASGITransport, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    with nicegui_reset_globals():
        monkeypatch.setenv("NICEGUI_USER_SIMULATION", "true")
        prepare_simulation()
        main.build(SETTINGS, transport)
        async with core.app.router.lifespan_context(core.app):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(core.app), base_url="http://test") as client:
                yield User(client)
        ui.navigate, ui.notify, ui.download = Navigate(), notify, download
    os.environ.pop("NICEGUI_USER_SIMULATION", None)


@pytest.fixture
async def user(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """A browser that is not signed in. `user.http_client` speaks plain HTTP to the same app."""
    async with _browser(httpx.ASGITransport(api.app), monkeypatch) as user:
        yield user


@pytest.fixture
def ana(user: User) -> User:
    """A browser in which Ana, the owner, is signed in."""
    user.http_client.cookies.set("mia_session", "token-ana")
    return user


@pytest.fixture
async def real(
    database: Servers, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[User]:
    """The owner's browser, in front of the true API and database."""
    api = create_app(database)
    async with running(api), _browser(httpx.ASGITransport(api), monkeypatch) as user:  # type: ignore[arg-type]
        token = (await bearer(owner_db, owner))["Authorization"].removeprefix("Bearer ")
        user.http_client.cookies.set("mia_session", token)
        yield user


@pytest.fixture
async def as_owner(real: User) -> ApiClient:
    """The same person over the API."""
    return ApiClient(real.http_client.cookies["mia_session"])
