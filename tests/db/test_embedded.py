"""The embedded servers survive what a crash leaves behind."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from valkey.asyncio import Valkey

from db import migrate
from db.embedded import Postgres, start_valkey, valkey_socket, valkey_url
from tests import clusters

MIGRATIONS = Path(migrate.__file__).parent / "migrations"
_SMALL = {"shared_buffers": "'16MB'", "max_connections": "20", "fsync": "off"}


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="masteria-embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_postgres_keeps_its_data_and_forgets_the_dead(folder: Path) -> None:
    half = folder / "pg.new"  # an initdb that was interrupted is begun anew
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = Postgres(folder / "pg", **_SMALL)
    assert not half.exists()
    asyncio.run(_write(server))
    os.kill(server.pid, signal.SIGKILL)
    while Path(f"/proc/{server.pid}").exists() and "Z" not in Path(f"/proc/{server.pid}/stat").read_text().split(")")[1][:3]:
        pass
    # after a restart of the machine the number in postmaster.pid belongs to another program
    pid_file = folder / "pg" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    lines[0] = str(os.getppid())
    pid_file.write_text("\n".join(lines))
    assert not server.running()
    server.restart()
    assert server.running()
    assert asyncio.run(_read(server)) == 1
    server.stop()
    assert not server.running()


def test_a_server_that_cannot_be_recognised_for_a_moment_is_an_error_not_another_server(folder: Path) -> None:
    clusters.copy_to(folder / "pg")
    server = Postgres(folder / "pg", **_SMALL)
    try:
        asyncio.run(_lost_sight(server, folder))
    finally:
        server.stop()


async def _lost_sight(server: Postgres, folder: Path) -> None:
    await server.create_database()
    connection = await asyncpg.connect(server.owner_url)
    for file in ("m0007_installation.sql", "m0025_place_or_error.sql"):  # the function alone
        text = (MIGRATIONS / file).read_text("utf-8")
        start = re.search(r"create (or replace )?function place\(\)", text)
        assert start
        await connection.execute(text[start.start() : text.index("end $$;", start.start()) + 7])
    place = await connection.fetchval("select place()")
    assert place[0].isdigit()
    folder.chmod(0)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("select place()")
    finally:
        folder.chmod(0o755)
    assert await connection.fetchval("select place()") == place
    await connection.close()


async def _write(server: Postgres) -> None:
    await server.create_database()
    await server.create_database()  # twice is no error
    connection = await asyncpg.connect(server.owner_url)
    await connection.execute("create table kept(id int); insert into kept values (1); checkpoint")
    await connection.close()


async def _read(server: Postgres) -> int:
    connection = await asyncpg.connect(server.owner_url)
    found: int = await connection.fetchval("select id from kept")
    await connection.close()
    return found


async def test_valkey_takes_over_from_one_whose_owner_died(folder: Path) -> None:
    path = valkey_socket(folder)
    first = start_valkey(folder, unix_socket=path)
    await valkey_set(valkey_url(first), "kept")
    second = start_valkey(folder, unix_socket=path)  # the first still answers there
    try:
        assert await valkey_get(valkey_url(second)) == b"kept"
        assert first._process is not None
        assert first._process.wait(5) is not None
    finally:
        second.stop()


async def valkey_set(url: str, value: str) -> None:
    client = Valkey.from_url(url)
    await client.set("key", value)
    await client.aclose()


async def valkey_get(url: str) -> bytes:
    client = Valkey.from_url(url)
    found: bytes = await client.get("key")
    await client.aclose()
    return found


def test_a_long_path_gets_a_short_socket_in_a_private_folder(folder: Path) -> None:
    path = valkey_socket(folder / ("deep" * 30))
    assert len(str(path)) < 100
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.rmdir()
