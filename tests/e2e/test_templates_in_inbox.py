"""Where WhatsApp takes no free text the field becomes a choice of templates: found, filled from the contact, seen, sent."""

import asyncio
import contextlib
import re
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _with_places(stack: Stack, api: httpx.AsyncClient) -> dict[str, Any]:
    """A template with places in its text, once the simulated WhatsApp has approved it as well."""
    templates = (await api.get("/v1/templates", params={"status": "approved", "limit": 100})).json()["items"]
    chosen = next(one for one in templates if one["placeholders"] and not one["placeholders"][0].startswith("header"))
    async with httpx.AsyncClient(base_url=stack.sandbox, timeout=60) as sandbox:
        accounts = (await sandbox.get("/sandbox/accounts")).json()["data"]
        theirs = [one["id"] for one in accounts if one["kind"] == "meta"]
        while True:
            known = [one for each in theirs for one in (await sandbox.get(f"/sandbox/accounts/{each}/templates")).json()["data"]]
            if (chosen["name"], "APPROVED") in [(one["name"], one["status"]) for one in known]:
                return dict(chosen)
            await asyncio.sleep(0.2)


async def test_a_template_is_sent_where_the_window_is_closed(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        chosen = await _with_places(stack, api)
        person = {"name": "Marina Duarte", "phone": "+5521970001234"}
        contact = (await api.post("/v1/contacts", json=person)).json()["id"]
        where = {"contact_id": contact, "channel_id": chosen["channel_id"]}
        conversation = (await api.post("/v1/conversations", json=where)).json()["id"]
    before = await stack.last_entry()
    await enter(context, stack)
    page, wrong = await new_page(context)
    await page.goto(f"{stack.ui}/inbox/{conversation}")
    await settled(page)
    await page.get_by_placeholder("Buscar modelos").fill(chosen["name"])
    line, bubble = page.locator(".m-tplpick .m-item", has_text=chosen["name"]), page.locator(".m-tplpick .m-bubble")
    while not await bubble.count():  # what a busy server refuses says so, and is pressed again
        await line.click()
        with contextlib.suppress(AssertionError):
            await expect(bubble).to_be_visible(timeout=20_000)
    await expect(bubble).to_contain_text("Marina")
    fields = page.locator(".m-tplpick .m-field input")
    for number in range(await fields.count()):
        if not await fields.nth(number).input_value():
            await fields.nth(number).fill(f"valor {number}")
            await expect(bubble).to_contain_text(f"valor {number}")
    seen = await bubble.locator(".m-text").first.inner_text()
    await page.get_by_role("button", name="Enviar modelo").click()
    sent = page.locator(".m-thread .m-bubble-out", has_text="Marina")
    await expect(sent.locator(".m-tick")).to_have_attribute("aria-label", re.compile("Enviada|Entregue|Lida"))
    await expect(sent).to_contain_text(seen)
    await expect(sent).to_have_count(1)
    accepted = [one for one in await stack.ledger(before, channel="meta") if one["recipient"].lstrip("+") == person["phone"][1:]]
    assert [one["content"]["template"]["name"] for one in accepted] == [chosen["name"]]
    assert wrong == []
