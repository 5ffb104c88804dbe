"""The README's pictures: `python -m tests.e2e.screenshots [folder]` starts the demo company with data of its own and takes them.

Animations stand still and the caret is hidden, so that two runs differ only in what the demo company does.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.e2e.stack import ROOT, Stack, chromium, new_page, running, settled, sign_in

MAX_BYTES = 250_000
_PATHS = {
    "home": "/",
    "campaigns": "/campaigns",
    "contacts": "/contacts",
    "templates": "/templates",
    "channels": "/channels",
    "sandbox": "/sandbox",
}
_LIST = "Nome;Celular;Cidade;Último pedido\r\n" + "".join(
    f"{name};{phone};{city};{day}\r\n"
    for name, phone, city, day in (
        ("Beatriz Nunes", "(11) 98765-4321", "São Paulo", "02/05/2026"),
        ("João Araújo", "+55 21 99876-1234", "Niterói", "11/04/2026"),
        ("Márcia Conceição", "31 8765-4321", "Belo Horizonte", ""),
        ("Rafael Teixeira", "12345", "Recife", "19/05/2026"),
        ("Luísa Prado", '="85998761234"', "Fortaleza", "23/03/2026"),
    )
)


async def _shoot(page: Page, folder: Path, name: str) -> None:
    await settled(page)
    path = folder / f"{name}.png"
    await page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    print(f"{path.name:18} {size / 1000:6.0f} kB" + ("  TOO BIG" if size > MAX_BYTES else ""))


async def _live(page: Page, stack: Stack) -> None:
    """The campaign that the demo company is sending, once its chart has something to show."""
    await page.goto(f"{stack.ui}/campaigns")
    await page.get_by_text("Ofertas da semana").first.click()
    await expect(page.locator(".m-way-delivered .m-figure")).not_to_have_text("0", timeout=60_000)
    await page.locator(".m-chart svg path").first.wait_for(state="attached", timeout=60_000)


async def _wizard(page: Page, stack: Stack) -> None:
    """A draft at the message step, its first person on the phone."""
    await page.goto(f"{stack.ui}/campaigns")
    await page.get_by_text("Dia das Mães").first.click()
    await page.locator(".m-wiz-on", has_text="Revisar").wait_for()
    await settled(page)
    await page.get_by_role("button", name="Mensagem", exact=True).click()
    await page.locator(".m-wiz-on", has_text="Mensagem").wait_for()
    await expect(page.locator(".m-phone .m-bubble")).to_be_visible()
    await page.mouse.move(0, 0)


async def _import(page: Page, stack: Stack) -> None:
    """What is in each column: the guesses for a list that was just dropped."""
    await page.goto(f"{stack.ui}/imports")
    async with page.expect_file_chooser() as chooser:
        await page.locator(".m-drop").click()
    file = {"name": "Clientes de maio.csv", "mimeType": "text/csv", "buffer": _LIST.encode("cp1252")}
    await (await chooser.value).set_files(file)  # type: ignore[arg-type]
    await expect(page.get_by_label("O que é Celular")).to_be_visible()


async def _take(browser: Browser, stack: Stack, folder: Path) -> None:
    wide = {"width": 1360, "height": 820}
    light = await browser.new_context(
        locale="pt-BR", timezone_id="America/Sao_Paulo", viewport=wide, color_scheme="light",  # type: ignore[arg-type]
        reduced_motion="reduce",  # no figure is taken while it rolls to its value
    )  # fmt: skip
    page, wrong = await new_page(light)
    await sign_in(page, stack)
    for name, path in _PATHS.items():
        await page.goto(stack.ui + path)
        await _shoot(page, folder, name)
    for name, go in (("import", _import), ("wizard", _wizard), ("live", _live)):
        await go(page, stack)
        await _shoot(page, folder, name)
    await page.emulate_media(color_scheme="dark")
    await _shoot(page, folder, "live-dark")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.reload()
    await expect(page.locator(".m-way-delivered .m-figure")).to_be_visible()
    await _shoot(page, folder, "phone")
    await light.close()
    for text in wrong:
        print("The browser complained:", text)


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="masteria-pictures-") as data:
        async with running(Path(data), speed=3) as stack, chromium() as browser:
            await _take(browser, stack, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"))
