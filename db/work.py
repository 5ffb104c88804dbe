"""The only ways to the database: `work` for actions, `read` for queries, `system` for what crosses companies.

`work` is one transaction on one connection with the company set; what it audits and enqueues is written inside it, what it
emits leaves after commit and vanishes on rollback. Never start tasks or gather inside: the connection is one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from db import events, queue
from db.clock import now
from db.engine import DB, LOST, SYSTEM_ROLE
from db.enums import Permission
from db.errors import Unavailable
from db.events import Event
from db.jobs import Job
from db.tenancy import Actor

log = structlog.get_logger("db.work")

_AUDIT = """
insert into audit_log(company_id, actor_kind, actor_id, action, subject_id, data, ip, request_id)
select $1, $2, $3, r.action, r.subject_id, r.data::jsonb, $4, $5
from unnest($6::text[], $7::uuid[], $8::text[]) r(action, subject_id, data)
"""


class Read:
    """Raw access inside the transaction, in asyncpg's terms: `$1` placeholders, `asyncpg.Record` rows."""

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

    async def execute(self, sql: str, *args: object) -> int:
        """Rows touched."""
        tag: str = await self.connection.execute(sql, *args)
        last = tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    def cursor(self, sql: str, *args: object, prefetch: int = 1000) -> AsyncIterator[asyncpg.Record]:
        """Rows streamed with flat memory."""
        cursor: AsyncIterator[asyncpg.Record] = self.connection.cursor(sql, *args, prefetch=prefetch)
        return cursor


class Work(Read):
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

    async def _write(self) -> list[queue.Wake]:
        actor = self.actor
        assert actor is not None
        if self._audit:
            actions, subjects, data = zip(*self._audit, strict=True)
            await self.connection.execute(
                _AUDIT,
                self.company_id,
                actor.kind,
                actor.id,
                actor.ip,
                actor.request_id,
                list(actions),
                list(subjects),
                list(data),
            )
        return await queue.insert(self.connection, self.company_id, self._jobs) if self._jobs else []


_SET_COMPANY = "select set_config('app.company', $1, true)"


@asynccontextmanager
async def _transaction() -> AsyncIterator[Any]:
    try:
        async with DB.transaction() as transaction:
            yield transaction.connection
    except LOST as error:
        raise _unavailable() from error
    except asyncpg.InterfaceError as error:
        # The connection went between two statements, and the pool has taken it back. Every other one is a fault of ours.
        if "closed" in str(error) or "released back" in str(error):
            raise _unavailable() from error
        raise


def _unavailable() -> Unavailable:
    return Unavailable("database_unavailable", "The database does not answer. Try again in a moment.", retry_after=2)


@asynccontextmanager
async def work(actor: Actor, permission: Permission) -> AsyncIterator[Work]:
    """One transaction for one action. Raises Forbidden before it touches anything."""
    actor.require(permission)
    async with _transaction() as connection:
        await connection.execute(_SET_COMPANY, str(actor.company_id))
        w = Work(actor, connection)
        yield w
        wakes = await w._write()
    await events.publish(actor.company_id, w._events)
    await queue.wake(wakes)


@asynccontextmanager
async def read(actor: Actor, permission: Permission) -> AsyncIterator[Read]:
    """A read-only view of one company."""
    actor.require(permission)
    async with _transaction() as connection:
        await connection.execute(_SET_COMPANY, str(actor.company_id))
        yield Read(actor, connection)


@asynccontextmanager
async def system() -> AsyncIterator[Read]:
    """Across companies, on the few tables that allow it (sign-in, webhook routing, pollers). Never for what a person asked for."""
    async with _transaction() as connection:
        await connection.execute(f"set local role {SYSTEM_ROLE}")
        yield Read(None, connection)


async def take_tick(name: str, at: datetime | None = None) -> bool:
    """Claims one tick of a periodic task for the whole installation: True for exactly one caller (RELIABILITY 3.2, cron).
    `at` is the tick's nominal time."""
    async with system() as s:
        return (
            await s.fetchval(
                "insert into tick(name, at) values ($1, $2) on conflict do nothing returning true", name, at or now()
            )
            is True
        )
