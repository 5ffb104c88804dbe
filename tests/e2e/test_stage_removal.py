"""A stage with more leads than one statement moves is deleted in front of somebody who waits for it: nothing is lost, and the row goes
with the last of them. What the row says meanwhile: tests/ui/test_board_settings.py."""

import asyncio

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

LEADS = 5_200  # more than 5,000 are moved by a job


async def _became(api: httpx.AsyncClient, path: str, state: str) -> None:
    for _ in range(600):
        found = (await api.get(path)).json()
        if found["state"] == state:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{path} is {found['state']}")


async def _filled(api: httpx.AsyncClient) -> dict[str, str]:
    """A board whose second stage is full of the leads of one person; the id of the board and of the import."""
    board = (await api.post("/v1/boards", json={"name": "Cheio"})).json()
    (await api.post(f"/v1/boards/{board['id']}/stages", json={"name": "Antiga"})).raise_for_status()
    board = (await api.get(f"/v1/boards/{board['id']}")).json()
    rows = "".join(f"Dona Cheia;(11) 95555-0001;Pedido {number}\n" for number in range(LEADS))
    sent = await api.post("/v1/imports", files={"file": ("pedidos.csv", f"Nome;Celular;Negócio\n{rows}")})
    path = f"/v1/imports/{sent.json()['id']}"
    await _became(api, path, "ready")
    columns = [{"index": index, "target": target} for index, target in enumerate(("name", "phone", "lead_title"))]
    leads = {"board_id": board["id"], "stage_id": board["stages"][-1]["id"]}
    (await api.post(f"{path}/start", json={"columns": columns, "leads": leads})).raise_for_status()
    await _became(api, path, "completed")
    return {"board": board["id"], "import": path}


async def test_a_full_stage_goes_while_somebody_looks(stack: Stack, browser: Browser) -> None:
    async with stack.client() as api:
        made = await _filled(api)
        context = await browser.new_context(locale="pt-BR", viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        await enter(context, stack)
        page, wrong = await new_page(context)
        await page.goto(f"{stack.ui}/boards/{made['board']}/settings")
        await settled(page)
        await expect(page.get_by_text("5.200 negócios")).to_be_visible()
        await page.get_by_role("button", name="Mais para Antiga").click()
        await page.get_by_text("Excluir etapa").click()
        await page.get_by_role("button", name="Excluir", exact=True).click()
        await expect(page.get_by_text("Os negócios mudam em segundo plano")).to_be_visible()
        await expect(page.get_by_role("button", name="Mais para Antiga")).to_have_count(0)
        board = (await api.get(f"/v1/boards/{made['board']}")).json()
        assert board["stages"][0]["leads"] == LEADS
        await page.goto(f"{stack.ui}/boards/{made['board']}")
        await expect(page.locator(".m-stage-count").first).to_have_text("5.200")
        await context.close()
        assert wrong == []
        (await api.post(f"{made['import']}/undo")).raise_for_status()
        await _became(api, made["import"], "undone")
        (await api.delete(f"/v1/boards/{made['board']}")).raise_for_status()
