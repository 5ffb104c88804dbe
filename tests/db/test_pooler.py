"""Postgres behind a pooler that gives each transaction another connection, as managed servers offer it (Neon, Supabase, PgBouncer)."""

import asyncio
import contextlib
import os
import pwd
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
import pytest

from api.hooks import collector
from db import settings as all_settings
from db.accounts.passwords import hash_password
from db.contacts.actions import create_contact
from db.deployment import Refused, refuse_published_password
from db.engine import DB, Connection, behind_pooler, close_pools, open_pools
from db.ids import uuid7
from db.messages.inbox import Received
from db.permissions import Permission
from db.seed.accounts import EMAILS, PASSWORD
from db.settings import Settings
from db.tenancy import Actor
from db.work import read, work
from tests.db.conftest import POOLER

CONNECTIONS = 2  # that the pooler has to Postgres: far fewer than work at once


@pytest.fixture
def pooled(database: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The settings of this test process, by way of a real PgBouncer in transaction mode."""
    assert POOLER is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name = database.database_url.rpartition("@/")[2].partition("?")[0]
    config = tmp_path / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
* = host={os.environ["TEST_PG_SOCKETS"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {tmp_path}/users
pool_mode = transaction
default_pool_size = {CONNECTIONS}
max_client_conn = 200
server_round_robin = 1
logfile = {tmp_path}/log
"""
    )
    (tmp_path / "users").write_text('"masteria_app" ""\n"masteria_system" ""\n')
    command = [POOLER, str(config)]
    if os.geteuid() == 0:  # it does not run as root
        tmp_path.chmod(0o777)
        for parent in tmp_path.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
        owner = next(Path(os.environ["TEST_PG_SOCKETS"]).glob(".s.PGSQL.*")).stat().st_uid
        command[1:1] = ["-u", pwd.getpwuid(owner).pw_name]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        base = f"@127.0.0.1:{port}/{name}?pooler=transaction"
        yield msgspec.structs.replace(
            database, database_url=f"postgresql://masteria_app{base}", database_system_url=f"postgresql://masteria_system{base}"
        )
    finally:
        program.terminate()
        program.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError("PgBouncer does not listen")


@pytest.fixture
async def behind(pooled: Settings, database: Settings) -> AsyncIterator[Settings]:
    """This process's pools lead through the pooler."""
    await close_pools()
    await open_pools(pooled, size=20, statement_timeout=5)
    yield pooled
    await close_pools()
    await open_pools(database, size=database.pool_size)


async def test_companies_stay_apart_while_they_share_two_connections(behind: Settings, owner: Actor, stranger: Actor) -> None:
    async def busy(actor: Actor, number: int) -> int:
        name = f"{actor.company_id} {number}"
        await create_contact(actor, name=name, phone=f"+5511{987650000 + number}")
        async with read(actor, Permission.CONTACTS_READ) as r:
            await asyncio.sleep(0.002)
            rows = await r.fetch("select company_id, name from contact")
        assert {row["company_id"] for row in rows} == {actor.company_id}
        assert name in {row["name"] for row in rows}
        return len(rows)

    seen = await asyncio.gather(*(busy(actor, number) for number in range(40) for actor in (owner, stranger)))
    assert max(seen) == 40


async def test_limits_of_a_transaction_hold(behind: Settings, owner: Actor) -> None:
    with pytest.raises(asyncpg.QueryCanceledError):
        async with read(owner, Permission.CONTACTS_READ) as r:
            await r.fetch("select set_config('statement_timeout', '20ms', true)")
            await r.fetch("select pg_sleep(1)")
    async with read(owner, Permission.CONTACTS_READ) as r:
        shown = [await r.fetchval(f"show {name}") for name in ("statement_timeout", "idle_in_transaction_session_timeout", "jit")]
    assert shown == ["5s", "1min", "off"]


async def test_rows_are_streamed(behind: Settings, owner: Actor) -> None:
    async with read(owner, Permission.CONTACTS_READ) as r:
        assert [row["n"] async for row in r.cursor("select generate_series(1, 2500) as n", prefetch=100)] == list(range(1, 2501))


async def test_a_webhook_is_stored_and_a_silent_server_noticed(behind: Settings, owner: Actor) -> None:
    connection = await collector.connect(behind.system_url)
    try:
        await collector.store(connection, [Received(owner.company_id, uuid7(), uuid7(), "meta", None, b"{}", datetime.now(UTC))])
        assert await connection.fetchval("select current_user") == "masteria_system"
    finally:
        await connection.close()
    assert DB.pool is not None
    await DB.pool.server.ask()


async def test_the_published_password_is_looked_for(pooled: Settings, owner_db: asyncpg.Connection) -> None:
    for_people = msgspec.structs.replace(pooled, public_url="https://app.example.com")
    await owner_db.execute(
        "insert into account_user(email, name, password_hash) values ($1, 'Ana', $2)", EMAILS[0], await hash_password(PASSWORD)
    )
    try:
        with pytest.raises(Refused):
            await refuse_published_password(for_people)
    finally:
        await owner_db.execute("delete from account_user where email = $1", EMAILS[0])


async def test_a_connection_of_ours_keeps_nothing(database: Settings, owner: Actor) -> None:
    """Nothing is reset when it is given back, so nothing of a transaction may outlive it."""
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert isinstance(w.connection._con, Connection)
        backend = await w.fetchval("select pg_backend_pid()")
        before = await w.fetchval("select count(*) from pg_locks where pid = $1 and locktype = 'advisory'", backend)
        await w.execute("select pg_advisory_xact_lock(7)")
    async with DB.transaction() as bare:
        left = await bare.connection.fetchrow(
            "select current_setting('app.company', true) as company, (select count(*) from pg_locks where locktype = 'advisory' and pid = $1) as locks",
            backend,
        )
    assert (left["company"] or "", left["locks"]) == ("", before)


@pytest.mark.parametrize(
    ("given", "bare", "pooled"),
    [
        ("postgresql://u:p@h/x?pooler=transaction", "postgresql://u:p@h/x", True),
        ("postgresql://u:p@h/x?pooler=transaction&sslmode=require", "postgresql://u:p@h/x?sslmode=require", True),
        ("postgresql://u:p@h/x?sslmode=require&pooler=transaction", "postgresql://u:p@h/x?sslmode=require", True),
        ("postgresql://u:p@h/x?host=pooler", "postgresql://u:p@h/x?host=pooler", False),
    ],
)
def test_an_address_says_that_it_leads_to_a_pooler(given: str, bare: str, pooled: bool) -> None:
    assert behind_pooler(given) == (bare, pooled)


@pytest.mark.parametrize("login", ["masteria_app", "masteria_app.project"])
def test_a_pooler_is_logged_in_to_as_the_role_itself(login: str) -> None:
    given = {"DATABASE_URL": f"postgresql://{login}:x@h/x?pooler=transaction", "DATABASE_OWNER_URL": "postgresql://boss@h/x"}
    assert all_settings.load(given).database_url == given["DATABASE_URL"]
    with pytest.raises(SystemExit, match="masteria_app"):
        all_settings.load(given | {"DATABASE_URL": "postgresql://boss:x@h/x?pooler=transaction"})
    with pytest.raises(SystemExit, match="DATABASE_OWNER_URL"):
        all_settings.load(given | {"DATABASE_OWNER_URL": ""})
