"""Connecting WhatsApp in Meta's own window, which the sandbox plays: clicked through, with its ways to fail."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.stack import Stack, enter, new_page

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _through(page: Page, outcome: str, button: str = "Concluir") -> None:
    """Opens the window and ends it."""
    async with page.expect_popup() as opened:
        await page.get_by_role("button", name="Abrir a janela da Meta").click()
    window = await opened.value
    await window.get_by_label("Como termina").select_option(outcome)
    # pressed once this is answered: the press closes the window
    await window.get_by_role("button", name=button).evaluate("(pressed) => setTimeout(() => pressed.click())")


async def test_a_number_is_connected_in_the_window(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/channels/connect/whatsapp")
    for outcome, button, words in (
        ("finish", "Cancelar", "A janela foi fechada antes do fim."),
        ("error", "Concluir", "The business account is restricted."),
        ("no_number", "Concluir", "Nenhum número foi escolhido"),
        ("expired", "Concluir", "A confirmação venceu"),
        ("pin", "Concluir", "O número tem um PIN"),
    ):
        await _through(page, outcome, button)
        await expect(page.locator("[aria-live] .m-note")).to_contain_text(words)
    await _through(page, "finish")
    await page.wait_for_url(re.compile(r"/channels/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("Conectado", exact=True)).to_be_visible()
    await expect(page.get_by_text("Simulador", exact=True).first).to_be_visible()
    assert wrong == []


async def test_a_blocked_window_and_a_missing_script_are_said(stack: Stack, context: BrowserContext) -> None:
    page, _wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/channels/connect/whatsapp")
    await page.evaluate("window.open = () => null")
    await page.get_by_role("button", name="Abrir a janela da Meta").click()
    await expect(page.get_by_text("O navegador bloqueou a janela.")).to_be_visible()
    await page.evaluate("delete window.FB")
    await page.get_by_role("button", name="Abrir a janela da Meta").click()
    await expect(page.get_by_text("O script da Meta não carregou.")).to_be_visible()
    await page.get_by_role("button", name="Conectar manualmente, com um guia").click()
    await expect(page.get_by_label("Nome", exact=True)).to_be_visible()
