"""What every answer of the API tells a browser, whatever kind of answer it is; and that a page elsewhere can do nothing with it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from api.journal import Journal
from api.log import RequestLogging
from db.permissions import Role
from tests.api.conftest import SignInAs

EVIL = {"Origin": "https://evil.example", "Cookie": "mia_session=mia_s_x; __Host-mia_session=mia_s_x"}


def harmless(answer: httpx.Response) -> None:
    """Raises AssertionError unless a browser makes nothing of the answer but what it says to be, and no other page reads it."""
    told, where = answer.headers, f"{answer.request.method} {answer.request.url} {answer.status_code}"
    assert told.get_list("x-content-type-options") == ["nosniff"], where
    [policy] = told.get_list("content-security-policy")
    assert "default-src 'none'" in policy, where
    assert "frame-ancestors 'none'" in policy, where
    assert "unsafe-eval" not in policy, where
    assert len(told.get_list("cache-control")) == 1, where
    assert not [name for name in told if name.startswith("access-control-")], where


def _ours(answer: httpx.Response) -> None:
    harmless(answer)
    told, where = answer.headers, f"{answer.request.method} {answer.request.url} {answer.status_code}"
    assert told.get_list("referrer-policy") == ["no-referrer"], where
    assert told.get_list("x-frame-options") == ["DENY"], where
    assert told.get_list("cross-origin-resource-policy") == ["same-origin"], where
    assert len(told["x-request-id"]) == 32, where


async def test_every_kind_of_answer_carries_the_headers(
    client: httpx.AsyncClient, sign_in_as: SignInAs, belongings: dict[str, str]
) -> None:
    headers = await sign_in_as(Role.OWNER)
    json = {"content-type": "application/json"}
    wanted: list[tuple[str, str, dict[str, str], bytes, int]] = [
        ("GET", "/v1/me", headers, b"", 200),
        ("POST", "/v1/tags", headers | json, b'{"name":"novo"}', 201),
        ("DELETE", f"/v1/tags/{belongings['tag_id']}", headers, b"", 204),
        ("GET", "/v1/me", {}, b"", 401),
        ("GET", "/v1/team", await sign_in_as(scopes=[]), b"", 403),
        ("GET", f"/v1/contacts/{uuid4()}", headers, b"", 404),
        ("GET", "/nowhere", {}, b"", 404),
        ("PUT", "/v1/me", headers, b"", 405),
        ("OPTIONS", "/v1/me", EVIL | {"Access-Control-Request-Method": "GET"}, b"", 401),
        ("POST", "/v1/tags", headers | json, b"x" * 70_000, 413),
        ("POST", "/v1/tags", headers | {"content-type": "text/plain"}, b"{}", 415),
        ("POST", "/v1/tags", headers | json, b"{}", 422),
        ("GET", "/v1/contacts/export.csv", headers, b"", 200),
        ("GET", f"/v1/campaigns/{belongings['campaign_id']}/recipients.csv", headers, b"", 200),
        ("HEAD", "/v1/events", headers, b"", 200),
        ("GET", "/files/x", {}, b"", 404),
        ("GET", "/v1/openapi.json", {}, b"", 200),
        ("GET", "/docs", {}, b"", 200),
        ("GET", "/docs/openapi.json", {}, b"", 200),
        ("GET", "/docs/errors", {}, b"", 200),
        ("GET", "/docs/errors/not_found", {}, b"", 200),
        ("GET", "/docs/errors/nothing", {}, b"", 404),
        ("GET", "/health", {}, b"", 200),
        ("GET", "/ready", {}, b"", 200),
        ("GET", "/metrics", {}, b"", 200),
    ]
    for method, path, given, body, status in wanted:
        answer = await client.request(method, path, headers=given, content=body)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:200])
        _ours(answer)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_page_elsewhere_acts_in_nobodys_name(client: httpx.AsyncClient, sign_in_as: SignInAs, kind: str) -> None:
    """A browser sends cookies by itself, and with a form no header of ours: neither opens anything. What a browser cannot send without
    asking first (JSON, Authorization) it may not send, since no answer allows it."""
    token = (await sign_in_as(Role.OWNER))["Authorization"].removeprefix("Bearer ")
    cookies = {"Cookie": f"mia_session={token}; __Host-mia_session={token}", "Origin": "https://evil.example"}
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/tags"), ("DELETE", "/v1/me/sessions")):
        answer = await client.request(method, path, headers=cookies | {"content-type": kind}, content=b'{"name":"x"}')
        assert answer.status_code == 401, (method, path)
    signed_in = await client.post("/v1/auth/sign-in", headers=cookies | {"content-type": kind}, content=b"{}")
    assert signed_in.status_code == 415
    asked = EVIL | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    for path in ("/v1/tags", "/v1/auth/sign-in"):
        assert not [name for name in (await client.options(path, headers=asked)).headers if name.startswith("access-control-")]


async def test_a_body_is_cut_off_at_its_limit_whatever_it_announces(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    """Without a length that could be refused at once: what is read of it stays a little more than the limit."""
    headers = await sign_in_as(Role.OWNER)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * 1024 * 1024:
            sent += 64 * 1024
            yield b"x" * (64 * 1024)

    for path, kind, most in (
        ("/v1/tags", "application/json", 64 * 1024),
        ("/v1/auth/sign-in", "application/json", 64 * 1024),
    ):
        sent = 0
        answer = await client.post(path, headers=headers | {"content-type": kind}, content=endless())
        assert answer.status_code == 413, answer.text
        assert sent <= most + 3 * 64 * 1024
    for path in ("/v1/imports", "/v1/message-files"):  # a stranger's upload is not read at all
        sent = 0
        answer = await client.post(path, headers={"content-type": "multipart/form-data; boundary=x"}, content=endless())
        assert (answer.status_code, sent <= 2 * 64 * 1024) == (401, True), sent


async def test_over_https_the_browser_keeps_to_it(client: httpx.AsyncClient, app: Litestar) -> None:
    secure = RequestLogging(app, https=True, journal=Journal())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=secure), base_url="https://api.example") as https:  # type: ignore[arg-type]
        assert (await https.get("/health")).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in (await client.get("/health")).headers


async def test_no_address_that_opens_something_is_written_down(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by the wrong method, nor beside its path."""
    lines: list[str] = []

    class Log:
        def info(self, _event: str, **fields: object) -> None:
            lines.append(str(fields["path"]))

    monkeypatch.setattr("api.log.log", Log())
    token = "in_" + "Zq7" * 14
    for method, path in (
        ("GET", f"/v1/hooks/in/{token}"),
        ("POST", f"/v1/hooks/in/{token}"),
        ("POST", f"/hook/in/{token}"),
        ("POST", f"/files/{token}"),
        ("PUT", f"/v1/auth/invitations/{token}"),
    ):
        assert (await client.request(method, path)).status_code in (404, 405)
    assert len(lines) == 5
    assert token not in "".join(lines)
