"""Webhooks out: what a worker delivers to a receiver on this machine, beside the bare loop of a client.

Ours reads its endpoint's deliveries from Postgres, signs, claims, sends and writes back, with a log of every try; the loop posts the same
bytes with `httpx` and keeps nothing. The events are written before: this measures the way out.
"""

import asyncio
import subprocess
import sys
import time
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import httpx

from db import installation
from db.clock import now
from db.holds import actions as holds
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.webhooks import endpoints, feed
from db.webhooks.enums import WebhookType
from db.webhooks.feed import Owed
from db.work import work
from tests.bench.harness import ROOT, Harness, company, harness
from tests.bench.report import keep, machine, table
from workers.hook_wire import HookWire
from workers.webhooks import Deliverer

ENDPOINTS = 4
AT_ONCE = 64
_BODY = (
    '{"type":"contact.changed","timestamp":"2026-01-10T12:00:00.000000Z","sequence":%d,'
    '"data":{"contact_id":"0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e01","version":3}}'
)


class Out(NamedTuple):
    """What was delivered, in how many seconds, and the processor time of this process."""

    count: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds


async def _owe(db: asyncpg.Connection, actor: Actor, count: int, url: str) -> None:
    """As many deliveries as asked, each of an entity of its own, of several endpoints."""
    for place in range(ENDPOINTS):
        endpoint, _ = await endpoints.create(actor, url, f"{place}", [WebhookType.CONTACT_CHANGED], local=True)
        for first in range(place * count // ENDPOINTS, (place + 1) * count // ENDPOINTS, 5000):
            last = min(first + 5000, (place + 1) * count // ENDPOINTS)
            async with work(worker(actor.company_id), Permission.WEBHOOKS_WRITE) as w:
                owed = [
                    Owed(f"msg_{uuid4().hex}", "contact.changed", f"contact_id:{n}", n, _BODY % n) for n in range(first, last)
                ]
                await feed.owe(w, endpoint.id, owed)
    await db.execute("analyze webhook_delivery")


async def ours(base: Harness, count: int, port: int) -> Out:
    """One process's deliverer until everything arrived. Raises AssertionError when something did not."""
    db = await asyncpg.connect(base.postgres.owner_url)
    try:
        actor = await company(db)
        await installation.look(base.settings.data_dir, holds.hold_everything, holds.recover)
        await _owe(db, actor, count, f"http://127.0.0.1:{port}/hook")
        async with HookWire(allow_private=True) as wire:
            deliverer = Deliverer(wire)
            began, used = time.monotonic(), time.process_time()
            await deliverer.round()
            await deliverer.idle()
            out = Out(count, time.monotonic() - began, time.process_time() - used)
        done = await db.fetchval(
            "select count(*) from webhook_delivery where company_id = $1 and state = 'delivered' and tries = 1", actor.company_id
        )
        assert done == count, f"{done} of {count} delivered"
        return out
    finally:
        await db.close()


async def bare(count: int, port: int) -> Out:
    """The loop that one would write by hand: a client, as many at once as an endpoint of ours may have, no memory."""
    numbers = iter(range(count))
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=AT_ONCE)) as client:

        async def post() -> None:
            for number in numbers:
                body = (_BODY % number).encode()
                answer = await client.post(
                    f"http://127.0.0.1:{port}/hook",
                    content=body,
                    headers={
                        "content-type": "application/json",
                        "webhook-id": str(number),
                        "webhook-timestamp": str(int(now().timestamp())),
                    },
                )
                assert answer.status_code == 200

        began, used = time.monotonic(), time.process_time()
        await asyncio.gather(*(post() for _ in range(AT_ONCE)))
        return Out(count, time.monotonic() - began, time.process_time() - used)


async def bench(count: int, pairs: int) -> None:
    """`count` deliveries to a receiver on this machine, `pairs` times."""
    stub = subprocess.Popen([sys.executable, "-m", "tests.bench.stub"], stdout=subprocess.PIPE, cwd=ROOT)
    assert stub.stdout is not None
    port = int(await asyncio.to_thread(stub.stdout.readline))
    try:
        async with harness() as base:
            found = []
            for _ in range(pairs):
                found.append((await ours(base, count, port), await bare(count, port)))
                print(f"ours {found[-1][0].rate:,.0f}/s, bare loop {found[-1][1].rate:,.0f}/s", flush=True)
            facts = await machine(base)
    finally:
        stub.kill()
        stub.wait()
    found.sort(key=lambda pair: pair[0].rate / pair[1].rate)
    mine, other = found[len(found) // 2]
    rows = [
        [name, f"{out.count:,}", f"{out.seconds:.1f}", f"{out.rate:,.0f}", f"{out.cpu / out.count * 1e6:.0f}"]
        for name, out in (("ours", mine), ("bare httpx loop", other))
    ]
    text = (
        f"{facts}. One process, {ENDPOINTS} endpoints with {AT_ONCE} requests in flight each, the bare loop with {AT_ONCE};"
        f" the median of {pairs} pairs by ratio. Ours: claimed, signed, sent, written back and logged; every delivery arrived at its first try"
        " (asserted). CPU: of the process alone.\n\n"
    )
    keep("Webhooks out", text + table(["", "deliveries", "s", "deliveries/s", "CPU µs/delivery"], rows))
