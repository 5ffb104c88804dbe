"""Calling somebody by hand in a real browser: who speaks is chosen from the agents of the account."""

import asyncio
import os

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import PATIENCE, Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def test_another_agent_is_chosen_for_a_call(stack: Stack, context: BrowserContext) -> None:
    await enter(context, stack)
    async with stack.client() as api:
        body = {"kind": "voice_retell", "name": "Ligações com agentes", "sandbox": True}
        channel = (await api.post("/v1/channels", json=body)).raise_for_status().json()["id"]
        async with asyncio.timeout(PATIENCE / 1000):
            while (await api.get(f"/v1/channels/{channel}")).json()["state"] != "connected":
                await asyncio.sleep(0.3)
        listed = (await api.get(f"/v1/channels/{channel}/agents")).raise_for_status().json()["items"]
        [other] = [one["id"] for one in listed if not one["own"]]
        contact = (await api.post("/v1/contacts", json={"name": "Rita Moura", "phone": "+5511991000052"})).json()["id"]
        before = await stack.last_entry()
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/contacts/{contact}")
        await settled(page)
        await page.get_by_role("button", name="Mais").first.click()
        await page.get_by_text("Ligar", exact=True).click()
        way = page.locator(".m-call-way", has_text="Ligações com agentes")
        await way.get_by_label("Quem fala").click()
        await page.get_by_role("option", name="Cobrança").click()
        if folder := os.environ.get("SHOTS"):
            for width in (1440, 390):
                await page.set_viewport_size({"width": width, "height": 900})
                await page.screenshot(path=f"{folder}/call-{width}.png")
        await way.get_by_role("button", name="Ligar").click()
        await expect(page.get_by_text("A ligação está sendo feita")).to_be_visible(timeout=PATIENCE)
        async with asyncio.timeout(PATIENCE / 1000):
            while not (  # the campaign of the demo goes on beside it
                made := await stack.ledger(before, account=channel.replace("-", ""))
            ):
                await asyncio.sleep(0.3)
        assert [one["content"]["override_agent_id"] for one in made] == [other]
        assert wrong == []
