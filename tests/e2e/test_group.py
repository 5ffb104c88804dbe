"""A group of a number by QR code, without any phone: invented people write in it, the team answers there, and takes away what others wrote, which our
number administers."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled
from tests.workers.qr.conftest import PACKAGES
from workers.qr import install

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

GROUP, SAID, ANSWER = "Condomínio Aurora", "Compre agora em lojafalsa.example", "Pessoal, isso não é nosso."


async def test_a_group_is_tried_without_a_phone(stack: Stack, context: BrowserContext) -> None:
    await install.prepare(PACKAGES)
    page, wrong = await new_page(context)
    await enter(context, stack)
    async with stack.client() as api:
        channels = (await api.get("/v1/channels")).json()["items"]
        number = next(one["id"] for one in channels if one["kind"] == "whatsapp_qr" and one["sandbox"])
        await page.goto(f"{stack.ui}/sandbox?channel={number}")
        await page.get_by_role("button", name="Alguém escreve em um grupo").click()
        box = page.get_by_role("dialog", name="Alguém escreve em um grupo")
        await expect(box.get_by_text("Este número deixa os grupos de fora")).to_be_visible()
        await box.get_by_role("button", name="Cancelar").click()
        chosen = await api.put(f"/v1/channels/{number}/session", json={"groups": "show", "presence": "offline", "hours": None})
        assert chosen.is_success, chosen.text
        await page.get_by_role("button", name="Alguém escreve em um grupo").click()
        await box.get_by_label("Nome do grupo").fill(GROUP)
        await box.get_by_label("Mensagem").fill(SAID)
        await box.get_by_role("button", name="Enviar").click()
        line = page.locator(".m-sandbox-people .m-item", has_text=GROUP)
        await line.click()
        await expect(page.locator(".m-phone").get_by_text(SAID)).to_be_visible()
        await page.get_by_label("Responder como esta pessoa").fill("Alguém conhece?")
        await page.get_by_label("Responder como esta pessoa").press("Enter")
        await expect(page.locator(".m-phone").get_by_text("Alguém conhece?")).to_be_visible()

        inbox, wrong_too = await new_page(context)
        await inbox.goto(f"{stack.ui}/inbox")
        await inbox.locator(".m-inbox-row", has_text=GROUP).click()
        bubble = inbox.locator(".m-thread .m-bubble", has_text=SAID)
        await expect(bubble.locator(".m-conv-writer")).to_be_visible()
        await inbox.get_by_label("Escreva uma resposta").fill(ANSWER)
        await inbox.get_by_role("button", name="Enviar", exact=True).click()
        await expect(page.locator(".m-phone").get_by_text(ANSWER)).to_be_visible()

        await settled(inbox)
        await bubble.hover()
        await bubble.get_by_role("button", name="Apagar esta mensagem para todos").click()
        await inbox.get_by_role("button", name="Excluir", exact=True).click()
        await expect(bubble.get_by_text("apagada por Ana Lima")).to_be_visible()
        while (taken := await _taken(stack, number)) < 2:  # the answer, and what takes the message away
            await asyncio.sleep(0.2)
        assert taken == 2
    assert wrong + wrong_too == []


async def _taken(stack: Stack, number: str) -> int:
    """How many messages WhatsApp took into groups."""
    found = await stack.ledger(account=number.replace("-", ""))
    return len([entry for entry in found if entry["recipient"].endswith("@g.us")])
