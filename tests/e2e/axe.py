"""axe-core finds nothing to complain about on any page: in light, in dark, on a phone. No rule is off."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Page

from tests.e2e.stack import Stack, new_page, settled, sign_in

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(300)]

_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_RUN = """async only => (await axe.run(document, {resultTypes: ['violations'], ...(only ? {runOnly: only} : {})})).violations
    .map(found => `${found.id}: ${found.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`)"""
_STILL = """() => document.documentElement.classList.contains('m-dark')
    && document.getAnimations().every(one => one.playState !== 'running')"""
_WIDE, _PHONE = {"width": 1360, "height": 820}, {"width": 390, "height": 844}
_OUTSIDE = ("/sign-in", "/sign-up", "/forgot-password", "/reset-password?token=x", "/offline", "/nowhere")
_INSIDE = (
    "/", "/contacts", "/contacts/fields", "/imports", "/campaigns", "/campaigns/new", "/templates", "/templates/new", "/channels", "/channels/connect",
    "/channels/connect/whatsapp", "/channels/connect/sms", "/sandbox", "/team", "/settings", "/held",
)  # fmt: skip


async def _inner_pages(stack: Stack) -> list[str]:
    """One of each kind of page that is about one thing."""
    async with stack.client() as api:

        async def first(path: str, **where: Any) -> dict[str, Any]:
            found: dict[str, Any] = (await api.get(path, params=where)).json()["items"][0]
            return found

        draft, done = await first("/v1/campaigns", state="draft"), await first("/v1/campaigns", state="finished")
        channels = (await api.get("/v1/channels")).json()["items"]
        person = await first("/v1/contacts")
        sheet = {"file": ("Clientes.csv", b"Nome;Celular;Cidade\r\nBia;(11) 98765-4321;Natal\r\n", "text/csv")}
        file = (await api.post("/v1/imports", files=sheet)).json()
    steps = ("channel", "audience", "message", "when", "review")
    return [
        *(f"/campaigns/{draft['id']}/edit?step={step}" for step in steps),
        f"/campaigns/{done['id']}",
        *(f"/channels/{channel['id']}" for channel in channels[:2]),
        f"/contacts/{person['id']}",
        f"/imports/{file['id']}",
    ]


async def _violations(page: Page, address: str) -> list[str]:
    """On a wide screen in light and dark, and on a phone; what only the colours change is asked again for the colours only."""
    await page.set_viewport_size(_WIDE)  # type: ignore[arg-type]
    await page.goto(address)
    await settled(page)
    await page.evaluate(_AXE)
    found = {"light": await page.evaluate(_RUN, None)}
    await page.emulate_media(color_scheme="dark")
    await page.wait_for_function(_STILL)
    found["dark"] = await page.evaluate(_RUN, ["color-contrast"])
    await page.set_viewport_size(_PHONE)  # type: ignore[arg-type]
    await settled(page)
    await page.wait_for_function(_STILL)
    found["dark phone"] = await page.evaluate(_RUN, None)
    await page.emulate_media(color_scheme="light")
    return [f"{address.partition('/')[2]} {look} {text}" for look, texts in found.items() for text in texts]


async def test_axe_finds_nothing(stack: Stack, browser: Browser) -> None:
    context = await browser.new_context(locale="pt-BR", color_scheme="light", reduced_motion="reduce", bypass_csp=True)
    try:
        page, _wrong = await new_page(context)
        found: list[str] = []
        for path in _OUTSIDE:
            found += await _violations(page, stack.ui + path)
        await sign_in(page, stack)
        for path in (*_INSIDE, *await _inner_pages(stack)):
            found += await _violations(page, stack.ui + path)
        assert found == [], "\n".join(found)
    finally:
        await context.close()
