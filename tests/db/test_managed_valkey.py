"""Valkey as a managed server offers it: by TLS only, with a password, and to a user who may not set how it works."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from valkey.exceptions import NoPermissionError

from db import event_stream, limits, queue, valkey
from db.allowances import Bucket, take
from db.contacts.events import ContactsChanged
from db.jobs import CheckChannel
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests.workers.providers.certificate import contexts


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@pytest.fixture
async def managed(database: Settings, tmp_path: Path) -> AsyncIterator[None]:
    """This process's client, through TLS, as a user without the commands of administrators."""
    address, _, number = database.valkey_url.rpartition("/")
    host, port = address.rpartition("//")[2].split(":")
    name, password = f"app{number}", uuid4().hex
    await valkey.client().flushdb()  # what others woke
    await valkey.client().execute_command(
        "ACL", "SETUSER", name, "on", f">{password}", "~*", "&*", "+@all", "-@admin", "-@dangerous", "+info"
    )
    server, _ = contexts(tmp_path, "localhost")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_carry(reader, inner[1]), _carry(inner[0], writer))

    with socket.create_server(("localhost", 0)) as listening:
        door = await asyncio.start_server(connected, sock=listening, ssl=server)
        await valkey.close()
        tls = listening.getsockname()[1]
        valkey.connect(f"rediss://{name}:{password}@localhost:{tls}/{number}?ssl_ca_certs={tmp_path}/pair.pem")
        queue.forget_queues()
        yield
        await valkey.close()
        door.close()
        valkey.connect(database.valkey_url)
        queue.forget_queues()
        await valkey.client().execute_command("ACL", "DELUSER", name)


async def test_everything_that_valkey_carries(managed: None, owner: Actor, owner_db: asyncpg.Connection) -> None:
    with pytest.raises(NoPermissionError):
        await valkey.client().config_get("maxmemory")
    valkey.watch()
    job = CheckChannel(channel_id=uuid4())
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        w.enqueue(job)
    woken = await queue.queues()["default"].dequeue(timeout=5)
    assert woken is not None
    assert woken.kwargs["job_id"] == str(await owner_db.fetchval("select id from job where company_id = $1", owner.company_id))
    await event_stream.publish(owner.company_id, [ContactsChanged()])
    assert await valkey.client().xlen(event_stream.stream_key(owner.company_id)) > 0
    assert (await take((Bucket("managed", 2, 1.0), str(owner.company_id)))).allowed
    channel = uuid4()
    while not (await limits.acquire(channel, rate=100, want=1)).granted:
        await asyncio.sleep(0.01)
    pulse = valkey.pulse()
    assert pulse is not None
    await asyncio.sleep(1)
    assert pulse.up
