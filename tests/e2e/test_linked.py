"""The demo company's number by QR code: it is connected for true by the first person who writes to it, an answer in the inbox reaches them once, and so
does a campaign to those who wrote."""

import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page
from tests.workers.qr.conftest import PACKAGES
from workers.qr import install

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

ASKED, ANSWER = "O balcão abre no feriado?", "Abre sim, das 10h às 16h! 🎉"
OFFER = "Oi {{first_name|cliente}}, amanhã o balcão tem café e 10% em tudo."
WAY_OUT = "\n\nResponda SAIR para não receber mais."
PERSON = "+5511974301122"


async def test_a_number_by_qr_code_answers_and_sends_to_who_wrote(stack: Stack, context: BrowserContext) -> None:
    await install.prepare(PACKAGES)
    page, wrong = await new_page(context)
    await enter(context, stack)
    async with stack.client() as api:
        channels = (await api.get("/v1/channels")).json()["items"]
        number = next(one for one in channels if one["kind"] == "whatsapp_qr" and one["sandbox"])
        before = await stack.last_entry()
        said = {"address": PERSON, "text": ASKED}
        assert (await api.post(f"/v1/sandbox/{number['id']}/reply", json=said)).is_success
        await page.goto(f"{stack.ui}/inbox")
        await page.locator(".m-inbox-row", has_text=ASKED).click()
        await expect(page.locator(".m-thread").get_by_text(ASKED)).to_be_visible()
        await page.get_by_label("Escreva uma resposta").fill(ANSWER)
        await page.get_by_role("button", name="Enviar", exact=True).dblclick()
        bubble = page.locator(".m-bubble-out", has_text=ANSWER)
        await expect(bubble.locator(".m-tick")).to_have_attribute("aria-label", re.compile("Enviada|Entregue|Lida"))
        await expect(bubble).to_have_count(1)
        assert [one["preview"] for one in await _got(stack, before)] == [ANSWER]

        writer = (await api.get("/v1/contacts", params={"search": PERSON})).json()["items"][0]["id"]
        draft = {"name": "Café no balcão", "channel_id": number["id"], "audience": {"ids": [writer]}}
        made = await api.post("/v1/campaigns", json=draft)
        path = f"/v1/campaigns/{made.json()['id']}"
        changed = await api.patch(path, json={"body": OFFER}, headers={"If-Match": made.headers["etag"]})
        assert changed.is_success, changed.text
        launched = await api.post(f"{path}/launch", json={})
        assert launched.is_success, launched.text
        await page.goto(f"{stack.ui}{path[3:]}")
        await expect(page.locator(".m-head").get_by_text("Concluída")).to_be_visible()
        figures = (await api.get(f"{path}/progress")).json()["figures"]
        assert (figures["audience"], figures["sent"]) == (1, 1)
        got = await _got(stack, before)
        assert [one["preview"] for one in got] == [
            ANSWER,
            OFFER.replace("{{first_name|cliente}}", got[-1]["preview"][3:].partition(",")[0]) + WAY_OUT,
        ]
    assert wrong == []


async def _got(stack: Stack, before: int) -> list[dict[str, Any]]:
    """What reached the person, and nobody else."""
    entries = await stack.ledger(before, channel="linked")
    assert {one["recipient"] for one in entries} == {PERSON}
    return entries
