"""Migrations: several runners at once, one killed in the middle, a file changed afterwards."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from db.backup import with_database
from db.migrate import MigrationError, files, migrate
from db.settings import Settings

_RUNNER = """
import asyncio, sys
from pathlib import Path
from db.migrate import migrate
print(",".join(asyncio.run(migrate(sys.argv[1], Path(sys.argv[2])))), flush=True)
"""


@pytest.fixture
async def fresh(database: Settings) -> AsyncIterator[str]:
    """The address of an empty database."""
    name = f"migrate_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(with_database(database.database_owner_url, "postgres"))
    await admin.execute(f"create database {name}")
    yield with_database(database.database_owner_url, name)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m0001_first.sql").write_text("create table first(id int);")
    (tmp_path / "m0002_second.sql").write_text("create table second(id int); select pg_sleep(1.5); create table third(id int);")
    return tmp_path


async def runner(dsn: str, folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _RUNNER, dsn, str(folder), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def tables(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
    )
    await connection.close()
    return [row["relname"] for row in rows]


async def test_the_real_ones_run_once(fresh: str) -> None:
    assert await migrate(fresh) == [path.name for path in files()]
    assert await migrate(fresh) == []


async def test_an_owner_that_is_no_superuser_can_migrate(fresh: str) -> None:
    admin = await asyncpg.connect(fresh)
    boss = f"boss_{uuid4().hex[:8]}"
    await admin.execute("create extension vector")
    await admin.execute(f"create role {boss} login createrole; grant masteria_app, masteria_system to {boss} with admin option")
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"alter database {name} owner to {boss}")
    try:
        assert await migrate(fresh.replace("//postgres@", f"//{boss}@")) == [path.name for path in files()]
        assert not await admin.fetchval("select has_schema_privilege('masteria_system', 'public', 'create')")
    finally:
        await admin.execute(f"reassign owned by {boss} to postgres; drop owned by {boss}; drop role {boss}")
        await admin.close()


async def test_several_runners_at_once_run_each_file_once(fresh: str, folder: Path) -> None:
    processes = [await runner(fresh, folder) for _ in range(3)]
    outputs = [(await process.communicate())[0].decode().strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(outputs) == ["", "", "m0001_first.sql,m0002_second.sql"]
    assert await tables(fresh) == ["first", "schema_migration", "second", "third"]


async def test_a_runner_killed_in_the_middle_leaves_a_whole_step_undone(fresh: str, folder: Path) -> None:
    victim = await runner(fresh, folder)
    watcher = await asyncpg.connect(fresh)
    for _ in range(1200):
        if await watcher.fetchval(
            "select true from pg_stat_activity where datname = current_database()"
            " and query like '%pg_sleep(1.5)%' and pid <> pg_backend_pid()"
        ):
            break
        await asyncio.sleep(0.05)
    os.kill(victim.pid, signal.SIGKILL)
    await victim.communicate()
    await watcher.close()
    done = await migrate(fresh, folder)
    assert done in (["m0002_second.sql"], [])  # the server may have finished the step that was under way, never half of it
    assert await tables(fresh) == ["first", "schema_migration", "second", "third"]


async def test_a_failing_file_leaves_nothing_behind(fresh: str, folder: Path) -> None:
    (folder / "m0002_second.sql").write_text("create table second(id int); select 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(fresh, folder)
    assert await tables(fresh) == ["first", "schema_migration"]


async def test_a_file_that_was_changed_afterwards_is_refused(fresh: str, folder: Path) -> None:
    await migrate(fresh, folder)
    (folder / "m0001_first.sql").write_text("create table first(id bigint);")
    with pytest.raises(MigrationError, match=r"m0001_first\.sql was changed"):
        await migrate(fresh, folder)


def test_numbers_have_no_gap(folder: Path) -> None:
    (folder / "m0002_second.sql").rename(folder / "m0003_second.sql")
    with pytest.raises(MigrationError, match="number 0002"):
        files(folder)


async def test_a_step_does_not_wait_for_ever_for_a_lock(fresh: str, folder: Path) -> None:
    (folder / "m0002_second.sql").write_text("alter table first add column more int;")
    await migrate(fresh, _only_first(folder))
    holder = await asyncpg.connect(fresh)
    async with holder.transaction():
        await holder.execute("lock table first in access share mode")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await migrate(fresh, folder)
    await holder.close()
    assert await migrate(fresh, folder) == ["m0002_second.sql"]


def _only_first(folder: Path) -> Path:
    only = folder / "only"
    only.mkdir()
    (only / "m0001_first.sql").write_text((folder / "m0001_first.sql").read_text())
    return only
