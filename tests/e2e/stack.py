"""The whole installation as a person starts it: `python -m db up` on free ports with a data folder of its own.

It refuses to look inside: what a test needs to know it asks the screens, the API or the sandbox's ledger.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect
from playwright.async_api import TimeoutError as PageTimeout

from db.seed.accounts import EMAIL, PASSWORD
from tests.bench.ports import free_ports

START_SECONDS = 180.0
STOP_SECONDS = 40.0
PATIENCE = 60_000  # milliseconds until something should be seen; a busy machine needs more than the usual five seconds
ROOT = Path(__file__).resolve().parents[2]
_BUSY = "[aria-busy=true], .m-skel"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic", "--use-fake-device-for-media-stream",
]  # fmt: skip


class Stack:
    """A running installation: addresses without a slash at the end, and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process, ports: list[int]) -> None:
        self.ui, self.api, self.sandbox = (f"http://127.0.0.1:{port}" for port in ports[:3])
        self.printed: list[str] = []
        self._process = process

    async def read(self, ready: asyncio.Event) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.printed.append(line.decode(errors="replace").rstrip())
            if "is ready" in self.printed[-1]:
                ready.set()

    async def token(self, email: str = EMAIL, password: str = PASSWORD) -> str:
        """A session of the API beside the one of the browser."""
        async with httpx.AsyncClient(base_url=self.api, timeout=60) as client:
            answer = await client.post("/v1/auth/sign-in", json={"email": email, "password": password})
            answer.raise_for_status()
            return str(answer.json()["token"])

    @contextlib.asynccontextmanager
    async def client(self, email: str = EMAIL, password: str = PASSWORD) -> AsyncIterator[httpx.AsyncClient]:
        """The API as a person of the company."""
        headers = {"Authorization": f"Bearer {await self.token(email, password)}"}
        async with httpx.AsyncClient(base_url=self.api, headers=headers, timeout=60) as client:
            yield client

    async def ledger(self, since: int = 0, **where: str) -> list[dict[str, Any]]:
        """What the sandbox accepted after entry `since`, oldest first."""
        found: list[dict[str, Any]] = []
        async with httpx.AsyncClient(base_url=self.sandbox, timeout=60) as client:
            while True:
                answer = (await client.get("/sandbox/ledger", params={"since": since, **where})).json()
                found += answer["data"]
                if not answer["next"]:
                    return found
                since = answer["next"]

    async def last_entry(self) -> int:
        """The number of the newest entry of the ledger; 0 before the first."""
        async with httpx.AsyncClient(base_url=self.sandbox, timeout=60) as client:
            newest = (await client.get("/sandbox/ledger", params={"order": "desc", "limit": 1})).json()["data"]
        return int(newest[0]["number"]) if newest else 0


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    *,
    speed: float = 10,
    demo: bool = True,
    command: Sequence[str] = (sys.executable, "-m", "db", "up"),
    cwd: Path = ROOT,
    patience: float = START_SECONDS,
) -> AsyncIterator[Stack]:
    """Starts, waits until it says that it is ready, and stops it as Ctrl-C does. `speed`: how much faster people act."""
    ports = free_ports(4)
    names = ("UI_PORT", "API_PORT", "SANDBOX_PORT", "SANDBOX_SMTP_PORT")
    ours = {name: str(port) for name, port in zip(names, ports, strict=True)}
    elsewhere = {"DATABASE_URL", "DATABASE_OWNER_URL", "VALKEY_URL", "PUBLIC_URL", "WEBHOOK_URL", "SANDBOX_URL", "API_URL"}
    tests = ("PYTEST_", "NICEGUI_", "TEST_")  # NiceGUI behaves otherwise when it believes itself in a test
    kept = {name: value for name, value in os.environ.items() if name not in elsewhere and not name.startswith(tests)}
    process = await asyncio.create_subprocess_exec(
        *command, *([] if demo else ["--no-demo"]),
        cwd=cwd, env={**kept, **ours, "DATA_DIR": str(folder), "SANDBOX_SPEED": str(speed), "WEBHOOKS_ALLOW_LOCAL": "true"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    stack = Stack(process, ports)
    ready = asyncio.Event()
    reader = asyncio.create_task(stack.read(ready))
    try:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({waiting, reader}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not ready.is_set():
            raise RuntimeError("The installation did not start:\n" + "\n".join(stack.printed))
        yield stack
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        await reader


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The Chromium of this machine, without a window."""
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("The browser tests need Chromium: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def new_page(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and the list that fills with what went wrong in it: errors of the console and of scripts."""
    page = await context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.set_default_timeout(PATIENCE)
    return page, wrong


async def sign_in(page: Page, stack: Stack, email: str = EMAIL, password: str = PASSWORD) -> None:
    """From the sign-in page to the first page."""
    await page.goto(f"{stack.ui}/")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Senha", exact=True).fill(password)
    await page.get_by_role("button", name="Entrar", exact=True).click()
    await page.get_by_role("link", name="Campanhas").first.wait_for()


async def enter(context: BrowserContext, stack: Stack, email: str = EMAIL, password: str = PASSWORD) -> None:
    """Signed in, without the way over the sign-in page."""
    await context.add_cookies([{"name": "mia_session", "value": await stack.token(email, password), "url": stack.ui}])


async def settled(page: Page) -> None:
    """Every place of the page has what it asked for, and the fonts are there. Says which place has not."""
    try:
        await page.wait_for_function(f"!document.querySelector('{_BUSY}') && window.socket?.connected !== false")
    except PageTimeout as error:
        asked = f"[window.socket?.connected, document.querySelector('{_BUSY}')?.parentElement.outerHTML.slice(0, 500)]"
        raise AssertionError(f"{page.url} did not settle: {await page.evaluate(asked)}") from error
    await page.evaluate("document.fonts.ready.then(() => true)")


async def pressed_until(button: Locator, shown: Locator) -> None:
    """Presses, and once more where nothing came of it in half a minute, as a person would on a machine that is too busy."""
    await button.click()
    try:
        await shown.wait_for(timeout=30_000)
    except PageTimeout:
        await button.click()
        await shown.wait_for()


async def onward(page: Page, step: str) -> None:
    """To the next step of the campaign wizard; `step` is its name there."""
    await page.get_by_role("button", name="Continuar").click()
    await page.locator(".m-wiz-on", has_text=step).wait_for()
    await page.locator(".m-wiz-body [aria-busy=true]").wait_for(state="detached")
