"""Two people of a company in the inbox: a customer's message appears to both, one answers, the other sees it, and it is said once."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled
from tests.e2e.test_composer import got, over_both, somebody

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

FIRST, SECOND = "Ainda tem o vestido azul?", "No tamanho M 💙"
LATE = "Tem alguém aí ainda?"
ANSWER = "Tem sim, quer que eu separe? {{1}}"
_SIZE = {"width": 1440, "height": 900}


async def _shown(stack: Stack, channel: str, address: str) -> tuple[dict[str, bool], bool]:
    """Which of their messages the person sees as read, and whether they see that somebody writes."""
    async with httpx.AsyncClient(base_url=stack.sandbox, timeout=60) as sandbox:
        path = f"/sandbox/accounts/{channel.replace('-', '')}/thread"
        told = (await sandbox.get(path, params={"contact": address})).json()
    return {line["text"]: line["read"] for line in told["data"] if line["direction"] == "in"}, told["typing"]


@over_both
async def test_two_people_share_a_conversation(stack: Stack, browser: Browser, kind: str) -> None:
    async with stack.client() as api:
        channel, address = await somebody(api, kind)

        async def says(text: str) -> None:
            (await api.post(f"/v1/sandbox/{channel}/reply", json={"address": address, "text": text})).raise_for_status()

        before = await stack.last_entry()
        ana, bruno = [
            await browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo", viewport=_SIZE) for _ in range(2)
        ]
        await enter(ana, stack)
        await enter(bruno, stack, "bruno@lojaaurora.test")
        (one, wrong_one), (two, wrong_two) = await new_page(ana), await new_page(bruno)
        for page in (one, two):
            await page.goto(f"{stack.ui}/inbox")
            await settled(page)
        await says(FIRST)
        for page in (one, two):
            row = page.locator(".m-inbox-row", has_text=FIRST)
            await expect(row).to_be_visible()
            await row.click()
            await expect(page.locator(".m-thread").get_by_text(FIRST)).to_be_visible()
            await page.mouse.move(900, 400)

        await expect(two.get_by_text("Ana Lima também está aqui")).to_be_visible()
        await says(SECOND)
        for page in (one, two):
            await expect(page.locator(".m-thread").get_by_text(SECOND)).to_be_visible()

        while not (await _shown(stack, channel, address))[0].get(SECOND):
            await asyncio.sleep(0.2)
        field = one.get_by_label("Escreva uma resposta")
        await field.fill(ANSWER)
        await expect(two.get_by_text("Ana Lima está digitando…")).to_be_visible()
        while not (await _shown(stack, channel, address))[1]:
            await asyncio.sleep(0.2)
        await field.press("Enter")
        await field.press("Enter")
        for page in (one, two):
            bubble = page.locator(".m-bubble-out", has_text=ANSWER)
            await expect(bubble.locator(".m-tick")).to_have_attribute("aria-label", re.compile("Enviada|Entregue|Lida"))
            await expect(bubble).to_have_count(1)
        await expect(field).to_have_value("")

        await two.get_by_role("button", name="Encerrar").click()
        await expect(one.get_by_role("button", name="Reabrir")).to_be_visible()
    accepted = await stack.ledger(before, account=channel.replace("-", ""))
    ours = [got(entry).text for entry in accepted if entry["recipient"].lstrip("+") == address.lstrip("+")]
    assert ours == [ANSWER]
    assert wrong_one + wrong_two == []
    await ana.close()
    await bruno.close()


async def test_a_page_that_loads_itself_on_an_empty_desk_reads_nothing(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        channel, address = await somebody(api)
        (await api.post(f"/v1/sandbox/{channel}/reply", json={"address": address, "text": LATE})).raise_for_status()
        given = {"view": "unread", "channel_id": channel, "limit": 50}
        while True:
            found = (await api.get("/v1/conversations", params=given)).json()["items"]
            if mine := [one for one in found if one["last"] and one["last"]["text"] == LATE]:
                break
            await asyncio.sleep(0.2)
        path = f"/v1/conversations/{mine[0]['id']}"
        page, wrong = await new_page(context)
        await enter(context, stack)
        await page.add_init_script("window.desk = false; document.hasFocus = () => window.desk")
        await page.goto(f"{stack.ui}/inbox/{mine[0]['id']}")
        await settled(page)
        await page.reload()
        await settled(page)
        await expect(page.locator(".m-thread").get_by_text(LATE)).to_be_visible()
        row = page.locator(f'.m-inbox-row[data-conversation="{mine[0]["id"]}"]')
        await expect(row.locator(".m-count")).to_be_visible()
        assert (await api.get(path)).json()["unread"] > 0
        await page.evaluate("window.desk = true; dispatchEvent(new Event('focus'))")
        await expect(row.locator(".m-count")).to_be_hidden()
        while (await api.get(path)).json()["unread"]:
            await asyncio.sleep(0.2)
    assert wrong == []
