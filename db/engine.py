"""The process's Postgres pools, as Piccolo engines with its measured faults mended (decision 8).

Stock Piccolo leaks the connection and leaves the context variable set when COMMIT fails, treats a nested transaction as a
no-op, connects while being imported, and silently opens a connection per query when no pool was started.

Connections are opened when they are needed, so a program starts without its database. A server that falls silent is noticed
(`db/pulse.py`): what waits for it fails at once, and so does everything that asks before it answers again.
"""

import asyncio
import contextlib
import re
import socket
from typing import Any
from uuid import UUID
from weakref import WeakSet

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from db.pulse import Pulse
from db.settings import Settings
from db.shares import Gate

APP_ROLE = "masteria_app"
SYSTEM_ROLE = "masteria_system"

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,  # what asyncpg says when the server's goodbye came between two statements
    ConnectionError,
    OSError,
)
"""What a call raises while Postgres is away or going."""

CONNECT = 3.0  # seconds to open a connection
ASK_EVERY, PATIENCE = 1.0, 4.0  # seconds between two questions whether the server lives, and to its answer
UNDO = 2.0  # seconds for a rollback and for giving a connection back; then it is closed
SLACK = 5.0  # seconds that a client waits longer for a statement than the server runs it
SILENCE = 15  # seconds after which the kernel gives up a connection whose packets nobody confirms

_POOLER = re.compile(r"([?&])pooler=transaction(&|$)")

_SOCKET = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": SILENCE * 1000}


class Away(ConnectionError):
    """Known not to answer at the moment; nothing was asked."""


class CommitLost(ConnectionError):
    """The connection went while COMMIT was on its way: nobody knows whether the change was made."""


class Connection(asyncpg.Connection):
    """Keeps nothing between two transactions (settings and locks are theirs), so that giving it back asks the server for nothing."""

    def get_reset_query(self) -> str:
        return ""


def behind_pooler(dsn: str) -> tuple[str, bool]:
    """The address without our mark `pooler=transaction`, and whether it had it: then a pooler (PgBouncer, Neon's, Supabase's) gives
    each transaction any connection of its own, so that nothing may be expected to last longer than one transaction."""
    bare = _POOLER.sub(lambda mark: mark[1] if mark[2] == "&" else "", dsn)
    return bare, bare != dsn


async def open_connection(
    dsn: str, *, name: str, role: str | None, statement_timeout: float, timeout: float = CONNECT, **more: Any
) -> asyncpg.Connection:
    """One connection that notices when the other end is gone, on both sides: the client by keep-alive and the limit on
    unconfirmed packets, the server likewise, so that it gives the locks of a lost client back. `statement_timeout`, `timeout` in
    seconds; `more` goes to asyncpg. Behind a pooler settings cannot come with a connection: transactions make them (`Transaction`), and
    the login is the role itself (`db/settings.py` looks)."""
    dsn, pooled = behind_pooler(dsn)
    if pooled:
        more = {key: value for key, value in more.items() if key != "server_settings"} | {"statement_cache_size": 0}
        settings = {"application_name": name}
    else:
        settings = _settings(name, role, statement_timeout) | more.pop("server_settings", {})
    connection: asyncpg.Connection = await asyncpg.connect(
        dsn, timeout=timeout, command_timeout=statement_timeout + SLACK, server_settings=settings, **more
    )
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined]  # asyncpg has no option for its socket
    wire = transport.get_extra_info("socket")
    if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _SOCKET.items():
            if hasattr(socket, option):  # not every system has all of them
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return connection


def _settings(name: str, role: str | None, statement_timeout: float) -> dict[str, str]:
    return {
        "application_name": name,
        "statement_timeout": str(int(statement_timeout * 1000)),
        "jit": "off",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": str(SILENCE * 1000),
        "client_connection_check_interval": "5000",
        **({"role": role} if role else {}),
    }


class Transaction(PostgresTransaction):
    """Gives its connection back whatever happens, also when COMMIT or ROLLBACK raises."""

    engine: "Engine"
    company_id: UUID | None = None  # whose share of the connections it takes; None: nobody's
    read_only = False

    async def _release(self) -> None:
        assert self.engine.pool is not None
        try:
            await asyncio.shield(self.engine.pool.release(self.connection, timeout=UNDO))
        except LOST:
            pass  # closed instead, and the pool opens another
        finally:
            self._leave()

    def _leave(self) -> None:
        if self.company_id is not None:
            self._gate.leave(self.company_id)

    async def __aenter__(self) -> "Transaction":
        self.engine.require_up()
        self.connection = await self.get_connection()
        try:
            self.transaction = self.connection.transaction(readonly=self.read_only)
            await self.begin()  # type: ignore[no-untyped-call]
            if self.engine.opening:
                await self.connection.execute(self.engine.opening)
        except BaseException:
            await self._release()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def get_connection(self) -> Any:
        if self.engine.pool is None:
            return await self.engine.get_new_connection()
        pool = self.engine.pool
        async with asyncio.timeout(self.engine.acquire_timeout):
            if self.company_id is None:
                return await pool.acquire()
            self._gate = pool.gate  # of the pool that the connection goes back to
            await self._gate.enter(self.company_id)
            try:
                return await pool.acquire()
            except BaseException:
                self._leave()
                raise

    async def __aexit__(self, exception_type: Any, exception: Any, traceback: Any) -> bool:
        try:
            if exception:
                # A connection that died cannot be rolled back; the first error is the one that matters.
                with contextlib.suppress(asyncpg.InterfaceError, *LOST):
                    async with asyncio.timeout(UNDO):
                        await self.rollback()  # type: ignore[no-untyped-call]
            else:
                try:
                    await self.commit()  # type: ignore[no-untyped-call]
                except LOST as error:
                    raise CommitLost(str(error) or type(error).__name__) from error
        finally:
            self.engine.current_transaction.reset(self.context)
            await self._release()
        return False


class _Server:
    """What the pool and the pulse need of one address."""

    def __init__(self, dsn: str, role: str | None, statement_timeout: float, idle_timeout: float, patience: float) -> None:
        self._dsn = dsn
        self._role = role
        self._statement_timeout = statement_timeout
        self._idle_timeout = idle_timeout
        self._patience = patience
        self.opened: WeakSet[asyncpg.Connection] = WeakSet()
        self._asking: asyncpg.Connection | None = None

    async def connect(self, connection_class: Any, record_class: Any) -> asyncpg.Connection:
        """One connection for the pool."""
        settings = {
            "idle_in_transaction_session_timeout": str(int(self._idle_timeout * 1000)),
            # A plan made while a table was small, or for a small company, reads a big one from end to end (measured: finish x3).
            "plan_cache_mode": "force_custom_plan",
        }
        connection = await open_connection(
            self._dsn,
            name="masteria",
            role=self._role,
            statement_timeout=self._statement_timeout,
            server_settings=settings,
            connection_class=connection_class,
            record_class=record_class,
        )
        self.opened.add(connection)
        return connection

    async def ask(self) -> None:
        """Raises unless the server answers and takes changes."""
        if self._asking is None:
            try:
                self._asking = await open_connection(
                    self._dsn, name="masteria-pulse", role=None, statement_timeout=self._patience
                )
            except asyncpg.TooManyConnectionsError:
                return  # it answers
        try:
            if await self._asking.fetchval("select pg_is_in_recovery()"):
                raise ConnectionError("the server is a standby: it takes no changes")
        except BaseException:
            asking, self._asking = self._asking, None
            asking.terminate()
            raise

    async def cut(self) -> None:
        """Ends every connection of the pool, and with it what waits for an answer."""
        for connection in list(self.opened):
            connection.terminate()

    async def leave(self) -> None:
        """Closes the pulse's own connection."""
        if self._asking is not None:
            asking, self._asking = self._asking, None
            with contextlib.suppress(asyncpg.InterfaceError, *LOST):
                await asking.close(timeout=UNDO)


class Pool(asyncpg.Pool):
    """Knows who watches its server, and whose turn it is to get a connection."""

    gate: Gate
    server: _Server
    pulse: Pulse
    alone = True  # no other pool has the same pulse


class Engine(PostgresEngine):
    """Configured by `connect`, not at import; refuses to work without its pool."""

    pool: Pool | None

    def __init__(self) -> None:
        super().__init__(config={"database": "masteria"})
        self.acquire_timeout = 30.0
        self.opening = ""  # settings that each transaction begins with, where connections cannot have them

    async def check_version(self) -> None:
        """Nothing at import time; migrations insist on Postgres 18."""

    async def prep_database(self) -> None:
        """Extensions are made by migrations."""

    def get_version_sync(self) -> float:
        return 18.0

    async def connect(
        self,
        dsn: str,
        *,
        size: int,
        statement_timeout: float = 30,
        idle_timeout: float = 60,
        acquire_timeout: float = 30,
        role: str | None = APP_ROLE,
        patience: float = PATIENCE,
        beside: "Engine | None" = None,
    ) -> None:
        """Makes the pool; its connections are opened when they are needed. Each acts as the application role, so that row-level
        security holds even when the address belongs to a stronger one. Seconds: `statement_timeout` for one statement,
        `idle_timeout` after which a transaction that asks nothing is ended, so that a frozen program does not keep its locks,
        `acquire_timeout` to wait for a free connection, `patience` until a silent server counts as away. `beside`: another engine
        to the same server, which is watched once."""
        server = _Server(dsn, role, statement_timeout, idle_timeout, patience)

        async def connect(*_: Any, **given: Any) -> asyncpg.Connection:
            self.require_up()
            return await server.connect(given["connection_class"], given["record_class"])

        self.acquire_timeout = acquire_timeout
        bare, pooled = behind_pooler(dsn)
        limits = (
            f"set local statement_timeout = {int(statement_timeout * 1000)}; set local idle_in_transaction_session_timeout = "
        )
        self.opening = f"{limits}{int(idle_timeout * 1000)}; set local jit = off" if pooled else ""
        pool = Pool(
            bare,
            min_size=0,
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300,
            loop=None,
            connect=connect,
            connection_class=Connection,
            record_class=asyncpg.Record,
        )
        if beside is not None and beside.pool is not None:
            pool.pulse, pool.alone = beside.pool.pulse, False
            server.opened = beside.pool.server.opened
        else:
            pool.pulse = Pulse("database", server, every=ASK_EVERY, patience=patience)
        pool.server, pool.gate = server, Gate(size)
        await pool
        self.pool = pool

    @property
    def up(self) -> bool:
        """False while the server is known not to answer."""
        return self.pool is None or self.pool.pulse.up

    def require_up(self) -> None:
        """Raises Away while the server is known not to answer."""
        if not self.up:
            raise Away("the database does not answer")

    async def back(self, at_most: float) -> None:
        """Returns once the server answers, or after so many seconds; while it is not known to be away, after one."""
        if self.pool is None or self.up:
            await asyncio.sleep(min(1.0, at_most))
        else:
            await self.pool.pulse.back(at_most)

    async def close(self) -> None:
        if self.pool is not None:
            pool, self.pool = self.pool, None
            if pool.alone:
                await pool.pulse.stop()
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()

    async def get_new_connection(self) -> Any:
        raise RuntimeError("The database pool is not open: call DB.connect() first.")

    def transaction(self, allow_nested: bool = False, *, company_id: UUID | None = None, read_only: bool = False) -> Transaction:
        """`company_id`: who waits for a free connection, by turns with other companies. `read_only`: Postgres refuses changes."""
        transaction = Transaction(engine=self, allow_nested=False)
        transaction.company_id = company_id
        transaction.read_only = read_only
        return transaction


DB = Engine()
SYSTEM = Engine()
"""The few tables that cross companies, over connections that log in as the system role; see `db.work.system`."""


async def open_pools(settings: Settings, *, size: int, **more: Any) -> None:
    """Both pools of the process: `size` connections for the application, half as many for the system. `more` as in `connect`."""
    await DB.connect(settings.database_url, size=size, **more)
    await SYSTEM.connect(settings.system_url, size=max(2, size // 2), role=SYSTEM_ROLE, beside=DB, **more)


async def close_pools() -> None:
    await SYSTEM.close()
    await DB.close()
