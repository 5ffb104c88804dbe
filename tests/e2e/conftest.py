"""One installation and one browser in each process that runs tests of this folder; each test has a browser profile of its own."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from db.seed.personas import ANSWERS_ALL
from tests.e2e.stack import Stack, chromium, running
from tests.workers.qr.conftest import PACKAGES


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="masteria-e2e-"))  # not pytest's: its next run locks out whom Postgres runs as
    folder.chmod(0o755)
    PACKAGES.mkdir(parents=True, exist_ok=True)
    (folder / "qr").symlink_to(PACKAGES)  # what is installed for numbers by QR code is so once for all tests
    async with running(folder) as found:
        await _slowed(found)
        await _silenced(found)
        yield found
    shutil.rmtree(folder, ignore_errors=True)


async def _slowed(stack: Stack) -> None:
    """The campaign that the demo company is sending goes on, with one message in ten seconds in place of forty: all programs would be busy
    with it for as long as the tests take."""
    async with stack.client() as api:
        for channel in (await api.get("/v1/channels")).json()["items"]:
            if channel["kind"] == "sms":
                (await api.patch(f"/v1/channels/{channel['id']}", json={"throughput": 0.1})).raise_for_status()


async def _silenced(stack: Stack) -> None:
    """Whoever writes to the shop's number waits for people: what answers them all by itself has no part in these tests."""
    async with stack.client() as api:
        for persona in (await api.get("/v1/personas")).json()["items"]:
            if persona["name"] == ANSWERS_ALL:
                (await api.post(f"/v1/personas/{persona['id']}/pause")).raise_for_status()


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser of somebody in Brazil who was never here, and who wants no motion: drawing it, sixty times a second, is most of what a
    browser does. Contexts that a test makes by itself have it."""
    found = await browser.new_context(
        locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1360, "height": 820}, reduced_motion="reduce"
    )
    yield found
    await found.close()
