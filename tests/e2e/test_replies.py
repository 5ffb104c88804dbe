"""A customer answers a campaign: found on its page, read and answered on the contact's, and on the customer's phone once."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

ASKED = "Vocês entregam em domicílio? 🛵"
ANSWER = "Entregamos sim, até as 20h! {{1}}"


async def test_a_reply_is_found_read_and_answered_once(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    async with stack.client() as api:
        found = (await api.get("/v1/campaigns", params={"limit": 100})).json()["items"]
        campaign = max((one for one in found if one["channel_kind"] == "whatsapp"), key=lambda one: one["counts"]["read"])
        query = {"state": "read", "replied": "false", "limit": 1}
        person = (await api.get(f"/v1/campaigns/{campaign['id']}/recipients", params=query)).json()["items"][0]
        before = await stack.last_entry()
        said = {"address": person["address"], "text": ASKED}
        assert (await api.post(f"/v1/sandbox/{campaign['channel_id']}/reply", json=said)).is_success

    await page.goto(f"{stack.ui}/campaigns/{campaign['id']}")
    await page.locator(".m-way-replied").click()
    await page.wait_for_url(re.compile(rf"/inbox\?.*campaign_id={campaign['id']}"))
    await expect(page.get_by_text(f"Responderam a {campaign['name']}")).to_be_visible()
    await page.locator(".m-inbox-row", has_text=ASKED).click()
    await expect(page.locator(".m-thread").get_by_text(ASKED)).to_be_visible()
    await page.locator(".m-thread-name").click()
    await page.wait_for_url(re.compile(rf"/contacts/{person['contact_id']}"))
    await expect(page.locator(".m-conv").get_by_text(ASKED)).to_be_visible()

    await page.get_by_label("Escreva uma resposta").fill(ANSWER)
    await page.get_by_role("button", name="Enviar", exact=True).dblclick()
    bubble = page.locator(".m-bubble-out", has_text=ANSWER)
    await expect(bubble.locator(".m-tick")).to_have_attribute("aria-label", re.compile("Enviada|Entregue|Lida"))
    await expect(bubble).to_have_count(1)
    await expect(page.get_by_label("Escreva uma resposta")).to_have_value("")

    accepted = await stack.ledger(before, channel="meta")
    ours = [entry for entry in accepted if entry["recipient"].lstrip("+") == person["address"].lstrip("+")]
    assert [entry["preview"] for entry in ours] == [ANSWER]
    async with stack.client() as api:
        path = f"/v1/sandbox/{campaign['channel_id']}/phones/{quote(person['address'], safe='')}"
        thread = (await api.get(path)).json()["items"]
    assert [one["text"] for one in thread].count(ANSWER) == 1
    assert wrong == []
