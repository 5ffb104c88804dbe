"""Taking a provider's webhooks: our API's Meta hook beside a plain Express one, same Postgres, same load.

Both check the signature over the raw body and answer 200 only when the row is committed.
"""

import asyncio
import hashlib
import hmac
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import httpx
import msgspec

from db.channels.secrets import seal
from tests import factories
from tests.bench.campaign import peer_folder
from tests.bench.harness import Harness, company
from tests.bench.load import Load, flood, offer

SECRET = "0123456789abcdef0123456789abcdef"
OFFERED = 1000.0


@dataclass
class Intake:
    """`full`: as fast as it goes; `offered`: at 1,000 a second."""

    full: Load
    offered: Load


def _requests(path: str, count: int = 500) -> list[bytes]:
    """Signed status webhooks as Meta sends them, ready for the wire."""
    found = []
    for number in range(count):
        status = {
            "id": f"wamid.HBgNNTUxMTkwMDAwMDAwMBUCABEYEj{number:012}",
            "status": "delivered",
            "timestamp": str(1_780_000_000 + number),
            "recipient_id": f"55119{number:08}",
            "biz_opaque_callback_data": str(uuid4()),
            "pricing": {"billable": True, "pricing_model": "PMP", "category": "marketing", "type": "regular"},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "551140001234", "phone_number_id": "123456789012345"},
            "statuses": [status],
        }
        body = msgspec.json.encode(
            {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"value": value, "field": "messages"}]}]}
        )
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: facebookexternalua\r\ncontent-type: application/json\r\n"
            f"x-hub-signature-256: sha256={signature}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


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
        await _ready(base, process)
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
        ["node", str(peer_folder() / "ingest.mjs"), base.postgres.socket_folder, SECRET], stdout=subprocess.PIPE
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


async def _ready(base: Harness, process: "subprocess.Popen[bytes]") -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(300):
            if process.poll() is not None:
                break
            with suppress(httpx.HTTPError):
                if (await http.get(f"http://127.0.0.1:{base.settings.api_port}/health")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise SystemExit(f"The API did not start:\n{(base.folder / 'log').read_text(errors='replace')[-3000:]}")
