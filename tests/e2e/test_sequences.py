"""The editor of sequences in a browser: begun with a starter, worked with the keyboard alone, clear with twenty steps on a phone."""

from uuid import uuid4

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _made(api: httpx.AsyncClient, steps: list[dict[str, object]]) -> str:
    made = await api.post("/v1/cadences", json={"name": f"Sequência {uuid4().hex[:6]}", "plan": {"steps": steps}})
    made.raise_for_status()
    return str(made.json()["id"])


async def test_a_sequence_is_written_with_the_keyboard_and_fits_a_phone(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        await enter(context, stack)
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/cadences/{await _made(api, [])}")
        await page.get_by_role("button", name="Reconquistar quem sumiu").click()
        steps = page.locator(".m-seq-step")
        await expect(steps).to_have_count(3)
        await expect(steps.first).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(steps.nth(1)).to_be_focused()
        await page.keyboard.press("Alt+ArrowUp")
        await expect(steps.first).to_contain_text("Esperar 7 dias")
        await expect(steps.first).to_be_focused()
        await page.keyboard.press("Delete")
        await expect(steps).to_have_count(2)
        await page.get_by_role("button", name="Desfazer").click()
        await expect(steps).to_have_count(3)
        await expect(steps.first).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Quanto tempo")).to_have_value("7")
        await page.keyboard.press("Escape")

        def wait() -> dict[str, object]:
            return {"kind": "wait", "id": str(uuid4()), "minutes": 1440}

        inside: list[dict[str, object]] = [wait() for _ in range(3)]
        ask = {"kind": "branch", "id": str(uuid4()), "condition": {"kind": "replied"}, "yes": inside, "no": [wait(), wait()]}
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.goto(f"{stack.ui}/cadences/{await _made(api, [*(wait() for _ in range(13)), ask, wait()])}")
        await settled(page)
        await expect(steps).to_have_count(20)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the phone"
        await page.get_by_role("button", name="Esconder os dois caminhos (5 passos dentro)").click()
        await expect(steps.filter(visible=True)).to_have_count(15)
        assert wrong == []
