"""What every answer of the web app tells the browser: how it may be framed, read, opened and run, whatever kind of answer it is."""

import re
from uuid import uuid4

import httpx
import msgspec
import pytest
from nicegui.testing import User
from starlette.types import Receive, Scope, Send

from tests.ui.conftest import SETTINGS
from ui import visitors
from ui.guard import Guard

OWN = {"Origin": "http://test"}


def _safe(answer: httpx.Response) -> None:
    """Raises AssertionError unless every header is there, once."""
    told, where = answer.headers, f"{answer.request.method} {answer.request.url} {answer.status_code}"
    assert told.get_list("x-content-type-options") == ["nosniff"], where
    assert told.get_list("x-frame-options") == ["DENY"], where
    assert told.get_list("referrer-policy") == ["same-origin"], where
    assert told.get_list("cross-origin-opener-policy") == ["same-origin-allow-popups"], where
    assert told.get_list("cross-origin-resource-policy") == ["same-origin"], where
    assert "camera=()" in told["permissions-policy"], where
    [policy] = told.get_list("content-security-policy")
    assert "frame-ancestors 'none'" in policy, where
    for loose in ("script-src *", "default-src *", "facebook"):
        assert loose not in policy, where
    scripts = next((part for part in policy.split("; ") if part.startswith("script-src ")), "")
    assert "'unsafe-inline'" not in scripts, where
    assert not [name for name in told if name.startswith("access-control-")], where


async def test_every_kind_of_answer_carries_the_headers(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await ana.open("/team")
    socket = f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={client.id}"
    upload = f"/_nicegui/client/{client.id}/upload/1"
    page = (await ana.http_client.get("/team")).text
    linked = re.findall(r'(?:src|href)="(/(?:assets|_nicegui)/[^"]+)"', page)
    assert len(linked) > 5
    wanted: list[tuple[str, str, dict[str, str], int]] = [
        *(("GET", path, {}, 200) for path in linked[:12]),
        ("GET", "/team", {}, 200),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/health", {}, 200),
        ("GET", "/sw.js", {}, 200),
        ("GET", "/manifest.webmanifest", {}, 200),
        ("GET", "/assets/static/offline.html", {}, 200),
        ("GET", "/assets/static/nothing", {}, 404),
        ("GET", "/session/start?ticket=x", {}, 303),
        ("GET", "/session/language?lang=en", {}, 303),
        ("GET", f"/files/{uuid4()}", {}, 404),
        ("GET", "/files/x", {}, 422),
        ("GET", f"/faces/{uuid4()}", {}, 404),
        ("GET", "/contacts/export.csv", {}, 404),  # the played API has none
        ("GET", socket, OWN, 200),
        ("GET", socket, {"Origin": "https://evil.example"}, 403),
        ("POST", upload, OWN, 404),
        ("POST", upload, {"Origin": "https://evil.example"}, 403),
        ("POST", upload, OWN | {"Content-Length": "1001"}, 413),
        ("POST", "/team", OWN, 405),
        ("OPTIONS", "/team", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, 403),
    ]
    for method, path, headers, status in wanted:
        answer = await ana.http_client.request(method, path, headers=headers)
        assert answer.status_code == status, (method, path, answer.status_code)
        _safe(answer)
    ana.http_client.cookies.clear()
    for path, status in (("/team", 303), ("/sign-in", 200)):
        answer = await ana.http_client.get(path)
        assert answer.status_code == status
        _safe(answer)
    monkeypatch.setattr(visitors.Throttle, "may_open", lambda *_: False)
    answer = await ana.http_client.get("/sign-in")
    assert answer.status_code == 429
    _safe(answer)


async def test_a_fault_is_answered_with_the_headers_and_told_to_the_log() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret detail")

    transport = httpx.ASGITransport(Guard(broken, SETTINGS), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/health")
        assert (answer.status_code, answer.text) == (500, "internal error")
        _safe(answer)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Guard(broken, SETTINGS)), base_url="http://test") as client:
        with pytest.raises(RuntimeError):
            await client.get("/health")


async def test_over_https_the_browser_keeps_to_it() -> None:
    async def fine(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    https = msgspec.structs.replace(SETTINGS, public_url="https://panel.example")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Guard(fine, https)), base_url="https://panel.example") as client:
        answer = await client.get("/health")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["set-cookie"].startswith("__Host-mia_browser=")
    for word in ("HttpOnly", "SameSite=Lax", "Secure"):
        assert word in answer.headers["set-cookie"]


async def test_the_scripts_of_a_page_are_its_own(user: User) -> None:
    """Each script of a page carries its nonce, which no other answer repeats."""
    one, two = [await user.http_client.get("/sign-in") for _ in range(2)]
    nonces = [re.findall(r"'nonce-([^']+)'", each.headers["content-security-policy"]) for each in (one, two)]
    assert nonces[0] != nonces[1]
    for answer, [nonce] in zip((one, two), nonces, strict=True):
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert scripts
        assert all(f'nonce="{nonce}"' in script for script in scripts)
