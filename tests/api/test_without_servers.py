"""The API without its servers: it starts, says so, takes the webhooks that nobody repeats, and heals by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from api.app import create_app
from api.hooks.routes import Routes
from db import queue, valkey
from db.engine import DB, SYSTEM
from db.settings import Settings
from tests.conftest import make_company, running
from tests.db.channels.factories import make_channel, meta_headers, twilio_form
from tests.silence import Way, way_to

BODY = b'{"object":"whatsapp_business_account","entry":[]}'


@pytest.fixture
async def way(database: Settings) -> AsyncIterator[Way]:
    """To this test process's Postgres; nobody listens behind it yet."""
    async with way_to("/nowhere") as way:
        yield way


@pytest.fixture
async def alone(database: Settings) -> AsyncIterator[None]:
    """This process without its own connections, so that the app opens them."""
    usual = DB.pool, SYSTEM.pool
    DB.pool = SYSTEM.pool = None
    await valkey.close()
    queue.forget_queues()
    yield
    DB.pool, SYSTEM.pool = usual
    valkey.connect(database.valkey_url)
    queue.forget_queues()


async def test_it_starts_without_postgres_takes_webhooks_and_heals(
    alone: None, database: Settings, way: Way, owner_db: asyncpg.Connection, tmp_path: Path
) -> None:
    actor = await make_company(owner_db)
    meta, sms = await make_channel(owner_db, actor), await make_channel(owner_db, actor, "sms")
    name = database.database_url.rpartition("?")[0].rpartition("/")[2]
    sockets = database.database_url.rpartition("host=")[2]
    settings = Settings(
        database_url=f"postgresql://masteria_app@127.0.0.1:{way.port}/{name}?sslmode=disable",
        valkey_url=database.valkey_url,
        data_dir=tmp_path,
        secret_keys=database.secret_keys,
    )
    pool = await asyncpg.create_pool(database.database_owner_url, min_size=0)
    await Routes(pool, tmp_path / "hook-routes").refresh()  # what an earlier run left
    await pool.close()
    path = f"/hooks/twilio/{sms}/message"
    body, headers = twilio_form(settings.webhook_url + path, {"MessageSid": "SM1", "Body": "oi"})
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:

        async def status(url: str) -> tuple[int, str | None]:
            answer = await asyncio.wait_for(client.get(url, headers={"Authorization": "Bearer mia_s_" + "x" * 43}), 60)
            return answer.status_code, answer.headers.get("retry-after")

        assert (await client.get("/health")).status_code == 200
        assert (await status("/ready"))[0] == 503
        assert await status("/v1/me") == (503, "2")
        assert (await client.post(path, content=body, headers=headers)).status_code == 200
        assert (await client.post(path, content=b"Body=x", headers={"x-twilio-signature": "x"})).status_code == 403
        refused = await client.post(f"/hooks/meta/{meta}", content=BODY, headers=meta_headers(BODY))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")

        way._target = f"{sockets}/.s.PGSQL.5432"
        for _ in range(600):
            if (await status("/ready"))[0] == 200:
                break
            await asyncio.sleep(0.1)
        assert (await status("/ready"))[0] == 200
        assert (await status("/v1/me"))[0] == 401
        stored = "select count(*) from webhook_inbox where channel_id = $1"
        for _ in range(600):
            if await owner_db.fetchval(stored, sms):
                break
            await asyncio.sleep(0.1)
        assert await owner_db.fetchval(stored, sms) == 1

        way.fall_silent()
        again, headers = twilio_form(settings.webhook_url + path, {"MessageSid": "SM2", "Body": "oi"})
        posted = asyncio.create_task(client.post(path, content=again, headers=headers))
        assert (await status("/ready"))[0] == 503
        assert await status("/v1/me") == (503, "2")
        assert (await asyncio.wait_for(posted, 14)).status_code == 200  # in the spool, before Twilio gives up
        way.speak()
        for _ in range(600):
            if await owner_db.fetchval(stored, sms) == 2 and (await status("/ready"))[0] == 200:
                break
            await asyncio.sleep(0.1)
        assert await owner_db.fetchval(stored, sms) == 2
        assert (await status("/ready"))[0] == 200
