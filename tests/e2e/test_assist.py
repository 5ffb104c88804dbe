"""By keyboard alone: a draft is written into the field with its source, taken back, asked for again and sent by a person; a summary goes into
a note, and the customer stands in three lines beside the conversation."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack
from tests.e2e.test_composer import desk

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

KNOWN = "# Conserto de guarda-chuva\nConsertamos guarda-chuva em até 45 dias, com a nota.\n"
ASKED = "Em quantos dias vocês consertam guarda-chuva?"


async def test_the_ai_helps_and_a_person_sends(stack: Stack, browser: Browser) -> None:
    async with desk(stack, browser, ASKED, alone=True) as here:
        (await here.api.put("/v1/ai/connection", json={"provider": "sandbox", "embedder": "none"})).raise_for_status()
        base = (await here.api.post("/v1/knowledge-bases", json={"name": "Consertos"})).json()["id"]
        source = {"content": {"kind": "text", "title": "Oficina", "body": KNOWN}}
        (await here.api.post(f"/v1/knowledge-bases/{base}/sources", json=source)).raise_for_status()

        page, field = here.one, here.one.get_by_label("Escreva uma resposta")
        panel = page.locator(".m-assist")
        await field.fill("Oi")
        await field.press("Control+j")
        draft = page.locator(".m-assist-menu .q-item", has_text="Rascunhar uma resposta")
        await expect(draft).to_be_focused()
        await page.keyboard.press("d")
        await expect(field).to_have_value(re.compile("guarda-chuva em até 45 dias"))
        await expect(panel.get_by_text("Leia antes de enviar.")).to_be_visible()
        await panel.locator(".m-cite", has_text="Oficina").click()
        passage = page.get_by_role("dialog", name="Oficina")
        await expect(passage.locator("mark")).to_contain_text("45 dias")
        await passage.get_by_role("button", name="Fechar").click()
        await expect(passage).to_be_hidden()  # it holds the keys until then

        await panel.get_by_role("button", name="Como surgiu").click()
        record = page.get_by_role("dialog", name="Como surgiu")
        await record.get_by_text("Pergunta ao modelo").last.click()
        await expect(record.locator("details[open]").get_by_text("45 dias").first).to_be_visible()
        await record.get_by_role("button", name="Fechar").click()
        await expect(record).to_be_hidden()

        await field.press("Control+z")
        await expect(field).to_have_value("Oi")
        await expect(panel).to_be_hidden()
        await field.press("Control+j")
        await expect(draft).to_be_focused()
        await page.keyboard.press("d")
        await expect(panel.get_by_text("Leia antes de enviar.")).to_be_visible()
        assert await here.accepted(0) == [], "nothing goes by itself"
        await field.press("Enter")
        await expect(page.locator(".m-bubble-out:not(.m-bubble-pending)", has_text="45 dias")).to_be_visible()
        await expect(panel).to_be_hidden()

        await field.press("Control+j")
        await expect(draft).to_be_focused()
        await page.keyboard.press("r")
        await expect(panel.locator(".m-assist-text")).to_contain_text("Cliente: ")
        await panel.get_by_role("button", name="Pôr em uma nota").press("Enter")
        await expect(page.locator(".m-thread").get_by_text("Resumo da conversa")).to_be_visible()

        lines = page.locator(".m-assist-customer")
        await lines.get_by_role("button", name="Explicar o cliente").press("Enter")
        await expect(lines.locator(".m-assist-text")).to_contain_text("Quer: ")
