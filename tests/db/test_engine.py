"""The mended Piccolo engine, beside the stock one: each fault of decision 8 is shown there and gone here."""

import asyncio
import os
import signal

import asyncpg
import pytest
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import PostgresTransaction

from db.engine import DB, LOST, Engine
from db.settings import Settings
from db.tenancy import Actor


@pytest.fixture
async def broken_at_commit(owner_db: asyncpg.Connection) -> str:
    """A table whose foreign key is checked at COMMIT only."""
    await owner_db.execute(
        "drop table if exists late cascade; create table late(id int primary key, of int references late deferrable initially deferred);"
        "grant all on late to masteria_app"
    )
    return "insert into late values ($1, -1)"


async def _engine(settings: Settings, size: int) -> Engine:
    engine = Engine()
    await engine.connect(settings.database_url, size=size)
    return engine


async def test_a_failed_commit_gives_the_connection_back(database: Settings, broken_at_commit: str) -> None:
    engine = await _engine(database, 5)
    try:
        for number in range(50):
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                async with engine.transaction() as transaction:
                    await transaction.connection.execute(broken_at_commit, number)
            assert engine.current_transaction.get() is None
        async with engine.transaction() as transaction:
            assert await transaction.connection.fetchval("select 1") == 1
        assert engine.pool.get_idle_size() == engine.pool.get_size()
    finally:
        await engine.close()


async def test_stock_piccolo_leaks_it(database: Settings, broken_at_commit: str) -> None:
    engine = await _engine(database, 1)

    async def fail() -> None:
        async with PostgresTransaction(engine=engine) as transaction:
            await transaction.connection.execute(broken_at_commit, 1)

    try:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await asyncio.create_task(fail())
        assert engine.pool.get_idle_size() == 0  # nobody has it, nobody can get it
        with pytest.raises(TimeoutError):
            await engine.pool.acquire(timeout=0.2)
    finally:
        engine.pool.terminate()
        await engine.close()


async def test_a_serialization_failure_at_commit_gives_the_connection_back(
    database: Settings, owner_db: asyncpg.Connection
) -> None:
    await owner_db.execute(
        "drop table if exists skew; create table skew(id int primary key, on_call bool); insert into skew values (1, true), (2, true);"
        "grant all on skew to masteria_app"
    )
    engine = await _engine(database, 2)
    entered = asyncio.Barrier(2)

    async def leave(number: int) -> None:
        async with engine.transaction() as transaction:
            await transaction.connection.execute("set transaction isolation level serializable")
            await transaction.connection.fetchval("select count(*) from skew where on_call")
            await entered.wait()
            await transaction.connection.execute("update skew set on_call = false where id = $1", number)
            await entered.wait()

    try:
        results = await asyncio.gather(leave(1), leave(2), return_exceptions=True)
        assert sum(isinstance(result, asyncpg.SerializationError) for result in results) == 1
        assert engine.pool.get_idle_size() == engine.pool.get_size()
    finally:
        await engine.close()


async def test_a_transaction_inside_a_transaction_is_refused(database: Settings) -> None:
    async with DB.transaction():
        with pytest.raises(TransactionError):
            async with DB.transaction():
                raise AssertionError("entered")
    async with DB.transaction() as transaction:
        assert await transaction.connection.fetchval("select 1") == 1


async def test_stock_piccolo_makes_it_a_no_op(database: Settings, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute(
        "drop table if exists inner_row; create table inner_row(id int); grant all on inner_row to masteria_app"
    )
    engine = await _engine(database, 2)
    try:
        async with PostgresTransaction(engine=engine) as outer:
            with pytest.raises(RuntimeError):
                async with PostgresTransaction(engine=engine, allow_nested=True):
                    await outer.connection.execute("insert into inner_row values (1)")
                    raise RuntimeError
        assert await owner_db.fetchval("select count(*) from inner_row") == 1  # "rolled back", yet committed
    finally:
        await engine.close()


async def test_a_killed_backend_gives_the_first_error_and_the_pool_survives(
    database: Settings, owner_db: asyncpg.Connection
) -> None:
    engine = await _engine(database, 1)
    try:
        with pytest.raises(LOST) as caught:
            async with engine.transaction() as transaction:
                pid = await transaction.connection.fetchval("select pg_backend_pid()")
                asyncio.get_running_loop().call_later(0.1, lambda: os.kill(pid, signal.SIGTERM))
                await transaction.connection.fetchval("select pg_sleep(10)")
        assert not isinstance(caught.value, asyncpg.InterfaceError)  # what a rollback on a dead connection says
        async with engine.transaction() as transaction:
            assert await transaction.connection.fetchval("select 1") == 1
    finally:
        await engine.close()


async def test_it_refuses_to_work_without_its_pool() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await Engine().get_new_connection()


async def test_every_connection_acts_as_the_application(database: Settings) -> None:
    async with DB.transaction() as transaction:
        row = await transaction.connection.fetchrow(
            "select current_user, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
        )
    assert tuple(row) == ("masteria_app", False, False)
