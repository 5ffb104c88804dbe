"""From sign-up to a launched campaign on the simulator: how many times a newcomer has to press."""

import re

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, new_page, onward, pressed_until

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

MOST = 12
_PEOPLE = 8
_COUNT = "addEventListener('pointerdown', event => event.isTrusted && window.pressed(), true)"


async def test_twelve_presses_lead_from_sign_up_to_a_launched_campaign(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    pressed: list[str] = []
    await page.expose_function("pressed", lambda: pressed.append(page.url))  # by mouse or finger; typing does not count
    await page.add_init_script(_COUNT)
    before = await stack.last_entry()

    await page.goto(f"{stack.ui}/sign-up")
    for label, value in (("Nome da empresa", "Padaria Sol"), ("Seu nome", "Rita Paz"), ("E-mail", "rita@padariasol.test")):
        await page.get_by_label(label).fill(value)
    await page.get_by_label("Senha", exact=True).fill("pao-quente-as-seis")
    await page.get_by_role("button", name="Criar empresa").click()
    await page.get_by_role("link", name="Começar").click()
    await expect(page.get_by_role("radio", name="Simulador")).to_have_attribute("aria-checked", "true")
    async with stack.client("rita@padariasol.test", "pao-quente-as-seis") as api:  # the simulator lets some fail at random
        (channel,) = (await api.get("/v1/channels")).json()["items"]
        behaviour = {"delivered_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
        assert (await api.put(f"/v1/sandbox/{channel['id']}/behaviour", json=behaviour)).is_success
    await onward(page, "Público")
    await page.get_by_role("radio", name="Todos").click()
    await expect(page.get_by_text("pessoas vão receber")).to_be_visible()
    await onward(page, "Mensagem")
    await page.get_by_role("button", name="primeira_mensagem").click()
    await expect(page.locator(".m-phone")).to_contain_text("Oi Ana!")
    await onward(page, "Quando")
    await onward(page, "Revisar")
    send = page.get_by_role("button", name=f"Enviar para {_PEOPLE} pessoas")
    await pressed_until(page.get_by_role("button", name="Enviar agora"), send)
    await send.click()
    await page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}$"))
    assert len(pressed) <= MOST, pressed

    await expect(page.locator(".m-way-sent .m-figure")).to_have_text(str(_PEOPLE))
    said = {entry["recipient"].lstrip("+") for entry in await stack.ledger(before, channel="meta")}
    assert {f"55119000000{number:02}" for number in range(1, _PEOPLE + 1)} <= said

    # the rehearsal is ticked, and nothing else: the simulator is no channel, its people are no contacts of the company
    await page.goto(f"{stack.ui}/")
    await expect(page.locator(".m-todo-done")).to_have_text(re.compile("Ensaie uma campanha"))
    await expect(page.locator(".m-todo-now")).to_contain_text("Conecte seu número")
    assert wrong == []
