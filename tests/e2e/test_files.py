"""Files that cannot be used are refused in the field itself, with the way out, before and after they were sent."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from tests.e2e.stack import Stack, enter, new_page, settled

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(600)]


async def test_what_cannot_be_used_says_why_in_the_field(stack: Stack, context: BrowserContext, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("foto.png", "grande.csv", "vazia.csv")}
    files["foto.png"].write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with files["grande.csv"].open("wb") as file:
        file.truncate(100_000_001)
    files["vazia.csv"].write_text("")
    page, wrong = await new_page(context)
    await enter(context, stack)
    await page.goto(f"{stack.ui}/imports")
    await settled(page)
    for name, said in (
        ("foto.png", "não é uma lista de contatos"),
        ("grande.csv", "mais de 100 MB"),
        ("vazia.csv", "está vazio"),
    ):
        async with page.expect_file_chooser() as chooser:
            await page.locator(".m-drop").click()
        await (await chooser.value).set_files(files[name])
        await expect(page.locator(".m-drop [role=alert]")).to_contain_text(said)
    assert [line for line in wrong if "422" not in line] == []
