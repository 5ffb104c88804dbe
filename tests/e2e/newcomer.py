"""A newcomer's way, timed: `python -m tests.e2e.newcomer` makes a fresh clone, types the first command of the README there, and goes by the
screens from sign-up to a campaign that was delivered on the simulator."""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Page, expect

from tests.e2e.stack import ROOT, Stack, chromium, new_page, onward, pressed_until, running

PEOPLE = 8
MOST = 600.0  # seconds from the clone to the last delivery, with packages that are at hand


async def first_campaign(page: Page, stack: Stack, sent: Callable[[], object]) -> set[str]:
    """From the sign-up to the last delivery; `sent` is called once it is on its way. Returns whom the simulator's phones got it for."""
    before = await stack.last_entry()

    await page.goto(f"{stack.ui}/sign-up")
    for label, value in (("Nome da empresa", "Padaria Sol"), ("Seu nome", "Rita Paz"), ("E-mail", "rita@padariasol.test")):
        await page.get_by_label(label).fill(value)
    await page.get_by_label("Senha", exact=True).fill("pao-quente-as-seis")
    await page.get_by_role("button", name="Criar empresa").click()
    await page.get_by_role("link", name="Começar").click()
    await expect(page.get_by_role("radio", name="Simulador")).to_have_attribute("aria-checked", "true")
    async with stack.client("rita@padariasol.test", "pao-quente-as-seis") as api:  # the simulator lets some fail at random
        (channel,) = (await api.get("/v1/channels")).json()["items"]
        behaviour = {"delivered_share": 1, "reply_share": 0, "opt_out_share": 0, "failed_share": 0}
        assert (await api.put(f"/v1/sandbox/{channel['id']}/behaviour", json=behaviour)).is_success
    await onward(page, "Público")
    await page.get_by_role("radio", name="Todos").click()
    await expect(page.get_by_text("pessoas vão receber")).to_be_visible()
    await onward(page, "Mensagem")
    await page.get_by_role("button", name="primeira_mensagem").click()
    await expect(page.locator(".m-phone")).to_contain_text("Oi Ana!")
    await onward(page, "Quando")
    await onward(page, "Revisar")
    send = page.get_by_role("button", name=f"Enviar para {PEOPLE} pessoas")
    await pressed_until(page.get_by_role("button", name="Enviar agora"), send)
    await send.click()
    await page.wait_for_url(re.compile(r"/campaigns/[0-9a-f-]{36}$"))
    sent()

    await expect(page.locator(".m-way-sent .m-figure")).to_have_text(str(PEOPLE))
    await expect(page.locator(".m-way-delivered .m-figure")).to_have_text(str(PEOPLE))
    return {entry["recipient"].lstrip("+") for entry in await stack.ledger(before, channel="meta")}


def readme_command(readme: str) -> str:
    """The first that it tells people to type."""
    return re.findall(r"^```sh\n(.+?)\n```", readme, re.MULTILINE | re.DOTALL)[0]  # type: ignore[no-any-return]


async def main() -> int:
    began = time.monotonic()
    steps: list[tuple[str, float]] = []

    def step(name: str) -> None:
        steps.append((name, time.monotonic() - began))
        print(f"{steps[-1][1]:7.1f} s  {name}", flush=True)

    with tempfile.TemporaryDirectory(prefix="masteria-newcomer-") as folder:
        clone = Path(folder) / "masteria"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        step("cloned")
        command = readme_command((clone / "README.md").read_text())
        run = ("bash", "-c", f"{command.replace('&& uvx', '&& exec uvx')}")
        async with running(clone / ".data", command=run, cwd=clone, patience=MOST) as stack, chromium() as browser:
            step(f"ready: {command}")
            context = await browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo")
            page, wrong = await new_page(context)
            said = await first_campaign(page, stack, lambda: step("the first campaign is on its way"))
            step(f"delivered to {len(said)} people")
            await context.close()
    for text in wrong:
        print("The browser complained:", text)
    late = steps[-1][1] > MOST
    if late:
        print(f"That is more than {MOST:.0f} s.")
    return 1 if wrong or late or len(said) < PEOPLE else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
