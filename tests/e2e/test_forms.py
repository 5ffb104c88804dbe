"""A form that cannot be taken leads to what is wrong: on a small screen the first bad field comes into view with the cursor in it,
and screen readers are told all of it."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack, new_page, settled, sign_in

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(240)]

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
        await expect(page.locator(".m-field-bad").first).to_contain_text("letras minúsculas")
        assert [line for line in wrong if "422" not in line] == []
    finally:
        await context.close()
