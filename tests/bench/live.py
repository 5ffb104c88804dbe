"""Many listeners on one API process: how soon each hears an event, that none misses one, also over a cut of all of them, and the cost."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from api.contract.events import Frame
from db import event_stream
from db.accounts.identify import new_session_token
from db.campaigns.events import CampaignProgress
from db.crypto import digest
from db.tenancy import Actor
from tests.bench.harness import Harness, company, cpu_seconds, harness
from tests.bench.ingest import await_api
from tests.bench.ports import free_ports
from tests.bench.report import keep, machine, table

COMPANIES = 20
RATE, SECONDS = 4.0, 10.0  # events of each company a second, as many as while a campaign runs
_PATIENCE = 60.0
_decode = msgspec.json.Decoder(Frame).decode


class Heard(NamedTuple):
    """`joined`: seconds until all were connected; `latencies`: of every event at every listener, from before it was published, sorted;
    `cpu`: of the API process while events came; `rss`: its memory in MB before there was a listener, and with all of them; `back`: seconds
    from a cut of all until each was connected again and had what came meanwhile."""

    clients: int
    joined: float
    latencies: list[float]
    cpu: float
    rss: tuple[float, float]
    back: float

    def quantile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Client:
    """One socket: what it heard, in its order."""

    def __init__(self, actor: Actor, token: str, port: int) -> None:
        self.actor, self.heard, self.latencies = actor, list[UUID](), list[float]()
        self._address, self._headers = f"ws://127.0.0.1:{port}/v1/events", {"Authorization": f"Bearer {token}"}
        self._last: str | None = None
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def join(self, published: dict[UUID, float]) -> None:
        """Connects, from the last id it saw; returns once greeted."""
        address = self._address + (f"?last_event_id={self._last}" if self._last else "")
        self._socket = await connect(
            address, additional_headers=self._headers, proxy=None, open_timeout=_PATIENCE, ping_interval=None
        )
        greeting = _decode(await asyncio.wait_for(self._socket.recv(), _PATIENCE))
        self._last = self._last or greeting.id
        self._reading = asyncio.create_task(self._read(self._socket, published))

    async def _read(self, socket: ClientConnection, published: dict[UUID, float]) -> None:
        async for text in socket:
            frame = _decode(text)
            self._last = frame.id or self._last
            event = frame.event()
            if isinstance(event, CampaignProgress):
                self.heard.append(event.campaign_id)
                self.latencies.append(time.perf_counter() - published[event.campaign_id])
            elif frame.type == "reset":
                raise SystemExit("The run is void: a listener was too slow and was told to fetch anew.")

    async def leave(self) -> None:
        assert self._socket is not None
        assert self._reading is not None
        self._socket.transport.abort()
        await asyncio.gather(self._reading, return_exceptions=True)


async def measure(base: Harness, clients: int) -> Heard:
    """Sessions of twenty companies; the events go through Valkey, as those of workers do."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actors = [await company(db) for _ in range(COMPANIES)]
        tokens = [await _session(db, actor) for actor in actors]
    finally:
        await db.close()
    process = base.start("-m", "api")
    await await_api(base, process)
    before = _rss_mb(process.pid)
    published: dict[UUID, float] = {}
    told: dict[UUID, list[UUID]] = {actor.company_id: [] for actor in actors}
    listeners = [
        _Client(actors[number % COMPANIES], tokens[number % COMPANIES], base.settings.api_port) for number in range(clients)
    ]
    began = time.perf_counter()
    await _all_join(listeners, published)
    joined, cpu = time.perf_counter() - began, cpu_seconds(process.pid)
    for number in range(int(RATE * SECONDS)):
        await asyncio.sleep(max(0.0, began + joined + number / RATE - time.perf_counter()))
        await _tell(actors, published, told)
    await _all_heard(listeners, told)
    cpu, rss = cpu_seconds(process.pid) - cpu, _rss_mb(process.pid)
    latencies = sorted(took for listener in listeners for took in listener.latencies)
    await asyncio.gather(*(listener.leave() for listener in listeners))
    for _ in range(5):
        await _tell(actors, published, told)
    began = time.perf_counter()
    await _all_join(listeners, published)
    await _all_heard(listeners, told)
    back = time.perf_counter() - began
    await asyncio.gather(*(listener.leave() for listener in listeners))
    base.stop(process)
    return Heard(clients, joined, latencies, cpu, (before, rss), back)


async def _all_join(listeners: Sequence[_Client], published: dict[UUID, float]) -> None:
    """At once, as after a restart of the API."""
    await asyncio.gather(*(listener.join(published) for listener in listeners))


async def _tell(actors: Sequence[Actor], published: dict[UUID, float], told: dict[UUID, list[UUID]]) -> None:
    for actor in actors:
        event = uuid4()
        published[event] = time.perf_counter()
        told[actor.company_id].append(event)
        await event_stream.publish(actor.company_id, [CampaignProgress(campaign_id=event)])


async def _all_heard(listeners: Sequence[_Client], told: dict[UUID, list[UUID]]) -> None:
    """Each heard all of its company, in their order, once."""
    until = time.perf_counter() + _PATIENCE
    while missing := sum(listener.heard != told[listener.actor.company_id] for listener in listeners):
        if time.perf_counter() > until:
            raise SystemExit(f"The run is void: {missing} listeners did not hear what was told.")
        await asyncio.sleep(0.02)


async def _session(db: asyncpg.Connection, actor: Actor) -> str:
    token = new_session_token()
    await db.execute(
        "insert into session(company_id, token_hash, user_id, expires_at) values ($1, $2, $3, now() + interval '1 day')",
        actor.company_id,
        digest(token),
        actor.id,
    )
    return token


def _rss_mb(pid: int) -> float:
    """What a process and its children hold now, in MB (10^6 bytes)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (str(pid), *children))
    return pages * 4096 / 1e6


async def bench(clients: int) -> None:
    """Listeners of `/v1/events`, for docs/benchmarks.md."""
    [api] = free_ports(1)
    async with harness(api_port=api) as base:
        heard = await measure(base, clients)
        facts = await machine(base)
    text = (
        f"{facts}. {heard.clients} web sockets on one API process, of {COMPANIES} companies with {RATE:.0f} events a second each, for"
        f" {SECONDS:.0f} s; every listener heard each event of its company once and in order ({len(heard.latencies):,} frames). From before an"
        " event is published until its listener has read it, in milliseconds. Then all were cut at once, and came back by their last event id.\n\n"
    )
    row = [
        *(f"{heard.quantile(share) * 1000:.0f}" for share in (0.5, 0.95, 0.99, 1)),
        f"{heard.joined:.1f}",
        f"{heard.back:.1f}",
        f"{heard.cpu / SECONDS * 100:.0f}",
        f"{heard.rss[0]:.0f} → {heard.rss[1]:.0f}",
    ]
    head = ["p50", "p95", "p99", "slowest", "all connected in s", "all back in s", "API process, % of a core", "its memory, MB"]
    keep("Live", text + table(head, [row]))
