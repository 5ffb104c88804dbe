"""The report of a campaign that was sent: its figures, the page to share, and one click to those who did not answer."""

import re

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, new_page, sign_in

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(120)]


async def test_a_report_is_read_shared_and_followed_up(stack: Stack, context: BrowserContext) -> None:
    page, wrong = await new_page(context)
    await sign_in(page, stack)
    async with stack.client() as api:
        done = (await api.get("/v1/campaigns", params={"state": "finished"})).json()["items"][-1]
    await page.goto(f"{stack.ui}/campaigns/{done['id']}")
    await page.get_by_role("link", name="Relatório").click()
    await expect(page.get_by_text("Do envio à meta")).to_be_visible()
    async with stack.client() as api:
        told = (await api.get(f"/v1/campaigns/{done['id']}/report")).json()
    names = {
        "sent": "Enviadas",
        "delivered": "Entregues",
        **({"read": "Lidas"} if told["reports_read"] else {}),
        "replied": "Respondidas",
    }
    for key, name in names.items():
        count = f"{told['figures'][key]:,}".replace(",", ".")
        of = page.locator(".m-fig").filter(has=page.get_by_text(name, exact=True))
        await expect(of.locator(".m-figure")).to_have_text(count)

    async with page.expect_download() as saved:
        await page.get_by_role("link", name="PDF").click()
    path = await (await saved.value).path()
    assert path.read_bytes()[:5] == b"%PDF-"
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Imagem").click()
    assert (await (await saved.value).path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"

    await page.goto(f"{stack.ui}/campaigns/{done['id']}")
    await page.get_by_role("button", name=re.compile("sem resposta")).click()
    await page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]+/edit"))
    await page.get_by_role("button", name="Público", exact=True).click()
    await expect(page.get_by_text("Exatamente quem recebeu outra campanha e não respondeu")).to_be_visible()
    assert wrong == []
