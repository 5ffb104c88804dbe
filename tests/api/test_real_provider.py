"""Sign-in by an OpenID provider that others wrote, found by its issuer address alone: `oidc-provider-mock`, in a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest
from litestar import Litestar

from api.auth import oidc
from tests.bench.ports import free_ports

_USER = '{"sub": "ana", "email": "ana.real@example.com", "email_verified": true, "name": "Ana Lima"}'


@pytest.fixture
async def issuer() -> AsyncIterator[str]:
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user-claims", _USER,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            try:
                await client.get(f"{address}/.well-known/openid-configuration")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    yield address
    process.terminate()
    await process.wait()


async def test_a_provider_is_added_by_its_issuer(
    client: httpx.AsyncClient, app: Litestar, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    oidc._known.clear()
    added = {"oidc_issuer": issuer, "oidc_client_id": "panel", "oidc_client_secret": "kept-secret", "oidc_name": ""}
    monkeypatch.setattr(app.state, "settings", msgspec.structs.replace(app.state.settings, **added))
    listed = (await client.get("/v1/auth/providers")).json()["items"]
    assert listed[-1] == {"id": "oidc", "label": "127.0.0.1"}
    for step, more in (("sign_up", {"company_name": "Loja Real"}), ("ready", {})):
        started = (await client.post("/v1/auth/providers/oidc/start", json={})).json()
        async with httpx.AsyncClient() as browser:
            sent = await browser.post(started["address"], data={"sub": "ana"})
        assert sent.status_code == 302, sent.text
        brought = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
        needed = await client.post("/v1/auth/providers/return", json={"flow": started["flow"], **brought})
        assert needed.status_code == 200, needed.text
        assert (needed.json()["step"], needed.json()["email"]) == (step, "ana.real@example.com")
        done = await client.post("/v1/auth/providers/complete", json={"flow": started["flow"], **more})
        assert done.status_code == 200, done.text
        assert (done.json()["me"]["email"], done.json()["me"]["email_verified"]) == ("ana.real@example.com", True)
