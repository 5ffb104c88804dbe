"""A message with buttons is built, seen, sent, pressed on the simulator's phone, and answered by name; a list likewise."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled
from tests.e2e.test_composer import somebody

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def test_buttons_and_a_list_are_sent_and_answered(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        channel, address = await somebody(api)
        hello = {"address": address, "text": "Quero comprar uma camiseta"}
        (await api.post(f"/v1/sandbox/{channel}/reply", json=hello)).raise_for_status()
        conversation = ""
        while not conversation:
            found = (await api.get("/v1/conversations", params={"channel_id": channel})).json()["items"]
            conversation = next((one["id"] for one in found if one["last"] and one["last"]["text"] == hello["text"]), "")
            await asyncio.sleep(0.2)
    await enter(context, stack)
    page, wrong = await new_page(context)
    phone, wrong_on_phone = await new_page(context)
    await page.goto(f"{stack.ui}/inbox/{conversation}")
    await settled(page)
    field = page.get_by_label("Escreva uma resposta")
    await field.fill("Qual cor?")
    await page.get_by_role("button", name="Enviar outra coisa").click()
    await page.locator(".q-menu").get_by_text("Botões", exact=True).click()
    box = page.locator(".m-dialog")
    await expect(box.get_by_label("Texto")).to_have_value("Qual cor?")
    await box.get_by_label("Botão 1").fill("Azul")
    await box.get_by_label("Botão 2, se quiser").fill("Azul")
    await expect(box.locator(".m-bubble-buttons > div")).to_have_count(2)
    await box.get_by_role("button", name="Enviar").click()
    await expect(box.get_by_text("Já existe uma com esse nome.")).to_be_visible()
    await box.get_by_label("Botão 2, se quiser").fill("Verde")
    await box.get_by_role("button", name="Enviar").click()
    sent = page.locator(".m-thread .m-bubble-out", has_text="Qual cor?")
    await expect(sent.get_by_text("Verde")).to_be_visible()
    await expect(field).to_have_value("")

    await phone.goto(f"{stack.ui}/sandbox?channel={channel}")
    await settled(phone)
    await phone.get_by_placeholder("Buscar nome ou número").fill(address[-8:])
    person = phone.locator(".m-sandbox-people .m-item")
    await expect(person).to_have_count(1)
    await person.click()
    await phone.locator(".m-phone-chat").get_by_role("button", name="Verde").click()
    answer = page.locator(".m-thread .m-bubble:not(.m-bubble-out)", has_text="Verde")
    await expect(answer.locator(".m-conv-quote")).to_contain_text("Qual cor?")

    await page.get_by_role("button", name="Enviar outra coisa").click()
    await page.locator(".q-menu").get_by_text("Lista", exact=True).click()
    await box.get_by_label("Texto").fill("Que tamanho?")
    await box.get_by_label("O que fica no botão que abre a lista").fill("Ver tamanhos")
    await box.get_by_label("Linha 1", exact=True).fill("M")
    await box.get_by_label("Linha 2", exact=True).fill("G")
    await box.get_by_label("Descrição").nth(1).fill("Só em azul")
    await box.get_by_role("button", name="Enviar").click()
    await expect(page.locator(".m-thread .m-bubble-out", has_text="Que tamanho?").get_by_text("Só em azul")).to_be_visible()
    await phone.locator(".m-phone-chat").get_by_role("button", name="Ver tamanhos").click()
    await phone.locator(".q-menu").get_by_text("G · Só em azul").click()
    answer = page.locator(".m-thread .m-bubble:not(.m-bubble-out)", has_text="Só em azul")
    await expect(answer.locator(".m-conv-quote")).to_contain_text("Que tamanho?")
    assert wrong + wrong_on_phone == []
