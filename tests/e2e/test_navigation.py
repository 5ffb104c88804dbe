"""Lists and steps as a browser knows them: rows are links, the address says what is shown, Back goes back."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.stack import Stack, enter, new_page, onward, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_COVERED = """row => {
    const box = row.getBoundingClientRect(), text = row.querySelector('.m-strong').getBoundingClientRect();
    return [...row.querySelectorAll('td')].some((cell) => ['::before', '::after'].some((part) => {
        const look = getComputedStyle(cell, part);
        return look.display !== 'none' && look.content !== 'none' && Number(look.opacity) > 0 && look.backgroundColor !== 'rgba(0, 0, 0, 0)';
    }));
}"""
_RING = "element => getComputedStyle(element).outlineStyle + getComputedStyle(element).outlineWidth"


async def _filtered(page: Page, stack: Stack) -> str:
    """The contacts of a tag, on their second page; the name of the first person there."""
    await page.goto(f"{stack.ui}/contacts")
    await settled(page)
    await page.get_by_role("button", name="Ordem").click()
    await page.get_by_text("Por nome", exact=True).click()
    await page.wait_for_url(re.compile(r"order=name"))
    await page.get_by_role("button", name="Próxima").click()
    await page.wait_for_url(re.compile(r"page=2"))
    await expect(page.get_by_text(re.compile(r"^51–100 de"))).to_be_visible()
    return await page.locator("tbody tr .m-strong").first.inner_text()


async def test_a_list_is_found_again(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    name = await _filtered(page, stack)
    row = page.locator("tbody tr").first
    await row.hover()
    assert not await row.evaluate(_COVERED)
    # a row by keyboard: its check box with a ring, then its link
    await page.get_by_role("checkbox", name=f"Selecionar {name}").focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    tick = page.get_by_role("checkbox", name=f"Selecionar {name}")
    await expect(tick).to_be_focused()
    assert await tick.locator(".q-checkbox__bg").evaluate(_RING) == "solid2px"
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name=name).first).to_be_focused()
    # a middle click opens it beside
    async with page.context.expect_page() as beside:
        await row.click(button="middle", position={"x": 500, "y": 20})
    await (await beside.value).close()
    await page.get_by_role("link", name=name).first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/contacts/[0-9a-f-]{36}"))
    await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text(re.compile(r"^51–100 de"))).to_be_visible()
    await expect(page.locator("tbody tr .m-strong").first).to_have_text(name)
    # Back undoes page and order, one by one
    await page.get_by_role("button", name="Anterior").click()
    await expect(page.get_by_text(re.compile(r"^1–50 de"))).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text(re.compile(r"^51–100 de"))).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text(re.compile(r"^1–50 de"))).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("button", name="Ordem", exact=True)).to_be_visible()
    # the way up from a person leads to the list as it was left
    await _filtered(page, stack)
    await page.locator("tbody tr .m-row-link").first.click()
    await page.locator(".m-crumbs a").click()
    await expect(page.get_by_text(re.compile(r"^51–100 de"))).to_be_visible()
    assert wrong == []


async def test_back_in_the_wizard_is_a_step_back(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/campaigns")
    await page.get_by_role("link", name="Nova campanha").first.click()
    await page.get_by_role("radio", name="SMS").first.click()
    await onward(page, "Público")
    await page.get_by_role("radio", name=re.compile("^Todos")).click()
    await onward(page, "Mensagem")
    await page.go_back()
    await expect(page.locator(".m-wiz-on")).to_have_text(re.compile("Público"))
    await page.go_back()
    await expect(page.locator(".m-wiz-on")).to_have_text(re.compile("Canal"))
    await page.go_forward()
    await expect(page.locator(".m-wiz-on")).to_have_text(re.compile("Público"))
    await page.reload()
    await expect(page.locator(".m-wiz-on")).to_have_text(re.compile("Público"))
    await page.go_back()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Campanhas", level=1)).to_be_visible()
    assert wrong == []


async def test_a_name_that_is_cut_short_is_told_whole(stack: Stack, context: BrowserContext) -> None:
    long, short = "Aniversário de " + "muitos " * 12 + "clientes", "Dia do amigo"
    async with stack.client() as api:
        for name in (long, short):
            (await api.post("/v1/campaigns", json={"name": name})).raise_for_status()
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/campaigns")
    await settled(page)
    for name, told in ((long, long), (short, None)):
        link = page.get_by_role("link", name=name)
        await link.hover()
        await expect(link).to_have_attribute("data-whole", "yes" if told else "")
        assert await link.get_attribute("title") == told
    assert wrong == []


async def test_a_lost_connection_is_read_aloud(stack: Stack, context: BrowserContext) -> None:
    page, _ = await new_page(context)
    await page.goto(f"{stack.ui}/login")
    await settled(page)
    lost = page.get_by_role("alert").filter(has_text="Conexão perdida.")
    await expect(lost).to_be_hidden()
    await page.evaluate("window.socket.disconnect()")
    await expect(lost).to_be_visible()
