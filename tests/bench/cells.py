"""One cell for each group of companies: two whole installations, each with a Postgres, a Valkey and workers of its own, beside one that has
all. What a message costs in each, and that one goes on as if nothing was while the other's Postgres is away.

Each cell is run by a process of its own (`--cell`), as it would be on a machine of its own; here they share one.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from typing import Any

import asyncpg
import msgspec
import uvloop

from db.tenancy import Actor
from tests.bench import campaign
from tests.bench.harness import Harness, company, cpu_seconds, harness
from tests.bench.report import keep, machine, table

GROUPS = 2
AWAY = 5.0  # seconds


class Cell(msgspec.Struct):
    """What one cell came to: of each company of its own how long a campaign took; CPU of everything in it; bytes of its database."""

    messages: int
    seconds: float
    cpu: float | None  # None: its Postgres was started anew, and with it its count
    size: int


async def _stub() -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.stub", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, int(await process.stdout.readline())


async def _crash(base: Harness) -> None:
    """Its Postgres is away for a while, in the middle of the work."""
    await asyncio.sleep(1.5)
    os.kill(base.postgres.pid, signal.SIGQUIT)
    await asyncio.sleep(AWAY)
    await asyncio.to_thread(base.postgres.restart)


async def cell(recipients: int, companies: int, *, broken: bool) -> Cell:
    """A campaign of each company, all of them at once, by one worker."""
    stub, port = await _stub()
    try:
        async with harness(graph_url=f"http://127.0.0.1:{port}", send_lease=7.0, send_timeout=2.0) as base:
            db = await asyncpg.connect(base.settings.database_owner_url)
            actors: list[Actor] = [await company(db) for _ in range(companies)]
            campaigns = [await campaign.scene(db, actor, recipients) for actor in actors]
            worker = base.start("-m", "workers")
            await campaign.ready(base, [worker])
            before, began = cpu_seconds(worker.pid) + base.servers_cpu(), time.perf_counter()
            for actor, campaign_id in zip(actors, campaigns, strict=True):
                await campaign.actions.launch(actor, campaign_id, None)
            if broken:
                await _crash(base)
                db = await asyncpg.connect(base.settings.database_owner_url)
            await campaign.until(db, "select count(*) = $1 from message where state > 1", recipients * companies)
            seconds, cpu = time.perf_counter() - began, cpu_seconds(worker.pid) + base.servers_cpu() - before
            states = await db.fetch("select state, count(*) as n from message group by 1")
            total = sum(row["n"] for row in states)
            if total != recipients * companies:
                raise SystemExit(f"The run is void: {total} messages of {recipients * companies}.")
            size = await db.fetchval("select pg_database_size(current_database())")
            await db.close()
            return Cell(total, seconds, None if broken else cpu, size)
    finally:
        stub.kill()
        await stub.wait()


async def _apart(recipients: int, companies: int, *, broken: bool = False) -> Cell:
    """In a process of its own."""
    words = [
        sys.executable,
        "-m",
        "tests.bench.cells",
        "--cell",
        str(recipients),
        str(companies),
        *(["--broken"] if broken else []),
    ]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit("A cell did not come to its end.")
    return msgspec.json.decode(said.splitlines()[-1], type=Cell)


def _row(name: str, found: list[Cell]) -> list[str]:
    messages, counted = sum(one.messages for one in found), [one for one in found if one.cpu is not None]
    cpu = sum(one.cpu or 0.0 for one in counted) / sum(one.messages for one in counted)
    spans = " and ".join(f"{one.seconds:.1f}" for one in found)
    sizes = " and ".join(f"{one.size / 1e6:.0f}" for one in found)
    return [name, f"{messages:,}", spans, f"{cpu * 1e6:.0f}", sizes]


async def bench(recipients: int) -> None:
    """Four companies in one cell, then two in each of two cells, then the same while one of them has no Postgres for five seconds."""
    rows: list[Any] = [_row("one cell", [await _apart(recipients, 2 * GROUPS)])]
    rows.append(_row("two cells", list(await asyncio.gather(*(_apart(recipients, GROUPS) for _ in range(2))))))
    both = await asyncio.gather(_apart(recipients, GROUPS, broken=True), _apart(recipients, GROUPS))
    rows.append(_row(f"two cells, Postgres of the first away for {AWAY:.0f} s", list(both)))
    text = (
        f"{await machine()}. {2 * GROUPS} companies with a campaign to {recipients:,} people each, all at once, one worker in each cell, everything"
        " on one machine: so time says nothing of two machines, CPU does. Each cell is a whole installation and knows of no other.\n\n"
    )
    keep("Cells", text + table(["", "messages", "seconds", "CPU µs/message", "database, MB"], rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cell", nargs=2, type=int, required=True)
    parser.add_argument("--broken", action="store_true")
    given = parser.parse_args()
    print(msgspec.json.encode(uvloop.run(cell(*given.cell, broken=given.broken))).decode())
