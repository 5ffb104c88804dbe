"""The only ways to the database: `work` for actions and `read` for queries of one company, `system_work` and `system_read` for what
crosses companies.

A unit of work is one transaction on one connection; what it audits and enqueues is written inside it, and so are durable events that
somebody asks for; to screens events leave after commit, and vanish on rollback. Reads are READ ONLY transactions: Postgres refuses any change in them. Never start tasks or gather
inside: the connection is one. Inside `one_transaction` each `work` and `read` is a savepoint of one transaction instead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog
from piccolo.engine.exceptions import TransactionError

from db import event_stream, outbox, queue, simulated
from db.clock import now
from db.engine import DB, LOST, SYSTEM, CommitLost
from db.errors import AppError, RequestError
from db.events import Event
from db.jobs import Job
from db.permissions import Permission
from db.tenancy import Actor, Origin, Self

log = structlog.get_logger("db.work")

_SYSTEM_AUDIT = """
insert into audit_log(company_id, actor_kind, actor_id, action, subject_id, ip, request_id) values ($1, 'user', $2, $3, $4, $5, $6)
"""
_AUDIT = """
insert into audit_log(company_id, action, subject_id, data, ip, request_id)
select $1, r.action, r.subject_id, r.data::jsonb, $2, $3
from unnest($4::text[], $5::uuid[], $6::text[]) r(action, subject_id, data)
"""


class Read:
    """Raw access inside a READ ONLY transaction, in asyncpg's terms: `$1` placeholders, `asyncpg.Record` rows."""

    __slots__ = ("actor", "connection")

    def __init__(self, actor: Actor | None, connection: Any) -> None:
        self.actor = actor
        self.connection = connection

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.connection.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        row: asyncpg.Record | None = await self.connection.fetchrow(sql, *args)
        return row

    async def fetchval(self, sql: str, *args: object) -> Any:
        return await self.connection.fetchval(sql, *args)

    def cursor(self, sql: str, *args: object, prefetch: int = 1000) -> AsyncIterator[asyncpg.Record]:
        """Rows streamed with flat memory."""
        cursor: AsyncIterator[asyncpg.Record] = self.connection.cursor(sql, *args, prefetch=prefetch)
        return cursor


class Change(Read):
    """Raw access inside a transaction that may write."""

    __slots__ = ()

    async def execute(self, sql: str, *args: object) -> int:
        """Rows touched."""
        tag: str = await self.connection.execute(sql, *args)
        last = tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0


class Work(Change):
    """One unit of change of one company."""

    __slots__ = ("_audit", "_events", "_jobs", "company_id")

    def __init__(self, actor: Actor, connection: Any) -> None:
        super().__init__(actor, connection)
        self.company_id = actor.company_id
        self._audit: list[tuple[str, UUID | None, str]] = []
        self._events: list[Event] = []
        self._jobs: list[tuple[Job, datetime | None]] = []

    def audit(self, action: str, subject_id: UUID | None = None, **data: object) -> None:
        """Who did what, kept for ever. `data` must hold no secrets and no message text."""
        self._audit.append((action, subject_id, msgspec.json.encode(data).decode()))

    def emit(self, event: Event) -> None:
        """To the screens and event streams of the company, after commit."""
        self._events.append(event)

    def enqueue(self, job: Job, *, at: datetime | None = None) -> None:
        """A job row in this transaction, woken after commit (or at `at`). One with the same key that still waits is kept."""
        self._jobs.append((job, at))

    async def reaches(self, channel_id: UUID | None) -> None:
        """Before something is sent over a channel, now or later by itself; None: over any. Raises Forbidden `test_key` when a test key asks
        and it is a real one."""
        if self.actor is not None and self.actor.test:
            await simulated.only(self.connection, self.company_id, "select $2::uuid", channel_id)

    async def withdraw(self, job: Job) -> None:
        """Takes back what was enqueued earlier under the job's key and still waits."""
        assert job.key is not None
        await queue.withdraw(self.connection, self.company_id, job.key)

    async def _write(self) -> list[queue.Wake]:
        actor = self.actor
        assert actor is not None
        if actor.test:
            await simulated.check(self.connection, self.company_id, [job for job, _ in self._jobs])
        if self._audit:
            actions, subjects, data = zip(*self._audit, strict=True)
            await self.connection.execute(
                _AUDIT,
                self.company_id,
                actor.ip,
                actor.request_id,
                list(actions),
                list(subjects),
                list(data),
            )
        return await queue.insert(self.connection, self.company_id, self._jobs) if self._jobs else []


class SystemWork(Change):
    """One unit of change that crosses companies, or happens before there is an actor (sign-up, sign-in, a link from a mailbox)."""

    __slots__ = ("_audit", "_events", "_jobs")

    def __init__(self, connection: Any) -> None:
        super().__init__(None, connection)
        self._audit: list[tuple[object, ...]] = []
        self._events: list[tuple[UUID, Event]] = []
        self._jobs: list[tuple[UUID, Job]] = []

    def audit(self, origin: Origin, company_id: UUID, user_id: UUID, action: str, subject_id: UUID | None = None) -> None:
        """What a person did in one company who was no actor yet, kept for ever."""
        self._audit.append((company_id, user_id, action, subject_id, origin.ip, origin.request_id))

    def emit(self, company_id: UUID, event: Event) -> None:
        """To the screens and event streams of one company, after commit."""
        self._events.append((company_id, event))

    def enqueue(self, company_id: UUID, job: Job) -> None:
        """As `Work.enqueue`, for one company."""
        self._jobs.append((company_id, job))

    async def _write(self) -> list[queue.Wake]:
        for row in self._audit:
            await self.connection.execute(_SYSTEM_AUDIT, *row)
        wakes = []
        for company_id, job in self._jobs:
            wakes += await queue.insert(self.connection, company_id, [(job, None)])
        found = self.events()
        for company_id in sorted(found):  # two that concern the same companies lock them in one order
            wakes += await _keep(self.connection, company_id, found[company_id])
        return wakes

    def events(self) -> dict[UUID, list[Event]]:
        """What was emitted, by company."""
        found: dict[UUID, list[Event]] = {}
        for company_id, event in self._events:
            found.setdefault(company_id, []).append(event)
        return found


async def _keep(connection: Any, company_id: UUID, emitted: list[Event]) -> list[queue.Wake]:
    """Writes durable events and the jobs that read them: last, behind every lock that the transaction takes."""
    jobs = await outbox.append(connection, company_id, emitted)
    return await queue.insert(connection, company_id, [(job, None) for job in jobs]) if jobs else []


_SET_ACTOR = "select set_config('app.company', $1, true), set_config('app.actor', $2, true)"


async def _act_as(connection: Any, actor: Actor) -> None:
    """The company that row-level security shows, and the doer that audit rows name."""
    await connection.execute(_SET_ACTOR, str(actor.company_id), f"{actor.kind}:{actor.id or ''}")


@contextmanager
def _lost_is_unavailable(*, changes: bool = False) -> Iterator[None]:
    """`changes`: a lost COMMIT may have changed something, and asking again may do it twice."""
    try:
        yield
    except CommitLost as error:
        if not changes:
            raise _unavailable() from error
        raise RequestError.OUTCOME_UNKNOWN(retry_after=2) from error
    except LOST as error:
        raise _unavailable() from error
    except asyncpg.InterfaceError as error:
        # The connection went between two statements, and the pool has taken it back. Every other one is a fault of ours.
        if "closed" in str(error) or "released back" in str(error):
            raise _unavailable() from error
        raise


def _unavailable() -> AppError:
    return RequestError.UNAVAILABLE(retry_after=2)


class AmbientTransaction:
    """One transaction of one company around several units of work, begun by the first of them."""

    def __init__(self, company_id: UUID, first: Callable[[Read], Awaitable[None]]) -> None:
        self.company_id = company_id
        self.events: list[Event] = []
        self.wakes: list[queue.Wake] = []
        self.stack = AsyncExitStack()
        self._first = first
        self.connection: Any = None
        self._busy = False

    async def begin(self) -> None:
        """Opens it and runs `first` in it; later calls do nothing. What `first` raises leaves nothing to go on with."""
        if self.connection is None:
            with _lost_is_unavailable():
                connection = (await self.stack.enter_async_context(DB.transaction(company_id=self.company_id))).connection
                await connection.execute("select set_config('app.company', $1, true)", str(self.company_id))
                await self._first(Read(None, connection))
                self.connection = connection

    @asynccontextmanager
    async def savepoint(self, company_id: UUID) -> AsyncIterator[Any]:
        """One unit of work, undone alone when it raises. Refuses a second one inside it, and another company."""
        if self._busy:
            raise TransactionError("A unit of work inside a unit of work.")
        if company_id != self.company_id:
            raise TransactionError("Another company inside one transaction.")
        self._busy = True
        try:
            await self.begin()
            async with self.connection.transaction():
                yield self.connection
        finally:
            self._busy = False


_ambient: ContextVar[AmbientTransaction | None] = ContextVar("ambient_transaction", default=None)


@asynccontextmanager
async def one_transaction(company_id: UUID, first: Callable[[Read], Awaitable[None]]) -> AsyncIterator[AmbientTransaction]:
    """All units of work of this task inside it commit together or not at all; events and wake-ups leave after the commit. `first`
    runs before them in the same transaction. Raises Unavailable, also when nobody knows whether it was committed."""
    ambient = AmbientTransaction(company_id, first)
    token = _ambient.set(ambient)
    try:
        with _lost_is_unavailable():
            async with ambient.stack:
                yield ambient
                ambient.wakes += await _keep(ambient.connection, company_id, ambient.events)
    finally:
        _ambient.reset(token)
    await _tell(company_id, ambient.events, ambient.wakes)


async def _tell(company_id: UUID, emitted: list[Event], wakes: list[queue.Wake]) -> None:
    await event_stream.publish(company_id, emitted)
    await queue.wake(wakes)


@asynccontextmanager
async def _transaction(actor: Actor, *, changes: bool = False) -> AsyncIterator[Any]:
    ambient = _ambient.get()
    with _lost_is_unavailable(changes=changes):
        if ambient is not None:
            async with ambient.savepoint(actor.company_id) as connection:
                if not changes:  # until the end of the savepoint
                    await connection.execute("set transaction read only")
                await _act_as(connection, actor)
                yield connection
            return
        async with DB.transaction(company_id=actor.company_id, read_only=not changes) as transaction:
            await _act_as(transaction.connection, actor)
            yield transaction.connection


@asynccontextmanager
async def work(actor: Actor, permission: Permission | Self) -> AsyncIterator[Work]:
    """One transaction for one action. Raises Forbidden before it touches anything; Unavailable, with the code `outcome_unknown`
    when nobody knows whether the change was made."""
    actor.require(permission)
    if actor.test:
        simulated.inside(permission)
    async with _transaction(actor, changes=True) as connection:
        if actor.test:
            await simulated.unpicked(connection, actor.company_id, permission)
        w = Work(actor, connection)
        yield w
        wakes = await w._write()
        if _ambient.get() is None:
            wakes += await _keep(connection, actor.company_id, w._events)
    if ambient := _ambient.get():
        ambient.events += w._events
        ambient.wakes += wakes
    else:
        await _tell(actor.company_id, w._events, wakes)


@asynccontextmanager
async def read(actor: Actor, permission: Permission | Self) -> AsyncIterator[Read]:
    """A read-only view of one company."""
    actor.require(permission)
    async with _transaction(actor) as connection:
        yield Read(actor, connection)


@asynccontextmanager
async def system_read() -> AsyncIterator[Read]:
    """A read-only view across companies, of the few tables that allow it (sign-in, webhook routing, pollers).

    The system role has connections of its own, because the application's role cannot become the system's: inside a unit of work,
    and inside `one_transaction`, this is another transaction, which does not see what that one has written."""
    with _lost_is_unavailable():
        async with SYSTEM.transaction(read_only=True) as transaction:
            yield Read(None, transaction.connection)


@asynccontextmanager
async def system_work() -> AsyncIterator[SystemWork]:
    """One transaction that crosses companies; on connections of its own as `system_read`, so it commits by itself wherever it
    stands. Never for what a person asked for while they are an actor: that is `work`."""
    with _lost_is_unavailable():
        async with SYSTEM.transaction() as transaction:
            w = SystemWork(transaction.connection)
            yield w
            wakes = await w._write()
    for company_id, emitted in w.events().items():
        await event_stream.publish(company_id, emitted)
    await queue.wake(wakes)


async def take_tick(name: str, at: datetime | None = None) -> bool:
    """Claims one tick of a periodic task for the whole installation: True for exactly one caller (decision 3).
    `at` is the tick's nominal time."""
    async with system_work() as s:
        return (
            await s.fetchval(
                "insert into tick(name, at) values ($1, $2) on conflict do nothing returning true", name, at or now()
            )
            is True
        )


async def forget_ticks(s: SystemWork) -> None:
    """Deletes claims of ticks after a week."""
    await s.execute("delete from tick where at < now() - interval '7 days'")
