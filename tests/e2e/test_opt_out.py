"""A new company tries SMS in the simulator; somebody answers SAIR and is out, live."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, new_page, onward

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_PASSWORD = "bicicleta amarela 77"


async def test_sms_and_a_reply_that_opts_out(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    email = f"{uuid4().hex}@example.com"

    # a company of one's own
    await page.goto(f"{stack.ui}/sign-in")
    await page.get_by_role("link", name="Crie uma empresa").click()
    await page.get_by_label("Nome da empresa").fill("Padaria Sol")
    await page.get_by_label("Seu nome").fill("Bia Rocha")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Senha", exact=True).fill(_PASSWORD)
    await page.get_by_role("button", name="Criar empresa").click()
    await expect(page.get_by_text("Primeiros passos")).to_be_visible()

    # an SMS number to rehearse with, and one person
    await page.goto(f"{stack.ui}/channels/connect")
    await page.get_by_role("radio", name="Simulador").click()
    plays = page.locator(".m-picks-small").get_by_role("radio", name="SMS")
    await plays.click()
    await expect(plays).to_be_checked()
    await page.get_by_role("button", name="Conectar e verificar").click()
    await expect(page.get_by_text("Conectado", exact=True).first).to_be_visible()
    channel = page.url.rpartition("/")[2].partition("?")[0]
    async with stack.client(email, _PASSWORD) as api:
        behaviour = {"delivered_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
        assert (await api.put(f"/v1/sandbox/{channel}/behaviour", json=behaviour)).is_success
        made = await api.post("/v1/contacts", json={"name": "Caio Prado", "phone": "95 99822-0001", "tags": ["Padaria"]})
        assert made.is_success
        contact = made.json()["id"]

    # the campaign
    await page.goto(f"{stack.ui}/campaigns/new")
    await page.get_by_role("radio", name="Ensaio").click()
    await onward(page, "Público")
    await page.get_by_role("radio", name="Por etiquetas").click()  # everyone would be the sample contacts, too
    await page.get_by_label("Com estas etiquetas").click()
    await page.get_by_role("option", name="Padaria").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("pessoa vai receber")).to_be_visible()
    await onward(page, "Mensagem")
    await page.get_by_label("Mensagem", exact=True).fill("Oi {{first_name|cliente}}, pão quente às 17h. SAIR para parar.")
    await expect(page.locator(".m-phone")).to_contain_text("Oi Caio, pão quente")
    await onward(page, "Quando")
    await onward(page, "Revisar")
    await page.get_by_role("button", name="Enviar agora").click()
    await page.get_by_role("button", name="Enviar para 1 pessoa").click()
    await page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}$"))
    await expect(page.locator(".m-head").get_by_text("Concluída")).to_be_visible()
    await expect(page.locator(".m-way-delivered .m-figure")).to_have_text("1")

    # the contact is open in one tab, the answer is given in another
    card, wrong_too = await new_page(context)
    await card.goto(f"{stack.ui}/contacts/{contact}")
    await expect(card.get_by_role("switch", name="Pode receber mensagens")).to_be_checked()
    await page.goto(f"{stack.ui}/sandbox?channel={channel}")
    await expect(page.locator(".m-phone")).to_contain_text("pão quente")
    await page.get_by_label("Responder como esta pessoa").fill("SAIR")
    await page.get_by_label("Responder como esta pessoa").press("Enter")
    await expect(card.get_by_text("Descadastrado", exact=True)).to_be_visible()
    await expect(card.get_by_role("switch", name="Pode receber mensagens")).not_to_be_checked()
    async with stack.client(email, _PASSWORD) as api:
        assert (await api.get(f"/v1/contacts/{contact}")).json()["opted_out_at"]
    assert [entry["recipient"] for entry in await stack.ledger(account=channel.replace("-", ""))] == ["+5595998220001"]
    assert wrong + wrong_too == []
