"""Knowledge in a real browser: files dropped together, answers typed without the mouse, and what a question finds of it."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(300)]


async def test_files_come_in_together_and_answers_by_keyboard_alone(stack: Stack, browser: Browser) -> None:
    async with stack.client() as api:
        made = await api.post("/v1/knowledge-bases", json={"name": "Balcão", "language": "pt"})
    context = await browser.new_context(locale="pt-BR")
    await enter(context, stack)
    page, wrong = await new_page(context)
    await page.goto(f"{stack.ui}/knowledge/{made.json()['id']}")
    await settled(page)
    rows = page.locator(".m-know-row")
    await page.locator("input[type=file]").set_input_files([
        {"name": "garantia.txt", "mimeType": "text/plain", "buffer": b"A garantia cobre defeitos por um ano."},
        {"name": "foto.png", "mimeType": "image/png", "buffer": b"\x89PNG"},
        {"name": "entrega.md", "mimeType": "text/markdown", "buffer": b"# Entrega\nEntregamos em Santos."},
    ])  # fmt: skip
    await expect(rows).to_have_count(2)
    await expect(page.get_by_role("alert").filter(has_text="foto.png")).to_be_visible()
    await expect(rows.filter(has_text="1 trecho")).to_have_count(2)

    await page.get_by_role("radio", name="Perguntas e respostas").click()
    await page.get_by_label("Pergunta", exact=True).fill("Trocam pilhas?")
    saved = page.locator(".m-know-saved li")
    for number, (answer, following) in enumerate((("Trocamos, na loja.", "Abrem domingo?"), ("Abrimos, até meio-dia.", "")), 1):
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Resposta", exact=True)).to_be_focused()
        await page.keyboard.type(answer)
        await page.keyboard.press("Control+Enter")
        await expect(saved).to_have_count(number)
        await expect(page.get_by_label("Pergunta", exact=True)).to_be_focused()
        await page.keyboard.type(following)
    await expect(rows).to_have_count(4)

    await page.get_by_role("tab", name="Experimentar").click()
    await page.get_by_label("Uma pergunta, como o cliente escreveria").fill("qual a garantia")
    await page.keyboard.press("Enter")
    found = page.locator(".m-know-passage").filter(has_text="cobre defeitos")
    await expect(found.locator("mark").filter(has_text="garantia")).to_be_visible()
    await found.get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="garantia.txt", level=1)).to_be_visible()
    await context.close()
    assert wrong == []
