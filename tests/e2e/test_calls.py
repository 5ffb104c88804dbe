"""Messages that come in while Master IA is open: one tab makes a sound, once for several, never for the conversation that is looked at."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect
from playwright.async_api import TimeoutError as PageTimeout

from tests.e2e.stack import PATIENCE, Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

WHO = "bruno@lojaaurora.test"
# What the app asks the browser for; the test says whether somebody is at the desk, and what time it is.
_EAR = """
    Object.assign(window, {sounds: 0, notices: [], desk: false, at: null});
    const {start} = OscillatorNode.prototype, {showNotification} = ServiceWorkerRegistration.prototype, {now} = Date;
    OscillatorNode.prototype.start = function (...given) {
        sounds += this.frequency.value === 659;  // the first of the two tones
        return start.apply(this, given);
    };
    ServiceWorkerRegistration.prototype.showNotification = function (title, how) {
        notices.push([title, how.body, how.data]);
        return how.body === 'E no domingo?' ? new Promise(() => {}) : showNotification.call(this, title, how);  // shown or not: not said
    };
    document.hasFocus = () => desk;
    Object.defineProperty(navigator, 'userActivation', {value: {hasBeenActive: false}});  // each `evaluate` counts as a press
    addEventListener('pointerdown', () => { navigator.userActivation.hasBeenActive = true; }, true);
    Date.now = () => at ?? now();
"""
# What a person has chosen and was told stays known while one page has left and the next is not shown yet.
_BETWEEN = """() => {
    const page = document.querySelector('[data-palette]'), mark = page.getAttribute('data-palette');
    page.removeAttribute('data-palette');
    const {which} = masteria.calls.settings();
    page.setAttribute('data-palette', mark);
    return which;
}"""


class _Browser:
    """A browser with two tabs, both of which ask for the conversations of one's own, and the people who write."""

    def __init__(self, api: httpx.AsyncClient, channel: str, inbox: Page, beside: Page) -> None:
        self._api, self._channel = api, channel
        self.pages = (inbox, beside)

    async def says(self, one: dict[str, Any], text: str) -> None:
        body = {"address": one["address"], "text": text}
        (await self._api.post(f"/v1/sandbox/{self._channel}/reply", json=body)).raise_for_status()

    async def clock(self, second: int) -> None:
        for page in self.pages:
            await page.evaluate("(at) => { window.at = at; }", 1_800_000_000_000 + second * 1000)

    async def notices(self) -> list[list[str]]:
        return [one for page in self.pages for one in await page.evaluate("notices")]

    async def noticed(self, name: str, text: str, one: dict[str, Any]) -> None:
        wanted, until = [name, text, f"/inbox/{one['id']}"], time.monotonic() + PATIENCE / 1000
        while wanted not in (notices := await self.notices()):
            assert time.monotonic() < until, (wanted, notices, await self._why())
            await asyncio.sleep(0.1)

    async def _why(self) -> list[Any]:
        """What the tabs and the API know, where a notice is missing."""
        unread = (await self._api.get("/v1/conversations", params={"view": "unread", "limit": 5})).json()["items"]
        tabs = [await page.evaluate("[location.pathname, desk, socket.connected, {...localStorage}]") for page in self.pages]
        return [*tabs, *((one["contact_name"], one["last"]) for one in unread)]

    async def sounded(self, *wanted: int) -> None:
        """So often in each tab since it was opened."""
        async with asyncio.timeout(PATIENCE / 1000):
            while (found := [await page.evaluate("sounds") for page in self.pages]) != list(wanted):
                assert sum(found) <= sum(wanted), found
                await asyncio.sleep(0.1)

    async def visit(self, path: str) -> None:
        """Both tabs, as a link leads there: in the same document."""
        for page in self.pages:
            await page.evaluate("(path) => masteria.visit(path)", path)
            await page.wait_for_function("(path) => location.pathname + location.search === path && socket.connected", arg=path)
            await settled(page)
            assert await page.evaluate("window.at") is not None


async def _customer(api: httpx.AsyncClient, channel: str, name: str, phone: str) -> dict[str, Any]:
    """A conversation of the signed-in person with somebody whom no campaign knows."""
    contact = (await api.post("/v1/contacts", json={"name": name, "phone": phone})).raise_for_status().json()
    body = {"contact_id": contact["id"], "channel_id": channel}
    found: dict[str, Any] = (await api.post("/v1/conversations", json=body)).raise_for_status().json()
    me = (await api.get("/v1/me")).json()["user_id"]
    version = {"If-Match": f'"{found["version"]}"'}
    (await api.patch(f"/v1/conversations/{found['id']}", json={"assignee_id": me}, headers=version)).raise_for_status()
    return found


async def _choose_mine(page: Page) -> None:
    """Chooses once more where a card that came in between moved the line away under the press."""
    for _try in range(6):
        await page.get_by_label("Para quais conversas").click()
        await page.get_by_role("option", name="Só as minhas").click()
        try:
            await page.wait_for_function("masteria.calls.settings().which === 'mine'", timeout=10_000)
            return
        except PageTimeout:
            await page.keyboard.press("Escape")
    raise AssertionError(await page.evaluate("masteria.calls.settings()"))


async def test_one_tab_calls_once_and_not_for_what_is_looked_at(stack: Stack, context: BrowserContext) -> None:
    await context.grant_permissions(["notifications"], origin=stack.ui)
    await context.add_init_script(_EAR)
    await enter(context, stack, WHO)
    async with stack.client(WHO) as api:
        channels = (await api.get("/v1/channels")).json()["items"]
        channel = next(one["id"] for one in channels if one["sandbox"] and one["kind"] == "whatsapp")
        rosa = await _customer(api, channel, "Rosa Prado", "+5511991000001")
        ivo = await _customer(api, channel, "Ivo Matos", "+5511991000002")
        beside, wrong = await new_page(context)
        await beside.goto(f"{stack.ui}/settings?tab=notifications")
        await settled(beside)
        await _choose_mine(beside)  # the people of the demo company write all the time
        inbox, wrong_too = await new_page(context)
        await inbox.goto(f"{stack.ui}/inbox/{rosa['id']}")
        await settled(inbox)
        await beside.reload()
        await settled(beside)
        browser = _Browser(api, channel, inbox, beside)
        for page in browser.pages:
            await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await beside.get_by_role("button", name="Ouvir o som").click()
        await browser.sounded(0, 1)
        await browser.clock(0)
        await inbox.evaluate("desk = true")
        await browser.says(rosa, "Vi a coleção nova")
        await expect(inbox.locator(".m-thread").get_by_text("Vi a coleção nova")).to_be_visible()
        await browser.says(ivo, "Vocês entregam no sábado?")
        await browser.noticed("Ivo Matos", "Vocês entregam no sábado?", ivo)
        await browser.sounded(0, 2)  # the tab leads in which nobody has pressed anything: the other one sounds
        await browser.clock(2)
        await browser.says(ivo, "E no domingo?")  # of the same burst
        await browser.noticed("Ivo Matos", "E no domingo?", ivo)
        await browser.clock(10)
        await inbox.evaluate("desk = false")
        await browser.says(rosa, "Alguém aí?")  # the conversation is shown, and nobody is there
        await browser.noticed("Rosa Prado", "Alguém aí?", rosa)
        await browser.sounded(0, 3)

        assert await beside.evaluate(_BETWEEN) == "mine"
        for path in ("/contacts", "/campaigns", "/settings?tab=notifications"):
            await browser.visit(path)
        await browser.clock(20)
        await browser.says(ivo, "Oi de novo")
        await browser.noticed("Ivo Matos", "Oi de novo", ivo)
        await browser.sounded(0, 4)

        sound, notice = [beside.get_by_role("switch", name=name) for name in ("Som", "Aviso na área de trabalho")]
        await sound.click()
        await beside.wait_for_function("!masteria.calls.settings().sound")
        await browser.clock(30)
        await browser.says(rosa, "Sem som")
        await browser.noticed("Rosa Prado", "Sem som", rosa)
        await sound.click()
        await notice.click()
        await beside.wait_for_function("masteria.calls.settings().sound && !masteria.calls.settings().notice")
        await browser.clock(40)
        await browser.says(rosa, "Sem aviso")
        await browser.sounded(0, 5)
        assert [text for _name, text, _path in await browser.notices()] == [
            "Vocês entregam no sábado?", "E no domingo?", "Alguém aí?", "Oi de novo", "Sem som",
        ]  # fmt: skip
    assert wrong + wrong_too == []
