"""Following a link keeps what every page is made of (ui/theme/visit.js), and nobody can tell, but for the time it takes."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _marked(page: Page) -> bool:
    return bool(await page.evaluate("window.mark === 'stays'"))


async def _home(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.ui}/")
    await settled(page)
    await page.evaluate("window.mark = 'stays'")


async def test_a_link_changes_the_page_and_not_the_document(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    await _home(page, stack)
    await page.locator(".m-side").get_by_role("link", name="Contatos").click()
    await page.wait_for_url(f"{stack.ui}/contacts")
    await expect(page).to_have_title(re.compile("Contatos"))
    await expect(page.locator("body > [role=status]")).to_have_text(re.compile("Contatos"))
    await expect(page.locator(".m-side a[aria-current=page]")).to_have_text(re.compile("Contatos"))
    await page.locator("tbody .m-tick").first.click()  # the page hears presses, and answers
    await expect(page.get_by_text("1 selecionado")).to_be_visible()
    await expect(page.get_by_text("Conexão perdida")).to_be_hidden()

    await page.evaluate("scrollTo(0, 600)")
    first = await page.locator("tbody .m-row-link").first.get_attribute("href")
    await page.locator("tbody .m-row-link").nth(20).click()
    await page.wait_for_url(re.compile(r"/contacts/[0-9a-f-]{36}$"))
    await settled(page)
    assert await page.evaluate("scrollY") == 0
    await page.go_back()
    await page.wait_for_url(f"{stack.ui}/contacts")
    await expect(page.locator("tbody .m-row-link").first).to_have_attribute("href", first or "")
    await page.wait_for_function("scrollY > 0")  # as it was left
    await page.go_forward()
    await page.wait_for_url(re.compile(r"/contacts/[0-9a-f-]{36}$"))
    await settled(page)
    assert await _marked(page)
    assert not wrong


async def test_what_is_no_page_of_ours_is_opened_by_the_browser(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    await _home(page, stack)
    await page.goto(f"{stack.ui}/channels")
    await settled(page)
    await page.evaluate("window.mark = 'stays'")
    await page.locator("a[href^='/channels/connect']").first.click()  # its policy lets the provider's script run
    await page.wait_for_url(re.compile("/channels/connect"))
    assert not await _marked(page)

    async def another_release(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=re.sub(r"/assets/app-\w+\.js", "/assets/app-0.js", await answer.text()))

    await _home(page, stack)
    await page.route("**/templates", another_release, times=1)
    await page.locator(".m-side").get_by_role("link", name="Modelos").click()
    await page.wait_for_function("window.mark === undefined && document.title.startsWith('Modelos')")

    await _home(page, stack)
    with_tab = page.locator(".m-side").get_by_role("link", name="Campanhas")
    async with context.expect_page() as opened:
        await with_tab.click(modifiers=["ControlOrMeta"])
    await (await opened.value).close()
    assert page.url == f"{stack.ui}/"
    await context.clear_cookies()
    await with_tab.click()
    await page.wait_for_url(re.compile(r"/sign-in\?"))
    await expect(page.get_by_label("E-mail")).to_be_visible()
    assert not wrong


async def test_the_last_of_two_links_wins(stack: Stack, context: BrowserContext) -> None:
    """Who changes their mind while a page is on its way gets the page that they pressed last."""
    page, wrong = await new_page(context)
    await enter(context, stack)
    await _home(page, stack)

    async def held(route: Route) -> None:
        await page.locator(".m-side").get_by_role("link", name="Modelos").click()
        await page.wait_for_url(f"{stack.ui}/templates")
        await route.continue_()

    await page.route("**/contacts", held, times=1)
    await page.locator(".m-side").get_by_role("link", name="Contatos").click(no_wait_after=True)
    await page.wait_for_url(f"{stack.ui}/templates")
    await settled(page)
    await expect(page).to_have_title(re.compile("Modelos"))
    assert await _marked(page)
    assert not wrong
