"""What is promised is kept: Postgres stopped, killed and back; a torn spool; a replay that runs twice."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.hooks.asgi import Hooks
from api.hooks.spool import Spool, SpoolFull
from db.embedded import Postgres
from db.ids import uuid7
from db.messages.inbox import Received
from db.migrate import migrate
from db.settings import Settings
from db.tenancy import Actor
from tests import clusters
from tests.api.hooks.conftest import client_of
from tests.conftest import make_company
from tests.db.channels.factories import make_channel, meta_headers, twilio_form

BODY = b'{"object":"whatsapp_business_account","entry":[]}'


class Own:
    """A Postgres of this test's own, with two channels."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self._template = clusters.copy_to(folder / "pg")
        self.postgres = Postgres(folder / "pg", max_connections="20")
        self.settings = Settings(
            database_url=self.postgres.url(),
            database_owner_url=self.postgres.owner_url,
            valkey_url=settings.valkey_url,
            data_dir=folder,
            secret_keys=settings.secret_keys,
        )

    async def prepare(self) -> None:
        await self.postgres.create_database(template=self._template)
        await migrate(self.postgres.owner_url)
        connection = await asyncpg.connect(self.postgres.owner_url)
        self.actor: Actor = await make_company(connection)
        self.meta: UUID = await make_channel(connection, self.actor)
        self.sms: UUID = await make_channel(connection, self.actor, "sms")
        await connection.close()

    async def kill(self) -> None:
        """A crash: SIGQUIT is Postgres's immediate shutdown."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        while self.postgres.running():
            await asyncio.sleep(0.02)

    async def start(self) -> None:
        await asyncio.to_thread(self.postgres.restart)
        assert self.postgres.url() == self.settings.database_url

    async def bodies(self) -> list[bytes]:
        connection = await asyncpg.connect(self.postgres.owner_url)
        rows = await connection.fetch("select body from webhook_inbox order by received_at")
        await connection.close()
        return [row["body"] for row in rows]


@pytest.fixture(scope="module")
async def server(database: Settings) -> AsyncIterator[Own]:
    with tempfile.TemporaryDirectory(prefix="masteria-hooks-") as folder:
        Path(folder).chmod(0o755)
        own = await asyncio.to_thread(Own, Path(folder), database)
        await own.prepare()
        yield own
        await asyncio.to_thread(own.postgres.stop)


@pytest.fixture
async def own(server: Own) -> Own:
    """The server, with an empty inbox."""
    connection = await asyncpg.connect(server.postgres.owner_url)
    await connection.execute("truncate webhook_inbox")
    await connection.close()
    return server


def sms_post(own: Own, text: str) -> tuple[str, bytes, dict[str, str]]:
    path = f"/hooks/twilio/{own.sms}/message"
    body, headers = twilio_form(own.settings.webhook_url + path, {"MessageSid": text, "Body": text})
    return path, body, headers


async def wait_for_rows(own: Own, count: int) -> list[bytes]:
    for _ in range(600):
        found = await own.bodies()
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    return await own.bodies()


async def test_an_outage_loses_nothing_that_was_answered_with_success(own: Own) -> None:
    async with Hooks(own.settings).running() as hooks, client_of(hooks) as client:
        path, body, headers = sms_post(own, "before")
        assert (await client.post(path, content=body, headers=headers)).status_code == 200
        assert (await client.post(f"/hooks/meta/{own.meta}", content=BODY, headers=meta_headers(BODY))).status_code == 200
        await own.kill()
        refused = await client.post(f"/hooks/meta/{own.meta}", content=BODY, headers=meta_headers(BODY))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        posts = [sms_post(own, f"during {number}") for number in range(50)]
        answers = await asyncio.gather(*(client.post(path, content=body, headers=headers) for path, body, headers in posts))
        assert {answer.status_code for answer in answers} == {200}
        forged = await client.post(path, content=b"Body=x", headers={"x-twilio-signature": "x"})
        assert forged.status_code == 403
        await own.start()
        found = await wait_for_rows(own, 52)
        assert sorted(found) == sorted([sms_post(own, "before")[1], BODY, *(body for _, body, _ in posts)])
        for _ in range(600):
            if not any(own.settings.spool_dir.iterdir()):
                break
            await asyncio.sleep(0.1)
        assert list(own.settings.spool_dir.iterdir()) == []
        for _ in range(600):  # a lane tries again every half second
            answer = await client.post(f"/hooks/meta/{own.meta}", content=BODY, headers=meta_headers(BODY))
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.1)
        assert answer.status_code == 200


async def test_a_crash_in_the_middle_of_traffic_keeps_every_promise(own: Own) -> None:
    """Requests in flight while Postgres is killed and started again: each 200 is a row, each row came in once."""
    async with Hooks(own.settings).running() as hooks, client_of(hooks) as client:
        kept: list[bytes] = []
        stop = asyncio.Event()

        async def traffic(lane: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                body = BODY + f" {lane}.{number}".encode()
                answer = await client.post(f"/hooks/meta/{own.meta}", content=body, headers=meta_headers(body))
                assert answer.status_code in (200, 503)
                if answer.status_code == 200:
                    kept.append(body)
                else:
                    await asyncio.sleep(0.02)

        lanes = [asyncio.create_task(traffic(lane)) for lane in range(16)]
        await asyncio.sleep(0.5)
        await own.kill()
        await asyncio.sleep(0.3)
        before = len(kept)
        await own.start()
        for _ in range(600):
            if len(kept) > before + 200:
                break
            await asyncio.sleep(0.1)
        stop.set()
        await asyncio.gather(*lanes)
        found = await own.bodies()
        assert len(kept) > before + 200
        assert set(kept) <= set(found)
        assert len(found) == len(set(found))


async def test_a_dead_process_leaves_its_spool_to_the_next(own: Own, tmp_path: Path) -> None:
    rows = [
        Received(own.actor.company_id, uuid7(), own.sms, "twilio_message", None, f"Body={n}".encode(), datetime.now(UTC))
        for n in range(3)
    ]
    told: list[UUID] = []
    dead = Spool(tmp_path, own.settings.system_url, lambda row: None)
    for row in rows:
        await dead.append(row)
    spool = Spool(tmp_path, own.settings.system_url, lambda row: told.append(row.id))
    assert await spool.replay() == 0  # its owner lives
    await dead.close()  # as the end of the process does: the lock is gone, the file stays
    torn = next(tmp_path.glob("*.spool"))
    saved = torn.read_bytes()
    torn.write_bytes(saved + saved[:30])
    assert await spool.replay() == 3
    assert told == [row.id for row in rows]
    (tmp_path / "again.replay").write_bytes(saved)  # a crash between insert and delete
    assert await spool.replay() == 3
    assert sorted(await own.bodies()) == [b"Body=0", b"Body=1", b"Body=2"]
    assert list(tmp_path.iterdir()) == []
    await spool.close()


async def test_a_disk_that_takes_nothing_is_said(own: Own) -> None:
    broken = Settings(
        database_url="postgresql://masteria_app@127.0.0.1:1/none",
        valkey_url=own.settings.valkey_url,
        data_dir=own.folder / "pg" / "PG_VERSION",
    )
    hooks = Hooks(broken)
    async with hooks.running(), client_of(hooks) as client:
        path, body, headers = sms_post(own, "x")
        answer = await client.post(path, content=body, headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_full_disk_is_one_line_until_it_takes_again(own: Own, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.write_text("no folder")
    spool = Spool(folder, own.settings.database_url, lambda row: None)
    row = Received(own.actor.company_id, uuid7(), own.sms, "twilio_message", None, b"Body=x", datetime.now(UTC))
    with capture_logs() as said:
        for _ in range(20):
            with pytest.raises(SpoolFull):
                await spool.append(row)
        folder.unlink()
        for _ in range(2):
            await spool.append(row)
    assert [entry["event"] for entry in said] == ["hooks.spool_failed", "hooks.spool_writes_again"]
    await spool.close()
