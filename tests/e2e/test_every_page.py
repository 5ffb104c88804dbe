"""Every page as it looks, once: on a wide screen in light, and as a small dark phone, where it fits and speaks Portuguese.
axe-core finds nothing to complain about, with no rule off, and neither does the browser."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import axe_playwright_python
import httpx
import pytest
from babel.messages.pofile import read_po
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.architecture.tree import python_files, text
from tests.e2e.stack import Stack, enter, new_page, settled, sign_in
from ui import i18n

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(1200)]

_OUTSIDE = (
    "/sign-in",
    "/sign-up",
    "/forgot-password",
    "/reset-password?token=x",
    "/verify-email?token=x",
    "/invitation/x",
    "/reports/stop?token=x",
    "/offline",
    "/nowhere",
)
_INSIDE = (
    "/", "/contacts", "/contacts/fields", "/contacts/segments", "/contacts/segments/new", "/contacts/blocked", "/contacts/duplicates", "/imports", "/boards", "/boards/suggestions", "/campaigns", "/campaigns/new", "/cadences",
    "/templates", "/templates/new", "/channels", "/channels/connect", "/personas", "/knowledge", "/incoming", "/channels/connect/whatsapp", "/channels/connect/sms", "/channels/connect/voice_retell", "/channels/connect/voice_vapi", "/channels/numbers", "/sandbox", "/sandbox/model",
    "/team", "/settings", "/calls",
    "/analytics", "/analytics/dashboard", "/analytics/reports", "/analytics/conversions", "/analytics/conversations", "/analytics/people", "/analytics/assistant", "/analytics/consent", "/analytics/consent/entries", "/analytics/calls", "/analytics/calls/rows", "/analytics/origins",
    "/analytics/origins/leads", "/analytics/messages?fact=sent", "/analytics/boards", "/analytics/leads?fact=entered", "/analytics/campaigns", "/analytics/channels", "/analytics/talks?fact=opened",
    "/settings/costs", "/settings/costs?tab=limit", "/settings/costs?tab=hours", "/settings/costs?tab=warm-up", "/settings/costs?tab=rules",
    "/settings/history", "/settings/privacy", "/settings/requests", "/settings/health", "/settings?tab=notifications", "/notifications",
    "/settings?tab=security", "/settings?tab=company", "/settings?tab=keys", "/held", "/webhooks", "/integrations", "/integrations/kommo", "/integrations/kommo?tab=rules", "/integrations/kommo?tab=log", "/inbox", "/inbox?view=snoozed",
    "/settings/ai", "/settings/ai?tab=usage", "/settings/ai?tab=budgets", "/settings/ai?tab=models", "/settings/ai?tab=safety",
    "/settings/inbox", "/settings/inbox?tab=teams", "/settings/inbox?tab=replies", "/settings/inbox?tab=times", "/settings/inbox?tab=hours",
)  # fmt: skip
_FURNISHED = ("/sign-in", "/", "/campaigns")
"""They show all that a phone leaves out: what is dark elsewhere is seen on the phone."""
_NO_PAGES = {
    "/_gallery", "/analytics/file", "/contacts/export.csv", "/boards/{board_id:uuid}/export.csv", "/campaigns/{campaign_id:uuid}/recipients.csv",
    "/campaigns/compare.csv", "/campaigns/{campaign_id:uuid}/report.csv", "/campaigns/{campaign_id:uuid}/report.pdf", "/campaigns/{campaign_id:uuid}/report.png",
    "/imports/{import_id:uuid}/rejects.csv", "/contacts/exports/{export_id:uuid}/file",
}  # fmt: skip
"""Files, and the gallery of those who build the app."""
_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_RUN = """async ([only, seen]) => {
    const hash = text => {  // of 53 bits: what is handed over and back at each look stays small
        let high = 0xdeadbeef, low = 0x41c6ce57;
        for (const letter of text) {
            high = Math.imul(high ^ letter.charCodeAt(0), 0x9e3779b1);
            low = Math.imul(low ^ letter.charCodeAt(0), 0x5f356495);
        }
        high = Math.imul(high ^ high >>> 16, 0x85ebca6b) ^ Math.imul(low ^ low >>> 13, 0xc2b2ae35);
        low = Math.imul(low ^ low >>> 16, 0x85ebca6b) ^ Math.imul(high ^ high >>> 13, 0xc2b2ae35);
        return 0x100000000 * (low & 0x1fffff) + (high >>> 0);
    };
    const known = new Set(seen), looks = [], fresh = [], alike = {resultTypes: ['violations'], preload: false}, exclude = [['tbody tr:nth-child(n + 7)']];
    for (const one of document.querySelectorAll('body *')) {
        const said = [...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!(said || one.matches('input, textarea, select')) || !one.checkVisibility()) continue;
        const {left, top, width, height} = one.getBoundingClientRect(), look = getComputedStyle(one);
        const grounds = document.elementsFromPoint(left + width / 2, top + height / 2).filter(other => !one.contains(other));
        for (let outer = one; outer; outer = outer.parentElement) if (!grounds.includes(outer)) grounds.push(outer);
        const sign = [look.color, look.fontSize, look.fontWeight, look.textShadow, one.localName, one.matches(':disabled, [aria-disabled=true]')];
        for (const ground of grounds) {
            const {backgroundColor, backgroundImage, opacity, filter, mixBlendMode} = getComputedStyle(ground);
            sign.push(ground.contains(one), backgroundColor, backgroundImage, opacity, filter, mixBlendMode);
        }
        const short = hash(sign.join());
        if (!known.has(short)) {
            known.add(short);
            looks.push(short);
            fresh.push(one);
        }
    }
    const rules = {'color-contrast': {enabled: false}, 'label-content-name-mismatch': {enabled: true}}, found = [];
    if (!only) found.push(...(await axe.run({exclude}, {...alike, rules})).violations);
    if (fresh.length) found.push(...(await axe.run({include: fresh, exclude}, {...alike, runOnly: ['color-contrast']})).violations);
    const said = found.map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`);
    return {said, looks};
}"""
"""Six rows of a table, the others are drawn alike. Also the rule that axe-core calls experimental: what is written on a control is
part of its name. Contrast, which takes longer than all other rules, is judged once for what has the same colours, size, weight and grounds."""
_VISIT = """path => {
    window.arrived = false;
    addEventListener('arrive', () => { window.arrived = true; }, {once: true});
    masteria.visit(path);
}"""
"""A page that the browser must load whole knows nothing of it."""
_WIDE, _PHONE = (1360, 820), (390, 844)
_STILL = """([dark, width]) => document.documentElement.classList.contains('m-dark') === dark
    && matchMedia(`(width: ${width}px)`).matches
    && document.getAnimations().every(one => one.playState !== 'running')"""
_WIDER = """() => [...document.querySelectorAll('#content, body, html')]
    .filter(one => one.scrollWidth > 390).map(one => one.id || one.tagName)"""
_TEXTS = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = new Set();
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
        if (text && parent.checkVisibility() && !parent.closest('script, style, .q-icon, .material-symbols-rounded, [dir=auto]')) found.add(text);
    }
    return [...found];
}"""
"""What people wrote to each other stands as they wrote it."""
_LIGHTNESS = "() => Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))"


async def _inner_pages(stack: Stack) -> list[str]:
    """One of each kind of page that is about one thing."""
    async with stack.client() as api:

        async def first(path: str, **where: Any) -> dict[str, Any]:
            found: dict[str, Any] = (await api.get(path, params=where)).json()["items"][0]
            return found

        draft, done = await first("/v1/campaigns", state="draft"), await first("/v1/campaigns", state="finished")
        channels = (await api.get("/v1/channels")).json()["items"]
        person = await first("/v1/contacts")
        board = await first("/v1/boards")
        lead = await _some_leads(api, board["id"], person["id"])
        rule = {"stage_id": board["stages"][3]["id"], "action": {"kind": "add_tag", "tag": "cliente"}}
        (await api.post(f"/v1/boards/{board['id']}/rules", json=rule)).raise_for_status()
        persona = (await api.post("/v1/personas", json={"name": "Nina", "starting": "sales"})).json()["id"]
        (await api.post(f"/v1/personas/{persona}/publish", json={})).raise_for_status()
        entry = (await first("/v1/incoming-hooks"))["id"]
        template = await first("/v1/templates")
        base, source = await _some_knowledge(api)
        talk = await first("/v1/conversations", view="all")
        hook = (await api.post("/v1/webhooks", json={"url": "https://hooks.invalid/", "types": ["campaign.deleted"]})).json()[
            "id"
        ]
        cadence = await _a_sequence(api, channels)
        called = await _a_call(api)
        setup = (await api.post("/v1/phone-setups", json={"kind": "voice_retell", "name": "Vendas", "sandbox": True})).json()[
            "id"
        ]
        told = (await api.post(f"/v1/webhooks/{hook}/test")).json()["delivery_id"]
        sheet = {"file": ("Clientes.csv", b"Nome;Celular;Cidade\r\nBia;(11) 98765-4321;Natal\r\nLia;12;Natal\r\n", "text/csv")}
        file, taken = [(await api.post("/v1/imports", files=sheet)).json()["id"] for _ in range(2)]
        columns = [{"index": number, "target": target} for number, target in enumerate(("name", "phone"))]

        async def reaches(import_id: str, state: str) -> None:
            while (await api.get(f"/v1/imports/{import_id}")).json()["state"] != state:
                await asyncio.sleep(0.2)

        await reaches(taken, "ready")
        (await api.post(f"/v1/imports/{taken}/start", json={"columns": columns})).raise_for_status()
        await reaches(taken, "completed")
    steps = ("channel", "audience", "message", "when", "review")
    return [
        f"/channels/numbers/{setup}",
        *(f"/campaigns/{draft['id']}/edit?step={step}" for step in steps),
        f"/campaigns/{done['id']}",
        f"/cadences/{cadence}",
        f"/cadences/{cadence}?tab=rules",
        f"/cadences/{cadence}?tab=people",
        f"/campaigns/{done['id']}/report",
        f"/campaigns/compare?ids={done['id']}",
        *(f"/channels/{channel['id']}" for channel in channels[:2]),
        f"/contacts/{person['id']}",
        f"/calls/{called}",
        f"/boards/{board['id']}",
        f"/boards/{board['id']}?lead={lead}",
        f"/boards/{board['id']}?q=nowhere",
        f"/boards/{board['id']}/list",
        f"/boards/{board['id']}/appointments",
        f"/boards/{board['id']}/settings",
        f"/boards/{board['id']}/settings?tab=ai",
        f"/boards/{board['id']}/settings?tab=booking",
        f"/inbox/{talk['id']}",
        f"/personas/{persona}",
        f"/templates/{template['id']}/edit",
        f"/webhooks/{hook}",
        f"/webhooks/{hook}/deliveries/{told}",
        f"/knowledge/{base}",
        f"/incoming/{entry}",
        f"/incoming/{entry}?tab=log",
        f"/incoming/{entry}?tab=settings",
        f"/knowledge/sources/{source}",
        f"/imports/{file}?board={board['id']}",
        f"/imports/{taken}",
    ]


async def _a_call(api: httpx.AsyncClient) -> str:
    """One that is over, over a number of the simulator."""
    line = (
        (await api.post("/v1/channels", json={"kind": "voice_retell", "sandbox": True, "name": "Ligações"}))
        .raise_for_status()
        .json()["id"]
    )
    while (await api.get(f"/v1/channels/{line}")).json()["state"] != "connected":
        await asyncio.sleep(0.2)
    somebody = (await api.get("/v1/contacts", params={"opted_out": False})).json()["items"][0]["id"]
    made = (await api.post(f"/v1/contacts/{somebody}/call", json={"channel_id": line})).raise_for_status().json()["id"]
    while (await api.get(f"/v1/calls/{made}")).json()["outcome"] is None:
        await asyncio.sleep(0.2)
    return str(made)


async def _a_sequence(api: httpx.AsyncClient, channels: list[dict[str, Any]]) -> str:
    """One that runs, with a question and somebody in it."""
    sms = next(channel["id"] for channel in channels if channel["kind"] == "sms")
    last = {"kind": "send", "id": str(uuid4()), "channel_id": sms, "text": "Ainda por aqui?"}
    ask = {"kind": "branch", "id": str(uuid4()), "condition": {"kind": "replied"}, "yes": [], "no": [last]}
    plan = {"steps": [{"kind": "wait", "id": str(uuid4()), "minutes": 500_000}, ask], "stop_on_reply": False}
    made = (await api.post("/v1/cadences", json={"name": "Boas-vindas", "plan": plan})).raise_for_status().json()["id"]
    (await api.post(f"/v1/cadences/{made}/start")).raise_for_status()
    somebody = (await api.get("/v1/contacts", params={"opted_out": False})).json()["items"][0]["id"]
    (await api.post(f"/v1/cadences/{made}/enrolments", json={"contacts": {"ids": [somebody]}})).raise_for_status()
    return str(made)


async def _some_knowledge(api: httpx.AsyncClient) -> tuple[str, str]:
    """A base with a text and a file that cannot be read, as it is said; the ids of base and text."""
    base = (await api.post("/v1/knowledge-bases", json={"name": "Loja", "language": "pt"})).json()["id"]
    rule = {"kind": "text", "title": "Trocas", "body": "# Prazo\nTrocamos em até 30 dias, com a nota."}
    made = await api.post(f"/v1/knowledge-bases/{base}/sources", json={"content": rule})
    broken = {"file": ("Catálogo.pdf", b"%PDF-1.4", "application/pdf")}
    (await api.post(f"/v1/knowledge-bases/{base}/files", files=broken)).raise_for_status()
    while (await api.get(f"/v1/knowledge-bases/{base}/sources", params={"failed": True})).json()["items"] == []:
        await asyncio.sleep(0.2)
    return base, made.json()["id"]


async def _some_leads(api: httpx.AsyncClient, board_id: str, contact_id: str) -> str:
    """Two leads on a board, one with everything that a card shows; its id."""
    me = (await api.get("/v1/me")).json()["user_id"]
    full = {"contact_id": contact_id, "value_cents": 18_900, "owner_id": me, "due_on": "2026-01-31", "tags": ["vip"]}
    for given in ({"title": "Kit presente"}, {"title": "Vestido azul M", **full}):
        made = await api.post("/v1/leads", json={"board_id": board_id, **given})
    return str(made.json()["id"])


def _english() -> set[str]:
    """Whole texts of the web app that read otherwise in Portuguese."""
    found: set[str] = set()
    for path in i18n.catalogues("pt_BR"):
        with path.open("rb") as file:
            found |= {str(one.id) for one in read_po(file) if isinstance(one.id, str) and one.string and one.string != one.id}
    return found - {""}


async def _a_phone(browser: Browser, stack: Stack, *, inside: bool) -> BrowserContext:
    """A phone of somebody in Brazil; as wide as a desk where a test says so, since pages ask for nothing but width and colours."""
    width, height = _PHONE
    context = await browser.new_context(
        locale="pt-BR", viewport={"width": width, "height": height}, color_scheme="dark", reduced_motion="reduce",
        has_touch=True, is_mobile=True,
    )  # fmt: skip
    if inside:
        await enter(context, stack)
    return context


async def _look(page: Page, screen: tuple[int, int], *, dark: bool) -> None:
    width, height = screen
    await page.set_viewport_size({"width": width, "height": height})
    await page.emulate_media(color_scheme="dark" if dark else "light")
    await page.wait_for_function(_STILL, arg=[dark, width])


async def _complaints(page: Page, look: str, seen: set[int], *, contrast_only: bool = False) -> list[str]:
    """`seen`: looks of texts whose contrast was judged; those of this page are added."""
    answer = await page.evaluate(_RUN, [contrast_only, list(seen)])
    seen.update(answer["looks"])
    return [f"{page.url} {look} {found}" for found in answer["said"]]


async def _fits(page: Page, english: set[str]) -> None:
    assert await page.evaluate(_WIDER) == [], page.url
    assert await page.evaluate(_LIGHTNESS) < 60, page.url
    texts = set(await page.evaluate(_TEXTS))
    assert len(texts) > 4, page.url
    assert texts & english == set(), page.url


async def _on_a_desk(page: Page, path: str, seen: set[int]) -> list[str]:
    await _look(page, _WIDE, dark=False)
    found = await _complaints(page, "light", seen)
    if path in _FURNISHED:
        await _look(page, _WIDE, dark=True)
        found += await _complaints(page, "dark", seen, contrast_only=True)  # nothing but colours has changed
    return found


async def _in_a_hand(page: Page, english: set[str], seen: set[int]) -> list[str]:
    await _look(page, _PHONE, dark=True)
    await _fits(page, english)
    return await _complaints(page, "dark phone", seen)


async def _arrive(page: Page, stack: Stack, path: str, *, anew: bool) -> None:
    """`anew`: as an address that is typed, else as a link leads there."""
    if anew:
        await page.goto(stack.ui + path)
    else:
        await page.evaluate(_VISIT, path)
        await page.wait_for_function("window.arrived !== false && window.socket?.connected")
    await settled(page)
    if not await page.evaluate("!!window.axe"):
        await page.evaluate(_AXE)


async def _walk(stack: Stack, browser: Browser, paths: list[str], seen: set[int], *, inside: bool) -> list[str]:
    """Each page is looked at as the one before it was left: every other one on the phone first. Inside, every eighth is opened anew.
    `seen`: looks of texts that some walk has judged."""
    context = await _a_phone(browser, stack, inside=inside)
    page, wrong = await new_page(context)
    english, found = _english(), list[str]()
    for number, path in enumerate(paths):
        await _arrive(page, stack, path, anew=not inside or number % 8 == 0)
        looks = [lambda path=path: _on_a_desk(page, path, seen), lambda: _in_a_hand(page, english, seen)]
        for look in looks if number % 2 else reversed(looks):
            found += await look()
    await context.close()
    return found + [line for line in wrong if "404" not in line]


def _unseen(paths: Sequence[str]) -> set[str]:
    """Pages of the web app of which none of the addresses is one."""
    seen = {path.partition("?")[0] for path in paths}
    code = "\n".join(text(path) for path in python_files("ui"))
    routes = set(re.findall(r'^@page\("([^"]+)"', code, re.MULTILINE))
    assert len(routes) > 40
    return {route for route in routes if not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), path) for path in seen)}


async def test_every_page(stack: Stack, browser: Browser) -> None:
    inside = [*_INSIDE, *await _inner_pages(stack)]
    assert _unseen([*_OUTSIDE, *inside]) == _NO_PAGES
    seen = set[int]()
    async with asyncio.TaskGroup() as group:  # beside each other: pages wait for the server most of the time
        walks = [
            group.create_task(_walk(stack, browser, [*_OUTSIDE], seen, inside=False)),
            *(group.create_task(_walk(stack, browser, inside[part::2], seen, inside=True)) for part in range(2)),
        ]
    found = [line for walk in walks for line in walk.result()]
    assert found == [], "\n".join(found)


async def test_a_thumb_finds_the_way_to_a_campaign(stack: Stack, browser: Browser) -> None:
    context = await _a_phone(browser, stack, inside=False)
    page, wrong = await new_page(context)
    await sign_in(page, stack)
    await page.get_by_role("link", name="Campanhas").last.tap()
    await expect(page.get_by_role("heading", name="Campanhas", level=1)).to_be_visible()
    await settled(page)
    await page.get_by_text("Promoção de verão").first.tap()
    await expect(page.get_by_role("heading", name="Promoção de verão", level=1)).to_be_visible()
    await expect(page.locator(".m-way-delivered .m-figure")).not_to_have_text("0")
    await context.close()
    assert wrong == []
