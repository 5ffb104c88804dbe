"""Before a launch the review says who is left out and why, shows them, and leads to where it is mended; a second text is tried beside the first."""

from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(300)]


async def test_the_review_names_who_is_left_out_and_tries_a_second_text(stack: Stack, context: BrowserContext) -> None:
    mark = uuid4().hex[:8]
    async with stack.client() as api:
        channels = (await api.get("/v1/channels")).json()["items"]
        channel = next(one for one in channels if one["kind"] == "sms" and one["state"] == "connected")
        tag = (await api.post("/v1/tags", json={"name": f"Antes {mark}"})).json()
        for number in range(3):
            person = {"name": f"Rita {number} {mark}", "phone": f"97 99{int(mark[:3], 16):04}0{number:02}", "tags": [tag["name"]]}
            made = await api.post("/v1/contacts", json=person)
            assert made.is_success, made.text
        assert (await api.post("/v1/suppressions", json={"addresses": [person["phone"]], "note": "Lista"})).is_success
        draft = {"name": f"Antes {mark}", "channel_id": channel["id"], "audience": {"tags": [tag["id"]]}}
        campaign = (await api.post("/v1/campaigns", json=draft)).json()["id"]
        changed = await api.patch(f"/v1/campaigns/{campaign}", json={"body": "Oi {{first_name|você}}!"})
        assert changed.is_success, changed.text

    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/campaigns/{campaign}/edit?step=message")
    await page.get_by_role("button", name="Testar outro texto ao lado deste").click()
    await expect(page.get_by_role("tab", name="Texto B")).to_have_attribute("aria-selected", "true")
    await page.get_by_label("Mensagem", exact=True).fill("{{first_name|Olá}}, só hoje!")
    await expect(page.locator(".m-phone")).to_contain_text("só hoje!")
    await page.goto(f"{stack.ui}/campaigns/{campaign}/edit?step=review")
    await expect(page.get_by_text("2 textos: 20% das pessoas testam")).to_be_visible()
    line = page.locator(".m-sum-bad, .m-sum", has_text="1 pessoa").filter(has=page.get_by_role("button", name="Quem")).first
    await line.get_by_role("button", name="Quem").click()
    await expect(page.get_by_role("dialog").get_by_role("link", name=f"Rita 2 {mark}")).to_be_visible()
    await page.keyboard.press("Escape")
    await settled(page)
    await line.get_by_role("button", name="Público").click()
    await expect(page.locator(".m-wiz-on", has_text="Público")).to_be_visible()
    assert wrong == []
