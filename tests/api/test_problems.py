"""Who gets in at all, and what every refusal looks like."""

import re

import httpx
import pytest
from litestar import Litestar

from api.openapi.document import document
from tests.api.conftest import SignInAs
from tests.api.test_every_operation import PUBLIC

NO_OPERATIONS = {  # not in the document, and for everybody
    ("GET", "/v1/openapi.json"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("POST", "/v1/hooks/in/{token}"),  # the token is the address of a hook: tests/api/test_incoming.py
    ("POST", "/v1/hooks/kommo/{token}"),  # and so is this one: tests/api/test_kommo.py
    ("POST", "/v1/auth/facebook/deauthorize"),  # Facebook signs what it says: tests/api/test_facebook.py
    ("POST", "/v1/auth/facebook/deletion"),
    ("GET", "/v1/auth/facebook/deletions/{code}"),
    ("GET", "/exports/{token}"),  # and this one: tests/api/test_privacy.py
    ("GET", "/files/{token}"),  # the token is a signed address: tests/api/test_files.py
}


async def test_every_route_but_the_listed_ones_asks_who_it_is(app: Litestar, client: httpx.AsyncClient) -> None:
    walked = 0
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                if (method, route.path_format) in PUBLIC | NO_OPERATIONS or route.path_format.startswith("/docs"):
                    continue
                path = route.path_format
                for part in ("token", "path"):
                    path = path.replace(f"{{{part}}}", "x")
                path = "/".join(
                    "0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42" if part.startswith("{") else part for part in path.split("/")
                )
                answer = await client.request(method, path, content=b"")
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"] == "unauthenticated"
                walked += 1
    assert walked > 15


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer mia_s_short",
        "Bearer " + "x" * 5000,
        "Bearer mia_live_12345678_" + "a" * 43,
    ],
)
async def test_odd_credentials(client: httpx.AsyncClient, value: str) -> None:
    assert (await client.get("/v1/me", headers={"Authorization": value})).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code", "field", "reason"),
    [
        (b"{", 400, "malformed", None, None),
        (b"\xff", 400, "malformed", None, None),
        (b"x" * 70_000, 413, "too_large", None, None),
        (b'{"password":"x"}', 422, "invalid", "email", "required"),
        (b"[]", 422, "invalid", "", "wrong_type"),
        (b'{"email":"a@b.co","password":"x","more":1}', 422, "invalid", "more", "unknown_field"),
        (b'{"email":"no","password":"x"}', 422, "invalid", "email", "email_invalid"),
        (b'{"email":"a@b.co","password":' + b'"' + b"x" * 300 + b'"}', 422, "invalid", "password", "too_long"),
    ],
)
async def test_bad_bodies(
    client: httpx.AsyncClient, body: bytes, status: int, code: str, field: str | None, reason: str | None
) -> None:
    answer = await client.post("/v1/auth/sign-in", content=body, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert [(e["field"], e["code"]) for e in problem["errors"]] == [(field, reason)]


async def test_everything_that_is_wrong_with_a_body_is_told_at_once(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    body = {
        "channel_id": "x",
        "name": "Promo Verão",
        "language": "",
        "category": "marketing",
        "footer": "x" * 61,
        "extra": 1,
    }
    problem = (await client.post("/v1/templates", json=body, headers=await sign_in_as())).json()
    assert {error["field"]: (error["code"], error.get("params", {})) for error in problem["errors"]} == {
        "channel_id": ("wrong_type", {"expected": "uuid"}),
        "name": ("template_name", {}),
        "language": ("template_language", {}),
        "footer": ("too_long", {"max": 60}),
        "extra": ("unknown_field", {}),
    }
    assert all(error["message"] for error in problem["errors"])


async def test_a_nul_in_a_text_is_the_callers_fault(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    answer = await client.patch("/v1/company", json={"name": "a\0b"}, headers=await sign_in_as())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_unknown_addresses_and_methods(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    method = await client.put("/v1/auth/sign-in")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in method.headers["allow"]


async def test_faults_of_ours_tell_only_a_number(
    app: Litestar, client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(actor: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("db.accounts.queries.company", broken)
    answer = await client.get("/v1/company", headers={**await sign_in_as(), "X-Request-Id": "number-12345"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret detail" not in answer.text
    assert "number-12345" in answer.json()["detail"]


async def test_headers_on_every_answer(client: httpx.AsyncClient) -> None:
    for path in ("/v1/nothing", "/health", "/v1/me"):
        headers = (await client.get(path, headers={"X-Request-Id": "mine-12345"})).headers
        assert headers["x-request-id"] == "mine-12345"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
    made = (await client.get("/health", headers={"X-Request-Id": "not an id"})).headers["x-request-id"]
    assert len(made) == 32


async def test_every_operation_is_explained(app: Litestar, client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    for path, item in document(app)["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert "429" in operation["responses"], where
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert content.get("example") or content["examples"], where
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    binary = content.get("schema", {}).get("format") == "binary"
                    assert binary or "example" in content or "examples" in content, (where, status)


async def test_the_docs_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "/v1/team" in page.text
    assert re.findall("<script[^>]*>", page.text) == ['<script src="/docs/try.js" defer>']
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert (await client.get("/docs/try.js")).headers["content-type"].startswith("text/javascript")
    assert "http://" not in page.text.replace("http://testserver", "")
    assert "style-src" in page.headers["content-security-policy"]
