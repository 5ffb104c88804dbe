"""Group commit: webhooks that wait at the same moment share one INSERT, and each is answered after its commit.

Two lanes with a connection of their own, so that neither a busy API pool nor one slow commit holds webhooks up. There is no
artificial delay: a lane that is free takes what waits, and under load more waits. An insert whose outcome is not known is
repeated; the ids are made at receipt, so nothing is stored twice. A row that Postgres refuses is refused alone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial

import asyncpg
import structlog

from db import halving
from db.engine import SYSTEM_ROLE, open_connection
from db.messages.inbox import INSERT, Received

log = structlog.get_logger("api.hooks")

LANES = 2
MAX_ROWS = 200  # per insert
BYTES = 8 * 1024 * 1024  # body bytes per insert
BACKLOG = 20_000  # rows that may wait
STATEMENT = 3.0  # seconds for one insert; a provider waits about 10 for all
CONNECT = 2.0
RECONNECT = 0.5
ANSWER = 9.0  # seconds after which a request is refused whatever became of its row: the provider would not wait longer

Broken = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class Down(Exception):
    """Nothing was promised: Postgres does not take the row at the moment."""


Item = tuple[Received, "asyncio.Future[None]"]


class Collector:
    """`add` returns once the row is committed. `stored` is told of every row."""

    def __init__(self, dsn: str, stored: Callable[[Received], None]) -> None:
        self._dsn = dsn
        self._stored = stored
        self._waiting: list[Item] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._up = 0
        self.down = False

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._kept_lane(), name=f"hooks-lane-{number}") for number in range(LANES)]

    async def stop(self) -> None:
        """What is in hand is finished first."""
        for _ in range(100):
            if not self._waiting:
                break
            await asyncio.sleep(0.02)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STATEMENT)
        self._refuse(self._waiting)
        self._waiting = []

    async def add(self, row: Received) -> None:
        """Stores one row durably. Raises Down."""
        if self.down or len(self._waiting) >= BACKLOG:
            raise Down
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, future))
        self._wake.set()
        late = future.get_loop().call_later(ANSWER, self._refuse, [(row, future)])
        try:
            await future
        finally:
            late.cancel()

    async def _kept_lane(self) -> None:
        """Starts a lane again that ended with an error: requests wait for it."""
        while True:
            try:
                await self._lane()
            except Exception:
                log.error("hooks.lane_fell", exc_info=True)
            await asyncio.sleep(RECONNECT)

    async def _lane(self) -> None:
        connection: asyncpg.Connection | None = None
        batch: list[Item] = []
        try:
            while True:
                if connection is None:
                    connection = await self._connect()
                    if connection is None:
                        self._all_down()
                        await asyncio.sleep(RECONNECT)
                        continue
                    self._up += 1
                    self.down = False
                while not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                batch = self._take()
                if await self._insert(connection, batch):
                    batch = []
                    continue
                self._up -= 1
                _close(connection)
                connection = await self._connect()  # a lost connection is no reason to refuse: once more on a new one
                if connection is not None and await self._insert(connection, batch):
                    self._up += 1
                else:
                    self._refuse(batch)
                    if connection is not None:
                        _close(connection)
                        connection = None
                batch = []
        finally:
            self._refuse(batch)
            if connection is not None:
                _close(connection)

    def _take(self) -> list[Item]:
        waiting = self._waiting
        if len(waiting) <= MAX_ROWS and sum(len(row.body) for row, _ in waiting) <= BYTES:
            self._waiting = []
            return waiting
        size, count = 0, 0
        for row, _ in waiting[:MAX_ROWS]:
            size += len(row.body)
            if count and size > BYTES:
                break
            count += 1
        self._waiting = waiting[count:]
        return waiting[:count]

    async def _insert(self, connection: asyncpg.Connection, batch: list[Item]) -> bool:
        """Whether Postgres took the batch. Bounded from outside too: asyncpg's own time-out waits for the server to close, and a server
        that died at the wrong moment never does."""
        writing = asyncio.create_task(halving.write(batch, partial(self._commit, connection), self._refuse_one))
        try:
            done, _ = await asyncio.wait({writing}, timeout=STATEMENT + 1.5)
            if not done:
                raise TimeoutError("the insert does not end")
            writing.result()
        except Exception as error:  # whatever it is: a lane that ends would leave requests waiting for ever
            log.warning("hooks.insert_failed", rows=len(batch), error=repr(error)[:300])
            return False
        finally:
            if not writing.done():
                _close(connection)
                writing.cancel()
        return True

    async def _commit(self, connection: asyncpg.Connection, batch: Sequence[Item]) -> None:
        await store(connection, [row for row, _ in batch])
        for row, future in batch:
            if not future.done():
                future.set_result(None)
            self._stored(row)

    async def _refuse_one(self, item: Item, error: Exception) -> None:
        log.error("hooks.row_refused", channel_id=str(item[0].channel_id), error=repr(error)[:300])
        self._refuse([item])

    async def _connect(self) -> asyncpg.Connection | None:
        try:
            return await connect(self._dsn)
        except Exception as error:
            if not self.down:
                log.error("hooks.database_down", error=repr(error)[:300])
            return None

    def _all_down(self) -> None:
        if self._up == 0:
            self.down = True
            waiting, self._waiting = self._waiting, []
            self._refuse(waiting)

    @staticmethod
    def _refuse(batch: list[Item]) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(Down())


async def connect(dsn: str) -> asyncpg.Connection:
    """A connection under the system role, which may write webhooks of every company."""
    return await open_connection(dsn, name="masteria-hooks", role=SYSTEM_ROLE, statement_timeout=STATEMENT, timeout=CONNECT)


async def store(connection: asyncpg.Connection, rows: list[Received]) -> None:
    """One INSERT for all, committed when this returns; rows that are there already stay as they are."""
    columns = list(zip(*rows, strict=True))
    await connection.execute(INSERT, *columns, timeout=STATEMENT + 0.5)


def _close(connection: asyncpg.Connection) -> None:
    """At once: a server that does not answer would not answer a goodbye either."""
    with contextlib.suppress(Exception):
        connection.terminate()
