"""Every main page on a small dark phone: it fits, it speaks Portuguese, and the browser finds nothing to complain about."""

import pytest
from babel.messages.pofile import read_po
from playwright.async_api import Browser, Page, expect

from tests.e2e.stack import Stack, new_page, settled, sign_in
from ui import i18n

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(240)]

_PATHS = (
    "/contacts",
    "/imports",
    "/campaigns/new",
    "/templates",
    "/channels",
    "/channels/connect",
    "/sandbox",
    "/team",
    "/settings",
)
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


def _english() -> set[str]:
    """Whole texts of the web app that read otherwise in Portuguese."""
    found: set[str] = set()
    for path in i18n.catalogues("pt_BR"):
        with path.open("rb") as file:
            found |= {str(one.id) for one in read_po(file) if isinstance(one.id, str) and one.string and one.string != one.id}
    return found - {""}


async def _fits(page: Page, english: set[str]) -> None:
    await settled(page)
    assert await page.evaluate(_WIDER) == [], page.url
    assert await page.evaluate(_LIGHTNESS) < 60, page.url
    texts = set(await page.evaluate(_TEXTS))
    assert len(texts) > 4, page.url
    assert texts & english == set(), page.url


async def test_every_page_fits_a_dark_phone(stack: Stack, browser: Browser) -> None:
    context = await browser.new_context(
        locale="pt-BR", viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True, is_mobile=True
    )
    try:
        page, wrong = await new_page(context)
        english = _english()
        for path in ("/sign-in", "/sign-up", "/forgot-password"):
            await page.goto(stack.ui + path)
            await _fits(page, english)
        await sign_in(page, stack)
        await _fits(page, english)
        await page.get_by_role("link", name="Campanhas").last.tap()
        await expect(page.get_by_role("heading", name="Campanhas", level=1)).to_be_visible()
        await _fits(page, english)
        await page.get_by_text("Promoção de verão").first.tap()
        await expect(page.get_by_role("heading", name="Promoção de verão", level=1)).to_be_visible()
        await expect(page.locator(".m-way-delivered .m-figure")).not_to_have_text("0")
        await _fits(page, english)
        for path in _PATHS:
            await page.goto(stack.ui + path)
            await _fits(page, english)
        assert wrong == []
    finally:
        await context.close()
