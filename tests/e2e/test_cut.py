"""The network between the web app and the API is cut, in silence or with every connection broken: afterwards nothing is missing
in open pages and nothing was sent twice.

CUT_SECONDS=30 cuts as long as a switch takes to restart.
"""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.bench.ports import free_ports
from tests.e2e.stack import ROOT, Stack, enter, new_page, settled
from tests.e2e.test_composer import somebody

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

SECONDS = float(os.environ.get("CUT_SECONDS", "3"))
BEFORE, ANSWER, AFTER = "Vocês entregam no sábado", "Entregamos até as 14h.", "Perfeito, obrigada!"
DURING = [f"Mais uma pergunta, a {number}ª" for number in range(1, 4)]
_SIZE = {"width": 1440, "height": 900}


class Wire:
    """Forwards what comes on a port of its own to `port`, until it is cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = asyncio.Event()
        self._open.set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        ends = {writer, onward}
        self._ends |= ends
        try:
            await asyncio.gather(self._carry(reader, onward), self._carry(there, writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(1 << 16):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def cut(self, *, broken: bool) -> AsyncIterator[None]:
        """Nothing passes meanwhile. `broken`: connections end, else they are left to wait for what does not come."""
        self._open.clear()
        if broken:
            for end in list(self._ends):
                end.transport.abort()
        try:
            yield
        finally:
            self._open.set()


@contextlib.asynccontextmanager
async def second_web_app(stack: Stack) -> AsyncIterator[tuple[str, Wire]]:
    """Another web app of the installation, which reaches the API over a wire; its address."""
    wire = Wire(int(stack.api.rpartition(":")[2]))
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    [port] = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    given = {"API_URL": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "UI_PORT": str(port), "PUBLIC_URL": address}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NICEGUI_", "TEST_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ui", cwd=ROOT, env={**kept, **given},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(timeout=60) as client:
            async with asyncio.timeout(120):
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        await client.get(f"{address}/sign-in")
                        break
                    await asyncio.sleep(0.2)
        yield address, wire
    finally:
        process.terminate()
        await process.wait()
        server.close()


async def test_nothing_is_missing_after_a_cut(stack: Stack, browser: Browser) -> None:
    async with second_web_app(stack) as (address, wire), stack.client() as api:
        people = [await browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo", viewport=_SIZE) for _ in range(2)]
        await enter(people[0], stack)
        await enter(people[1], stack, "bruno@lojaaurora.test")
        pages = [(await new_page(context))[0] for context in people]
        before, answered = await stack.last_entry(), []
        for broken in (False, True):
            channel, person = await somebody(api)
            answered.append(person.lstrip("+"))
            await cut_off(api, pages, address, wire, channel, person, broken=broken)
        for context in people:
            await context.close()
    accepted = await stack.ledger(before, channel="meta")
    sent = [(one["recipient"].lstrip("+"), one["preview"]) for one in accepted if one["recipient"].lstrip("+") in answered]
    assert sent == [(person, ANSWER) for person in answered]


async def cut_off(
    api: httpx.AsyncClient, pages: list[Page], address: str, wire: Wire, channel: str, person: str, *, broken: bool
) -> None:
    """One cut, while a person writes and one of two who look on answers."""

    async def says(text: str) -> None:
        (await api.post(f"/v1/sandbox/{channel}/reply", json={"address": person, "text": text})).raise_for_status()

    first = f"{BEFORE} {'?' * (1 + broken)}"
    await says(first)
    talk = ""
    while not talk:
        found = (await api.get("/v1/conversations", params={"channel_id": channel, "limit": 50})).json()["items"]
        talk = next((one["id"] for one in found if one["last"] and one["last"]["text"] == first), "")
        await asyncio.sleep(0.2)
    for page in pages:
        await page.goto(f"{address}/inbox/{talk}")
        await expect(page.locator(".m-thread").get_by_text(first)).to_be_visible()
        await settled(page)

    async with wire.cut(broken=broken):
        for text in DURING:
            await says(text)
        field = pages[0].get_by_label("Escreva uma resposta")
        await field.fill(ANSWER)
        await field.press("Enter")
        await expect(pages[0].locator(".m-bubble-out", has_text=ANSWER)).to_have_count(1)
        await asyncio.sleep(SECONDS)

    await says(AFTER)
    told = ""
    while not all(text in told for text in (*DURING, AFTER)):  # a provider tells again what failed
        told = (await api.get(f"/v1/conversations/{talk}/entries")).text
        await asyncio.sleep(0.2)
    for page in pages:
        for text in (*DURING, AFTER):
            await expect(page.locator(".m-thread .m-bubble", has_text=text)).to_have_count(1)
    again = pages[0].locator(".m-bubble-out", has_text=ANSWER).get_by_role("button", name="Tentar de novo")
    if await again.count():
        await again.click()
    for page in pages:
        await expect(page.locator(".m-bubble-out", has_text=ANSWER)).to_have_count(1)
    tick = pages[-1].locator(".m-bubble-out", has_text=ANSWER).locator(".m-tick")
    await expect(tick).to_have_attribute("aria-label", re.compile("Entregue|Lida"))
