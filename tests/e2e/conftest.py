"""One installation and one browser for all tests of this folder; each test has a browser profile of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.e2e.stack import Stack, chromium, running


@pytest.fixture(scope="package")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("installation")
    async with running(folder) as found:
        yield found


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser of somebody in Brazil who was never here."""
    found = await browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1360, "height": 820})
    yield found
    await found.close()
