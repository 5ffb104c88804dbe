"""A draft that lacks a text: written there with a picture, reviewed by WhatsApp, and sent with the picture."""

import asyncio
import io
import re
from uuid import uuid4

import pytest
from PIL import Image
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def test_a_text_with_a_picture_is_written_in_the_campaign_and_goes_out(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    email, password = f"{uuid4().hex[:8]}@padarialua.test", "pao-quente-as-sete"
    await page.goto(f"{stack.ui}/sign-up")
    for label, value in (("Nome da empresa", "Padaria Lua"), ("Seu nome", "Rita Paz"), ("E-mail", email)):
        await page.get_by_label(label).fill(value)
    await page.get_by_label("Senha", exact=True).fill(password)
    await page.get_by_role("button", name="Criar empresa").click()
    await page.get_by_role("link", name="Começar").click()
    async with stack.client(email, password) as api:
        (channel,) = (await api.get("/v1/channels")).json()["items"]
        body = {"name": "Pão de Natal", "channel_id": channel["id"], "audience": {"everyone": True}}
        draft = (await api.post("/v1/campaigns", json=body)).json()["id"]
        await page.goto(f"{stack.ui}/campaigns/{draft}/edit?step=message")
        await settled(page)
        await page.get_by_role("button", name="Escrever um modelo").click()
        await page.get_by_label("Nome", exact=True).fill("Pão de Natal")
        await page.get_by_label("Mensagem", exact=True).fill("Oi, o *panettone* da casa já saiu do forno. Quer reservar o seu?")
        await page.get_by_label("Começa com").click()
        await page.get_by_role("option", name="Uma foto, um vídeo ou um PDF").click()
        picture = io.BytesIO()
        Image.new("RGB", (120, 80), "#c08040").save(picture, "PNG")
        async with page.expect_file_chooser() as chooser:
            await page.locator(".m-drop:visible").click()
        await (await chooser.value).set_files({"name": "forno.png", "mimeType": "image/png", "buffer": picture.getvalue()})
        await expect(page.locator(".m-phone .m-bubble-media img")).to_be_visible()
        await expect(page.locator(".m-phone .m-said-bold")).to_have_text("panettone")
        await page.get_by_role("button", name="Enviar para revisão").click()
        await expect(page.get_by_text("Foto no topo")).to_be_visible()
        await expect(page.get_by_text("O WhatsApp aprovou o modelo “pao_de_natal”.")).to_be_visible(timeout=60_000)
        await expect(page.locator(".m-headfile img")).to_be_visible()
        while (await api.post(f"/v1/campaigns/{draft}/preview")).json()["problems"]:  # what the page chose is still being saved
            await asyncio.sleep(0.2)
        assert (await api.post(f"/v1/campaigns/{draft}/launch", json={})).is_success
    await page.goto(f"{stack.ui}/campaigns/{draft}")
    await expect(page.locator(".m-way-sent .m-figure")).to_have_text(re.compile(r"^[1-9]"), timeout=60_000)
    assert wrong == []
