"""The sandbox's own door shows caught mails with their sign-in links: who may look, and from where."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from workers.sandbox.app import World
from workers.sandbox.config import Settings, parse


@asynccontextmanager
async def door(folder: Path, **settings: str) -> AsyncIterator[httpx.AsyncClient]:
    world = World(Settings(port=0, smtp_port=-1, data=folder, **settings))  # type: ignore[arg-type]
    await world.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}", timeout=60) as client:
            yield client
    finally:
        await world.stop()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8790", "127.0.0.1.evil.example", "", "[::1", "localhost.evil"])
@pytest.mark.parametrize("path", ["/mail", "/sandbox/mails", "/sandbox/accounts"])
async def test_a_site_that_points_its_name_here_reads_nothing(tmp_path: Path, host: str, path: str) -> None:
    async with door(tmp_path) as client:
        assert (await client.get(path, headers={"host": host})).status_code == 403


async def test_names_of_this_machine_get_in(tmp_path: Path) -> None:
    async with door(tmp_path) as client:
        for host in ("127.0.0.1:8790", "localhost", "[::1]:8790"):
            assert (await client.get("/mail", headers={"host": host})).status_code == 200, host
        assert (await client.get("/mail", headers={"origin": "https://evil.example"})).status_code == 403


async def test_the_token_opens_the_door_by_any_name(tmp_path: Path) -> None:
    async with door(tmp_path, admin_token="segredo-do-ensaio") as client:
        refused = await client.get("/mail")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        basic = base64.b64encode(b"anyone:segredo-do-ensaio").decode()
        for given in ("Bearer segredo-do-ensaio", f"Basic {basic}"):
            assert (await client.get("/mail", headers={"authorization": given, "host": "sandbox:8790"})).status_code == 200
        for given in ("", "Bearer x", "Basic !!!", f"Basic {base64.b64encode(b'segredo-do-ensaio').decode()}"):
            assert (await client.get("/mail", headers={"authorization": given})).status_code == 401, given


def test_other_machines_get_in_only_with_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--host", "0.0.0.0"], {})
    assert "SANDBOX_ADMIN_TOKEN" in capsys.readouterr().err
    assert parse(["--host", "0.0.0.0"], {"SANDBOX_ADMIN_TOKEN": "x" * 20}).admin_token == "x" * 20


async def test_what_it_keeps_is_for_its_user_only(tmp_path: Path) -> None:
    async with door(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0
