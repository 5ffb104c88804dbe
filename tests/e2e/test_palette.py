"""Ctrl+K: where to go and what to do by a few letters, with the keyboard alone, and by a button on a phone."""

import re
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_WRONG = "async () => (await axe.run('.m-palette', {resultTypes: ['violations']})).violations.map((one) => [one.id, one.nodes[0].html])"
_MARKED = ".m-palette-option[aria-selected=true]"


async def _open(page: Page) -> None:
    """Once the page is there to be asked what it has."""
    await page.locator("[data-palette]").wait_for(state="attached")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Busque, vá a uma página ou faça algo")).to_be_focused()


async def test_somebody_is_found_by_a_few_letters(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        people = (await api.get("/v1/contacts", params={"limit": 1, "sort": "name"})).json()["items"]
    person: dict[str, Any] = people[0]
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/team")
    await settled(page)
    await _open(page)
    field = page.get_by_role("combobox")
    # pages stand there without anybody being asked, also without their accents
    await field.fill("configuracoes")
    await expect(page.locator(_MARKED)).to_have_text(re.compile("Configurações"))
    # what the server finds is added, and what is marked stays marked
    await field.fill(person["phone_display"])
    line = page.get_by_role("option", name=person["name"]).first
    await expect(line).to_be_visible()
    await page.evaluate(_AXE)
    assert await page.evaluate(_WRONG) == []
    await expect(page.locator(_MARKED)).to_have_attribute("id", await field.get_attribute("aria-activedescendant") or "")
    contact = page.locator(f'.m-palette-option[data-path="/contacts/{person["id"]}"]')
    await expect(contact).to_be_visible()
    for _step in range(12):
        if await contact.get_attribute("aria-selected") == "true":
            break
        await field.press("ArrowDown")
    await field.press("Enter")
    await page.wait_for_url(f"{stack.ui}/contacts/{person['id']}")
    await expect(page.get_by_role("heading", name=person["name"], level=1)).to_be_visible()
    # what was looked at stands first when nothing is typed; the page says so over its socket
    kept = "path => Object.keys(localStorage).some((key) => key.startsWith('recent:') && localStorage[key].includes(path))"
    await page.wait_for_function(kept, arg=f"/contacts/{person['id']}")
    await page.goto(f"{stack.ui}/team")
    await settled(page)
    await _open(page)
    await expect(page.locator(_MARKED)).to_have_attribute("data-path", f"/contacts/{person['id']}")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("combobox")).to_have_count(0)
    # the actions of the page
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("convidar")
    await page.get_by_role("combobox").press("Enter")
    await expect(page.get_by_role("dialog").get_by_label("E-mail")).to_be_visible()
    assert wrong == []


async def test_a_conversation_is_opened_and_acted_on(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        one, other = (await api.get("/v1/conversations", params={"view": "all", "limit": 2})).json()["items"]
        await api.patch(f"/v1/conversations/{one['id']}", json={"assignee_id": None, "state": "open"})
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/inbox/{other['id']}")
    await settled(page)
    await page.evaluate("window.stays = true")
    await _open(page)
    await page.get_by_role("combobox").fill(one["contact_name"] or one["address"])
    line = page.locator(f'.m-palette-option[data-path="/inbox/{one["id"]}"]')
    await expect(line).to_be_visible()
    await line.click()
    await page.wait_for_url(f"{stack.ui}/inbox/{one['id']}")
    await expect(page.locator(f'.m-thread-name[href="/contacts/{one["contact_id"]}"]')).to_be_visible()
    await expect(page.get_by_role("button", name="Assumir")).to_be_visible()
    assert await page.evaluate("window.stays")  # the same page
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("assumir")
    await expect(page.locator(_MARKED).locator("kbd")).to_have_text("A")
    await page.get_by_role("combobox").press("Enter")
    await expect(page.get_by_role("button", name="Assumir")).to_be_hidden()
    assert wrong == []


async def test_a_phone_has_a_button(stack: Stack, browser: Browser) -> None:
    context = await browser.new_context(locale="pt-BR", viewport={"width": 390, "height": 844}, has_touch=True)
    await enter(context, stack)
    page, wrong = await new_page(context)
    await page.goto(f"{stack.ui}/team")
    await settled(page)
    await page.get_by_role("button", name="Buscar").click()
    await page.get_by_role("option", name="Quadros").click()
    await page.wait_for_url(f"{stack.ui}/boards")
    assert wrong == []
    await context.close()
