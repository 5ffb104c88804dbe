"""Real servers for the tests: one embedded Postgres and Valkey per run, one database per test process (xdist worker).

The process that starts the run starts the servers in `pytest_configure`; workers find them through the environment.
"""

import asyncio
import functools
import gc
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_socket
import structlog
from argon2 import PasswordHasher
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from db import crypto, installation, queue, valkey
from db.accounts import attempts, passwords
from db.embedded import Postgres, start_valkey
from db.engine import close_pools, open_pools
from db.holds import actions as holds
from db.permissions import Role
from db.settings import Settings
from db.tenancy import Actor, built_in, member
from tests import clusters
from tests.busy import Busy

if TYPE_CHECKING:
    from litestar import Litestar

_FAST = {
    "fsync": "off", "full_page_writes": "off", "wal_compression": "off", "synchronous_commit": "off", "autovacuum_naptime": "'1min'",
    "shared_buffers": "'256MB'", "max_connections": "300",
}  # fmt: skip


class Servers:
    """Started on first use by the controlling process, stopped at the end of the run."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="masteria-test-"))
        self.folder.chmod(0o755)
        clusters.make(self.folder / "template", **_FAST)
        clusters.copy_to(self.folder / "pg")
        self.postgres = Postgres(self.folder / "pg", **_FAST)
        self.valkey = start_valkey(self.folder / "valkey", settings={"appendonly": "no"})
        os.environ["TEST_PG_SOCKETS"] = self.postgres.socket_folder
        os.environ["TEST_VALKEY"] = self.valkey.connection_url

    def stop(self) -> None:
        self.postgres.stop()
        self.valkey.terminate()
        shutil.rmtree(self.folder, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    _say_plainly()
    _read_authorities_once()
    _hash_cheaply()
    if not hasattr(config, "workerinput") and "TEST_PG_SOCKETS" not in os.environ:
        config.stash[_KEY] = Servers()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Minutes())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """For `tests/again.py`: what failed, one test a line."""
    if path := os.environ.get("TEST_FAILED"):
        reports = [report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, [])]
        Path(path).write_text("\n".join(dict.fromkeys(report.nodeid.partition("@")[0] for report in reports)))


class _Minutes:
    """Says at the end how busy the processors were. Only where the run is reported, not in the processes that do it."""

    def __init__(self) -> None:
        self._busy = Busy()

    def pytest_runtest_logreport(self) -> None:
        self._busy.look()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        self._busy.look(last=True)
        if len(self._busy.shares) > 1:
            terminalreporter.write_line(f"Processors in use, per cent of each minute: {' '.join(map(str, self._busy.shares))}")


def _say_plainly() -> None:
    """Tracebacks as Python writes them: those that structlog draws by itself take a second each, and tests provoke hundreds."""
    processors = structlog.get_config()["processors"][:-1]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, renderer])


def _read_authorities_once() -> None:
    """Each HTTP client reads the machine's certificate authorities, for 40 ms; tests make hundreds that never meet one."""
    read = ssl.create_default_context
    kept = functools.cache(read)

    def context(
        purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH, *, cadata: str | bytes | None = None, **files: Any
    ) -> ssl.SSLContext:
        return read(purpose, cadata=cadata, **files) if cadata else kept(purpose, **files)

    ssl.create_default_context = context


_DEAR = passwords._hasher


def _hash_cheaply() -> None:
    """A password of the product costs a hundredth of a second and 19 MiB on purpose; tests set and try hundreds. Programs that tests start
    hash as they do, and `dear_passwords` holds the cost."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords.DECOY = attempts.DECOY = passwords._hasher.hash("nobody has this password")


@pytest.fixture
def dear_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at the product's cost."""
    monkeypatch.setattr(passwords, "_hasher", _DEAR)


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(_KEY, None)
    if servers is not None:
        servers.stop()


_KEY = pytest.StashKey[Servers]()


_PAGES = (
    "every_page",
    "main_job",
    "first_campaign",
    "opt_out",
    "navigation",
    "boards",
    "forms",
    "feedback",
    "files",
    "signup_window",
)
"""Browser tests that ask nothing of how the simulator behaves, or say it themselves: half of the time of all."""
_LONG = {
    **{f"tests/e2e/test_{name}.py": "pages" for name in _PAGES},
    "tests/e2e/": "people",
    "tests/faults/test_programs.py": "programs",
    "tests/faults/test_surroundings.py": "surroundings",
    "tests/faults/": None,
    "tests/workers/imports/test_bombs.py": None,
    "tests/api/test_nasty_input.py": None,
    "tests/api/test_fuzz.py": "fuzz",
    "tests/db/test_backup.py": "backups",
    "tests/api/hooks/test_outage.py": "outages",
    "tests/db/test_blobs.py": "blobs",
    "tests/workers/sandbox/test_retell.py": "retell",
    "tests/workers/providers/test_retell.py": "retell",
    "tests/db/test_migrate.py": "roles",
    "tests/db/test_roles.py": "roles",
    "tests/architecture/": "source",
    "tests/api/test_error_codes.py": "source",
}
"""What takes longest, in the order in which it begins, so that no process is left with it at the end; and what of it one process does,
because it shares an installation, servers and databases of its own, what was read of the source, a package that is slow to load, or
changes what the databases of a server have in common: its roles."""


def _long(nodeid: str) -> str | None:
    return next((start for start in _LONG if nodeid.startswith(start)), None)


class _Groups(LoadGroupScheduling):
    """What is used by several tests is made by one process."""

    def _split_scope(self, nodeid: str) -> str:
        return _LONG.get(_long(nodeid) or "") or nodeid


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = list(_LONG)
    items.sort(key=lambda item: order.index(start) if (start := _long(item.nodeid)) else len(order))


def pytest_collectstart() -> None:
    """Only where tests are collected: until that is done, everything is made to stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look at it again in the middle of each test, and looks seldom, as our programs'."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 25, 50)
    gc.enable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # the order is ours, not that of how many tests a group has
    return _Groups(config, log)


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


def _number() -> int:
    """This process among the xdist workers."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of this test process: its own database, its own Valkey database, its own data folder."""
    sockets = os.environ["TEST_PG_SOCKETS"]
    folder = Path(tempfile.mkdtemp(prefix="masteria-data-"))
    return Settings(
        database_url=f"postgresql://masteria_app@/test_{_number()}?host={sockets}",
        database_owner_url=f"postgresql://postgres@/test_{_number()}?host={sockets}",
        valkey_url=f"{os.environ['TEST_VALKEY']}/{_number()}",
        data_dir=folder,
        secret_keys="k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        pool_size=20,
        meta_app_id="sandbox",
        google_client_id="sandbox",
        facebook_app_id="sandbox",
        oidc_issuer="sandbox",
        oidc_name="Entrada",
    )


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Settings]:
    """The migrated database of this process, with the engine and Valkey connected."""
    sockets = os.environ["TEST_PG_SOCKETS"]
    connection = await asyncpg.connect(f"postgresql://postgres@/postgres?host={sockets}")
    await connection.execute(f'drop database if exists "test_{_number()}" with (force)')
    for _ in range(50):  # two processes may not copy the template at the same moment
        try:
            await connection.execute(f'create database "test_{_number()}" template "{clusters.TEMPLATE}"')
            break
        except asyncpg.ObjectInUseError:
            await asyncio.sleep(0.1)
    await connection.close()
    crypto.load_ring(settings.secret_keys, settings.data_dir)
    valkey.connect(settings.valkey_url)
    queue.forget_queues()
    await open_pools(settings, size=settings.pool_size)
    installation.forget()
    await installation.look(settings.data_dir, holds.hold_everything, holds.recover)
    yield settings
    await close_pools()
    await valkey.close()
    queue.forget_queues()


@asynccontextmanager
async def running(app: "Litestar") -> AsyncIterator[None]:
    """The app's lifespan, in one task of its own: pytest sets up and tears down a fixture in two."""
    started, ending = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await ending.wait()

    task = asyncio.create_task(live())
    await asyncio.wait({asyncio.create_task(started.wait()), task}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        ending.set()
        await task


@pytest.fixture(scope="session")
async def app(database: Settings) -> AsyncIterator["Litestar"]:
    """The running app of this test process."""
    from api.app import create_app  # slow to import, and not every run needs it

    app = create_app(database)
    async with running(app):
        yield app


@pytest.fixture(scope="session")
async def owner_connections(database: Settings) -> AsyncIterator[asyncpg.Pool]:
    """Superuser connections of this test process: a new one for each test would read the catalogue anew each time."""

    async def as_new(connection: asyncpg.Connection) -> None:
        await connection.execute(f"{connection.get_reset_query()} reset session authorization; discard temp")

    # A walk through all operations makes one of everything by a hundred statements each time: they stay prepared.
    kept = {"statement_cache_size": 1000, "max_cached_statement_lifetime": 0}
    async with asyncpg.create_pool(database.database_owner_url, min_size=0, max_size=5, reset=as_new, **kept) as pool:
        yield pool


@pytest.fixture
async def owner_db(owner_connections: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """A superuser connection that sees every row: for setting scenes and for proving what is stored."""
    async with owner_connections.acquire() as connection:
        yield connection


async def make_company(owner_db: asyncpg.Connection, name: str = "Loja Aurora") -> Actor:
    """A company with one owner; returns the owner as an Actor."""
    company_id: UUID = await owner_db.fetchval("insert into company(name) values ($1) returning id", name)
    user_id: UUID = await owner_db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, 'Ana Lima', 'x') returning id",
        f"{uuid4().hex}@example.com",
    )
    await owner_db.execute("insert into membership(company_id, user_id, role) values ($1, $2, 'owner')", company_id, user_id)
    return member(company_id, user_id, built_in(Role.OWNER))


@pytest.fixture
async def owner(owner_db: asyncpg.Connection) -> Actor:
    """The owner of a fresh company."""
    return await make_company(owner_db)


@pytest.fixture
async def stranger(owner_db: asyncpg.Connection) -> Actor:
    """The owner of another company."""
    return await make_company(owner_db, "Outra Loja")
