"""Emoji, reactions, places and contacts in the inbox: seen by a colleague, on the person's phone, and by the provider once."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.stack import Stack
from tests.e2e.test_composer import desk, over_both

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _choose(page: Page, name: str, found: str) -> None:
    """In the open window, by a name."""
    window = page.get_by_role("dialog", name="Emoji")
    await window.get_by_label("Buscar emoji pelo nome").fill(name)
    await window.get_by_role("button", name=found, exact=True).click()
    await expect(window).to_have_count(0)


async def test_emoji_are_found_by_name_and_stand_at_the_cursor(stack: Stack, browser: Browser) -> None:
    async with desk(stack, browser, "Que dia chega?", alone=True) as here:
        page, field = here.one, here.one.get_by_label("Escreva uma resposta")
        await field.fill("Hoje!")
        await field.press("Home")
        await page.get_by_role("button", name="Emoji (Ctrl .)").click()
        await _choose(page, "coracao verm", "coração vermelho")
        await expect(field).to_have_value("❤️Hoje!")
        await expect(field).to_be_focused()
        await field.press("End")
        await field.press("Control+.")
        await _choose(page, "rocket", "foguete")
        await expect(field).to_have_value("❤️Hoje!🚀")

        await field.press("Control+.")
        recent = page.get_by_role("group", name="Usados por último").get_by_role("button")
        await expect(recent).to_have_text(["🚀", "❤️"])
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowRight")
        await expect(recent.nth(1)).to_be_focused()
        skins = page.get_by_role("group", name="Cor da pele de pessoas e mãos")
        await skins.get_by_role("button", name="Escura", exact=True).click()
        await expect(recent).to_have_text(["🚀", "❤️"])
        await page.get_by_label("Buscar emoji pelo nome").fill("polegar")
        await expect(page.locator(".m-emoji-one", has_text="👍🏿")).to_have_count(1)
        await page.get_by_label("Buscar emoji pelo nome").fill("")  # else Escape only empties it
        await page.keyboard.press("Escape")
        await expect(field).to_be_focused()
        await field.press("Enter")
        [entry] = await here.accepted()
        assert entry.text == "❤️Hoje!🚀"

        await page.locator(".m-write").get_by_text("Nota", exact=True).click()
        await page.get_by_role("button", name="Emoji (Ctrl .)").click()
        await _choose(page, "polegar", "polegar para cima")
        await page.get_by_role("button", name="Emoji (Ctrl .)").click()
        await page.get_by_role("group", name="Usados por último").get_by_role("button", name="foguete").click()
        await expect(page.get_by_label("Escreva uma nota para a equipe")).to_have_value("👍🏿🚀")


@over_both
async def test_a_reaction_reaches_the_phone_and_is_taken_back(stack: Stack, browser: Browser, kind: str) -> None:
    async with desk(stack, browser, "Chegou perfeito!", kind) as here:
        bubbles = [page.locator(".m-thread .m-bubble", has_text="Chegou perfeito!") for page in (here.one, here.two)]
        react = bubbles[0].get_by_role("button", name="Reagir a esta mensagem")
        await bubbles[0].hover()
        await react.click()
        bar = here.one.get_by_role("dialog", name="Reagir a esta mensagem")
        await bar.get_by_role("button", name="coração vermelho").click()
        for bubble in bubbles:
            await expect(bubble.locator(".m-reacted")).to_have_text(["❤️"])
        [first] = await here.accepted()
        assert (first.type, first.text, bool(first.about)) == ("reaction", "❤️", True)
        while next(one for one in await here.phone() if one["text"] == "Chegou perfeito!")["reactions"] != ["❤️"]:
            await asyncio.sleep(0.2)  # a phone shows it once it has arrived there

        await bubbles[0].locator(".m-reacted").click()
        await bar.get_by_role("button", name="Todos os emojis").click()
        await _choose(here.one, "tada", "cone de festa")
        for bubble in bubbles:
            await expect(bubble.locator(".m-reacted")).to_have_text(["🎉"])
        await here.accepted(2)
        await bubbles[0].hover()
        await react.click()
        await bar.locator('[aria-pressed="true"]').click()
        for bubble in bubbles:
            await expect(bubble.locator(".m-reacted")).to_have_count(0)
        assert [entry.text for entry in await here.accepted(3)] == ["❤️", "🎉", ""]
        while next(one for one in await here.phone() if one["text"] == "Chegou perfeito!")["reactions"]:
            await asyncio.sleep(0.2)


@over_both
async def test_a_place_and_a_contact_are_sent(stack: Stack, browser: Browser, kind: str) -> None:
    here_we_are = {"latitude": -22.9519, "longitude": -43.2105, "accuracy": 12}
    async with desk(stack, browser, "Onde fica a loja?", kind, permissions=["geolocation"], geolocation=here_we_are) as here:
        page = here.one
        await page.get_by_role("button", name="Enviar outra coisa").click()
        await page.locator(".q-menu").get_by_text("Localização", exact=True).click()
        box = page.get_by_role("dialog", name="Enviar uma localização")
        await box.get_by_label("Localização").fill("Av. Paulista, 1578")
        await box.get_by_role("button", name="Enviar").click()
        await expect(box.get_by_text("Não encontramos um lugar neste texto.")).to_be_visible()
        await box.get_by_role("button", name="Minha localização atual").click()
        await expect(box.get_by_label("Localização")).to_have_value("-22.951900, -43.210500")
        await expect(box.get_by_text("com precisão de 12 m")).to_be_visible()
        await box.get_by_label("Localização").fill("https://www.google.com/maps?q=-23.5614,-46.6559")
        await box.get_by_label("Nome, se quiser").fill("Loja Aurora")
        await box.get_by_role("button", name="Enviar").click()
        for one in (here.one, here.two):
            sent = one.locator(".m-bubble-out:not(.m-bubble-pending)", has_text="Loja Aurora")
            await expect(sent.get_by_role("link", name="-23.56140, -46.65590")).to_be_visible()

        await page.get_by_role("button", name="Enviar outra coisa").click()
        await page.locator(".q-menu").get_by_text("Contato", exact=True).click()
        box = page.get_by_role("dialog", name="Enviar um contato")
        await box.get_by_label("Contato").fill("Bea")
        await box.locator(".m-item").first.click()
        await box.get_by_role("button", name="Enviar").click()
        for one in (here.one, here.two):
            await expect(one.locator(".m-bubble-out:not(.m-bubble-pending)", has_text="Bea")).to_be_visible()
        card, place = sorted(await here.accepted(2))
        assert (card.type, place.type, place.text) == ("contacts", "location", "Loja Aurora")
        assert "Bea" in card.text
