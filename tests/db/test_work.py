"""One action is one transaction: what it changes, audits and enqueues is written together; what it emits leaves after commit."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from piccolo.engine.exceptions import TransactionError

from db import valkey
from db.channels.events import ChannelChanged
from db.engine import DB
from db.errors import Forbidden, Unavailable
from db.event_stream import stream_key
from db.jobs import CheckChannel
from db.permissions import Permission, Role
from db.tenancy import SELF, Actor, Origin, built_in, member
from db.work import Read, one_transaction, read, system_read, system_work, work


async def events_of(company_id: UUID) -> list[dict[str, object]]:
    entries = await valkey.client().xrange(stream_key(company_id))
    return [msgspec.json.decode(fields[b"e"]) for _, fields in entries]


async def counts(owner_db: asyncpg.Connection, company_id: UUID) -> tuple[int, int, int]:
    """Tags, audit rows, jobs."""
    row = await owner_db.fetchrow(
        "select (select count(*) from tag where company_id = $1), (select count(*) from audit_log where company_id = $1),"
        " (select count(*) from job where company_id = $1)",
        company_id,
    )
    return row[0], row[1], row[2]


async def act(actor: Actor, *, fail: bool = False) -> UUID:
    channel = uuid4()
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await w.execute("insert into tag(company_id, name) values ($1, $2)", w.company_id, str(channel))
        w.audit("tag.created", channel, name="vip")
        w.enqueue(CheckChannel(channel_id=channel))
        w.emit(ChannelChanged(channel_id=channel))
        if fail:
            raise RuntimeError("changed its mind")
    return channel


async def test_all_of_an_action_is_written(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await act(owner)
    assert await counts(owner_db, owner.company_id) == (1, 1, 1)
    events = await events_of(owner.company_id)
    assert [(event["type"], event["data"]) for event in events] == [("channel.changed", {"channel_id": str(channel)})]
    row = await owner_db.fetchrow("select * from audit_log where company_id = $1", owner.company_id)
    assert (row["actor_kind"], row["actor_id"], row["subject_id"], row["data"]) == ("user", owner.id, channel, '{"name": "vip"}')


async def test_nothing_of_a_failed_action_is(owner: Actor, owner_db: asyncpg.Connection) -> None:
    with pytest.raises(RuntimeError):
        await act(owner, fail=True)
    assert await counts(owner_db, owner.company_id) == (0, 0, 0)
    assert await events_of(owner.company_id) == []


async def test_a_cancelled_action_writes_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    entered = asyncio.Event()

    async def slow() -> None:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await w.execute("insert into tag(company_id, name) values ($1, 'x')", w.company_id)
            entered.set()
            await w.fetchval("select pg_sleep(10)")

    task = asyncio.create_task(slow())
    await entered.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await counts(owner_db, owner.company_id) == (0, 0, 0)


async def test_rights_are_checked_before_anything_is_touched(owner: Actor) -> None:
    viewer = member(owner.company_id, owner.id or uuid4(), built_in(Role.VIEWER))
    with pytest.raises(Forbidden):
        async with work(viewer, Permission.CONTACTS_WRITE):
            raise AssertionError("entered")
    async with read(viewer, Permission.CONTACTS_READ) as r:
        assert await r.fetchval("select count(*) from contact") == 0


@pytest.mark.parametrize("statement", ["update audit_log set action = 'x'", "delete from audit_log", "truncate audit_log"])
@pytest.mark.parametrize("role", ["masteria_app", "masteria_system"])
async def test_the_audit_log_only_grows(owner: Actor, owner_db: asyncpg.Connection, statement: str, role: str) -> None:
    await act(owner)
    async with owner_db.transaction():
        await owner_db.execute(f"set local role {role}")
        await owner_db.execute("select set_config('app.company', $1, true)", str(owner.company_id))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with owner_db.transaction():
                await owner_db.execute(statement)
    assert await owner_db.fetchval("select count(*) from audit_log where company_id = $1", owner.company_id) == 1


async def test_an_action_holds_although_valkey_is_away(valkey_away: None, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await act(owner)
    assert await counts(owner_db, owner.company_id) == (1, 1, 1)


async def test_the_company_does_not_outlive_its_transaction(owner: Actor) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await w.execute("insert into tag(company_id, name) values ($1, 'vip')", w.company_id)
    async with DB.transaction() as transaction:
        assert await transaction.connection.fetchval("select count(*) from tag") == 0


async def nothing_first(r: Read) -> None:
    pass


async def test_several_actions_are_one_when_they_are_told_to(owner: Actor, owner_db: asyncpg.Connection) -> None:
    async with one_transaction(owner.company_id, nothing_first):
        await act(owner)
        with pytest.raises(RuntimeError):
            await act(owner, fail=True)
        await act(owner)
        async with read(owner, Permission.CONTACTS_READ) as r:
            assert await r.fetchval("select count(*) from tag") == 2
        assert await counts(owner_db, owner.company_id) == (0, 0, 0)
        assert await events_of(owner.company_id) == []
    assert await counts(owner_db, owner.company_id) == (2, 2, 2)
    assert len(await events_of(owner.company_id)) == 2


async def test_several_actions_fail_as_one(owner: Actor, owner_db: asyncpg.Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        async with one_transaction(owner.company_id, nothing_first):
            await act(owner)
            raise ZeroDivisionError
    assert await counts(owner_db, owner.company_id) == (0, 0, 0)
    assert await events_of(owner.company_id) == []
    await act(owner)  # outside again
    assert await counts(owner_db, owner.company_id) == (1, 1, 1)


async def test_the_system_inside_leaves_no_rights_behind(owner: Actor, stranger: Actor) -> None:
    await act(stranger)
    async with one_transaction(owner.company_id, nothing_first):
        async with system_read() as s:
            assert await s.fetchval("select count(*) from company") > 1
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            assert await w.fetchval("select current_user") == "masteria_app"
            assert await w.fetchval("select count(*) from company") == 1
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with system_read() as s:
                await s.fetchval("select 1 / 0")
        async with read(owner, Permission.CONTACTS_READ) as r:
            assert await r.fetchval("select count(*) from company") == 1


async def test_one_transaction_is_of_one_company_and_flat(owner: Actor, stranger: Actor) -> None:
    async with one_transaction(owner.company_id, nothing_first):
        with pytest.raises(TransactionError):
            await act(stranger)
        async with work(owner, Permission.CONTACTS_WRITE):
            with pytest.raises(TransactionError):
                await act(owner)


async def test_what_is_never_touched_costs_no_connection(owner: Actor) -> None:
    assert DB.pool is not None
    async with one_transaction(owner.company_id, nothing_first):
        assert DB.pool.get_size() == DB.pool.get_idle_size()


@pytest.fixture
async def killed(owner: Actor, owner_db: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    assert await owner_db.fetchval("select count(*) from tag where company_id = $1", owner.company_id) == 0


@pytest.mark.parametrize("when", ["during a statement", "between two statements"])
async def test_a_database_that_goes_away_is_unavailable_not_a_crash(
    owner: Actor, owner_db: asyncpg.Connection, killed: None, when: str
) -> None:
    with pytest.raises(Unavailable) as caught:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await w.execute("insert into tag(company_id, name) values ($1, 'vip')", w.company_id)
            pid = await w.fetchval("select pg_backend_pid()")
            if when == "between two statements":
                await owner_db.execute("select pg_terminate_backend($1)", pid)
            else:
                asyncio.get_running_loop().call_later(0.1, lambda: os.kill(pid, signal.SIGTERM))
            for _ in range(50):
                await w.fetchval("select pg_sleep(0.1)")
    assert caught.value.retry_after
    async with read(owner, Permission.CONTACTS_READ) as r:
        assert await r.fetchval("select 1") == 1


WRITES = ("insert into tag(company_id, name) values ($1, 'x')", "select 1 from contact where company_id = $1 for update")


@pytest.mark.parametrize("statement", WRITES)
async def test_a_read_cannot_write(owner: Actor, owner_db: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with read(owner, Permission.CONTACTS_READ) as r:
            await r.fetch(statement, owner.company_id)
    assert await counts(owner_db, owner.company_id) == (0, 0, 0)


async def test_a_read_across_companies_cannot_write(owner: Actor) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with system_read() as s:
            await s.fetch("update session set revoked_at = now() where company_id = $1", owner.company_id)


async def test_a_read_inside_one_transaction_cannot_write_and_the_work_after_it_can(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    async with one_transaction(owner.company_id, nothing_first):
        async with read(owner, Permission.CONTACTS_READ) as r:
            assert await r.fetchval("show transaction_read_only") == "on"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with read(owner, Permission.CONTACTS_READ) as r:
                await r.fetch(WRITES[0], owner.company_id)
        await act(owner)
    assert await counts(owner_db, owner.company_id) == (1, 1, 1)


async def test_system_work_audits_in_its_transaction_and_tells_after_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    assert owner.id is not None
    subject, origin = uuid4(), Origin(ip="203.0.113.9", request_id="r-1")

    async def change(*, fail: bool) -> None:
        async with system_work() as s:
            s.audit(origin, owner.company_id, owner.id or subject, "session.opened", subject)
            s.emit(owner.company_id, ChannelChanged(channel_id=subject))
            if fail:
                raise RuntimeError("changed its mind")
            assert await events_of(owner.company_id) == []

    with pytest.raises(RuntimeError):
        await change(fail=True)
    assert (await counts(owner_db, owner.company_id), await events_of(owner.company_id)) == ((0, 0, 0), [])
    await change(fail=False)
    row = await owner_db.fetchrow("select * from audit_log where company_id = $1", owner.company_id)
    assert (row["actor_kind"], row["actor_id"], row["action"], row["subject_id"]) == ("user", owner.id, "session.opened", subject)
    assert (row["ip"], row["request_id"]) == ("203.0.113.9", "r-1")
    assert [event["type"] for event in await events_of(owner.company_id)] == ["channel.changed"]


async def test_everybody_may_do_what_is_their_own(owner: Actor) -> None:
    nobody = Actor(company_id=owner.company_id, kind="api_key", id=uuid4())
    with pytest.raises(Forbidden):
        nobody.require(Permission.COMPANY_READ)
    async with work(nobody, SELF) as w:
        assert await w.fetchval("select count(*) from company") == 1
