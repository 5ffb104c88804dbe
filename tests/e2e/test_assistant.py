"""A customer writes three bubbles on the phone of the simulator and gets one answer with its source; an agent takes over, and the
assistant is silent; a draft is taken into the field by a key and sent by a person."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.stack import Stack, settled
from tests.e2e.test_composer import Desk, desk

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

KNOWN = "# Prazo de entrega\nEntregamos em Niterói em dois dias úteis.\n\n# Prazo de troca\nTrocamos qualquer peça em até 30 dias, com a etiqueta.\n"


async def _made(api: httpx.AsyncClient, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    answer = await api.request(method, path, json=body, headers=headers)
    assert answer.is_success, (path, answer.text)
    return dict(answer.json())


async def _serve(here: Desk, mode: str) -> str:
    """A persona serves this conversation alone, by a label; returns its name."""
    api, name = here.api, f"Lia {uuid4().hex[:4]}"
    await _made(api, "PUT", "/v1/ai/connection", {"provider": "sandbox", "embedder": "none"})
    base = await _made(api, "POST", "/v1/knowledge-bases", {"name": name})
    await _made(
        api,
        "POST",
        f"/v1/knowledge-bases/{base['id']}/sources",
        {"content": {"kind": "text", "title": "Como vendemos", "body": KNOWN}},
    )
    persona = await _made(api, "POST", "/v1/personas", {"name": name})
    path = f"/v1/personas/{persona['id']}"
    config = {
        "instructions": "Responda sobre entrega e trocas.", "knowledge_base_ids": [base["id"]], "identity": {"discloses_ai": False},
        "turn": {"debounce_min_ms": 4000, "debounce_max_ms": 20_000, "hard_wait_ms": 60_000},  # a busy machine stretches a burst
    }  # fmt: skip
    await _made(api, "PUT", f"{path}/draft", {"config": config})
    await _made(api, "POST", f"{path}/publish", {})
    await _made(api, "PATCH", path, {"mode": mode})
    label = await _made(api, "POST", "/v1/labels", {"name": name, "color": "#2f6f4f"})
    await _made(api, "PUT", f"{path}/bindings", {"bindings": [{"label_id": label["id"]}]})
    await _made(api, "PUT", f"/v1/conversations/{_open(here.one)}/labels/{label['id']}")
    return name


def _open(page: Page) -> str:
    return page.url.rpartition("/inbox/")[2].partition("?")[0]


async def _writes(here: Desk, *texts: str) -> None:
    for text in texts:
        await _made(here.api, "POST", f"/v1/sandbox/{here.channel}/reply", {"address": here.address, "text": text})


async def _types(here: Desk, *texts: str) -> None:
    """As the customer, on the phone of the simulator."""
    phone = await here.one.context.new_page()
    await phone.goto(f"{here.stack.ui}/sandbox?channel={here.channel}")
    await settled(phone)
    await phone.get_by_placeholder("Buscar nome ou número").fill(here.address[-8:])
    person = phone.locator(".m-sandbox-people .m-item")
    await expect(person).to_have_count(1)
    await person.click()
    field = phone.get_by_label("Responder como esta pessoa")
    for text in texts:
        await field.fill(text)
        await field.press("Enter")
        await expect(field).to_have_value("")
    await phone.close()


async def _sent(here: Desk) -> list[dict[str, Any]]:
    """The turns of the conversation, once all that they say is on its way."""
    while True:
        turns: list[dict[str, Any]] = (await _made(here.api, "GET", f"/v1/conversations/{_open(here.one)}/assistant/turns"))[
            "items"
        ]
        if all(one["state"] == "sent" for one in turns):
            return turns
        await asyncio.sleep(0.2)


async def test_one_answer_for_a_burst_and_silence_after_a_take_over(stack: Stack, browser: Browser) -> None:
    async with desk(stack, browser, "Boa tarde, tudo bem por aí?") as here:
        name, page = await _serve(here, "auto"), here.one
        await _types(here, "Oi", "vocês entregam em Niterói", "qual o prazo de entrega em Niterói?")
        bubble = page.locator(".m-thread .m-bubble-ai")
        await expect(bubble.get_by_text("dois dias úteis")).to_be_visible()
        said = len((await _sent(here))[0]["texts"])
        await expect(bubble).to_have_count(said)
        await expect(bubble.get_by_text(re.compile(name))).to_have_count(said)
        bar = page.locator(".m-assistant")
        await expect(bar.get_by_text(f"{name} responde aqui")).to_be_visible()
        await expect(page.locator(".m-inbox-row.m-inbox-on .m-inbox-persona")).to_be_visible()

        await page.locator(".m-cites .m-cite").first.click()
        passage = page.get_by_role("dialog", name="Como vendemos")
        await expect(passage.locator("mark")).to_contain_text("dois dias úteis")
        await passage.get_by_role("button", name="Fechar").click()
        await bubble.last.get_by_role("button", name="Como surgiu").click()
        record = page.get_by_role("dialog", name="Como esta resposta foi feita")
        await record.get_by_text("Buscar no conhecimento").first.click()
        await expect(record.get_by_text(re.compile('"query"')).first).to_be_visible()
        await record.get_by_role("button", name="Fechar").click()

        await bar.get_by_role("button", name="Assumir").click()
        await expect(bar.get_by_text(re.compile(f"responde, {name} está em silêncio"))).to_be_visible()
        await expect(here.two.locator(".m-assistant").get_by_role("button", name=f"Devolver a {name}")).to_be_visible()
        await expect(page.locator(".m-thread").get_by_text(f"assumiu de {name}")).to_be_visible()
        await _writes(here, "E qual o prazo de troca?")
        await expect(page.locator(".m-thread").get_by_text("E qual o prazo de troca?")).to_be_visible()
        turns = await _sent(here)
        assert len(turns) == 1  # none opened for what came after
        assert turns[0]["bubbles"] == 3
        assert await bubble.count() == said
        await settled(page)


async def test_a_suggestion_is_taken_by_a_key_and_sent_by_a_person(stack: Stack, browser: Browser) -> None:
    async with desk(stack, browser, "Olá, uma dúvida sobre trocas", alone=True) as here:
        name, page = await _serve(here, "suggest"), here.one
        since = await stack.last_entry()
        await _writes(here, "Qual o prazo para trocar uma peça?")
        proposal = page.locator(".m-proposal")
        await expect(proposal.get_by_text("30 dias")).to_be_visible()
        await expect(proposal.get_by_text(f"{name} sugere")).to_be_visible()
        assert not [
            one for one in await stack.ledger(since, channel="meta") if one["recipient"].lstrip("+") == here.address.lstrip("+")
        ]
        await page.keyboard.press("p")
        field = page.get_by_label("Escreva uma resposta")
        await expect(field).to_have_value(re.compile("30 dias"))
        await field.press("End")
        await field.press("Enter")
        accepted = await here.accepted()
        assert len(accepted) == 1
        assert "30 dias" in accepted[0].text
        await expect(proposal).to_be_hidden()
