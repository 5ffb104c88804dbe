"""What the service worker of the page does with a push message: it calls people who are not looking."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_SHOWN = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((all) => all.map((one) => [one.title, one.body, one.data]))"


async def test_a_push_message_calls_who_is_not_looking(stack: Stack, context: BrowserContext) -> None:
    await context.grant_permissions(["notifications"], origin=stack.ui)
    page, _ = await new_page(context)
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
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    registration = await known

    async def push(title: str, url: str) -> None:
        data = json.dumps({"title": title, "body": "Uma conversa agora é sua.", "url": url, "tag": url})
        message = {"origin": stack.ui, "registrationId": registration, "data": data}
        await browser.send("ServiceWorker.deliverPushMessage", message)

    async def shown(title: str) -> None:
        await page.wait_for_function(f"{_SHOWN}.then((all) => all.some(([title]) => title === {json.dumps(title)}))")

    await page.bring_to_front()
    await push("Quem olha", "/settings")
    await push("Maria Souza", "/inbox/1")
    await shown("Maria Souza")
    await push("Maria Souza de novo", "/inbox/1")
    await shown("Maria Souza de novo")
    assert await page.evaluate(_SHOWN) == [["Maria Souza de novo", "Uma conversa agora é sua.", "/inbox/1"]]
