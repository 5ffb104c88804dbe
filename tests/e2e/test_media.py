"""A customer sends a picture, a voice note, a film and a paper: they come over the provider's own steps and play on the screen."""

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

PATIENCE = 120_000  # ms, on a machine that does much else


async def test_what_a_customer_sends_is_seen_and_heard(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    async with stack.client() as api:
        found = (await api.get("/v1/campaigns", params={"limit": 100})).json()["items"]
        campaign = max((one for one in found if one["channel_kind"] == "whatsapp"), key=lambda one: one["counts"]["read"])
        query = {"state": "read", "replied": "true", "limit": 1}
        person = (await api.get(f"/v1/campaigns/{campaign['id']}/recipients", params=query)).json()["items"][0]
        await page.goto(f"{stack.ui}/contacts/{person['contact_id']}")
        await expect(page.locator(".m-conv-list .m-bubble").first).to_be_visible()
        for kind in ("image", "voice", "video", "document"):
            said = {"address": person["address"], "kind": kind, "text": "Olha a foto" if kind == "image" else ""}
            assert (await api.post(f"/v1/sandbox/{campaign['channel_id']}/reply", json=said)).is_success

    picture = page.locator(".m-conv .m-file-picture img")
    await expect(picture).to_be_visible(timeout=PATIENCE)
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("naturalWidth", 640, timeout=PATIENCE)
    for kind in ("audio", "video"):
        player = page.locator(f".m-conv {kind}.m-file-player")
        await expect(player).to_be_visible(timeout=PATIENCE)
        await page.wait_for_function(
            "kind => Math.round(document.querySelector(kind).duration) === 2", arg=kind, timeout=PATIENCE
        )
    paper = page.locator(".m-conv .m-file-row", has_text="comprovante.pdf")
    await expect(paper).to_be_visible(timeout=PATIENCE)

    large = await picture.locator("xpath=..").get_attribute("href")
    answer = await context.request.get(f"{stack.ui}{large}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    answer = await context.request.get(f"{stack.ui}{await paper.get_attribute('href')}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    assert (await answer.body()).startswith(b"%PDF-")
    assert wrong == []
