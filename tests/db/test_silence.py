"""A server that is silent, refuses, or is not there at the start: noticed soon, said once, and healed by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from structlog.testing import LogCapture

from db import event_stream, queue, valkey
from db.accounts.events import CompanyChanged
from db.engine import DB, LOST, SYSTEM, Away, Engine
from db.errors import Unavailable
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import system_read, work
from tests.silence import Way, way_to


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "waited in vain"
        await asyncio.sleep(0.02)


def _of_servers(_: object, __: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if not entry["event"].startswith(("database.", "valkey.")):
        raise structlog.DropEvent
    return entry


@pytest.fixture
def said() -> Iterator[LogCapture]:
    """What the program logs of its servers, as it is written; an app of other tests may be at work in the same process."""
    log = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[_of_servers, log])
    yield log
    structlog.configure(**before)


@pytest.fixture
async def way(database: Settings) -> AsyncIterator[Way]:
    sockets = parse_qs(urlsplit(database.database_url).query)["host"][0]
    async with way_to(f"{sockets}/.s.PGSQL.5432") as way:
        yield way


def _dsn(database: Settings, way: Way) -> str:
    return f"postgresql://masteria_app@127.0.0.1:{way.port}{urlsplit(database.database_url).path}?sslmode=disable"


@pytest.fixture
async def engine(database: Settings, way: Way) -> AsyncIterator[Engine]:
    engine = Engine()
    await engine.connect(_dsn(database, way), size=3, patience=0.5)
    yield engine
    await engine.close()


async def _ask(engine: Engine, sql: str = "select 1") -> object:
    async with engine.transaction() as transaction:
        return await transaction.connection.fetchval(sql)


async def test_a_swallowed_connection_fails_what_waits_and_is_replaced(engine: Engine, way: Way, said: LogCapture) -> None:
    assert await asyncio.gather(*(asyncio.create_task(_ask(engine)) for _ in range(3))) == [1, 1, 1]
    slow = [asyncio.create_task(_ask(engine, "select pg_sleep(30)")) for _ in range(5)]  # more than there are connections
    await asyncio.sleep(0.1)
    way.fall_silent()
    ended = await asyncio.wait_for(asyncio.gather(*slow, return_exceptions=True), 60)
    assert all(isinstance(error, LOST) for error in ended), ended
    await until(lambda: not engine.up)
    with pytest.raises(Away):
        await _ask(engine)
    way.speak()
    await until(lambda: engine.up)
    assert await asyncio.gather(*(asyncio.create_task(_ask(engine)) for _ in range(3))) == [1, 1, 1]
    assert [entry["event"] for entry in said.entries] == ["database.down", "database.back"]


async def test_an_action_whose_commit_is_lost_does_not_say_that_nothing_was_changed(
    engine: Engine, way: Way, owner: Actor
) -> None:
    usual = DB.pool, SYSTEM.pool
    DB.pool = SYSTEM.pool = engine.pool
    try:
        with pytest.raises(Unavailable) as caught:
            async with work(owner, Permission.COMPANY_WRITE) as w:
                await w.execute("update company set name = 'x' where id = $1", owner.company_id)
                way.fall_silent()
        assert caught.value.code == "outcome_unknown"
        await until(lambda: not engine.up)
        with pytest.raises(Unavailable) as caught:
            async with system_read():
                raise AssertionError("entered")
        assert caught.value.code == "unavailable"
        assert isinstance(caught.value.__cause__, Away), "it asked for a connection, and waited for it"
    finally:
        DB.pool, SYSTEM.pool = usual


async def test_a_cancelled_question_to_a_silent_server_ends(engine: Engine, way: Way) -> None:
    assert await _ask(engine) == 1
    engine.pool.pulse._patience = 60  # nobody else notices
    way.fall_silent()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_ask(engine), 0.2)
    assert engine.pool.get_size() == 0


async def test_it_starts_without_its_server(database: Settings, said: LogCapture) -> None:
    async with way_to("/nowhere") as way:
        engine = Engine()
        await engine.connect(_dsn(database, way), size=2, patience=0.5)
        try:
            with pytest.raises(LOST):
                await _ask(engine)
            await until(lambda: not engine.up)
            sockets = parse_qs(urlsplit(database.database_url).query)["host"][0]
            way._target = f"{sockets}/.s.PGSQL.5432"
            await until(lambda: engine.up)
            assert await _ask(engine) == 1
        finally:
            await engine.close()
    assert [entry["event"] for entry in said.entries] == ["database.down", "database.back"]


async def test_connections_notice_a_dead_peer_on_both_sides(engine: Engine) -> None:
    async with engine.transaction() as transaction:
        wire = transaction.connection._transport.get_extra_info("socket")
        names = ("tcp_user_timeout", "tcp_keepalives_idle", "client_connection_check_interval")
        rows = await transaction.connection.fetch(
            "select name from pg_settings where name = any($1) and source = 'client'", names
        )
    assert wire.getsockopt(6, 18) == 15_000  # TCP_USER_TIMEOUT
    assert wire.getsockopt(1, 9) == 1  # SO_KEEPALIVE
    assert len(rows) == 3


@pytest.fixture
async def silent_valkey(database: Settings) -> AsyncIterator[Way]:
    """This process's Valkey by a way that can fall silent, watched."""
    number = urlsplit(database.valkey_url)
    await valkey.close()
    async with way_to(int(number.port or 6379)) as way:
        valkey.connect(f"valkey://127.0.0.1:{way.port}{number.path}")
        valkey.watch()
        queue.forget_queues()
        yield way
        await valkey.close()
    valkey.connect(database.valkey_url)
    queue.forget_queues()


async def test_a_silent_valkey_costs_one_short_wait(silent_valkey: Way, owner: Actor, said: LogCapture) -> None:
    await valkey.client().ping()
    silent_valkey.fall_silent()
    waited = 0
    for number in range(20):
        waited += valkey.pulse().up  # else it is refused at once
        await event_stream.publish(owner.company_id, [CompanyChanged()])
        await queue.wake_one("default", "run_job", key=f"silent:{number}", job_id="x")
    assert waited == 1
    assert not valkey.pulse().up
    silent_valkey.speak()
    await until(lambda: valkey.pulse().up)
    assert await valkey.client().ping()
    told = [entry["event"] for entry in said.entries if entry["log_level"] != "debug"]
    assert told == ["valkey.down", "valkey.back"]
