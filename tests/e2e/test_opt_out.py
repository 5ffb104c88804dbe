"""A new company tries a number in the simulator, of SMS or connected by a code; somebody answers SAIR and is out, live."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.stack import Stack, new_page, onward
from tests.workers.qr.conftest import PACKAGES
from workers.qr import install

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_PASSWORD = "bicicleta amarela 77"
PHONE = "95 99822-0001"


@pytest.mark.parametrize("kind", ["SMS", "WhatsApp por QR code"])
async def test_a_campaign_and_a_reply_that_opts_out(stack: Stack, context: BrowserContext, kind: str) -> None:
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

    # a number to rehearse with, and one person
    await page.goto(f"{stack.ui}/channels/connect")
    await page.get_by_role("radio", name="Simulador").click()
    plays = page.locator(".m-picks-small").get_by_role("radio", name=kind)
    await plays.click()
    await expect(plays).to_be_checked()
    await page.get_by_role("button", name="Conectar e verificar").click()
    if kind != "SMS":
        await _scan(page)
    await expect(page.get_by_text("Conectado", exact=True).first).to_be_visible()
    channel = page.url.rpartition("/")[2].partition("?")[0]
    async with stack.client(email, _PASSWORD) as api:
        behaviour = {"delivered_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
        assert (await api.put(f"/v1/sandbox/{channel}/behaviour", json=behaviour)).is_success
        if kind != "SMS":  # over such a number people write first
            await _writes(page, f"{stack.ui}/sandbox?channel={channel}")
        person = {"name": "Caio Prado", "phone": PHONE, "tags": ["Padaria"]}
        contact = await _writer(api, person) if kind != "SMS" else (await api.post("/v1/contacts", json=person)).json()["id"]
        known = (await api.get(f"/v1/contacts/{contact}")).json()["identities"]
        [address] = [one["value"] for one in known if one["kind"] == "phone"]

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
    assert [entry["recipient"] for entry in await stack.ledger(account=channel.replace("-", ""))] == [address]
    assert wrong + wrong_too == []


async def _scan(page: Page) -> None:
    """The code of the number is shown, and the simulator's phone scans it."""
    await install.prepare(PACKAGES)
    await page.get_by_role("button", name="Mostrar o código").click()
    await page.get_by_role("button", name="Escanear com o celular do simulador").click()


async def _writes(page: Page, simulator: str) -> None:
    await page.goto(simulator)
    await page.get_by_role("button", name="Alguém novo escreve").click()
    box = page.get_by_role("dialog", name="Alguém novo escreve")
    await box.get_by_label("Mensagem").fill("Que horas sai o pão?")
    await box.get_by_role("button", name="Enviar").click()
    await expect(page.locator(".m-phone").get_by_text("Que horas sai o pão?")).to_be_visible()


async def _writer(api: httpx.AsyncClient, person: dict[str, Any]) -> str:
    """Whoever wrote is a contact; it is called as this person, and labelled as they are."""
    found = (await api.get("/v1/contacts", params={"limit": 100})).json()["items"]
    [one] = [each for each in found if not each["phone"].startswith("+551190000000")]  # those are the samples
    known = await api.get(f"/v1/contacts/{one['id']}")
    changed = {"name": person["name"], "tags": person["tags"]}
    (await api.patch(f"/v1/contacts/{one['id']}", json=changed, headers={"If-Match": known.headers["etag"]})).raise_for_status()
    return str(one["id"])
