"""The demo company's number by QR code: it is connected for true by the first person who writes to it, an answer in the inbox reaches them once, and so
does a campaign to those who wrote. And what the tests of campaigns and of the inbox do over the official API, once over this number."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.e2e.stack import Stack, enter, new_page, onward
from tests.e2e.test_cut import ANSWER as ANSWERED
from tests.e2e.test_cut import cut_off, second_web_app
from tests.workers.qr.conftest import PACKAGES
from workers.qr import install

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

ASKED, ANSWER = "O balcão abre no feriado?", "Abre sim, das 10h às 16h! 🎉"
OFFER = "Oi {{first_name|cliente}}, amanhã o balcão tem café e 10% em tudo."
WAY_OUT = "\n\nResponda SAIR para não receber mais."
PERSON = "+5511974301122"
WRITERS, STRANGER = ("+5595998220011", "+5595998220012"), "+5595998220013"


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


async def test_a_day_over_a_number_by_qr_code(stack: Stack, context: BrowserContext, browser: Browser, tmp_path: Path) -> None:
    await install.prepare(PACKAGES)
    page, wrong = await new_page(context)
    await enter(context, stack)
    async with stack.client() as api:
        number, name = await _number(api)
        behaviour = {"delivered_share": 1, "read_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
        assert (await api.put(f"/v1/sandbox/{number}/behaviour", json=behaviour)).is_success
        for person in WRITERS:
            said = {"address": person, "text": "Abre hoje?"}
            assert (await api.post(f"/v1/sandbox/{number}/reply", json=said)).is_success
        for person in WRITERS:
            while not await _known(api, person):  # the phone is paired meanwhile
                await asyncio.sleep(0.5)
        before = await stack.last_entry()
        campaign = await _spreadsheet_to_campaign(stack, page, tmp_path, name)
        recipients = (await api.get(f"{campaign}/recipients")).json()["items"]
        assert {one["address"]: one["state"] for one in recipients} == {**dict.fromkeys(WRITERS, "read"), STRANGER: "skipped"}
        taken = await stack.ledger(before, channel="linked")
        assert sorted(one["recipient"] for one in taken) == sorted(WRITERS), "each once, and the stranger never"
        await _a_reply_is_found_and_answered(stack, page, api, number, campaign)
        await _files_are_seen_and_heard(page, api, number)
        await _nothing_is_missing_after_a_cut(stack, browser, api, number)
    assert wrong == []


async def _number(api: httpx.AsyncClient) -> tuple[str, str]:
    """Its id and its name."""
    channels = (await api.get("/v1/channels")).json()["items"]
    return next((str(one["id"]), str(one["name"])) for one in channels if one["kind"] == "whatsapp_qr" and one["sandbox"])


async def _known(api: httpx.AsyncClient, person: str) -> bool:
    return bool((await api.get("/v1/contacts", params={"search": person})).json()["items"])


async def _spreadsheet_to_campaign(stack: Stack, page: Page, folder: Path, name: str) -> str:
    """The path of the campaign, once it is over."""
    path = folder / "Quem escreveu.csv"
    rows = [
        ("Nome", "Celular"),
        ("Beto Reis", WRITERS[0]),
        ("Cida Luz", WRITERS[1]),
        ("Nunca Escreveu", STRANGER),
        ("Curto", "123"),
    ]
    path.write_text("\n".join(";".join(row) for row in rows), encoding="cp1252")
    await page.goto(f"{stack.ui}/imports")
    async with page.expect_file_chooser() as chooser:
        await page.locator(".m-drop").click()
    await (await chooser.value).set_files(path)
    await expect(page.get_by_label("O que é Celular")).to_have_value("Telefone")
    await page.get_by_role("button", name="Importar 3 contatos").click()
    await page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("contatos criados")).to_be_visible()
    await page.goto(f"{stack.ui}/campaigns/new")
    await page.get_by_role("radio", name=name).click()
    await onward(page, "Público")
    await page.get_by_role("radio", name="De importação").click()
    await page.get_by_label("Importação", exact=True).click()
    await page.get_by_role("option", name="Quem escreveu.csv").click()
    await onward(page, "Mensagem")
    await page.get_by_label("Mensagem", exact=True).fill("Oi {{first_name|cliente}}, hoje tem pão de queijo.")
    await onward(page, "Quando")
    await onward(page, "Revisar")
    await page.get_by_role("button", name="Enviar agora").click()
    await page.get_by_role("button", name=re.compile(r"Enviar para \d pessoas")).click()
    await page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}$"))
    await expect(page.locator(".m-head").get_by_text("Concluída")).to_be_visible()
    await expect(page.locator(".m-way-read .m-figure")).to_have_text("2")
    return "/v1/campaigns/" + page.url.rpartition("/")[2]


async def _a_reply_is_found_and_answered(stack: Stack, page: Page, api: httpx.AsyncClient, number: str, campaign: str) -> None:
    before = await stack.last_entry()
    said = {"address": WRITERS[0], "text": "Guarda dois para mim?"}
    assert (await api.post(f"/v1/sandbox/{number}/reply", json=said)).is_success
    await page.locator(".m-way-replied").click()
    await page.wait_for_url(re.compile(rf"/inbox\?.*campaign_id={campaign.rpartition('/')[2]}"))
    await page.locator(".m-inbox-row", has_text=said["text"]).click()
    await expect(page.locator(".m-thread").get_by_text(said["text"])).to_be_visible()
    await page.get_by_label("Escreva uma resposta").fill("Guardo! {{1}}")
    await page.get_by_role("button", name="Enviar", exact=True).dblclick()
    bubble = page.locator(".m-bubble-out", has_text="Guardo! {{1}}")
    await expect(bubble.locator(".m-tick")).to_have_attribute("aria-label", re.compile("Enviada|Entregue|Lida"))
    await expect(bubble).to_have_count(1)
    taken = await stack.ledger(before, channel="linked")
    assert [(one["recipient"], one["preview"]) for one in taken] == [(WRITERS[0], "Guardo! {{1}}")]


async def _files_are_seen_and_heard(page: Page, api: httpx.AsyncClient, number: str) -> None:
    """Of the conversation that is open; they come sealed, as between phones."""
    for kind in ("image", "voice", "video", "document"):
        said = {"address": WRITERS[0], "kind": kind, "text": "Olha a foto" if kind == "image" else ""}
        assert (await api.post(f"/v1/sandbox/{number}/reply", json=said)).is_success
    thread = page.locator(".m-thread")
    picture = thread.locator(".m-file-picture img")
    await expect(picture).to_be_visible()
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_have_js_property("naturalWidth", 640)
    for kind in ("audio", "video"):
        await expect(thread.locator(f"{kind}.m-file-player")).to_be_visible()
        await page.wait_for_function("kind => Math.round(document.querySelector(kind).duration) === 2", arg=kind)
    await expect(thread.locator(".m-file-row", has_text="comprovante.pdf")).to_be_visible()


async def _nothing_is_missing_after_a_cut(stack: Stack, browser: Browser, api: httpx.AsyncClient, number: str) -> None:
    before = await stack.last_entry()
    async with second_web_app(stack) as (address, wire):
        theirs = await browser.new_context(
            locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1440, "height": 900}
        )
        await enter(theirs, stack)
        page, _ = await new_page(theirs)
        await cut_off(api, [page], address, wire, number, WRITERS[1], broken=True)
        await theirs.close()
    taken = await stack.ledger(before, channel="linked")
    assert [(one["recipient"], one["preview"]) for one in taken] == [(WRITERS[1], ANSWERED)]


async def _got(stack: Stack, before: int) -> list[dict[str, Any]]:
    """What reached the person, and nobody else."""
    entries = await stack.ledger(before, channel="linked")
    assert {one["recipient"] for one in entries} == {PERSON}
    return entries
