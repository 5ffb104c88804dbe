"""The process's Postgres pools, as Piccolo engines with its measured faults mended (RELIABILITY 4.1).

Stock Piccolo leaks the connection and leaves the context variable set when COMMIT fails, treats a nested transaction as a
no-op, connects while being imported, and silently opens a connection per query when no pool was started.
"""

import asyncio
import contextlib
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from db.settings import Settings

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


class Transaction(PostgresTransaction):
    """Gives its connection back whatever happens, also when COMMIT or ROLLBACK raises."""

    async def _release(self) -> None:
        assert self.engine.pool is not None
        await asyncio.shield(self.engine.pool.release(self.connection))

    async def __aenter__(self) -> "Transaction":
        self.connection = await self.get_connection()  # type: ignore[no-untyped-call]
        try:
            self.transaction = self.connection.transaction()
            await self.begin()  # type: ignore[no-untyped-call]
        except BaseException:
            await self._release()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, exception_type: Any, exception: Any, traceback: Any) -> bool:
        try:
            if exception:
                # A connection that died cannot be rolled back; the first error is the one that matters.
                with contextlib.suppress(asyncpg.InterfaceError, *LOST):
                    await self.rollback()  # type: ignore[no-untyped-call]
            else:
                await self.commit()  # type: ignore[no-untyped-call]
        finally:
            self.engine.current_transaction.reset(self.context)
            await self._release()
        return False


class Engine(PostgresEngine):
    """Configured by `connect`, not at import; refuses to work without its pool."""

    def __init__(self) -> None:
        super().__init__(config={"database": "masteria"})

    async def check_version(self) -> None:
        """Nothing at import time; migrations insist on Postgres 18."""

    async def prep_database(self) -> None:
        """Extensions are made by migrations."""

    def get_version_sync(self) -> float:
        return 18.0

    async def connect(
        self, dsn: str, *, size: int, statement_timeout: float = 60, idle_timeout: float = 60, role: str | None = APP_ROLE
    ) -> None:
        """Opens the pool. Every connection acts as the application role, so that row-level security holds even when the
        address belongs to a stronger one. In seconds: `statement_timeout`, and `idle_timeout` after which a transaction
        that asks nothing is ended, so that a frozen program does not keep its locks."""
        server_settings = {
            "application_name": "masteria",
            "statement_timeout": str(int(statement_timeout * 1000)),
            "idle_in_transaction_session_timeout": str(int(idle_timeout * 1000)),
            "jit": "off",
            # A plan made while a table was small, or for a small company, reads a big one from end to end (measured: finish x3).
            "plan_cache_mode": "force_custom_plan",
        }
        if role:
            server_settings["role"] = role
        self.pool = await asyncpg.create_pool(
            dsn, min_size=min(2, size), max_size=size, server_settings=server_settings, timeout=10, command_timeout=None
        )

    async def close(self) -> None:
        if self.pool is not None:
            pool, self.pool = self.pool, None
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()

    async def get_new_connection(self) -> Any:
        raise RuntimeError("The database pool is not open: call DB.connect() first.")

    def transaction(self, allow_nested: bool = False) -> Transaction:
        return Transaction(engine=self, allow_nested=False)


DB = Engine()
SYSTEM = Engine()
"""The few tables that cross companies, over connections that log in as the system role; see `db.work.system`."""


async def open_pools(settings: Settings, *, size: int, **more: Any) -> None:
    """Both pools of the process: `size` connections for the application, half as many for the system. `more` as in `connect`."""
    await DB.connect(settings.database_url, size=size, **more)
    await SYSTEM.connect(settings.system_url, size=max(2, size // 2), role=SYSTEM_ROLE, **more)


async def close_pools() -> None:
    await DB.close()
    await SYSTEM.close()
