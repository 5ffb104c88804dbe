"""What the service worker of the page does with a push message: it calls people who are not looking."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_SHOWN = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((all) => all.map((one) => [one.title, one.body, one.data]))"

_OFFERED = """addEventListener('DOMContentLoaded', () => {
    const asked = {prompt() { window.asked = true; }, userChoice: Promise.resolve({outcome: 'accepted'})};
    dispatchEvent(Object.assign(new Event('beforeinstallprompt', {cancelable: true}), asked));
})"""
"""What a browser does that can install the app; a headless one cannot."""


async def test_a_push_message_calls_who_is_not_looking(stack: Stack, context: BrowserContext) -> None:
    await context.grant_permissions(["notifications"], origin=stack.ui)
    page, _ = await new_page(context)
    await page.add_init_script(_OFFERED)
    await enter(context, stack)
    browser, known = await context.new_cdp_session(page), asyncio.get_running_loop().create_future()

    def registered(said: dict[str, Any]) -> None:
        for one in said["registrations"]:
            if not known.done():
                known.set_result(one["registrationId"])

    browser.on("ServiceWorker.workerRegistrationUpdated", registered)
    await browser.send("ServiceWorker.enable")
    await page.goto(f"{stack.ui}/settings?tab=notifications")
    await settled(page)
    await expect(page.get_by_text("Ainda em nenhum navegador.")).to_be_visible()
    install = page.get_by_role("button", name="Instalar o aplicativo")
    await install.click()
    await expect(install).to_be_hidden()
    assert await page.evaluate("window.asked")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    registration = await known

    async def push(title: str, url: str) -> None:
        data = json.dumps({"title": title, "body": "Uma conversa agora é sua.", "url": url, "tag": url})
        message = {"origin": stack.ui, "registrationId": registration, "data": data}
        await browser.send("ServiceWorker.deliverPushMessage", message)

    async def shown(title: str) -> None:
        for look in itertools.count(1):
            if title in [shown for shown, _body, _url in await page.evaluate(_SHOWN)]:
                return
            await asyncio.sleep(0.1)
            if look % 100 == 0:  # a worker that just starts may miss one; it stands under the same tag
                await push(title, "/inbox/1")

    await page.bring_to_front()
    await push("Quem olha", "/settings")
    await push("Maria Souza", "/inbox/1")
    await shown("Maria Souza")
    await push("Maria Souza de novo", "/inbox/1")
    await shown("Maria Souza de novo")
    found = await page.evaluate(_SHOWN)  # the demo company's people write too
    pushed = [one for one in found if one[2] in ("/inbox/1", "/settings")]
    assert pushed == [["Maria Souza de novo", "Uma conversa agora é sua.", "/inbox/1"]]


_CLICK = """(path) => {
    self.led = [];
    WindowClient.prototype.focus = function () { return Promise.resolve(this); };  // browsers ask for a true press
    Clients.prototype.openWindow = (url) => { self.led.push(url); return Promise.resolve(null); };
    return registration.showNotification('Maria', {tag: 'click', data: path})
        .then(() => registration.getNotifications({tag: 'click'}))
        .then(([notification]) => { dispatchEvent(new NotificationEvent('notificationclick', {notification})); });
}"""


async def test_a_press_on_a_notification_leads_to_the_conversation(stack: Stack, context: BrowserContext) -> None:
    """In the page that shows the inbox; never away from another page, where something may be filled in."""
    await context.grant_permissions(["notifications"], origin=stack.ui)
    page, _wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/team")
    await settled(page)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await page.wait_for_function("navigator.serviceWorker.controller")
    worker = context.service_workers[0]
    await worker.evaluate(_CLICK, "/inbox/8")
    while await worker.evaluate("self.led") != ["/inbox/8"]:
        await asyncio.sleep(0.1)
    assert page.url == f"{stack.ui}/team"
    await page.goto(f"{stack.ui}/inbox")
    await settled(page)
    path = "/inbox/00000000-0000-0000-0000-000000000009"
    await worker.evaluate(_CLICK, path)
    await page.wait_for_url(f"{stack.ui}{path}")
    assert await worker.evaluate("self.led") == []


async def test_signing_out_ends_the_calls_of_this_browser(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    ended: list[str] = []
    await page.expose_function("ended", lambda: ended.append(page.url))
    await page.add_init_script(
        "PushManager.prototype.getSubscription = () => Promise.resolve({unsubscribe: () => window.ended().then(() => true)})"
    )
    await page.goto(f"{stack.ui}/team")
    await settled(page)
    await page.evaluate("localStorage.setItem('draft:x', '1'); localStorage.setItem('recent:x', '[]')")
    await page.get_by_role("button", name="Ana Lima").click()
    await page.get_by_text("Sair", exact=True).click()
    await page.get_by_role("button", name="Entrar", exact=True).wait_for()
    assert len(ended) == 1
    kept = await page.evaluate("Object.keys(localStorage).filter((key) => /^(draft|recent):/.test(key))")
    assert kept == []
    assert wrong == []
