"""A card that is carried to the edge of the board or of a column takes them along, by mouse and by finger."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import Browser, CDPSession, Locator, Page, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

AT_THE_RIGHT = "board => board.scrollLeft + board.clientWidth >= board.scrollWidth - 2"
AT_THE_LEFT = "board => board.scrollLeft <= 2"
AT_THE_BOTTOM = "list => list.scrollTop + list.clientHeight >= list.scrollHeight - 2"
AT_THE_TOP = "list => list.scrollTop <= 2"


async def _board(api: httpx.AsyncClient) -> str:
    """A board wider than the screen, whose first stage is longer than it."""
    board = (await api.post("/v1/boards", json={"name": "Largo"})).json()
    for number in range(5):
        (await api.post(f"/v1/boards/{board['id']}/stages", json={"name": f"Etapa {number}"})).raise_for_status()
    for number in range(14, 0, -1):  # each comes to the top
        given = {
            "board_id": board["id"],
            "stage_id": board["stages"][0]["id"],
            "title": f"Cartão {number:02}",
            "value_cents": 100,
        }
        (await api.post("/v1/leads", json=given)).raise_for_status()
    return str(board["id"])


@asynccontextmanager
async def _shown(stack: Stack, browser: Browser, width: int, *, touch: bool) -> AsyncIterator[tuple[Page, str]]:
    async with stack.client() as api:
        board_id = await _board(api)
        context = await browser.new_context(
            locale="pt-BR", viewport={"width": width, "height": 700}, has_touch=touch, is_mobile=touch, reduced_motion="reduce"
        )
        await enter(context, stack)
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/boards/{board_id}")
        await settled(page)
        yield page, board_id
        await context.close()
        assert wrong == []
        (await api.delete(f"/v1/boards/{board_id}")).raise_for_status()


async def _until(place: Locator, there: str) -> None:
    await place.page.wait_for_function(f"element => ({there})(element)", arg=await place.element_handle())


async def _middle(place: Locator) -> tuple[float, float]:
    box = await place.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def test_by_mouse(stack: Stack, browser: Browser) -> None:
    async with _shown(stack, browser, 1100, touch=False) as (page, _board_id):
        board, first = page.locator(".m-board"), page.locator(".m-leads").first
        area, column = await board.bounding_box(), await first.bounding_box()
        assert area
        assert column
        x, y = await _middle(page.locator(".m-lead", has_text="Cartão 01"))
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x + 12, y + 12, steps=4)
        await page.locator(".m-lead-flying").wait_for()
        await page.mouse.move(x, column["y"] + column["height"] - 20, steps=8)
        await _until(first, AT_THE_BOTTOM)
        await expect(first.locator(".m-lead").last).to_have_class(re.compile("m-lead-ghost"))  # although the hand stands still
        await page.mouse.move(x, column["y"] - 15, steps=8)  # beyond the edge
        await _until(first, AT_THE_TOP)
        await page.mouse.move(area["x"] + area["width"] - 20, column["y"] + 200, steps=8)
        await _until(board, AT_THE_RIGHT)
        await page.mouse.move(*await _middle(page.locator(".m-stage").last.locator(".m-leads")), steps=8)
        await page.locator(".m-stage").last.locator(".m-lead-ghost").wait_for()
        await page.mouse.up()
        await expect(page.locator(".m-stage").last.locator(".m-lead-link")).to_have_text(["Cartão 01"])
        x, y = await _middle(page.locator(".m-lead", has_text="Cartão 01"))
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x - 12, y + 12, steps=4)
        await page.locator(".m-lead-flying").wait_for()
        await page.mouse.move(area["x"] + 20, column["y"] + 200, steps=8)
        await _until(board, AT_THE_LEFT)
        await page.mouse.move(column["x"] + 100, column["y"] + 200, steps=8)
        await first.locator(".m-lead-ghost").wait_for()
        await page.mouse.up()
        await expect(page.locator(".m-stage").first.locator(".m-stage-count")).to_have_text("14")
        await expect(page.locator(".m-stage").last.locator(".m-lead")).to_have_count(0)


async def _touch(cdp: CDPSession, kind: str, *places: tuple[float, float]) -> None:
    for x, y in places or ((0.0, 0.0),):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        await cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def _way(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    return [(start[0] + (end[0] - start[0]) * step / 8, start[1] + (end[1] - start[1]) * step / 8) for step in range(1, 9)]


async def test_by_finger(stack: Stack, browser: Browser) -> None:
    """On a phone a stage fills the screen and snaps into place, but not while a card is carried."""
    async with _shown(stack, browser, 390, touch=True) as (page, board_id):
        board, first = page.locator(".m-board"), page.locator(".m-leads").first
        column = await first.bounding_box()
        assert column
        cdp = await page.context.new_cdp_session(page)
        start = await _middle(page.locator(".m-lead", has_text="Cartão 01"))
        await _touch(cdp, "touchStart", start)
        await page.locator(".sortable-chosen").wait_for()  # it was held long enough
        bottom, middle = (start[0], column["y"] + column["height"] - 20), (start[0], column["y"] + column["height"] / 2)
        await _touch(cdp, "touchMove", *_way(start, bottom))
        await page.locator(".m-lead-flying").wait_for()
        await _until(first, AT_THE_BOTTOM)
        await _touch(cdp, "touchMove", *_way(bottom, middle))
        edge = (378.0, middle[1])
        await _touch(cdp, "touchMove", *_way(middle, edge))
        await _until(board, AT_THE_RIGHT)
        await _touch(cdp, "touchMove", *_way(edge, middle))
        await page.locator(".m-stage").last.locator(".m-lead-ghost").wait_for()
        await _touch(cdp, "touchEnd")
        await expect(page.locator(".m-stage").last.locator(".m-lead-link")).to_have_text(["Cartão 01"])
        async with stack.client() as api:
            await expect(page.locator(".m-lead-busy")).to_have_count(0)
            stages = (await api.get(f"/v1/boards/{board_id}")).json()["stages"]
        assert [stage["leads"] for stage in stages] == [13, *[0] * (len(stages) - 2), 1]
