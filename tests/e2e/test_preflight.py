"""Before a launch the review says who is left out and why, shows them, and leads to where it is mended; a second text is tried beside the first."""

from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(300)]


async def test_the_review_names_who_is_left_out_and_tries_a_second_text(stack: Stack, context: BrowserContext) -> None:
    mark = uuid4().hex[:8]
    async with stack.client() as api:
        channels = (await api.get("/v1/channels")).json()["items"]
        channel = next(one for one in channels if one["kind"] == "sms" and one["state"] == "connected")
        tag = (await api.post("/v1/tags", json={"name": f"Antes {mark}"})).json()
        people: list[str] = []
        for number in range(3):
            person = {"name": f"Rita {number} {mark}", "phone": f"97 99{int(mark[:3], 16):04}0{number:02}", "tags": [tag["name"]]}
            made = await api.post("/v1/contacts", json=person)
            assert made.is_success, made.text
            people.append(made.json()["id"])
        assert (await api.post("/v1/suppressions", json={"addresses": [person["phone"]], "note": "Lista"})).is_success
        draft = {"name": f"Antes {mark}", "channel_id": channel["id"], "audience": {"tags": [tag["id"]]}}
        campaign = (await api.post("/v1/campaigns", json=draft)).json()["id"]
        changed = await api.patch(f"/v1/campaigns/{campaign}", json={"body": "Oi {{first_name|você}}!"})
        assert changed.is_success, changed.text
        draft |= {"name": f"Lista {mark}", "audience": {"ids": people}}
        chosen = (await api.post("/v1/campaigns", json=draft)).json()["id"]
        assert (await api.patch(f"/v1/campaigns/{chosen}", json={"body": f"Lista {mark}"})).is_success
        assert (await api.delete(f"/v1/contacts/{people[0]}")).is_success

    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/campaigns/{campaign}/edit?step=message")
    await page.get_by_role("button", name="Testar outro texto ao lado deste").click()
    await expect(page.get_by_role("tab", name="Texto B")).to_have_attribute("aria-selected", "true")
    await page.get_by_label("Mensagem", exact=True).fill("{{first_name|Olá}}, só hoje!")
    await expect(page.locator(".m-phone")).to_contain_text("só hoje!")
    await page.goto(f"{stack.ui}/campaigns/{campaign}/edit?step=review")
    await expect(page.get_by_text("2 textos: 20% das pessoas testam")).to_be_visible()
    line = page.locator(".m-sum-bad, .m-sum", has_text="1 pessoa").filter(has=page.get_by_role("button", name="Quem")).first
    await line.get_by_role("button", name="Quem").click()
    await expect(page.get_by_role("dialog").get_by_role("link", name=f"Rita 2 {mark}")).to_be_visible()
    await page.keyboard.press("Escape")
    await settled(page)
    await line.get_by_role("button", name="Público").click()
    await expect(page.locator(".m-wiz-on", has_text="Público")).to_be_visible()

    # Who is no contact any more is listed, taken off by one click, and no longer counted; then it goes to the one who is left.
    await page.goto(f"{stack.ui}/campaigns/{chosen}/edit?step=review")
    gone = page.locator(".m-sum", has_text="Contatos apagados na sua lista: 1 pessoa")
    await gone.get_by_role("button", name="Quem").click()
    await expect(page.get_by_role("dialog").get_by_text("Contato apagado")).to_be_visible()
    await page.keyboard.press("Escape")
    await settled(page)
    await gone.get_by_role("button", name="Tirar da lista").click()
    await expect(gone).to_have_count(0)
    await expect(page.locator(".m-launch .m-figure")).to_contain_text("1")
    await page.get_by_role("button", name="Enviar agora").click()
    await page.get_by_role("button", name="Enviar para 1 pessoa").click()
    await page.wait_for_url(f"{stack.ui}/campaigns/{chosen}")
    async with stack.client() as api:
        kept = (await api.get(f"/v1/campaigns/{chosen}")).json()["audience"]["ids"]
    assert kept == people[1:]
    assert wrong == []
