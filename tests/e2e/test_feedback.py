"""What is pressed says so in the browser itself: it is tested while no answer can come at all."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, WebSocketRoute, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(240)]


class Silence:
    """Keeps back what the server says over the socket, from `begin` to `end`."""

    def __init__(self) -> None:
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        self._on = False

    async def stand_between(self, page: Page) -> None:
        await page.route_web_socket(re.compile("socket.io"), self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        browser.on_message(server.send)
        server.on_message(lambda said: self._held.append((browser, said)) if self._on else browser.send(said))

    def begin(self) -> None:
        self._on = True

    def end(self) -> None:
        self._on = False
        for browser, said in self._held:
            browser.send(said)
        self._held.clear()


async def test_a_press_is_answered_before_the_server_says_anything(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    silence, root = Silence(), page.locator("html")
    await silence.stand_between(page)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/contacts")
    await settled(page)
    # a button
    onward = page.get_by_role("button", name="Próxima")
    silence.begin()
    await onward.click()
    await expect(onward).to_have_class(re.compile("m-waiting"))
    await expect(onward).not_to_have_css("opacity", "1")
    await expect(page.get_by_text(re.compile(r"^1–50 de"))).to_be_visible()
    silence.end()
    await expect(page.get_by_text(re.compile(r"^51–100 de"))).to_be_visible()
    await expect(page.locator(".m-waiting")).to_have_count(0)
    # a choice, whose menu is gone with the press
    await page.get_by_role("button", name="Ordem").click()
    by_name = page.get_by_text("Por nome", exact=True)
    await expect(by_name).to_be_visible()
    silence.begin()
    await by_name.click()
    await expect(root).to_have_class(re.compile("m-asking"))
    silence.end()
    await page.wait_for_url(re.compile(r"order=name"))
    await expect(root).not_to_have_class(re.compile("m-asking"))
    # a row, which is a link: what the page looked like when it was left
    await page.evaluate("addEventListener('leave', () => sessionStorage.setItem('look', document.documentElement.className))")
    await page.locator("tbody tr .m-row-link").first.click()
    await page.wait_for_url(re.compile(r"/contacts/[0-9a-f-]{36}"))
    await expect(root).not_to_have_class(re.compile("m-leaving"))
    assert "m-leaving" in (await page.evaluate("sessionStorage.getItem('look')")).split()
    assert wrong == []
