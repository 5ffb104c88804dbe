"""The editor of segments in a real browser: conditions and a group built by hand, counted while they are chosen, kept, and opened again as they were."""

import pytest
from playwright.async_api import BrowserContext, Locator, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def _choose(row: Locator, name: str, option: str) -> None:
    await row.get_by_label(name, exact=True).click()
    await row.page.locator(".q-menu").get_by_text(option, exact=True).click()


async def test_a_segment_is_built_counted_kept_and_opened_again(stack: Stack, context: BrowserContext) -> None:
    async with stack.client() as api:
        for number in range(3):
            made = {"name": f"Segmentada {number}", "phone": f"+55 85 98765-430{number}", "tags": ["segmentadas"]}
            (await api.post("/v1/contacts", json=made)).raise_for_status()
    await enter(context, stack)
    page, wrong = await new_page(context)
    await page.goto(f"{stack.ui}/contacts/segments/new")
    await settled(page)
    await page.get_by_label("Nome", exact=True).fill("Segmentadas com celular")
    rows = page.locator(".m-rule")
    await _choose(rows.first, "Sobre o que é a condição", "Etiqueta")
    await _choose(rows.first, "Qual", "segmentadas")
    await page.keyboard.press("Escape")
    count = page.locator(".m-aside-side .m-figure")
    await expect(count).to_have_text("3pessoas")
    await page.get_by_role("button", name="Grupo", exact=True).click()
    await _choose(rows.nth(1), "Sobre o que é a condição", "Contato por")
    await _choose(rows.nth(1), "Como", "tem e-mail")
    await expect(page.get_by_text("Ninguém cumpre estas condições agora")).to_be_visible()
    await _choose(page.locator(".m-rules-in"), "Como as condições se combinam", "Nenhuma destas")
    await expect(count).to_have_text("3pessoas")
    await page.get_by_role("button", name="Salvar").click()
    kept = page.locator(".m-item", has_text="Segmentadas com celular")
    await expect(kept).to_contain_text("3 pessoas")
    await kept.get_by_role("link").click()
    await settled(page)
    await expect(page.locator(".m-rules-in").get_by_label("Como", exact=True)).to_have_value("tem e-mail")
    await expect(count).to_have_text("3pessoas")
    assert wrong == []
