"""Every page as it looks: on a wide screen in light and dark, and on a small dark phone, where it fits and speaks Portuguese. axe-core
finds nothing to complain about, with no rule off, and neither does the browser."""

import asyncio
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from babel.messages.pofile import read_po
from playwright.async_api import Browser, Page, expect

from tests.e2e.stack import Stack, new_page, settled, sign_in
from ui import i18n

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_OUTSIDE = ("/sign-in", "/sign-up", "/forgot-password", "/reset-password?token=x", "/offline", "/nowhere")
_INSIDE = (
    "/", "/contacts", "/contacts/fields", "/imports", "/campaigns", "/campaigns/new", "/templates", "/templates/new", "/channels",
    "/channels/connect", "/channels/connect/whatsapp", "/channels/connect/sms", "/sandbox", "/team", "/settings", "/held",
)  # fmt: skip
_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_RUN = """async only => (await axe.run(document, {
    resultTypes: ['violations'], preload: false,
    ...(only ? {runOnly: only} : {rules: {'label-content-name-mismatch': {enabled: true}}}),
})).violations.map(found => `${found.id}: ${found.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`)"""
"""Also the rule that axe-core calls experimental: what is written on a control is part of its name."""
_STILL = """() => document.documentElement.classList.contains('m-dark')
    && document.getAnimations().every(one => one.playState !== 'running')"""
_WIDER = """() => [...document.querySelectorAll('#content, body, html')]
    .filter(one => one.scrollWidth > 390).map(one => one.id || one.tagName)"""
_TEXTS = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = new Set();
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
        if (text && parent.checkVisibility() && !parent.closest('script, style, .q-icon, .material-symbols-rounded')) found.add(text);
    }
    return [...found];
}"""
_LIGHTNESS = "() => Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))"


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


def _english() -> set[str]:
    """Whole texts of the web app that read otherwise in Portuguese."""
    found: set[str] = set()
    for path in i18n.catalogues("pt_BR"):
        with path.open("rb") as file:
            found |= {str(one.id) for one in read_po(file) if isinstance(one.id, str) and one.string and one.string != one.id}
    return found - {""}


async def _axe(page: Page, look: str, only: list[str] | None = None) -> list[str]:
    return [f"{page.url} {look} {found}" for found in await page.evaluate(_RUN, only)]


async def _wide(page: Page, address: str) -> list[str]:
    """In light, and after a change to dark what only the colours change."""
    await page.goto(address)
    await settled(page)
    await page.evaluate(_AXE)
    found = await _axe(page, "light")
    await page.emulate_media(color_scheme="dark")
    await page.wait_for_function(_STILL)
    found += await _axe(page, "dark", ["color-contrast"])
    await page.emulate_media(color_scheme="light")
    return found


async def _on_phone(page: Page, english: set[str]) -> list[str]:
    await settled(page)
    assert await page.evaluate(_WIDER) == [], page.url
    assert await page.evaluate(_LIGHTNESS) < 60, page.url
    texts = set(await page.evaluate(_TEXTS))
    assert len(texts) > 4, page.url
    assert texts & english == set(), page.url
    await page.evaluate(_AXE)
    return await _axe(page, "dark phone")


async def _walk_wide(stack: Stack, browser: Browser, inner: list[str]) -> list[str]:
    context = await browser.new_context(
        locale="pt-BR", viewport={"width": 1360, "height": 820}, color_scheme="light", reduced_motion="reduce", bypass_csp=True
    )
    page, _wrong = await new_page(context)
    found: list[str] = []
    for path in _OUTSIDE:
        found += await _wide(page, stack.ui + path)
    await sign_in(page, stack)
    for path in (*_INSIDE, *inner):
        found += await _wide(page, stack.ui + path)
    await context.close()
    return found


async def _walk_on_phone(stack: Stack, browser: Browser, inner: list[str]) -> list[str]:
    context = await browser.new_context(
        locale="pt-BR", viewport={"width": 390, "height": 844}, color_scheme="dark", reduced_motion="reduce",
        has_touch=True, is_mobile=True, bypass_csp=True,
    )  # fmt: skip
    page, wrong = await new_page(context)
    english, found = _english(), list[str]()
    for path in _OUTSIDE:
        await page.goto(stack.ui + path)
        found += await _on_phone(page, english)
    await sign_in(page, stack)
    await page.get_by_role("link", name="Campanhas").last.tap()
    await expect(page.get_by_role("heading", name="Campanhas", level=1)).to_be_visible()
    await settled(page)
    await page.get_by_text("Promoção de verão").first.tap()
    await expect(page.get_by_role("heading", name="Promoção de verão", level=1)).to_be_visible()
    await expect(page.locator(".m-way-delivered .m-figure")).not_to_have_text("0")
    for path in (*_INSIDE, *inner):
        await page.goto(stack.ui + path)
        found += await _on_phone(page, english)
    await context.close()
    return found + [line for line in wrong if "404" not in line]


async def test_every_page(stack: Stack, browser: Browser) -> None:
    inner = await _inner_pages(stack)
    async with asyncio.TaskGroup() as group:  # beside each other: pages wait for the server most of the time
        walks = [group.create_task(walk(stack, browser, inner)) for walk in (_walk_wide, _walk_on_phone)]
    found = [text for walk in walks for text in walk.result()]
    assert found == [], "\n".join(found)
