"""Taking a provider's webhooks: our API's Meta hook beside a plain Express one, same Postgres, same load.

Both check the signature over the raw body and answer 200 only when the row is committed.
"""

import asyncio
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import httpx

from db.channels.secrets import seal
from tests import factories
from tests.bench.harness import Harness, company
from tests.bench.load import Load, flood, offer
from tests.bench.node import baseline_folder
from tests.bench.webhooks import SECRET, signed, status_webhook

OFFERED = 1000.0


@dataclass
class Intake:
    """`full`: as fast as it goes; `offered`: at 1,000 a second."""

    full: Load
    offered: Load


def _requests(path: str, count: int = 500) -> list[bytes]:
    """Signed status webhooks, ready for the wire."""
    return [
        signed(
            path,
            status_webhook(
                f"wamid.HBgNNTUxMTkwMDAwMDAwMBUCABEYEj{number:012}",
                str(uuid4()),
                f"+55119{number:08}",
                "delivered",
                1_780_000_000 + number,
            ),
        )
        for number in range(count)
    ]


async def ours(base: Harness, count: int) -> Intake:
    """The real API process."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actor = await company(db)
        channel_id = await factories.channel(db, actor, sandbox=False)
        await db.execute(
            "update channel set signing_secret = $2 where id = $1",
            channel_id,
            seal(actor.company_id, channel_id, "signing_secret", SECRET),
        )
        process = base.start("-m", "api")
        await await_api(base, process)
        port = base.settings.api_port
        intake = await _measure(port, _requests(f"/hooks/meta/{channel_id}"), count)
        stored = await db.fetchval("select count(*) from webhook_inbox")
        if stored < count:
            raise SystemExit(f"The run is void: {stored} rows for {count} webhooks.")
        base.stop(process)
        return intake
    finally:
        await db.close()


async def baseline(base: Harness, count: int) -> Intake:
    """Express, one process."""
    process = subprocess.Popen(
        ["node", str(baseline_folder() / "ingest.mjs"), base.postgres.socket_folder, SECRET], stdout=subprocess.PIPE
    )
    base.processes.append(process)
    assert process.stdout is not None
    port = int(await asyncio.to_thread(process.stdout.readline))
    intake = await _measure(port, _requests("/webhook"), count)
    base.stop(process)
    process.stdout.close()
    return intake


async def _measure(port: int, requests: list[bytes], count: int) -> Intake:
    await flood(port, requests, max(500, count // 10))  # warm
    full = await flood(port, requests, count)
    offered = await offer(port, requests, OFFERED, 10)
    if full.refused or offered.refused:
        raise SystemExit(f"The run is void: {full.refused + offered.refused} webhooks were refused.")
    return Intake(full, offered)


async def await_api(base: Harness, process: "subprocess.Popen[bytes]") -> None:
    """Until it answers."""
    async with httpx.AsyncClient() as http:
        for _ in range(300):
            if process.poll() is not None:
                break
            with suppress(httpx.HTTPError):
                if (await http.get(f"http://127.0.0.1:{base.settings.api_port}/health")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise SystemExit(f"The API did not start:\n{(base.folder / 'log').read_text(errors='replace')[-3000:]}")
