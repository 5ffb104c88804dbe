"""A campaign from its launch to the last result written back, by the real worker, beside the plain Node way.

Ours: the launch an API call makes, the audience materialised, claims with attempts, limits, channel log, tallies, events, the
fenced write-back, row-level security. The baseline: one BullMQ job, one POST and one UPDATE per message. Same Postgres, same
Valkey, same stub, one after the other.
"""

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from db.campaigns import actions
from db.tenancy import Actor
from tests import factories
from tests.bench.harness import Harness, company, cpu_seconds, peak_rss_mb
from tests.bench.node import CONCURRENCY, node


@dataclass
class Run:
    """How long so many (recipients, webhooks, rows) took. Seconds; `rate` per second end to end, `prepare` the part of it before the
    first one."""

    count: int
    prepare: float
    seconds: float
    rss_mb: int = 0
    cpu: float = 0.0  # of all programs and servers together
    program_cpu: float = 0.0  # of the worker, or of node

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def send_rate(self) -> float:
        return self.count / (self.seconds - self.prepare)


async def ours(base: Harness, recipients: int, stub: int, *, workers: int = 1) -> Run:
    """One campaign to `recipients` people of a fresh company."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actor = await company(db)
        campaign_id = await scene(db, actor, recipients)
        running = [base.start("-m", "workers") for _ in range(workers)]
        await ready(base, running)
        programs, servers = cpu_of(running), base.servers_cpu() + cpu_seconds(stub)
        began = time.perf_counter()
        await actions.launch(actor, campaign_id, None)
        prepared = await until(db, "select state <> 'preparing' from campaign where id = $1", campaign_id) - began
        ended = await until(
            db,
            "select coalesce(sum(delta) filter (where state <= 2), 1) = 0 from message_tally"
            " where company_id = $1 and campaign_id = $2",
            actor.company_id,
            campaign_id,
        )
        programs = cpu_of(running) - programs
        servers = base.servers_cpu() + cpu_seconds(stub) - servers
        memory = max(peak_rss_mb(process.pid) for process in running)
        sent = await db.fetchval("select count(*) from message where campaign_id = $1 and state = 3", campaign_id)
        attempts = await db.fetchval("select count(*) from attempt where company_id = $1 and state = 1", actor.company_id)
        if sent != recipients or attempts != recipients:
            states = await db.fetch("select state, reason, count(*) from message group by 1, 2")
            raise SystemExit(f"The run is void: {sent} messages and {attempts} attempts of {recipients}. {states}")
        for process in running:
            base.stop(process)
        return Run(recipients, prepared, ended - began, memory, programs + servers, programs)
    finally:
        await db.close()


def cpu_of(running: "list[subprocess.Popen[bytes]]") -> float:
    """Of these programs so far, in seconds."""
    return sum(cpu_seconds(process.pid) for process in running)


async def scene(db: asyncpg.Connection, actor: Actor, recipients: int) -> UUID:
    channel_id = await factories.channel(
        db,
        actor,
        sandbox=False,
        throughput=100_000,  # the limiter works, and does not bind
        messaging_limit=10_000_000,
        checked_at=await db.fetchval("select now()"),
    )
    template_id = await factories.template(db, actor, channel_id)
    await factories.contacts(db, actor, recipients)
    await db.execute("vacuum analyze contact, contact_identity")
    await db.execute("checkpoint")
    return await factories.campaign(db, actor, channel_id, template_id)


async def ready(base: Harness, running: "list[subprocess.Popen[bytes]]", *, settle: float = 1.5) -> None:
    """Until every worker has its connections, and `settle` seconds more."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        for _ in range(300):
            if any(process.poll() is not None for process in running):
                break
            count = await db.fetchval(
                "select count(*) from pg_stat_activity where application_name = 'masteria' and pid <> pg_backend_pid()"
            )
            if count >= 2 * len(running) + 1:
                await asyncio.sleep(settle)
                return
            await asyncio.sleep(0.1)
    finally:
        await db.close()
    raise SystemExit(f"The worker did not start:\n{(base.folder / 'log').read_text()[-3000:]}")


async def until(db: asyncpg.Connection, sql: str, *args: object) -> float:
    """The moment when `sql` says true. Looks twenty times a second."""
    limit = time.perf_counter() + 1800
    while not await db.fetchval(sql, *args):
        if time.perf_counter() > limit:
            raise SystemExit("The campaign did not end within half an hour.")
        await asyncio.sleep(0.05)
    return time.perf_counter()


async def baseline(base: Harness, recipients: int, stub: int, stub_port: int) -> Run:
    """The same campaign the plain Node way."""
    before = base.servers_cpu() + cpu_seconds(stub)
    valkey_socket = base.settings.valkey_url.removeprefix("unix://")
    out = await node(
        "campaign.mjs", str(recipients), str(CONCURRENCY), valkey_socket, base.postgres.socket_folder, str(stub_port)
    )
    said = json.loads(out)
    servers = base.servers_cpu() + cpu_seconds(stub) - before
    return Run(recipients, said["queue_seconds"], said["seconds"], said["rss_mb"], servers + said["cpu"], said["cpu"])
