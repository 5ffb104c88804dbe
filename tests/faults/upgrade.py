"""A new version, as it is rolled out while people work: migrations run, then every program is asked to end (SIGTERM) and started anew, one
after the other. Nobody's request fails, and the campaign that is being sent loses and doubles nothing."""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from uuid import uuid4

import httpx

from tests.api.conftest import Headers, bearer
from tests.bench.harness import Harness, company
from tests.bench.ports import free_ports
from tests.faults.harness import Report, World
from tests.faults.installation import world

PATIENCE = 30.0  # seconds until a program that was started must answer
PACE = 0.1  # seconds between two requests of one person


class Front:
    """What stands in front of the programs of one kind: takes one that accepts a connection, as a proxy does. An answer that breaks off, or
    that blames us, is an error that somebody sees."""

    def __init__(self, http: httpx.AsyncClient, ports: list[int]) -> None:
        self._http, self._ports, self._turn = http, ports, count()
        self.answered, self.wrong = 0, list[str]()
        self.slowest = 0.0

    async def ask(self, method: str, path: str, headers: Headers, body: object = None) -> None:
        began = time.monotonic()
        while True:
            port = self._ports[next(self._turn) % len(self._ports)]
            try:
                answer = await self._http.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, json=body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                assert time.monotonic() - began < PATIENCE, f"nobody answers {path}"
                await asyncio.sleep(0.02)
                continue
            except httpx.TransportError as error:
                self.wrong.append(f"{method} {path}: {error!r}")
                return
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer.status_code >= 400:
                self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            self.answered += 1
            return


class Installation:
    """Two of each program of a world, which can be replaced one by one."""

    def __init__(self, w: World, api: list[int], ui: list[int]) -> None:
        self.w, self.ports = w, {"api": api, "ui": ui}
        self.running: dict[str, list[subprocess.Popen[bytes]]] = {"api": [], "ui": []}

    def start(self, kind: str, number: int) -> "subprocess.Popen[bytes]":
        base, own = self.w.base, self.ports[kind][number]
        if kind == "api":
            return base.start("-m", "api", env={"API_PORT": str(own)})
        api = f"http://127.0.0.1:{self.ports['api'][number]}"
        return base.start("-m", "ui", env={"UI_PORT": str(own), "API_URL": api, "PUBLIC_URL": f"http://127.0.0.1:{own}"})

    async def answers(self, kind: str, number: int) -> None:
        path = "/health" if kind == "api" else "/sign-in"
        await self.w.until(self._well(f"http://127.0.0.1:{self.ports[kind][number]}{path}"), 120, f"{kind} {number}")

    def _well(self, url: str) -> Callable[[], Awaitable[bool]]:
        async def well() -> bool:
            with suppress(httpx.HTTPError):
                return (await self.w.http.get(url, timeout=10)).status_code == 200
            return False

        return well

    async def up(self) -> None:
        assert self.w.programs.api is not None
        self.w.kill(self.w.programs.api)
        for kind, ports in self.ports.items():
            self.running[kind] = [self.start(kind, number) for number in range(len(ports))]
        for kind, ports in self.ports.items():
            for number in range(len(ports)):
                await self.answers(kind, number)

    async def replace(self, kind: str, number: int) -> float:
        """Returns how long it took to end."""
        took = await _ended(self.w.base, self.running[kind][number])
        self.running[kind][number] = self.start(kind, number)
        await self.answers(kind, number)
        return took

    async def replace_worker(self) -> float:
        took = await _ended(self.w.base, self.w.programs.workers.pop(0))
        self.w.start_worker()
        return took


async def _ended(base: Harness, process: "subprocess.Popen[bytes]") -> float:
    """By itself, once it was asked to, in the time that units and containers give it."""
    began = time.monotonic()
    process.terminate()
    code = await asyncio.to_thread(process.wait, 45)
    assert code in (0, -15), f"{process.args} ended with {code}"
    return time.monotonic() - began


async def _person(front: Front, headers: Headers, writer: Headers, made: list[str], done: asyncio.Event) -> None:
    """Reads lists, and writes contacts of another company (the campaign goes to a fixed number), one request after the other."""
    for number in count():
        if done.is_set():
            return
        match number % 4:
            case 0:
                name = f"Nova {uuid4().hex}"
                before = len(front.wrong)
                await front.ask("POST", "/v1/contacts", {**writer, "Idempotency-Key": uuid4().hex}, {"name": name})
                if len(front.wrong) == before:
                    made.append(name)
            case 1:
                await front.ask("GET", "/v1/contacts?limit=20", headers)
            case 2:
                await front.ask("GET", "/v1/campaigns?limit=20", headers)
            case 3:
                await front.ask("GET", "/v1/conversations?limit=20", headers)
        await asyncio.sleep(PACE)


async def _visitor(front: Front, done: asyncio.Event) -> None:
    while not done.is_set():
        await front.ask("GET", "/sign-in", {})
        await asyncio.sleep(PACE * 2)


async def upgraded(size: int) -> Report:
    """Two API processes, two of the web app and two workers, while three people work, a visitor opens pages, and a campaign goes out."""
    [second, *web] = free_ports(3)
    async with world(size, workers=2, alone=True) as w:
        installed = Installation(w, [w.base.settings.api_port, second], web)
        await installed.up()
        timeout = httpx.Timeout(30, connect=2)
        async with httpx.AsyncClient(timeout=timeout, limits=httpx.Limits(max_keepalive_connections=0)) as http:
            api, pages = Front(http, installed.ports["api"]), Front(http, web)
            made, done = list[str](), asyncio.Event()
            other = await company(w.db)
            people = [_person(api, await bearer(w.db, w.actor), await bearer(w.db, other), made, done) for _ in range(3)]
            working = [asyncio.create_task(one) for one in (*people, _visitor(pages, done))]
            rate = max(50, size / 30)
            await w.rate(rate)
            began = time.monotonic()
            w.campaign_id = await w.launch()
            await w.reached(w.campaign_id, 0.05)
            took: Mapping[str, list[float]] = {
                "migrate": [await _migrated(w.base)],
                "api": [await installed.replace("api", number) for number in range(2)],
                "ui": [await installed.replace("ui", number) for number in range(2)],
                "worker": [await installed.replace_worker() for _ in range(2)],
            }
            await asyncio.sleep(1)
            done.set()
            await asyncio.gather(*working)
        wrong = api.wrong + pages.wrong
        assert not wrong, f"{len(wrong)} errors: {wrong[:5]}"
        count_ = "select count(*), count(distinct name) from contact where company_id = $1 and name like 'Nova %'"
        assert tuple(await w.db.fetchrow(count_, other.company_id)) == (len(made), len(made)), "a contact was lost or doubled"
        await w.finished(w.campaign_id, 120 + size / rate * 4)
        notes = f"{api.answered} requests and {pages.answered} pages without an error, the slowest {api.slowest:.1f} and {pages.slowest:.1f} s; to end: "
        notes += ", ".join(f"{kind} {max(seconds):.1f} s" for kind, seconds in took.items())
        report = await w.prove("rolled out under load", w.campaign_id, began, recipients=size, notes=notes)
        assert report.accepted == size, f"{report.accepted} of {size} got it"
        return report


async def _migrated(base: Harness) -> float:
    began = time.monotonic()
    assert await asyncio.to_thread(base.start("-m", "db", "migrate").wait, 60) == 0
    return time.monotonic() - began
