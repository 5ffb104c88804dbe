"""Sign-in state: the cookie, the one-time ticket, the redirects, and what the guard refuses."""

import asyncio
from typing import Any

import msgspec
import pytest
from nicegui import Client, ui
from nicegui.testing import User

from tests.ui.fake_api import PASSWORD, FakeApi
from tests.ui.interactions import until
from ui.session import Tickets, safe_next


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/team?tab=1", "/team?tab=1"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/session/start?ticket=x", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        (None, "/"),
    ],
)
def test_next_stays_inside(target: str | None, expected: str) -> None:
    assert safe_next(target) == expected


def test_a_ticket_works_once_and_only_in_its_browser() -> None:
    tickets = Tickets()
    name = tickets.leave("token", "en", "browser-a", "/team")
    assert tickets.take(name, "browser-b") is None
    name = tickets.leave("token", "en", "browser-a", "/team")
    held = tickets.take(name, "browser-a")
    assert held is not None
    assert (held.token, held.next) == ("token", "/team")
    assert tickets.take(name, "browser-a") is None


async def test_without_a_cookie_no_page_is_built(user: User) -> None:
    before = len(Client.instances)
    response = await user.http_client.get("/settings?tab=keys")
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?next=%2Fsettings%3Ftab%3Dkeys"
    assert len(Client.instances) == before


async def test_a_dead_session_leads_to_sign_in_and_leaves_no_client(user: User) -> None:
    user.http_client.cookies.set("mia_session", "long-gone")
    before = len(Client.instances)
    response = await user.http_client.get("/team")
    assert response.headers["location"] == "/sign-in?next=%2Fteam&why=expired"
    assert len(Client.instances) == before


async def _sign_in(api: FakeApi) -> Any:
    """The headers of the first one; None before it."""
    return next((headers for _method, path, headers in api.state.requests if path == "/v1/auth/sign-in"), None)


async def test_the_api_hears_which_browser_signs_in(user: User, api: FakeApi) -> None:
    user.http_client.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile"
    await user.open("/sign-in")
    email, password = sorted(user.find(kind=ui.input).elements, key=lambda field: field.id)
    email.value, password.value = "ana@lojaaurora.com.br", PASSWORD
    user.find("Entrar").click()
    asked = await until(lambda: _sign_in(api))
    assert asked["user-agent"].startswith("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile")


async def test_signing_in_sets_the_cookie_through_a_ticket(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[str] = []
    await user.open("/sign-in?next=/team")
    email, password = sorted(user.find(kind=ui.input).elements, key=lambda field: field.id)
    email.value, password.value = "ana@lojaaurora.com.br", "wrong"
    user.find("Entrar").click()
    await user.should_see("O e-mail ou a senha não confere.", retries=10)
    password.value = PASSWORD
    monkeypatch.setattr(user.navigate, "to", went.append)
    user.find("Entrar").click()
    for _try in range(1200):
        await asyncio.sleep(0.05)
        if went:
            break
    response = await user.http_client.get(went[0])
    assert response.headers["location"] == "/team"
    cookie = next(line for line in response.headers.get_list("set-cookie") if line.startswith("mia_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    again = await user.http_client.get(went[0])
    assert again.headers["location"] == "/sign-in?why=ticket"


async def test_the_browser_keeps_its_device_and_sends_it_with_the_next_sign_in(
    user: User, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    monkeypatch.setattr(user.navigate, "to", went.append)
    for sign_in in range(2):
        await user.open("/sign-in")
        email, password = sorted(user.find(kind=ui.input).elements, key=lambda field: field.id)
        email.value, password.value = "ana@lojaaurora.com.br", PASSWORD
        user.find("Entrar").click()
        for _try in range(1200):
            await asyncio.sleep(0.05)
            if len(went) > sign_in:
                break
        response = await user.http_client.get(went[sign_in])
        cookie = next(line for line in response.headers.get_list("set-cookie") if line.startswith("mia_device="))
        assert "HttpOnly" in cookie
        assert "Max-Age=31536000" in cookie
    assert api.state.devices == [None, "device-1"]


async def test_the_api_hears_where_the_browser_is_not_what_it_claims(user: User, ana: User, api: FakeApi) -> None:
    await ana.http_client.get("/settings", headers={"X-Forwarded-For": "6.6.6.6"})
    seen = {headers.get("x-forwarded-for") for _, path, headers in api.state.requests if path == "/v1/me"}
    assert seen == {"127.0.0.1"}  # httpx's simulated peer


async def test_a_used_or_made_up_ticket_is_refused(user: User) -> None:
    response = await user.http_client.get("/session/start?ticket=made-up")
    assert response.headers["location"] == "/sign-in?why=ticket"
    assert "mia_session" not in response.headers.get("set-cookie", "")


async def test_a_401_inside_a_handler_leads_to_sign_in(ana: User, api: FakeApi) -> None:
    await ana.open("/settings?tab=company")
    await ana.should_see("Nome da empresa")
    api.state.tokens.clear()
    ana.find("Salvar").click()
    await ana.should_see("Sua sessão terminou. Entre de novo para continuar.")


async def test_foreign_origins_and_big_uploads_are_refused(ana: User) -> None:
    client = await ana.open("/_gallery?tab=forms")
    polling = f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={client.id}"
    foreign = await ana.http_client.get(polling, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    own = await ana.http_client.get(polling, headers={"Origin": "http://test"})
    assert own.status_code == 200
    strange = await ana.http_client.get(polling, headers={"Origin": "http://test", "Cookie": "mia_browser=another"})
    assert strange.status_code == 403
    another = await ana.open("/sign-in")
    own_page = polling.replace(client.id, another.id) + f"&sid={msgspec.json.decode(own.text[1:])['sid']}"
    listening = await ana.http_client.get(own_page, headers={"Origin": "http://test"})
    assert listening.status_code == 403  # a page of one's own is no way into a connection of another page
    upload, from_here = f"/_nicegui/client/{client.id}/upload/1", {"Origin": "http://test"}
    assert (
        await ana.http_client.post(upload, content=b"x", headers=from_here)
    ).status_code == 403  # a public page may not upload
    client = await ana.open("/team")
    upload = f"/_nicegui/client/{client.id}/upload/1"
    assert (await ana.http_client.post(upload, content=b"x" * 1001, headers=from_here)).status_code == 413
    for elsewhere in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        assert (await ana.http_client.post(upload, content=b"x", headers=elsewhere)).status_code == 403, elsewhere
    assert (await ana.http_client.post(upload, content=b"x", headers=from_here)).status_code == 404  # it is let in: no such field
    ana.http_client.cookies.set("mia_session", "somebody-else")
    assert (await ana.http_client.post(upload, content=b"x", headers=from_here)).status_code == 403


@pytest.mark.parametrize(("language", "said"), [("pt-BR", "Conexão perdida."), ("en", "Connection lost.")])
async def test_a_lost_connection_is_told_in_the_readers_language(user: User, language: str, said: str) -> None:
    response = await user.http_client.get("/sign-in", headers={"Cookie": f"lang={language}"})
    assert said in response.text
