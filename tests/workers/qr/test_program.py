"""`python -m workers.gateway` as programs: two at once, and kill -9 between a message and its answer."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from db import crypto
from db.messages import answers
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.settings import Settings
from db.tenancy import Actor
from tests.db.qr import scenes
from tests.workers.qr.conftest import PACKAGES
from tests.workers.qr.test_bridge import BIA, NUMBER, eventually
from workers.inbound import process_inbox
from workers.qr.words import words
from workers.sandbox.linked.server import WhatsApp, playing
from workers.unknown import reconcile


@asynccontextmanager
async def gateway(settings: Settings, wa: WhatsApp, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    place = settings.data_dir / "qr"
    if not place.exists():
        place.symlink_to(PACKAGES)
    known = {
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "VALKEY_URL": settings.valkey_url,
        "DATA_DIR": str(settings.data_dir),
        "SECRET_KEYS": settings.secret_keys,
        **wa.environment,
    }
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workers.gateway", env={**os.environ, **known}, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@pytest.mark.timeout(280)
async def test_a_killed_gateway_sends_nothing_twice_and_another_goes_on(
    engine: str, database: Settings, owner_db: asyncpg.Connection, owner: Actor, tmp_path: Path
) -> None:
    await owner_db.execute("update qr_session set next_at = 'infinity', pairing_until = null, wa_jid = null")  # of other tests
    channel_id = await scenes.session(owner_db, owner, paired=False)
    state = "select state from message where id = $1"

    async def is_open() -> bool:
        return bool(await scenes.column(owner_db, channel_id, "state") == "open")

    async def heard() -> object:
        await process_inbox(owner.company_id)
        return await owner_db.fetchval("select contact_id from inbound_message where channel_id = $1", channel_id)

    async with (
        playing(words(PACKAGES)) as wa,
        gateway(database, wa, tmp_path / "g1") as one,
        gateway(database, wa, tmp_path / "g2") as two,
    ):
        bia = wa.person(BIA)
        await eventually(lambda: scenes.column(owner_db, channel_id, "code"))
        sealed = await scenes.column(owner_db, channel_id, "code")
        code = crypto.ring().open(sealed, company_id=owner.company_id, table="qr_session", column="code", row_id=channel_id)
        device = await wa.scan(code, NUMBER)
        await eventually(is_open)
        await eventually(lambda: device.bundle is not None)
        await wa.says(bia, device, "Oi")
        await eventually(heard)
        contact_id = await heard()
        assert device.connection is not None

        wa.on_message = lambda _: None
        sent = await answers.send(owner, contact_id, channel_id, TextReply("Olá!"))  # type: ignore[arg-type]
        await eventually(lambda: len(wa.ledger) == 1)
        name: str = await scenes.column(owner_db, channel_id, "lease_owner")
        victim, rest = (one, two) if name.endswith(f":{one.pid}") else (two, one)
        victim.kill()
        await victim.wait()
        await eventually(lambda: device.connection is None)
        assert await owner_db.fetchval(state, sent.id) == M.SENDING
        await scenes.expire(owner_db, channel_id)
        await eventually(lambda: device.connection is not None)
        await eventually(is_open)
        assert rest.returncode is None
        await owner_db.execute("update message set lease_until = now() - interval '1 second' where id = $1", sent.id)
        await reconcile()
        assert await owner_db.fetchval(state, sent.id) == M.UNKNOWN
        wa.on_message = lambda _: ""
        await wa.receipt(device, wa.ledger[0])

        async def delivered() -> bool:
            await process_inbox(owner.company_id)
            return bool(await owner_db.fetchval(state, sent.id) == M.DELIVERED)

        await eventually(delivered)
        assert set(wa.times().values()) == {1}
        assert wa.fought == 0, "two gateways never hold the same session"
    told = (tmp_path / "g1").read_text() + (tmp_path / "g2").read_text()
    assert device.bundle is not None
    for secret in ("privKey", "SessionEntry", code.split(",")[3], "Olá!", "Closing session"):
        assert secret not in told
