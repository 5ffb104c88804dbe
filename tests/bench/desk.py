"""A full desk: agents (fifty, unless told otherwise) with the inbox open and at work, while a campaign is sent and customers write.

Some agents sit at a real Chromium, which tells when a customer's message was painted; the others hold the same page of the same server
over the same web socket without drawing it, since fifty browsers beside the servers would measure this machine. Every agent presses
another conversation of the list now and then, answers in it over the API, and opens the page anew from time to time.
"""

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import socketio
from playwright.async_api import Browser, Page
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.contract.events import ConversationEntryAdded, Frame
from db.accounts.identify import new_session_token
from db.campaigns import actions
from db.channels.secrets import seal
from db.crypto import digest
from db.tenancy import Actor
from tests import factories
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
MOVES, ANSWERS, RELOADS = 20.0, 30.0, 180.0  # seconds between two conversations of an agent, two answers, two pages opened anew
_PATIENCE = 60.0
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
                await stack.enter_async_context(_Agent(ui, base.settings.api_port, token, talks, errors))
                for token in tokens[BROWSERS:]
            ]
            rss.append(_rss(web.pid))
            programs = {"API": api.pid, "worker": worker.pid, "web app": web.pid, "Postgres": base.postgres.pid}
            ear = await stack.enter_async_context(_ear(base.settings.api_port, tokens[-1]))
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


class _Ear:
    """What one agent's connection to the API heard: of each entry when the worker told it and when it was here, and all events by type."""

    def __init__(self) -> None:
        self.told, self.heard = dict[UUID, float](), dict[UUID, float]()
        self.frames = Counter[str]()

    def take(self, text: str | bytes) -> None:
        frame = _read(text)
        self.frames[frame.type] += 1
        event = frame.event()
        if isinstance(event, ConversationEntryAdded) and frame.id:
            self.told[event.entry_id], self.heard[event.entry_id] = int(frame.id.partition("-")[0]) / 1000, time.time()


_read = msgspec.json.Decoder(Frame).decode


@contextlib.asynccontextmanager
async def _ear(api_port: int, token: str) -> AsyncIterator[_Ear]:
    ear = _Ear()
    async with connect(
        f"ws://127.0.0.1:{api_port}/v1/events",
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
        ping_interval=None,
    ) as socket:

        async def listen() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for text in socket:
                    ear.take(text)

        listening = asyncio.create_task(listen())
        yield ear
        listening.cancel()


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


class _Agent:
    """One person at work: a page that is held, a conversation now and then, an answer in it."""

    def __init__(self, ui: str, api_port: int, token: str, talks: list[UUID], errors: list[str]) -> None:
        self.moves = self.answers = self.updates = self.bytes = 0
        self.seen: dict[str, float] = {}  # a customer's message: when it was in this page's list
        self._ui, self._talks, self._errors = ui, talks, errors
        self._dice = random.Random(token)
        self._http = httpx.AsyncClient(base_url=ui, cookies={"mia_session": token}, timeout=_PATIENCE)
        headers = {"Authorization": f"Bearer {token}"}
        self._api = httpx.AsyncClient(base_url=f"http://127.0.0.1:{api_port}", headers=headers, timeout=_PATIENCE)
        self._socket: socketio.AsyncClient | None = None
        self._rows: list[tuple[str, dict[str, Any]]] = []  # of the list: the conversation, and what its press sends
        self._talk = str(talks[0])

    async def __aenter__(self) -> "_Agent":
        await self._open("/inbox")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()
        await self._http.aclose()
        await self._api.aclose()

    async def work(self) -> None:
        await asyncio.gather(self._moving(), self._answering(), self._reloading())

    async def _moving(self) -> None:
        while True:
            await asyncio.sleep(MOVES * self._dice.uniform(0.5, 1.5))
            if self._socket is None or not self._rows:
                continue
            self._talk, press = self._dice.choice(self._rows)
            await self._socket.emit("event", press)
            self.moves += 1

    async def _reloading(self) -> None:
        while True:
            await asyncio.sleep(RELOADS * self._dice.uniform(0.1, 1.9))
            await self._leave()
            await self._open(f"/inbox/{self._talk}")

    async def _answering(self) -> None:
        while True:
            await asyncio.sleep(ANSWERS * self._dice.uniform(0.5, 1.5))
            answer = await self._api.post(
                f"/v1/conversations/{self._talk}/messages",
                json={"content": {"kind": "text", "text": "Claro! Um momento."}},
                headers={"Idempotency-Key": uuid4().hex},
            )
            self._note(answer, "an answer")
            self.answers += answer.status_code == 202

    def _note(self, answer: httpx.Response, what: str) -> None:
        if answer.status_code >= 400:
            self._errors.append(f"{what}: {answer.status_code} {answer.text[:120]}")

    async def _open(self, path: str) -> None:
        """The page and its web socket, as the page's script joins it."""
        answer = await self._http.get(path)
        self._note(answer, path)
        found = re.search(r"query: (\{.*?\}),\n", answer.text)
        if found is None:
            self._errors.append(f"{path}: no page of the web app")
            return
        query: dict[str, Any] = json.loads(found[1].replace("'", '"').replace("True", "true").replace("False", "false"))
        query |= {"document_id": str(uuid4()), "tab_id": str(uuid4()), "old_tab_id": ""}
        joined = "&".join(f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in query.items())
        client_id, next_id = query["client_id"], int(query["next_message_id"])
        self._rows = [
            (
                element["props"]["data-conversation"],
                {
                    "id": int(id),
                    "client_id": client_id,
                    "listener_id": press,
                    "args": [json.dumps(element["props"]["data-conversation"])],
                },
            )
            for id, element in _elements(answer.text).items()
            if "data-conversation" in element.get("props", {})
            for press in [one["listener_id"] for one in element["events"] if one["type"] == "click"]
        ]
        socket = self._socket = socketio.AsyncClient(reconnection=False, logger=False)

        async def told(event: str, *given: Any) -> None:
            nonlocal next_id
            if given and isinstance(given[0], dict):
                next_id = max(next_id, given[0].get("_id", -1) + 1)
                self.updates, self.bytes = self.updates + 1, self.bytes + len(msgspec.json.encode(given))
                if event == "update":
                    self._see(given[0])
                if event == "run_javascript" and given[0].get("request_id"):
                    reply = {"request_id": given[0]["request_id"], "client_id": client_id, "result": None}
                    await socket.emit("javascript_response", reply)

        async def acknowledge() -> None:
            while True:
                await asyncio.sleep(3)
                await socket.emit("ack", {"client_id": client_id, "next_message_id": next_id})

        socket.on("*", told)
        cookies = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        await socket.connect(
            f"{self._ui}?{joined}",
            headers={"Cookie": cookies, "Origin": self._ui},
            transports=["websocket"],
            socketio_path="/_nicegui_ws/socket.io",
            wait_timeout=int(_PATIENCE),
        )
        self._acks = asyncio.create_task(acknowledge())

    def _see(self, update: dict[str, Any]) -> None:
        for element in update.values():
            row = element.get("props", {}).get("row") if isinstance(element, dict) else None
            if row and row["text"].startswith("#"):
                self.seen.setdefault(row["text"], time.time())

    async def _leave(self) -> None:
        if self._socket is not None:
            self._acks.cancel()
            await self._socket.disconnect()
            self._socket = None


def _elements(page: str) -> dict[str, dict[str, Any]]:
    """The elements of a page, as its script reads them."""
    found = re.search(r"String\.raw`(.*?)`\)", page, re.DOTALL)
    assert found is not None
    text = found[1].replace("&#36;", "$").replace("&#96;", "`").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    elements: dict[str, dict[str, Any]] = json.loads(text)
    return elements


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
