"""A call that goes on, in a real browser: it is heard, the agent is told something and says it, and the call goes to a colleague's phone."""

import asyncio

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import PATIENCE, Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def test_a_call_is_heard_hinted_and_taken_over(stack: Stack, context: BrowserContext) -> None:
    await enter(context, stack)
    async with stack.client() as api:
        made = await api.post("/v1/channels", json={"kind": "voice_vapi", "name": "Ligações de teste", "sandbox": True})
        channel = made.raise_for_status().json()["id"]
        async with asyncio.timeout(PATIENCE / 1000):
            while (await api.get(f"/v1/channels/{channel}")).json()["state"] != "connected":
                await asyncio.sleep(0.3)
        script = {"script": "talks", "talk_seconds": [1200.0, 1200.0], "ring_seconds": [0.0, 0.1]}
        async with httpx.AsyncClient(base_url=stack.sandbox) as sandbox:
            account = channel.replace("-", "")
            (await sandbox.put(f"/sandbox/accounts/{account}", json=script)).raise_for_status()
        me = {"available": False, "phone": "+5511955554444", "skills": []}
        (await api.put("/v1/call-agents/me", json=me)).raise_for_status()
        contact = (
            (await api.post("/v1/contacts", json={"name": "Rosa Prado", "phone": "+5511991000041"})).raise_for_status().json()
        )
        call = (await api.post(f"/v1/contacts/{contact['id']}/call", json={"channel_id": channel})).raise_for_status().json()
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/calls/{call['id']}")
        await settled(page)
        listen = page.get_by_role("button", name="Ouvir", exact=True)
        await expect(listen).to_be_visible(timeout=PATIENCE)
        await listen.click()
        await page.wait_for_function("masteria.listen.heard > 16000", timeout=PATIENCE)
        await expect(page.get_by_role("button", name="Parar de ouvir")).to_be_visible()
        await page.get_by_label("Dizer ao atendente virtual").fill("Frete grátis até sexta")
        await page.get_by_role("button", name="Dizer", exact=True).click()
        await expect(page.locator(".m-call-turn", has_text="Frete grátis até sexta")).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("button", name="Parar de ouvir").click()
        await expect(listen).to_be_visible()
        await page.get_by_role("button", name="Assumir", exact=True).first.click()
        await page.get_by_role("dialog").get_by_role("button", name="Assumir").click()
        await expect(page.get_by_text("Passada para um colega")).to_be_visible(timeout=PATIENCE)
        await expect(listen).to_have_count(0)
        assert wrong == []
