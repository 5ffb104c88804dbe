"""The browser's way to a provider and back: cookies, tickets, and where each end of it leads."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar
from nicegui.testing import User

from api.auth import oidc
from api.contract.providers import ProviderStarted
from db.tenancy import Actor
from tests.api.conftest import PASSWORD
from tests.ui.interactions import click, field
from tests.ui.test_second_factor import with_password
from ui import elsewhere
from workers.sandbox.app import World
from workers.sandbox.config import Settings as SandboxSettings


class Trip:
    """One browser (`real`), and the provider that the sandbox plays."""

    def __init__(self, real: User, api: httpx.AsyncClient, provider: httpx.AsyncClient) -> None:
        self.real, self.api, self.provider = real, api, provider

    async def there(self, headers: dict[str, str] | None = None, next: str = "/team") -> str:
        """The provider's address, with the flow's cookie in the browser."""
        path, body = "/v1/auth/providers/oidc/start", {}
        if headers:
            path, body = "/v1/me/identities", {"provider_id": "oidc", "password": PASSWORD}
        answer = await self.api.post(path, json=body, headers=headers)
        started = msgspec.json.decode(answer.content, type=ProviderStarted)
        browser = self.real.http_client.cookies["mia_browser"]
        elsewhere._tickets["t"] = elsewhere._Ticket(started, next, browser, float("inf"))
        gone = await self.real.http_client.get("/session/with?ticket=t")
        assert (gone.status_code, gone.headers["location"]) == (303, started.address)
        kept = next_cookie(gone)
        assert "HttpOnly" in kept
        assert "SameSite=lax" in kept
        again = await self.real.http_client.get("/session/with?ticket=t")
        assert again.headers["location"] == "/sign-in?why=ticket"
        return started.address

    async def back(self, address: str, email: str, **more: str) -> httpx.Response:
        form = {"go": "yes", "name": "Ana", "email": email, "verified": "on", **more}
        location = (await self.provider.post(address, data=form)).headers["location"]
        parts = urlsplit(location)
        return await self.real.http_client.get(f"{parts.path}?{parts.query}")


def next_cookie(answer: httpx.Response) -> str:
    return next(one for one in answer.headers.get_list("set-cookie") if one.startswith("mia_flow="))


@pytest.fixture
async def trip(
    real: User, app: Litestar, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Trip]:
    world = World(SandboxSettings(port=0, smtp_port=-1, data=tmp_path_factory.mktemp("sandbox")))
    await world.start()
    oidc._known.clear()
    settings = msgspec.structs.replace(app.state.settings, sandbox_url=world.settings.base_url)
    monkeypatch.setattr(app.state, "settings", settings)
    await real.http_client.get("/sign-in")  # the browser's nonce
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://testserver") as api,
        httpx.AsyncClient(base_url=world.settings.base_url) as provider,
    ):
        yield Trip(real, api, provider)
    await world.stop()


async def _seen(owner_db: asyncpg.Connection, owner: Actor) -> str:
    """The owner's address, which we have seen to be theirs."""
    return str(
        await owner_db.fetchval("update account_user set email_verified_at = now() where id = $1 returning email", owner.id)
    )


async def test_who_is_known_comes_back_signed_in(trip: Trip, owner_db: asyncpg.Connection, owner: Actor) -> None:
    email = await _seen(owner_db, owner)
    del trip.real.http_client.cookies["mia_session"]
    came = await trip.back(await trip.there(), email)
    assert (came.status_code, came.headers["location"]) == (303, "/team")
    cookies = {one.partition("=")[0]: one for one in came.headers.get_list("set-cookie")}
    assert "HttpOnly" in cookies["mia_session"]
    assert "Max-Age=0" in cookies["mia_flow"]
    assert "mia_device" in cookies
    assert (await trip.real.http_client.get("/team")).status_code == 200


async def test_who_turns_back_or_brings_anothers_answer_is_told(trip: Trip) -> None:
    came = await trip.back(await trip.there(), "x@example.com", go="no")
    assert came.headers["location"] == "/sign-in?next=%2Fteam&why=cancelled"
    foreign = await trip.real.http_client.get("/session/back?code=x&state=y")
    assert foreign.headers["location"] == "/sign-in?why=elsewhere"
    assert foreign.headers.get_list("set-cookie") == [] or "mia_session" not in str(foreign.headers)
    await trip.real.open("/sign-in?why=cancelled")
    await trip.real.should_see("Você voltou. Entre como preferir.")


async def test_who_is_new_names_a_company(trip: Trip, owner_db: asyncpg.Connection) -> None:
    came = await trip.back(await trip.there(), "nova.ui@example.com")
    assert came.headers["location"] == "/sign-in/with"
    await trip.real.open("/sign-in/with")
    await trip.real.should_see("nova.ui@example.com")
    click(trip.real, "Criar empresa")
    await trip.real.should_see("Preencha este campo.")
    field(trip.real, "Nome da empresa").value = "Loja Nova"
    assert field(trip.real, "Seu nome").value == "Ana"


async def test_an_account_is_asked_for_its_password(trip: Trip, owner_db: asyncpg.Connection, owner: Actor) -> None:
    email = await owner_db.fetchval("select email from account_user where id = $1", owner.id)
    assert (await trip.back(await trip.there(), email)).headers["location"] == "/sign-in/with"
    await trip.real.open("/sign-in/with")
    await trip.real.should_see("Já existe uma conta com este endereço.")
    field(trip.real, "Senha").value = "not this one"
    click(trip.real, "Entrar")
    await trip.real.should_see("Esta não é a senha da sua conta.")


async def test_who_is_signed_in_links_another_way_in(trip: Trip, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await with_password(owner_db, owner)
    mine = {"Authorization": f"Bearer {trip.real.http_client.cookies['mia_session']}"}
    turned = await trip.back(await trip.there(mine, elsewhere.LINKING), "other@example.com", go="no")
    assert turned.headers["location"] == "/settings?tab=security&linked=cancelled"
    came = await trip.back(await trip.there(mine, elsewhere.LINKING), "other@example.com")
    assert came.headers["location"] == "/settings?tab=security&linked=linked"
    await trip.real.open("/settings?tab=security&linked=linked")
    await trip.real.should_see("Vinculada. De agora em diante você pode entrar com ela.")
    await trip.real.should_see("Entrada com uma conta externa")
    await trip.real.should_see("Desvincular")


async def test_linking_asks_for_the_password_first(trip: Trip, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await with_password(owner_db, owner)
    await trip.real.open("/settings?tab=security&linked=elsewhere")
    await trip.real.should_see("Nada foi vinculado")
    await trip.real.should_see("Vincular")
    click(trip.real, "Vincular")
    await trip.real.should_see("Para que ninguém mais vincule uma conta própria.")
    field(trip.real, "Senha atual").value = "not this one"
    click(trip.real, "Ir para Entrada")
    await trip.real.should_see("A senha atual não confere.")
    assert await owner_db.fetchval("select count(*) from sign_in_flow where user_id = $1", owner.id) == 0


async def test_without_a_flow_the_page_leads_to_sign_in(real: User) -> None:
    await real.open("/sign-in/with")
    await real.should_see("Esta entrada não funcionou ou demorou demais. Comece de novo.")
