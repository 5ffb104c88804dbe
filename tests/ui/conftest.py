"""The UI in process: NiceGUI's simulated browser in front, the fake API behind, both without a port.

The web app is started once for all tests of a process; each test gets it without pages, without subscriptions and with
fresh allowances."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar
from nicegui import Client, background_tasks, core, ui
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals, prepare_simulation

from db.tenancy import Actor
from tests.api.conftest import bearer
from tests.ui.fake_api import FakeApi
from ui import live, main, session
from ui.client.base import ApiClient
from ui.settings import Settings

SIMULATED = "NICEGUI_USER_SIMULATION"
SETTINGS = Settings(api_url="http://api.test", public_url="http://test", dev=True, max_upload=1000)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


class Network(httpx.AsyncBaseTransport):
    """What the web app reaches its API by: the API of the test that runs."""

    api: httpx.AsyncBaseTransport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.api.handle_async_request(request)


@pytest.fixture(scope="session")
async def network() -> AsyncIterator[Network]:
    """The network of the running web app."""
    made = Network()
    with nicegui_reset_globals(), pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(SIMULATED, "true")
        prepare_simulation()
        main.build(SETTINGS, made)
        async with core.app.router.lifespan_context(core.app):
            monkeypatch.undo()
            yield made


class Patient(User):
    """Waits as long as a busy machine may need: what is seen costs no time, and what is not fails the test anyway."""

    async def should_see(self, *what: Any, retries: int = 0, **named: Any) -> None:
        await super().should_see(*what, retries=300, **named)

    async def should_not_see(self, *what: Any, retries: int = 0, **named: Any) -> None:
        await super().should_not_see(*what, retries=600, **named)


@asynccontextmanager
async def _browser(network: Network, api: httpx.AsyncBaseTransport, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    monkeypatch.setenv(SIMULATED, "true")
    network.api = api
    core.app.middleware_stack = None  # the guard is made anew
    live.Hubs.open(SETTINGS.api_url)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(core.app), base_url="http://test") as client:
        yield Patient(client)
    for page in list(Client.instances.values()):
        session.close_page(page)
    await live.Hubs.close()
    for task in background_tasks.running_tasks.copy():
        task.cancel()
    ui.navigate, ui.notify, ui.download = Navigate(), notify, download


@pytest.fixture
async def user(network: Network, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[User]:
    """A browser that is not signed in. `user.http_client` speaks plain HTTP to the same app."""
    async with _browser(network, httpx.ASGITransport(api.app), monkeypatch) as user:
        yield user


@pytest.fixture
def ana(user: User) -> User:
    """A browser in which Ana, the owner, is signed in."""
    user.http_client.cookies.set("mia_session", "token-ana")
    return user


@pytest.fixture
async def real(
    network: Network, app: Litestar, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[User]:
    """The owner's browser, in front of the true API and database."""
    async with _browser(network, httpx.ASGITransport(app), monkeypatch) as user:  # type: ignore[arg-type]
        token = (await bearer(owner_db, owner))["Authorization"].removeprefix("Bearer ")
        user.http_client.cookies.set("mia_session", token)
        yield user


@pytest.fixture
async def as_owner(real: User) -> ApiClient:
    """The same person over the API."""
    return ApiClient(real.http_client.cookies["mia_session"])


class Recorder(httpx.AsyncBaseTransport):
    """Notes what is asked, and hands it on."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        return await self.inner.handle_async_request(request)


@pytest.fixture
def asked(network: Network, real: User) -> list[str]:
    """Every request of the web app to the true API: `GET /v1/me`."""
    recorder = Recorder(network.api)
    network.api = recorder
    return recorder.asked


@pytest.fixture
async def board(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    found: UUID = await owner_db.fetchval("select id from board where company_id = $1", owner.company_id)
    return found


@pytest.fixture
async def stages(owner_db: asyncpg.Connection, owner: Actor, board: UUID) -> list[UUID]:
    """Of the board that every company begins with: three open ones, then won, then lost."""
    rows = await owner_db.fetch(
        "select id from stage where company_id = $1 and board_id = $2 order by rank", owner.company_id, board
    )
    return [row["id"] for row in rows]
