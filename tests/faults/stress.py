"""`just stress [minutes] [--inbound N] [--clients N] [--rate N]`: everything at once, while programs and servers are killed, and one table.

Campaign, inbound webhooks, browsers that listen, talks with the AI, webhooks out, imports and people who read lists, each on a company of its
own and with its own witness (`strain.py`). One worker and one API process live through it: their memory must not grow.
"""

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from db import blobs
from db.webhooks import endpoints
from db.webhooks.enums import WebhookType
from tests.bench.harness import company
from tests.bench.live import _rss_mb
from tests.bench.ports import free_ports
from tests.bench.report import machine, table
from tests.faults.chaos import Well
from tests.faults.harness import World
from tests.faults.installation import _installation
from tests.faults.strain import Hooks, Imports, Inbound, Kind, Live, Requests
from tests.faults.talks import BURST, Customer, Talks
from tests.workers.providers.peer import peer

BLOWS = ("worker", "api", "worker", "valkey", "worker", "api", "worker", "postgres")
EVERY = 15.0  # seconds between two
STEADY = 3.0  # MB a minute in the second half: more is a leak


class Memory:
    """What a process holds, every two seconds."""

    def __init__(self, name: str, pid: int) -> None:
        self.name, self._pid, self._held = name, pid, list[tuple[float, float]]()

    def look(self) -> None:
        self._held.append((time.monotonic(), _rss_mb(self._pid)))

    @property
    def last(self) -> float:
        return self._held[-1][1]

    @property
    def slope(self) -> float:
        """MB a minute, by least squares over the second half."""
        half = self._held[len(self._held) // 2 :]
        x, y = [at / 60 for at, _ in half], [mb for _, mb in half]
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        spread = sum((one - mean_x) ** 2 for one in x)
        return sum((one - mean_x) * (other - mean_y) for one, other in zip(x, y, strict=True)) / spread if spread else 0.0


class Stress:
    def __init__(self, w: World, second: int, seconds: float, rate: float) -> None:
        self.w, self._second, self._seconds, self._rate = w, second, seconds, rate
        self.memories = list[Memory]()
        self.blows: dict[str, int] = {}
        self.campaign, self.ai = Kind("campaign messages"), Kind("AI turns")

    def over(self) -> bool:
        return time.monotonic() > self._until

    async def up(self) -> None:
        await self.w.up(2)
        self._steady = self.w.base.start("-m", "api", env={"API_PORT": str(self._second)})
        await self.w.until(self.w._answers(f"http://127.0.0.1:{self._second}/health"), 120, "the second API")
        self.memories = [
            Memory("a worker that was not killed", self.w.programs.workers[0].pid),
            Memory("an API process that was not killed", self._steady.pid),
        ]

    def begin(self) -> None:
        self._until = time.monotonic() + self._seconds

    async def watch(self) -> None:
        while not self.over():
            for one in self.memories:
                one.look()
            await asyncio.sleep(2)

    async def strike(self, *others: World) -> None:
        number = 0
        while True:
            await asyncio.sleep(EVERY)
            if self.over():
                return
            blow, number = BLOWS[number % len(BLOWS)], number + 1
            self.blows[blow] = self.blows.get(blow, 0) + 1
            base = self.w.base
            if blow == "worker":
                self.w.kill(self.w.programs.workers.pop())
                self.w.start_worker()
            elif blow == "api":
                assert self.w.programs.api is not None
                self.w.kill(self.w.programs.api)
                self.w.start_api()
            elif blow == "valkey":
                base.lose_valkey()
                await asyncio.sleep(2)
                await asyncio.to_thread(base.return_valkey)
            else:
                await asyncio.to_thread(base.crash_postgres)
                for one in (self.w, *others):
                    one.db = await asyncpg.connect(base.settings.database_owner_url)

    async def talk(self, t: Talks, customers: list[Customer]) -> None:
        """Two customers write every five seconds."""
        while not self.over() and len(customers) + 2 <= self.ai_most:
            some = t.some(2)
            await t.write(some, BURST)
            customers += some
            await asyncio.sleep(5)

    @property
    def ai_most(self) -> int:
        return int(self._seconds / 5) * 2 + 2

    async def prove_campaign(self, began: float, people: int) -> None:
        w = self.w
        await w.finished(w.campaign_id, 300 + people / self._rate * 4)
        report = await w.prove("campaign", w.campaign_id, began, recipients=people)
        self.campaign.done, self.campaign.doubled = report.accepted, report.doubled
        self.campaign.lost = people - sum(report.states.values())
        self.campaign.again = report.lost  # known as unknown, and shown: nobody is written to twice for it
        took = "select extract(epoch from a.done_at - a.started_at)::float from attempt a join message m on m.id = a.message_id where m.campaign_id = $1 and a.done_at is not null"
        self.campaign.seconds = [row[0] for row in await w.db.fetch(took, w.campaign_id)]

    async def prove_talks(self, t: Talks, customers: list[Customer]) -> None:
        await t.ended(240)
        await t.prove_storm(customers, [])
        rows = await t.w.db.fetch(
            "select extract(epoch from done_at - due_at)::float from ai_turn where company_id = $1 and state = 'sent'",
            t.w.actor.company_id,
        )
        self.ai.done, self.ai.seconds = len(rows), [row[0] for row in rows]


def _row(kind: Kind, seconds: float) -> list[str]:
    def ms(share: float) -> str:
        found = kind.quantile(share)
        return "–" if found is None else f"{found * 1000:,.0f}"

    counts = (len(kind.errors), kind.lost, kind.doubled)
    return [kind.name, f"{kind.done:,}", f"{kind.done / seconds:,.1f}", ms(0.5), ms(0.99), f"{kind.again:,}", *map(str, counts)]


async def stress(minutes: float, *, inbound: float, clients: int, rate: float) -> int:
    seconds, people = minutes * 60, max(1000, int(rate * minutes * 60 * 0.9))
    [second] = free_ports(1)
    async with AsyncExitStack() as stack:
        w = await stack.enter_async_context(_installation(webhooks_allow_local=True))
        run = Stress(w, second, seconds, rate)
        await run.up()
        await w.settle_in(people, "whatsapp", 12)
        await w.rate(rate)
        blobs.connect(w.base.settings)
        other = await w.beside()
        await other.settle_in(run.ai_most + 2, "whatsapp", 12)
        t, customers = await Talks.begin(other, run.ai_most + 2), list[Customer]()
        ports = [w.base.settings.api_port, second]
        writers, listeners = Inbound(inbound, ports[0]), Live(clients, ports)
        lists, readers, receiver = Imports(3000), Requests(ports), Well()
        for one in (writers, listeners, lists):
            await one.settle(w.db)
        far = await stack.enter_async_context(peer(receiver.step))
        hooked = await company(w.db)
        await endpoints.create(hooked, far.url, "", [WebhookType.CONTACT_CHANGED], local=True)
        hooks = Hooks(receiver)
        began = time.monotonic()
        w.campaign_id = await w.launch()
        run.begin()
        loads = {
            writers.name: writers.run(run.over), listeners.name: listeners.run(run.over), lists.name: lists.run(run.over),
            hooks.name: hooks.run(hooked, run.over), readers.name: readers.run(w.db, w.actor, run.over), run.ai.name: run.talk(t, customers),
        }  # fmt: skip
        kinds = [run.campaign, writers, listeners, run.ai, hooks, lists, readers]
        by_name = {kind.name: kind for kind in kinds}
        ended = await asyncio.gather(*loads.values(), run.watch(), run.strike(other), return_exceptions=True)
        for name, result in zip((*loads, run.campaign.name, run.campaign.name), ended, strict=True):
            if isinstance(result, BaseException):
                by_name[name].errors.append(repr(result))
        proofs = {
            run.campaign: run.prove_campaign(began, people), run.ai: run.prove_talks(t, customers),
            **{kind: kind.prove(w.db) for kind in (writers, listeners, hooks, lists)},
        }  # fmt: skip
        for kind, proof in proofs.items():
            try:
                await proof
            except AssertionError as error:
                kind.errors.append(str(error))
        log = (w.base.folder / "log").read_text(errors="replace")
        return _tell(run, kinds, seconds, await machine(w.base), log)


def _tell(run: Stress, kinds: list[Kind], seconds: float, facts: str, log: str) -> int:
    head = ["kind", "done", "a second", "p50 ms", "p99 ms", "again", "errors", "lost", "doubled"]
    print(
        f"\n{facts}; {seconds / 60:.0f} minutes; blows: {', '.join(f'{n} {name}' for name, n in run.blows.items()) or 'none'}\n"
    )
    print(table(head, [_row(kind, seconds) for kind in kinds]))
    print("\nagain: tried anew while something was down; of campaign messages: those shown as of unknown result")
    for one in run.memories:
        print(f"memory of {one.name}: {one.last:.0f} MB, {one.slope:+.1f} MB a minute in the second half")
    wrong = [f"{kind.name}: {error}" for kind in kinds for error in kind.errors[:5]]
    wrong += [f"{kind.name}: {kind.lost} lost, {kind.doubled} doubled" for kind in kinds if kind.lost or kind.doubled]
    if seconds >= 600:  # before, caches fill
        wrong += [f"memory of {one.name} grows" for one in run.memories if one.slope > STEADY]
    for line in wrong:
        print("WRONG", line)
    if wrong:
        kept = Path(".data/stress.log").resolve()
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(log)
        print(f"The programs' log: {kept}")
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="just stress")
    parser.add_argument("minutes", type=float, nargs="?", default=30)
    parser.add_argument("--inbound", type=float, default=1000, help="webhooks a second")
    parser.add_argument("--clients", type=int, default=500, help="browsers that listen")
    parser.add_argument("--rate", type=float, default=100, help="campaign messages a second")
    given = parser.parse_args()
    sys.exit(asyncio.run(stress(given.minutes, inbound=given.inbound, clients=given.clients, rate=given.rate)))
