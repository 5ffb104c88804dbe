"""The main job from start to end, as a person does it: a messy spreadsheet in, a WhatsApp campaign out, everybody accounted for."""

import re
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.stack import Stack, new_page, onward, sign_in

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]

_GOOD = [
    ("José Conceição", "(95) 99811-0001", "São Luís"),
    ("Íris Araújo", "+55 95 99811-0002", "Brasília"),
    ("Sem Cidade", "95998110003", ""),
    ("", "95 9 9811 0004", "Boa Vista"),
    ("Nono Dígito", "95 9811-0005", "Boa Vista"),  # written before the ninth digit came
    ("Da Fórmula", '="95998110006"', "Boa Vista"),  # how spreadsheets keep digits in a CSV
    ("=1+1", "95998110007", "Boa Vista"),
]
_ADDRESSES = {f"+559599811000{number}" for number in range(1, 8)}
_BAD = [("Curto Demais", "12345", "Natal"), ("Sem Telefone", "", "Natal"), ("Nem Número", "abc-def", "Natal")]
_AGAIN = [("José Conceição", "095 99811 0001", "São Luís"), ("Nono Dígito", "(95) 9 9811-0005", "Boa Vista")]


def _spreadsheet(folder: Path) -> Path:
    """Windows-1252, semicolons, an empty line in the middle and one at the end."""
    rows = [("Nome", "Celular", "Cidade"), *_GOOD[:3], *_BAD, ("", "", ""), *_GOOD[3:], *_AGAIN, ("", "", "")]
    path = folder / "Promoção de junho.csv"
    lines = [";".join('"' + cell.replace('"', '""') + '"' if '"' in cell else cell for cell in row) for row in rows]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


async def _figure(page: Page, name: str) -> str:
    """The number under a name on a page of figures."""
    text = await page.locator(".m-card", has=page.get_by_text(name, exact=True)).first.inner_text()
    return re.search(rf"{name}\s+([\d.]+)", text).group(1)  # type: ignore[union-attr]


async def test_spreadsheet_to_delivered_campaign(stack: Stack, context: BrowserContext, tmp_path: Path) -> None:
    page, wrong = await new_page(context)
    await sign_in(page, stack)
    async with stack.client() as api:
        channels = (await api.get("/v1/channels")).json()["items"]
        whatsapp = next(one for one in channels if one["kind"] == "whatsapp")
        behaviour = {"delivered_share": 1, "read_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
        assert (await api.put(f"/v1/sandbox/{whatsapp['id']}/behaviour", json=behaviour)).is_success
    before = await stack.last_entry()

    # the spreadsheet
    await page.get_by_role("link", name="Contatos").first.click()
    await page.get_by_role("link", name="Importar").first.click()
    async with page.expect_file_chooser() as chooser:
        await page.locator(".m-drop").click()
    await (await chooser.value).set_files(_spreadsheet(tmp_path))
    for column, guess in (("Nome", "Nome completo"), ("Celular", "Telefone"), ("Cidade", "Campo próprio")):
        await expect(page.get_by_label(f"O que é {column}")).to_have_value(guess)
    await expect(page.get_by_text("José Conceição").first).to_be_visible()
    await page.get_by_label("Etiquetas").fill("Junho")
    await page.get_by_role("button", name=f"Importar {len(_ADDRESSES)} contatos").click()
    await expect(page.get_by_text("contatos criados")).to_be_visible()
    await expect(page.get_by_text("Promoção de junho.csv")).to_be_visible()
    assert await _figure(page, "Novos") == str(len(_ADDRESSES))
    assert await _figure(page, "Repetidas") == str(len(_AGAIN))
    assert await _figure(page, "Fora") == str(len(_BAD))
    rejected = page.get_by_role("textbox", name="Celular", exact=True)
    await expect(rejected).to_have_count(len(_BAD))
    assert [await one.input_value() for one in await rejected.all()] == [value for _name, value, _city in _BAD]

    # the campaign
    await page.get_by_role("link", name="Campanhas").first.click()
    await page.get_by_role("link", name="Nova campanha").first.click()
    await page.get_by_role("radio", name="WhatsApp da loja").click()
    await onward(page, "Público")
    await page.get_by_role("radio", name="De importação").click()
    await page.get_by_label("Importação", exact=True).click()
    await page.get_by_role("option", name="Promoção de junho.csv").click()
    await expect(page.get_by_text(str(len(_ADDRESSES)), exact=True).first).to_be_visible()
    await onward(page, "Mensagem")
    await page.get_by_role("button", name="promo_verao").click()
    bindings = page.locator(".m-bind")
    await bindings.nth(0).get_by_label("Se faltar, escrever").fill("amigo")
    await bindings.nth(1).get_by_label("Preencher com").click()
    await page.get_by_role("option", name="Cidade").click()
    await bindings.nth(1).get_by_label("Se faltar, escrever").fill("sua cidade")
    phone = page.locator(".m-phone")
    await expect(phone).to_contain_text(re.compile("José|Íris|Sem|Nono|Da|amigo"))
    await expect(phone).to_contain_text(re.compile("São Luís|Brasília|sua cidade|Boa Vista"))
    await onward(page, "Quando")
    await onward(page, "Revisar")
    await expect(page.get_by_text("pessoas vão receber")).to_be_visible()
    await page.get_by_role("button", name="Enviar agora").click()
    await page.get_by_role("button", name=f"Enviar para {len(_ADDRESSES)} pessoas").click()

    # live, to the last recipient
    await page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}$"))
    campaign = page.url.rpartition("/")[2]
    await expect(page.locator(".m-head").get_by_text("Concluída")).to_be_visible()
    for key in ("sent", "delivered", "read"):
        await expect(page.locator(f".m-way-{key} .m-figure")).to_have_text(str(len(_ADDRESSES)))
    rows = page.locator("#recipients tbody tr")
    await expect(rows).to_have_count(len(_ADDRESSES))
    await expect(rows.get_by_text("Lida", exact=True)).to_have_count(len(_ADDRESSES))
    await expect(rows.get_by_text("José Conceição")).to_have_count(1)

    # none lost, none twice
    accepted = await stack.ledger(before, channel="meta")
    said = {f"+{entry['recipient'].lstrip('+')}": entry["preview"] for entry in accepted}
    assert (len(accepted), set(said)) == (len(_ADDRESSES), _ADDRESSES)
    assert "amigo" in said["+5595998110004"]
    assert "sua cidade" in said["+5595998110003"]
    async with stack.client() as api:
        progress = (await api.get(f"/v1/campaigns/{campaign}/progress")).json()
        recipients = (await api.get(f"/v1/campaigns/{campaign}/recipients", params={"limit": 100})).json()["items"]
    figures = progress["figures"]
    assert figures["audience"] == figures["sent"] == figures["delivered"] == figures["read"] == len(_ADDRESSES)
    assert {key: count for key, count in progress["counts"].items() if count} == {"read": len(_ADDRESSES)}
    assert {one["address"] for one in recipients} == _ADDRESSES
    assert {one["tries"] for one in recipients} == {1}
    assert wrong == []
