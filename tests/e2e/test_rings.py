"""A person on the line wants somebody: the page rings and says who and why, and the call is taken, refused, or goes on by itself."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

WHO = "bruno@lojaaurora.test"


async def _line(api: httpx.AsyncClient) -> str:
    body = {"kind": "voice_retell", "sandbox": True, "name": "Ligações que tocam"}
    line = str((await api.post("/v1/channels", json=body)).raise_for_status().json()["id"])
    while (await api.get(f"/v1/channels/{line}")).json()["state"] != "connected":
        await asyncio.sleep(0.2)
    return line


async def _ended(api: httpx.AsyncClient, reason: int) -> list[dict[str, Any]]:
    while True:
        items = (await api.get("/v1/call-transfers", params={"view": "all"})).json()["items"]
        if len([one for one in items if one["outcome"] is not None]) >= reason:
            return list(items)
        await asyncio.sleep(0.3)


async def test_a_call_rings_is_taken_refused_and_missed(stack: Stack, context: BrowserContext) -> None:
    await enter(context, stack, WHO)
    page, wrong = await new_page(context)
    async with stack.client() as boss, stack.client(WHO) as api:
        line = await _line(boss)
        queue = {"ring_seconds": 8, "most_rings": 2, "overflow": "callback"}
        (await boss.put("/v1/call-queue", json=queue)).raise_for_status()
        before = len((await api.get("/v1/call-transfers")).json()["items"])
        await page.goto(f"{stack.ui}/calls")
        await settled(page)

        async def available() -> None:
            (await api.put("/v1/call-agents/me", json={"available": True, "phone": "+5511911112222"})).raise_for_status()

        async def calls(number: str) -> None:
            body = {"address": number, "kind": "call", "text": "wants_a_person"}
            (await boss.post(f"/v1/sandbox/{line}/reply", json=body)).raise_for_status()

        box = page.locator(".q-dialog").filter(has_text="na linha")
        try:
            await available()
            await calls("+5511955550001")
            await expect(box).to_contain_text("A pessoa tem interesse no orçamento")  # before it is taken
            await expect(box).to_contain_text("Quer falar com uma pessoa")
            await expect(page).to_have_title(re.compile("^☎ .*na linha"))  # seen in the row of tabs, too
            await box.get_by_role("button", name="Atender").click()
            await expect(page.get_by_text("Seu telefone toca agora")).to_be_visible()
            await expect(box).to_have_count(0)
            await expect(page).not_to_have_title(re.compile("^☎"))
            first = await _ended(api, before + 1)
            assert (first[0]["outcome"], first[0]["user_name"] is not None) == ("connected", True)
            await expect(page.get_by_text("Falou com alguém da equipe").first).to_be_visible()

            await calls("+5511955550002")
            await box.get_by_role("button", name="Recusar").click()
            second = await _ended(api, before + 2)
            assert (second[0]["outcome"], second[0]["owed"]) == ("refused", "callback")

            await calls("+5511955550003")
            await expect(box).to_be_visible()
            await expect(box).to_have_count(0)  # by itself, once its time is over
            third = await _ended(api, before + 3)
            assert (third[0]["outcome"], third[0]["owed"]) == ("no_answer", "callback")
            await expect(page.get_by_role("button", name="Ligar de volta")).not_to_have_count(0)
        finally:
            (await api.put("/v1/call-agents/me", json={"available": False})).raise_for_status()
    assert wrong == []
