"""The interactive reference: an operation is found, tried with a key, and answers on the page; and the place where agents connect."""

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def test_an_operation_is_tried_from_the_reference(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        made = await api.post("/v1/api-keys", json={"name": "Referência", "scopes": ["contacts:read", "contacts:write"]})
    page, wrong = await new_page(context)
    await page.goto(f"{stack.api}/docs")
    await page.get_by_label("API key (kept in this field only)").fill(made.json()["secret"])
    await page.get_by_label("Find an operation").fill("post contacts/{contact_id}/notes")
    await expect(page.locator("details.op:visible")).to_have_count(1)
    await page.get_by_label("Find an operation").fill("get /v1/contacts list")
    found = page.locator("details.op:visible", has_text="List contacts").first
    await found.locator("summary").first.click()
    await found.get_by_text("Try it", exact=True).click()
    await found.get_by_label("limit (query)").fill("1")
    await found.get_by_role("button", name="Send").click()
    await expect(found.locator("output")).to_contain_text("200")
    await expect(found.locator("output")).to_contain_text('"next_cursor"')
    await found.get_by_label("limit (query)").fill("0")
    await found.get_by_role("button", name="Send").click()
    await expect(found.locator("output")).to_contain_text("422")
    assert [line for line in wrong if "422" not in line] == []


async def test_the_settings_say_where_agents_connect(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/settings?tab=agents")
    await expect(page.get_by_text("/mcp").first).to_be_visible()
    await settled(page)
    assert wrong == []
