"""Every main page in a warm Chromium, against a whole installation with the demo company: when its first paint and its content are
there, and its content once more where a link leads to it. Content: nothing of the page is a skeleton or busy any more, and nothing
becomes one again."""

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page

from tests.e2e.stack import Stack, chromium, new_page, running, settled, sign_in

_WATCH = """(() => {
    const busy = () => !document.querySelector('#content, .m-door, main') || document.querySelector('[aria-busy=true], .m-skel');
    window.contentAt = null;
    const look = () => {
        if (busy()) window.contentAt = null;
        else window.contentAt ??= performance.now();
        if (performance.now() < 20000) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
_FIGURES = """() => {
    const [navigation] = performance.getEntriesByType('navigation');
    const fetched = performance.getEntriesByType('resource').filter((one) => one.transferSize > 0);
    return {
        html: navigation.responseEnd, paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
        content: window.contentAt, kilobytes: (navigation.transferSize + fetched.reduce((sum, one) => sum + one.transferSize, 0)) / 1000,
        scripts: navigation.domContentLoadedEventEnd,
    };
}"""
# The same from the press of a link, which keeps the document (ui/theme/visit.js).
_FOLLOW = """path => {
    const link = Object.assign(document.body.appendChild(document.createElement('a')), { href: path, textContent: '.' });
    const begun = performance.now(), root = document.documentElement;
    const busy = () => root.matches('.m-leaving') || !document.querySelector('#content, main') || document.querySelector('[aria-busy=true], .m-skel');
    window.contentAt = null;
    window.begun = begun;
    link.click();
    link.remove();
    const look = () => {
        if (busy()) window.contentAt = null;
        else window.contentAt ??= performance.now();
        if (performance.now() - begun < 20000 && window.begun === begun) requestAnimationFrame(look);
    };
    look();
}"""
QUIET = 0.4  # seconds in which a page whose content is there must stay as it is


class Figure(NamedTuple):
    """Medians of the rounds, in milliseconds: the HTML is there, the scripts ran, first paint, content; content by a link from inside
    the app; and what the warm page still loads."""

    page: str
    html: float
    scripts: float
    paint: float
    content: float
    link: float
    kilobytes: float


async def measure(rounds: int) -> list[Figure]:
    """Starts an installation of its own, and looks at every page `rounds` times after a first one that warms."""
    with tempfile.TemporaryDirectory(prefix="masteria-pages-") as folder:
        Path(folder).chmod(0o755)
        async with running(Path(folder) / "data") as stack, chromium() as browser:
            context = await browser.new_context(
                locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1360, "height": 820}
            )
            found = await _one(context, "sign-in", stack.ui + "/sign-in", rounds)
            page, _wrong = await new_page(context)
            await sign_in(page, stack)
            await page.close()
            paths = await _paths(stack)
            return [found, *[await _one(context, name, stack.ui + path, rounds) for name, path in paths.items()]]


async def _paths(stack: Stack) -> dict[str, str]:
    async with stack.client() as api:
        draft = (await api.get("/v1/campaigns", params={"state": "draft"})).json()["items"][0]
        done = (await api.get("/v1/campaigns", params={"state": "finished"})).json()["items"][0]
        channel = (await api.get("/v1/channels")).json()["items"][0]
        person = (await api.get("/v1/contacts")).json()["items"][0]
    return {
        "home": "/",
        "inbox": "/inbox",
        "boards": "/boards",
        "contacts": "/contacts",
        "contact": f"/contacts/{person['id']}",
        "campaigns": "/campaigns",
        "live": f"/campaigns/{done['id']}",
        "wizard": f"/campaigns/{draft['id']}/edit",
        "templates": "/templates",
        "channel": f"/channels/{channel['id']}",
        "imports": "/imports",
        "settings": "/settings",
        "simulator": "/sandbox",
    }


async def _one(context: BrowserContext, name: str, address: str, rounds: int) -> Figure:
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    try:
        seen = [await _visit(page, address) for _ in range(rounds + 1)][1:]
        by_link = [await _follow(page, address) for _ in range(rounds + 1)][1:] if name != "sign-in" else [0.0]
    finally:
        await page.close()
    for one, took in zip(seen, by_link, strict=False):
        one["link"] = took
    return Figure(name, *(statistics.median(one.get(key, 0.0) for one in seen) for key in Figure._fields[1:]))


async def _follow(page: Page, address: str) -> float:
    """From the imports, which are small, by a link to `address`, in one document: milliseconds from the press to its content."""
    there = urlsplit(address)
    await page.goto(there._replace(path="/templates" if there.path == "/imports" else "/imports").geturl())
    await settled(page)
    await asyncio.sleep(QUIET)
    await page.evaluate(_FOLLOW, there.path)
    while True:
        await asyncio.sleep(QUIET)
        if await page.evaluate(f"window.contentAt && performance.now() - window.contentAt >= {QUIET * 1000}"):
            took: float = await page.evaluate("window.contentAt - window.begun")
            return took


async def _visit(page: Page, address: str) -> dict[str, float]:
    await page.goto(address)
    await settled(page)
    while True:
        await asyncio.sleep(QUIET)
        before = await page.evaluate("window.contentAt")
        if before is not None and await page.evaluate(f"performance.now() - window.contentAt >= {QUIET * 1000}"):
            figures: dict[str, float] = await page.evaluate(_FIGURES)
            return figures
