"""A form that cannot be taken leads to what is wrong: on a small screen the first bad field comes into view with the cursor in it,
and screen readers are told all of it."""

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.e2e.stack import Stack, new_page, settled, sign_in

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_SEEN = """() => {
    const box = document.activeElement.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= innerHeight && document.activeElement.closest('.m-field-bad') !== null;
}"""


async def test_a_refused_form_leads_to_its_first_error(stack: Stack, browser: Browser) -> None:
    context = await browser.new_context(locale="pt-BR", viewport={"width": 390, "height": 560})
    try:
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/sign-up")
        await settled(page)
        await page.get_by_role("button", name="Criar empresa").click()
        await page.wait_for_function(_SEEN)
        await expect(page.locator(".m-field-bad")).to_have_count(4)
        await expect(page.locator(".m-said")).to_contain_text("Senha: Preencha este campo.")

        await sign_in(page, stack)
        await page.goto(f"{stack.ui}/templates/new")
        await settled(page)
        await page.get_by_label("Nome", exact=True).fill("Promo Verão")
        await page.get_by_label("Mensagem", exact=True).fill("{{1}}")
        await page.get_by_label("{{1}}", exact=True).fill("Ana")
        await page.get_by_role("button", name="Enviar para revisão").click()
        await page.wait_for_function(_SEEN)
        await expect(page.locator(".m-field-bad").first).to_contain_text("O WhatsApp não aceita variável")
        assert [line for line in wrong if "422" not in line] == []
    finally:
        await context.close()


_KEPT = "() => Object.keys(localStorage).filter(key => key.startsWith('draft:')).map(key => localStorage.getItem(key)).join('')"


async def test_a_draft_survives_a_reload_and_goes_at_sign_out(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await sign_in(page, stack)
    await page.goto(f"{stack.ui}/templates/new")
    await settled(page)
    await page.get_by_label("Nome", exact=True).fill("promo_rascunho")
    await page.get_by_label("Mensagem", exact=True).fill("Oi {{1}}, chegou!")
    await page.get_by_label("{{1}}", exact=True).fill("Ana Rascunho")
    await page.wait_for_function(f"({_KEPT})().includes('Ana Rascunho')")
    for _time in range(2):
        await page.reload()
        await expect(page.get_by_label("Nome", exact=True)).to_have_value("promo_rascunho")
        await expect(page.get_by_label("{{1}}", exact=True)).to_have_value("Ana Rascunho")
    await page.locator(".m-user").first.click()
    await page.get_by_text("Sair", exact=True).click()
    await page.wait_for_url("**/sign-in*")
    assert await page.evaluate(_KEPT) == ""
    assert wrong == []
