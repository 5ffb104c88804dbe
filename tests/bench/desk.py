"""A full desk: agents (fifty, unless told otherwise) with the inbox open and at work, while a campaign is sent and customers write.

Some agents sit at a real Chromium, which tells when a customer's message was painted; the others hold the same page of the same server
over the same web socket without drawing it, since fifty browsers beside the servers would measure this machine. Every agent presses
another conversation of the list now and then, answers in it over the API, and opens the page anew from time to time.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
from playwright.async_api import Browser, Page

from db.accounts.identify import new_session_token
from db.campaigns import actions
from db.channels.secrets import seal
from db.crypto import digest
from db.tenancy import Actor
from tests import factories
from tests.bench.agents import Agent, listening
from tests.bench.campaign import ready
from tests.bench.harness import Harness, company, cpu_seconds, waited_seconds
from tests.bench.ingest import await_api
from tests.bench.load import Connection
from tests.bench.webhooks import BUSINESS, NUMBER, SECRET, message_webhook, signed
from tests.e2e.stack import chromium, settled

BROWSERS = 1
PEOPLE = 300  # who write
THROUGHPUT = 80  # messages a second of the campaign: a number's limit at Meta, unless they raise it
EVERY = 0.5  # seconds between two messages of customers
_WATCH = """(() => {
    const seen = window.paintedAt = {};
    const look = () => {
        const text = document.querySelector('.m-inbox-rows')?.textContent ?? '';
        for (const [mark] of text.matchAll(/#\\d+#/g)) {
            if (mark in seen) continue;
            seen[mark] = 0;
            requestAnimationFrame(() => setTimeout(() => { seen[mark] = performance.timeOrigin + performance.now(); }));
        }
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
})()"""

_OVERTAKEN = """
select count(*) from inbound_message i where company_id = $1 and body = any($2::text[]) and exists (
    select from message m where m.company_id = $1 and m.contact_id = i.contact_id
    and uuid_extract_timestamp(m.id) between i.created_at and i.created_at + interval '10 seconds')
"""


class Desk(NamedTuple):
    """`stages`: seconds from the webhook's first byte until it was answered, until the worker had told of it, until an agent's connection to
    the API heard that, until the web app had sent it to half of the open pages and to the last of them, and until a browser had drawn it, each
    sorted. `missing`: what a browser never drew, `overtaken` how many of these an agent answered within seconds, so that the row showed the
    answer. `rss`: MB of the web app with no page, with all pages, after each minute. `cpu`: shares of a core, by program; `waited`: for how
    much of the time each was ready to run and had no core. `frames`: events by type that an agent heard. `updates`: messages of the web app to a page for
    each customer's message, and `bytes` of them. `errors`: what anybody was refused."""

    stages: dict[str, list[float]]
    missing: int
    overtaken: int
    rss: list[float]
    cpu: dict[str, float]
    waited: dict[str, float]
    frames: Counter[str]
    updates: float
    bytes: float
    moves: int
    answers: int
    sent: int
    errors: list[str]

    @property
    def painted(self) -> list[float]:
        return self.stages["painted"]


def quantile(found: list[float], share: float) -> float:
    """Of what is sorted; 0 for nothing."""
    return found[min(len(found) - 1, int(share * len(found)))] if found else 0.0


async def measure(base: Harness, ui_port: int, *, agents: int, minutes: float, recipients: int) -> Desk:
    """The web app listens on `ui_port`."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actor = await company(db)
        channel_id, campaign_id = await _scene(db, actor, recipients)
        tokens = [await _agent(db, actor, number) for number in range(agents)]
        api, worker = base.start("-m", "api"), base.start("-m", "workers")
        web = base.start("-m", "ui", env={"UI_PORT": str(ui_port), "API_URL": f"http://127.0.0.1:{base.settings.api_port}"})
        await await_api(base, api)
        await ready(base, [worker])
        ui = f"http://127.0.0.1:{ui_port}"
        await _answers(ui)
        customers = _Customers(base.settings.api_port, channel_id)
        await customers.write_all()
        await _until(db, actor, PEOPLE)
        rss = [_rss(web.pid)]
        errors: list[str] = []
        async with chromium() as browser, contextlib.AsyncExitStack() as stack:
            talks = [row["id"] for row in await db.fetch("select id from conversation where company_id = $1", actor.company_id)]
            drawn = [await stack.enter_async_context(_drawn(browser, ui, token)) for token in tokens[:BROWSERS]]
            others = [
                await stack.enter_async_context(Agent(ui, base.settings.api_port, token, talks, errors))
                for token in tokens[BROWSERS:]
            ]
            rss.append(_rss(web.pid))
            programs = {"API": api.pid, "worker": worker.pid, "web app": web.pid, "Postgres": base.postgres.pid}
            ear = await stack.enter_async_context(listening(base.settings.api_port, tokens[-1]))
            before = {name: (cpu_seconds(pid), waited_seconds(pid)) for name, pid in programs.items()}
            for agent in others:
                agent.updates = agent.bytes = 0
            await actions.launch(actor, campaign_id, None)
            working = [asyncio.create_task(agent.work()) for agent in others]
            began = time.monotonic()
            written: dict[str, float] = {}
            answered: dict[str, float] = {}
            for number in range(int(minutes * 60 / EVERY)):
                await asyncio.sleep(max(0.0, began + number * EVERY - time.monotonic()))
                mark = f"#{number}#"
                written[mark] = time.time()
                await customers.write(mark)
                answered[mark] = time.time()
                if number and number % int(60 / EVERY) == 0:
                    rss.append(_rss(web.pid))
            seconds = time.monotonic() - began
            cpu = {name: (cpu_seconds(pid) - before[name][0]) / seconds for name, pid in programs.items()}
            waited = {name: (waited_seconds(pid) - before[name][1]) / seconds for name, pid in programs.items()}
            await asyncio.sleep(5)
            rss.append(_rss(web.pid))
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            seen: dict[str, float] = {}
            for page in drawn:
                seen |= {mark: at / 1000 for mark, at in (await page.evaluate("window.paintedAt")).items() if at}
            missing = [mark for mark in written if mark not in seen]
        entries = await db.fetch("select id, body from inbound_message where company_id = $1", actor.company_id)
        told, heard = ({row["body"]: at[row["id"]] for row in entries if row["id"] in at} for at in (ear.told, ear.heard))
        pages = {mark: sorted(agent.seen[mark] for agent in others if mark in agent.seen) for mark in written}
        half = {mark: at[len(at) // 2] for mark, at in pages.items() if at}
        last = {mark: at[-1] for mark, at in pages.items() if at}
        ways = {"answered": answered, "told": told, "heard": heard, "half of the pages": half, "all pages": last, "painted": seen}
        stages = {name: sorted(way[mark] - at for mark, at in written.items() if mark in way) for name, way in ways.items()}
        sent = await db.fetchval("select count(*) from message where campaign_id = $1 and state = 3", campaign_id)
        overtaken = await db.fetchval(_OVERTAKEN, actor.company_id, missing)
        moves, answers = sum(agent.moves for agent in others), sum(agent.answers for agent in others)
        updates, size = (
            sum(getattr(agent, name) for agent in others) / max(1, len(others)) / len(written) for name in ("updates", "bytes")
        )
        return Desk(
            stages, len(missing), overtaken, rss, cpu, waited, ear.frames, updates, size, moves, answers, sent, errors
        )  # fmt: skip
    finally:
        await db.close()


async def _scene(db: asyncpg.Connection, actor: Actor, recipients: int) -> tuple[UUID, UUID]:
    channel_id = await factories.channel(
        db, actor, sandbox=False, throughput=THROUGHPUT, messaging_limit=10_000_000, external_id=NUMBER, account_id=BUSINESS,
        checked_at=await db.fetchval("select now()"),
    )  # fmt: skip
    secret = seal(actor.company_id, channel_id, "signing_secret", SECRET)
    await db.execute("update channel set signing_secret = $2 where id = $1", channel_id, secret)
    template_id = await factories.template(db, actor, channel_id)
    await factories.contacts(db, actor, recipients)
    await db.execute("vacuum analyze contact, contact_identity")
    return channel_id, await factories.campaign(db, actor, channel_id, template_id)


async def _agent(db: asyncpg.Connection, actor: Actor, number: int) -> str:
    """One of the team, signed in."""
    user_id = await db.fetchval(
        "insert into account_user(email, name, password_hash, email_verified_at) values ($1, $2, 'x', now()) returning id",
        f"{uuid4().hex}@example.com",
        f"Pessoa {number}",
    )
    await db.execute("insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", actor.company_id, user_id)
    token = new_session_token()
    await db.execute(
        "insert into session(company_id, token_hash, user_id, expires_at) values ($1, $2, $3, now() + interval '1 day')",
        actor.company_id,
        digest(token),
        user_id,
    )
    return token


class _Customers:
    """Who write to the number: signed webhooks over one connection."""

    def __init__(self, port: int, channel_id: UUID) -> None:
        self._port, self._path, self._count = port, f"/hooks/meta/{channel_id}", 0
        self._line: Connection | None = None

    async def write_all(self) -> None:
        for _ in range(PEOPLE):
            await self.write("Oi, tudo bem?")

    async def write(self, text: str) -> None:
        """The next person writes this."""
        if self._line is None or self._line.closed:
            _, self._line = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port)
        phone = f"55219{70_000_000 + self._count * 7 % PEOPLE:08}"
        self._count += 1
        body = message_webhook(f"wamid.IN{self._count:012}", phone, text, int(time.time()))
        status = await self._line.ask(signed(self._path, body))
        if status != 200:
            raise SystemExit(f"The run is void: a webhook was answered {status}.")


@contextlib.asynccontextmanager
async def _drawn(browser: Browser, ui: str, token: str) -> AsyncIterator[Page]:
    """The inbox of one agent in a browser."""
    context = await browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo", viewport={"width": 1360, "height": 820})
    await context.add_cookies([{"name": "mia_session", "value": token, "url": ui}])
    await context.add_init_script(_WATCH)
    page = await context.new_page()
    await page.goto(f"{ui}/inbox")
    await settled(page)
    try:
        yield page
    finally:
        await context.close()


async def _answers(ui: str) -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(300):
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(f"{ui}/sign-in")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise SystemExit("The web app did not start.")


async def _until(db: asyncpg.Connection, actor: Actor, count: int) -> None:
    for _ in range(600):
        if await db.fetchval("select count(*) from conversation where company_id = $1", actor.company_id) >= count:
            return
        await asyncio.sleep(0.1)
    raise SystemExit("The customers' messages did not arrive.")


def _rss(pid: int) -> float:
    """Memory of a process in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
