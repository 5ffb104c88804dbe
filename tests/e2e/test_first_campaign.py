"""From sign-up to a launched campaign on the simulator: how many times a newcomer has to press."""

import re

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.newcomer import PEOPLE, first_campaign
from tests.e2e.stack import Stack, new_page

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

MOST = 12
_COUNT = "addEventListener('pointerdown', event => event.isTrusted && window.pressed(), true)"


async def test_twelve_presses_lead_from_sign_up_to_a_launched_campaign(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    pressed: list[str] = []
    presses: list[int] = []
    await page.expose_function("pressed", lambda: pressed.append(page.url))  # by mouse or finger; typing does not count
    await page.add_init_script(_COUNT)
    said = await first_campaign(page, stack, lambda: presses.append(len(pressed)))
    assert presses[0] <= MOST, pressed
    assert {f"55119000000{number:02}" for number in range(1, PEOPLE + 1)} <= said

    # the rehearsal is ticked, and nothing else: the simulator is no channel, its people are no contacts of the company
    await page.goto(f"{stack.ui}/")
    await expect(page.locator(".m-todo-done")).to_have_text(re.compile("Ensaie uma campanha"))
    await expect(page.locator(".m-todo-now")).to_contain_text("Conecte seu número")
    assert wrong == []
