"""A customer writes on the phone of the simulator that they want to buy; the card moves by itself with their words, the board says why, and one
press takes it back."""

from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack, settled
from tests.e2e.test_composer import desk

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

BUY = "quero a proposta da mesa por escrito, pode mandar?"


async def test_a_card_moves_with_the_customers_words_and_is_taken_back(stack: Stack, browser: Browser) -> None:
    async with desk(stack, browser, "Oi, é da loja de mesas?", alone=True) as here:
        api, page = here.api, here.one
        person = (await api.get(f"/v1/conversations/{page.url.rpartition('/inbox/')[2].partition('?')[0]}")).json()["contact_id"]
        (await api.put("/v1/ai/connection", json={"provider": "sandbox", "embedder": "none"})).raise_for_status()
        board = (await api.post("/v1/boards", json={"name": f"Mesas {uuid4().hex[:4]}"})).json()
        first, won = board["stages"][0], next(one for one in board["stages"] if one["kind"] == "won")
        stage = (await api.post(f"/v1/boards/{board['id']}/stages", json={"name": "Proposta"})).json()
        (await api.patch(f"/v1/stages/{stage['id']}", json={"before_id": won["id"]})).raise_for_status()
        lead = (
            await api.post("/v1/leads", json={"board_id": board["id"], "title": "Mesa de jantar", "contact_id": person})
        ).json()
        chosen = {"watching": True, "quiet_seconds": 5, "tools": {"move_lead": "automatic"}, "min_confidence": 0.5}
        put = await api.put(f"/v1/boards/{board['id']}/ai", json=chosen, headers={"If-Match": '"0"'})
        assert put.is_success, put.text

        await page.goto(f"{stack.ui}/boards/{board['id']}")
        card = page.locator(f'[data-stage="{first["id"]}"] [data-id="{lead["id"]}"]')
        await expect(card).to_be_visible()
        said = {"address": here.address, "text": BUY}
        (await api.post(f"/v1/sandbox/{here.channel}/reply", json=said)).raise_for_status()
        moved = page.locator(f'[data-stage="{stage["id"]}"] [data-id="{lead["id"]}"]')
        await expect(moved.get_by_text("Movido pela IA")).to_be_visible(timeout=90_000)
        await expect(moved.locator(".m-lead-quote")).to_contain_text("proposta")

        await moved.locator(".m-lead-link").click()
        panel = page.get_by_role("dialog", name="Negócio")
        why = panel.locator(".m-sug", has_text="Mover para Proposta")
        await expect(why.get_by_text("Feita sozinha")).to_be_visible()
        quote = await why.locator(".m-sug-quote").get_attribute("href")
        await why.get_by_role("button", name="Desfazer").click()
        await expect(why.get_by_text("Desfeita por")).to_be_visible()
        await expect(card).to_be_visible()
        await expect(card.get_by_text("Movido pela IA")).to_have_count(0)

        await page.goto(f"{stack.ui}{quote}")  # where the words stand in the conversation
        await expect(page.locator(".m-thread").get_by_text(BUY)).to_be_visible()
        await settled(page)
