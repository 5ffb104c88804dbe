"""What is written in the inbox besides plain texts: seen by a colleague, by the person in the simulator, and by the provider once."""

import asyncio
import contextlib
import io
import itertools
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from db.seed.accounts import EMAIL
from tests.e2e.stack import Stack, enter, new_page, settled
from tests.workers.qr.conftest import PACKAGES
from workers.qr import install

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_SIZE = {"width": 1440, "height": 900}
_used: set[str] = set()
_invented = itertools.count(1)
QR = "whatsapp_qr"
over_both = pytest.mark.parametrize("kind", ["whatsapp", QR])
"""A number of the official API, and one that is connected by a code: what people see is the same, and what is taken is once."""


class Got(NamedTuple):
    """A message as its provider took it. `about`: the message that it answers or reacts to, as far as it names one."""

    type: str
    text: str
    about: str = ""
    name: str = ""
    voice: bool = False


def got(entry: dict[str, Any]) -> Got:
    content = entry["content"]
    if entry["channel"] == "linked":
        about = content.get("answers") or content.get("about") or ""
        return Got(content.get("type", "text"), content["text"], about, content.get("name", ""), content.get("voice", False))
    part = content[content["type"]]
    if content["type"] == "contacts":
        return Got("contacts", part[0]["name"]["formatted_name"])
    text = next((part[key] for key in ("body", "caption", "emoji", "name") if key in part), "")
    about = part.get("message_id") or content.get("context", {}).get("message_id", "")
    return Got(content["type"], text, about, part.get("filename", ""), part.get("voice", False))


class Desk:
    """Two people of the company, Ana and Bruno, with the conversation open of somebody who has just written `asked`; or Ana alone, whose
    page is both."""

    def __init__(
        self, stack: Stack, api: httpx.AsyncClient, channel: str, address: str, one: Page, two: Page, since: int
    ) -> None:
        self.stack, self.api, self.channel, self.address, self.one, self.two = stack, api, channel, address, one, two
        self._since = since

    async def accepted(self, count: int = 1) -> list[Got]:
        """What the provider took for this person since, once it has taken so many."""
        while True:
            found = await self.stack.ledger(self._since, account=self.channel.replace("-", ""))
            ours = [entry for entry in found if entry["recipient"].lstrip("+") == self.address.lstrip("+")]
            if len(ours) >= count:
                return [got(entry) for entry in ours]
            await asyncio.sleep(0.2)

    async def phone(self) -> list[dict[str, Any]]:
        """What the person has on the phone, newest first."""
        found = await self.api.get(f"/v1/sandbox/{self.channel}/phones/{self.address}")
        return list(found.json()["items"])


async def somebody(api: httpx.AsyncClient, kind: str = "whatsapp") -> tuple[str, str]:
    """A WhatsApp number on the sandbox, and a phone that no other test uses: one that the number has written to; to a number by QR code people
    write first, so of it one that never had to do with it."""
    channels = (await api.get("/v1/channels")).json()["items"]
    numbers = [one["id"] for one in channels if one["sandbox"] and one["kind"] == kind]
    if kind == QR:
        await install.prepare(PACKAGES)
        return numbers[0], f"+551197430{next(_invented):04}"
    while True:  # the campaign of the demo company may only just have begun
        for number in numbers:
            for phone in (await api.get(f"/v1/sandbox/{number}/phones", params={"limit": 50})).json()["items"]:
                if phone["address"] not in _used and not phone["address"][-1:].isalpha():
                    _used.add(phone["address"])
                    return number, phone["address"]
        await asyncio.sleep(0.2)


async def _heard(api: httpx.AsyncClient, channel: str, asked: str) -> str:
    """The conversation in which somebody has just asked this."""
    while True:
        found = (await api.get("/v1/conversations", params={"view": "unread", "channel_id": channel, "limit": 50})).json()[
            "items"
        ]
        if mine := [one["id"] for one in found if one["last"] and one["last"]["text"] == asked]:
            return str(mine[0])
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def desk(
    stack: Stack, browser: Browser, asked: str, kind: str = "whatsapp", *, alone: bool = False, **more: Any
) -> AsyncIterator[Desk]:
    async with stack.client() as api:
        channel, address = await somebody(api, kind)
        since = await stack.last_entry()
        said = {"address": address, "text": asked}
        (await api.post(f"/v1/sandbox/{channel}/reply", json=said)).raise_for_status()
        conversation = await _heard(api, channel, asked)
        pages, wrong = list[Page](), list[list[str]]()
        for who in (EMAIL,) if alone else (EMAIL, "bruno@lojaaurora.test"):
            context = await browser.new_context(
                locale="pt-BR", timezone_id="America/Sao_Paulo", viewport=_SIZE, reduced_motion="reduce", **more
            )
            await enter(context, stack, who)
            page, found = await new_page(context)
            pages.append(page)
            wrong.append(found)
            await page.goto(f"{stack.ui}/inbox")
            await page.locator(f'.m-inbox-row[data-conversation="{conversation}"]').click()
            await expect(page.locator(".m-thread").get_by_text(asked)).to_be_visible()
            await settled(page)
        yield Desk(stack, api, channel, address, pages[0], pages[-1], since)
        assert [line for found in wrong for line in found] == []
        for page in pages:
            await page.context.close()


@over_both
async def test_an_answer_names_the_message_that_it_answers(stack: Stack, browser: Browser, kind: str) -> None:
    async with desk(stack, browser, "Até quando posso trocar o presente?", kind) as here:
        asked = here.one.locator(".m-thread .m-bubble", has_text="Até quando posso trocar o presente?")
        await asked.hover()
        await asked.get_by_role("button", name="Responder a esta mensagem").click()
        quote = here.one.locator(".m-write-quote")
        await expect(quote.get_by_text("Até quando posso trocar o presente?")).to_be_visible()
        field = here.one.get_by_label("Escreva uma resposta")
        await expect(field).to_be_focused()
        await field.fill("Trinta dias.")
        await field.press("Enter")
        for page in (here.one, here.two):
            answer = page.locator(".m-bubble-out:not(.m-bubble-pending)", has_text="Trinta dias.")
            await expect(answer.locator(".m-conv-quote", has_text="Até quando posso trocar o presente?")).to_be_visible()
        await expect(quote).to_be_hidden()

        await here.one.locator(".m-thread-scroll").focus()
        await here.one.keyboard.press("q")
        await expect(quote).to_be_visible()
        await field.press("Escape")
        await expect(quote).to_be_hidden()

        [entry] = await here.accepted()
        assert (entry.type, entry.text, bool(entry.about)) == ("text", "Trinta dias.", True)
        shown = next(one for one in await here.phone() if one["text"] == "Trinta dias.")
        assert (shown["kind"], shown["quote"]) == ("out", "Até quando posso trocar o presente?")


@over_both
async def test_a_picture_and_a_paper_reach_the_person_once(stack: Stack, browser: Browser, kind: str) -> None:
    async with desk(stack, browser, "Pode mandar o catálogo?", kind) as here:
        tiles = here.one.locator(".m-attached")
        await here.one.locator(".m-attach input[type=file]").set_input_files([
            {"name": "azul.png", "mimeType": "image/png", "buffer": picture()},
            {"name": "tabela.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + b"1 0 obj\n" * 50},
            {"name": "jogo.exe", "mimeType": "application/octet-stream", "buffer": b"MZ\x90\0" + b"\0" * 500},
        ])  # fmt: skip
        await expect(tiles).to_have_count(3)
        await expect(here.one.locator(".m-attached-kept")).to_have_count(2)
        refused = here.one.locator(".m-attached-failed", has_text="jogo.exe")
        await expect(refused.get_by_text("Este canal não aceita arquivos deste tipo.")).to_be_visible()
        await refused.get_by_role("button", name="Tirar").click()
        field = here.one.get_by_label("Escreva uma resposta")
        await field.fill("O azul e os preços")
        await field.press("Enter")
        for page in (here.one, here.two):
            sent = page.locator(".m-bubble-out:not(.m-bubble-pending)")
            await expect(sent.filter(has_text="O azul e os preços").locator(".m-file-picture img")).to_be_visible()
            await expect(sent.locator(".m-file-row", has_text="tabela.pdf")).to_be_visible()
        await expect(tiles).to_have_count(0)
        paper, seen = sorted(await here.accepted(2))
        assert (paper.type, paper.name) == ("document", "tabela.pdf")
        assert (seen.type, seen.text) == ("image", "O azul e os preços")


@over_both
async def test_a_voice_message_is_heard_before_it_goes(stack: Stack, browser: Browser, kind: str) -> None:
    async with desk(stack, browser, "Me explica por áudio?", kind, permissions=["microphone"]) as here:
        await here.one.get_by_role("button", name="Gravar mensagem de voz").click()
        await expect(here.one.get_by_role("timer")).to_have_text(re.compile(r"^[0-9]+:(0[1-9]|[1-5][0-9])$"))
        await here.one.get_by_role("button", name="Parar e ouvir").click()
        await expect(here.one.locator(".m-voice audio")).to_be_visible()
        await here.one.get_by_role("button", name="Enviar a mensagem de voz").click()
        for page in (here.one, here.two):
            await expect(page.locator(".m-bubble-out:not(.m-bubble-pending) audio")).to_be_visible()
        [entry] = await here.accepted()
        assert (entry.type, entry.voice) == ("audio", True)
        [sent] = [one for one in await here.phone() if one["kind"] == "out" and one["files"]]
        assert [file["mime_type"] for file in sent["files"]] == ["audio/ogg"]


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(out, "PNG")
    return out.getvalue()
