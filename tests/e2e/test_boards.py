"""Two people at one board: what one drags the other sees, in the same order, also after a reload; what is taken back; and what becomes of a
card when a drag fails."""

import httpx
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _board(api: httpx.AsyncClient) -> str:
    """A board of its own: four leads in the first stage, two in the second."""
    board = (await api.post("/v1/boards", json={"name": "Arrastar"})).json()
    for stage, titles in zip(board["stages"], (("Dora", "Caio", "Bia", "Ana"), ("Fred", "Eva")), strict=False):
        for title in titles:  # each comes to the top
            given = {"board_id": board["id"], "stage_id": stage["id"], "title": title, "value_cents": 10_000}
            (await api.post("/v1/leads", json=given)).raise_for_status()
    return str(board["id"])


def _column(page: Page, number: int) -> Locator:
    return page.locator(".m-stage").nth(number)


def _titles(page: Page, number: int) -> Locator:
    return _column(page, number).locator(".m-lead-link")


async def _drag(page: Page, title: str, number: int) -> None:
    """Takes a card by the mouse, to the top of another column; drops it once it hangs there."""
    card = page.locator(".m-lead", has_text=title)
    start, end = await card.bounding_box(), await _titles(page, number).first.bounding_box()
    assert start
    assert end
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 12, y + 12, steps=4)
    await page.locator(".m-lead-flying").wait_for()
    await page.mouse.move(end["x"] + 40, end["y"], steps=10)
    await _column(page, number).locator(".m-lead-ghost").wait_for()
    await page.mouse.up()
    await page.locator(".m-lead-flying").wait_for(state="detached")


async def test_a_drag_that_fails_puts_the_card_back_and_says_so(stack: Stack, browser: Browser) -> None:
    """Without a connection, and refused; a column whose loaded cards all go shows the next ones."""
    async with stack.client() as api:
        board_id = await _board(api)
        context = await browser.new_context(locale="pt-BR", viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        await enter(context, stack)
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/boards/{board_id}")
        await settled(page)

        async def back_again(said: str) -> None:
            await _drag(page, "Bia", 1)
            await expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
            await expect(_titles(page, 0)).to_have_text(["Ana", "Bia", "Caio", "Dora"])
            await expect(_titles(page, 1)).to_have_text(["Eva", "Fred"])
            await expect(page.locator(".m-lead-busy")).to_have_count(0)

        await page.evaluate("window.socket.disconnect()")
        await back_again("A conexão caiu")
        await page.evaluate("window.socket.connect()")
        await page.wait_for_function("window.socket.connected && window.did_handshake")
        (await api.delete(f"/v1/boards/{board_id}")).raise_for_status()
        await back_again("Este quadro está arquivado")
        (await api.patch(f"/v1/boards/{board_id}", json={"archived": False})).raise_for_status()
        await _drag(page, "Bia", 1)
        await expect(_titles(page, 0)).to_have_text(["Ana", "Caio", "Dora"])
        await context.close()
        assert wrong == []


async def test_what_one_drags_the_other_sees(stack: Stack, browser: Browser) -> None:
    async with stack.client() as api:
        path = f"{stack.ui}/boards/{await _board(api)}"
    pages, wrong = [], list[list[str]]()
    for _person in range(2):
        context = await browser.new_context(locale="pt-BR", viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        await enter(context, stack)
        page, found = await new_page(context)
        await page.goto(path)
        await settled(page)
        pages.append(page)
        wrong.append(found)
    one, two = pages

    await _drag(one, "Bia", 1)
    await expect(_titles(one, 0)).to_have_text(["Ana", "Caio", "Dora"])
    await expect(_titles(one, 1).filter(has_text="Bia")).to_have_count(1)
    order = await _titles(one, 1).all_inner_texts()
    await expect(_titles(two, 0)).to_have_text(["Ana", "Caio", "Dora"])
    await expect(_titles(two, 1)).to_have_text(order)
    for page in pages:
        await expect(page.locator(".m-stage-count")).to_have_text(["3", "3", "0"])
        await expect(_column(page, 1).locator(".m-stage-value")).to_have_text("R$ 300,00")

    await one.get_by_role("button", name="Desfazer").click()
    for page in pages:
        await expect(_titles(page, 0)).to_have_text(["Ana", "Bia", "Caio", "Dora"])
        await expect(_titles(page, 1)).to_have_text(["Eva", "Fred"])

    await _titles(one, 0).filter(has_text="Bia").focus()
    await one.keyboard.press("Shift+ArrowDown")
    await expect(one.locator(".m-board-box > .m-said")).to_contain_text("posição 3")
    await one.keyboard.press("Shift+ArrowRight")
    for page in pages:
        await expect(_titles(page, 0)).to_have_text(["Ana", "Caio", "Dora"])
        await expect(_titles(page, 1)).to_have_text(["Bia", "Eva", "Fred"])
    await expect(_titles(one, 1).first).to_be_focused()
    await one.reload()
    await settled(one)
    await expect(_titles(one, 0)).to_have_text(["Ana", "Caio", "Dora"])
    await expect(_titles(one, 1)).to_have_text(["Bia", "Eva", "Fred"])

    await one.get_by_role("button", name="Selecionar", exact=True).click()
    for title in ("Eva", "Dora"):
        await one.get_by_role("button", name=title, exact=True).click()
    await one.get_by_role("button", name="Mover para…").click()
    await one.get_by_role("menuitem").nth(0).click()
    for page in pages:
        await expect(_titles(page, 0)).to_have_text(["Eva", "Dora", "Ana", "Caio"])
        await expect(_titles(page, 1)).to_have_text(["Bia", "Fred"])
    await expect(one.get_by_text("2 negócios estão agora em")).to_be_visible()
    await one.keyboard.press("Control+z")
    for page in pages:
        await expect(_titles(page, 0)).to_have_text(["Ana", "Caio", "Dora"])
        await expect(_titles(page, 1)).to_have_text(["Bia", "Eva", "Fred"])

    await _titles(one, 1).filter(has_text="Eva").click()
    await expect(one.get_by_role("dialog")).to_be_visible()
    await one.go_back()
    await expect(one.get_by_role("dialog")).to_have_count(0)
    for page in pages:
        await page.context.close()
    assert wrong == [[], []]
