"""The machinery of a benchmark or a fault test: servers of its own, real program processes, a company to work with.

Nothing here is shared with another run: own folders, own sockets, free ports. Everything it started ends with it.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec

from db import crypto, queue, valkey
from db.embedded import Postgres, start_valkey, valkey_socket, valkey_url
from db.engine import DB, SYSTEM, close_pools, open_pools
from db.migrate import migrate
from db.permissions import Role
from db.settings import Settings
from db.tenancy import Actor, built_in, member
from tests import clusters

KEYS = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
ROOT = Path(__file__).parents[2]


class Harness:
    """Postgres, Valkey and the programs of one run."""

    def __init__(
        self, *, postgres: Mapping[str, str] | None = None, port: int | None = None, kept: Path | None = None, **settings: Any
    ) -> None:
        """`postgres`: server settings; `port`: Valkey on this TCP port instead of a socket; `kept`: a folder that stays, for the next
        run; `settings`: as for a deployment."""
        if kept:
            kept.mkdir(parents=True, exist_ok=True)
        self.folder = kept or Path(tempfile.mkdtemp(prefix="masteria-proof-"))
        self.folder.chmod(0o755)
        self._kept = kept is not None
        self._port = port
        self._template = clusters.copy_to(self.folder / "pg")
        self.postgres = Postgres(self.folder / "pg", **(postgres or {}))
        self._start_valkey()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.settings = Settings(
            database_url=self.postgres.url(),
            database_owner_url=self.postgres.owner_url,
            valkey_url=valkey_url(self.valkey),
            data_dir=self.folder / "data",
            secret_keys=KEYS,
            sandbox_smtp_port=0,
            log_level="WARNING",
            **settings,
        )

    def _start_valkey(self) -> None:
        folder = self.folder / "valkey"
        folder.mkdir(exist_ok=True)
        self.valkey = start_valkey(folder, self._port, unix_socket=None if self._port else valkey_socket(folder))

    def keep_valkey(self) -> None:
        """A copy of what it has on disk, for `lose_valkey`."""
        kept = self.folder / "valkey-kept"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.folder / "valkey", kept, ignore=shutil.ignore_patterns("*.sock", "temp-*"))

    def lose_valkey(self, *, older: bool = False) -> None:
        """Kills the server and everything it remembered; `older`: it comes back with what was kept."""
        with suppress(ProcessLookupError):
            self.valkey._process.kill()
        with suppress(Exception):
            self.valkey.terminate()
        shutil.rmtree(self.folder / "valkey", ignore_errors=True)
        if older:
            shutil.copytree(self.folder / "valkey-kept", self.folder / "valkey")

    def return_valkey(self) -> None:
        self._start_valkey()

    def servers_cpu(self) -> float:
        """What Postgres and Valkey have used so far, in seconds."""
        return cpu_seconds(self.postgres.pid) + cpu_seconds(self.valkey._process.pid)

    def crash_postgres(self) -> None:
        """Immediate shutdown (`pg_ctl -m immediate`): nothing is finished; then the server is started again."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        while self.postgres.running():
            time.sleep(0.05)
        time.sleep(0.5)
        self.postgres.restart()

    async def open(self) -> None:
        """Schema, and this process's own connections; what it had before comes back with `leave` or `close`."""
        self._others = DB.pool, SYSTEM.pool, valkey._client, crypto._ring
        await self.postgres.create_database(template=self._template)
        await migrate(self.postgres.owner_url)
        crypto.load_ring(self.settings.secret_keys, self.settings.data_dir)
        valkey.connect(self.settings.valkey_url)
        queue.forget_queues()
        await open_pools(self.settings, size=4)

    def enter(self) -> None:
        """This process's connections are ours again."""
        self._exchange()

    def leave(self) -> None:
        """This process's connections are those it had before; the servers and programs go on."""
        self._exchange()

    def _exchange(self) -> None:
        ours = DB.pool, SYSTEM.pool, valkey._client, crypto._ring
        DB.pool, SYSTEM.pool, valkey._client, crypto._ring = self._others
        self._others = ours
        queue.forget_queues()

    def start(self, *command: str, env: Mapping[str, str] | None = None, **options: Any) -> "subprocess.Popen[bytes]":
        """A program of ours as a real process, configured through its environment. Its log goes to `<folder>/log`."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | self.environment() | dict(env or {})
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environment, **{"stdout": log, "stderr": log, **options}
            )
        self.processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        given = msgspec.structs.asdict(self.settings)
        return {name.upper(): str(value) for name, value in given.items() if value != ""}

    def stop(self, process: "subprocess.Popen[bytes]", *, hard: bool = False, patience: float = 20) -> None:
        """SIGTERM and wait, or SIGKILL."""
        process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.stop(process, hard=True)
        with suppress(*valkey.Down, asyncpg.PostgresError, OSError):
            await close_pools()
            await valkey.close()
        self.leave()
        self.postgres.stop()
        with suppress(Exception):
            self.valkey.terminate()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)


@asynccontextmanager
async def harness(**options: Any) -> AsyncIterator[Harness]:
    """One run's machinery, taken down at its end."""
    made = await asyncio.to_thread(Harness, **options)
    try:
        await made.open()
        yield made
    finally:
        await made.close()


async def company(db: asyncpg.Connection) -> Actor:
    """A company and its owner."""
    company_id = await db.fetchval("insert into company(name) values ('Loja Aurora') returning id")
    user_id = await db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, 'Ana Lima', 'x') returning id",
        f"{uuid4().hex}@example.com",
    )
    await db.execute("insert into membership(company_id, user_id, role) values ($1, $2, 'owner')", company_id, user_id)
    return member(company_id, user_id, built_in(Role.OWNER))


def peak_rss_mb(pid: int) -> int:
    """The most memory a process ever held, in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) * 1024 / 1e6)
    return 0


def waited_seconds(pid: int) -> float:
    """How long the threads of a process and of its children have been ready to run so far while no core was free."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, IndexError):
                parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1]
                if pid in {int(name), int(parent)}:
                    for thread in os.listdir(f"/proc/{name}/task"):
                        total += int(Path(f"/proc/{name}/task/{thread}/schedstat").read_text().split()[1])
    return total / 1e9


def cpu_seconds(pid: int) -> float:
    """User and system time so far of one process and its children, the ended ones included."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, IndexError):
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                if int(name) == pid:
                    total += sum(map(int, fields[11:15]))
                elif int(fields[1]) == pid:
                    total += sum(map(int, fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")
