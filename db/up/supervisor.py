"""`just up`: starts everything in the right order, keeps it running, tells the person what matters, stops it on Ctrl-C.

Programs that need no database (screens, sandbox) load while the servers start; the demo company is made while the API and
the workers load. Nothing is announced before it answers.
"""

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from db.deployment import Refused, on_this_machine, refuse_published_password, refuse_without_mail
from db.settings import Settings
from db.up.lock import MARK, Lock, Running
from db.up.output import bold, dim, say
from db.up.ports import Port, problem
from db.up.programs import Program, Supervised
from db.up.ready import answers

_STOP_ORDER = (("ui",), ("api",), ("workers", "gateway"), ("sandbox",), ("db",))
SESSIONS_EVERY = 3.0  # seconds between looks whether a number is connected by a code


class Supervisor:
    """One `up`, from the port check to the last process."""

    def __init__(self, settings: Settings, *, demo: bool) -> None:
        self._settings = settings
        self._demo = demo
        self._programs: dict[str, Supervised] = {}
        self._stop = asyncio.Event()
        self._interrupts = 0
        self._began = time.monotonic()
        self._phases: list[tuple[str, float]] = []
        self._env: dict[str, str] = {}

    async def run(self, lock: Lock) -> int:
        """Returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._interrupt)
        self._env = environment(self._settings, lock.run)
        code = 0
        try:
            if await self._until_stopped(self._start()):
                await self._until_stopped(self._gateway())
                await self._stop.wait()
        except Exception as error:
            say(f"{bold('Master IA')} could not start: {error}")
            code = 1
        finally:
            await self._shut_down()
        return code

    async def _until_stopped(self, work: Awaitable[None]) -> bool:
        """False when Ctrl-C came first."""
        task = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
            return False
        task.result()
        return True

    def _interrupt(self) -> None:
        self._interrupts += 1
        self._stop.set()
        if self._interrupts == 2:
            say("Stopping hard.")
            for program in self._programs.values():
                if program.program.name != "db":  # the servers always get to write their data
                    program.kill()

    # start

    async def _start(self) -> None:
        settings = self._settings
        if settings.embedded_database or settings.embedded_valkey:
            self._launch("db")
        self._launch("ui")
        if settings.sandbox_url:
            self._launch("sandbox")
        await asyncio.to_thread(_load_modules)
        if "db" in self._programs:
            await self._programs["db"].wait_ready()
            from db import embedded

            found = embedded.running(settings)
            if found is None:
                raise RuntimeError("the servers ended as soon as they had started; see " + str(self._programs["db"].output.path))
            settings = embedded.with_addresses(settings, found)
        self._phase("servers")
        self._env.update(
            DATABASE_URL=settings.database_url,
            DATABASE_OWNER_URL=settings.database_owner_url,
            VALKEY_URL=settings.valkey_url,
        )
        await self._migrate(settings)
        self._launch("api")
        self._launch("workers")
        login = await self._seed(settings)
        await asyncio.gather(*(self._slow(program) for program in self._programs.values()))
        self._phase("programs")
        self._announce(login)

    async def _gateway(self) -> None:
        """Starts the gateway once there is a number that is connected by a code: nobody else needs its engine."""
        from db.up.servers import has_sessions

        owner = self._env.get("DATABASE_OWNER_URL") or self._env.get("DATABASE_URL") or self._settings.database_url
        while not await has_sessions(owner):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), SESSIONS_EVERY)
                return
        self._launch("gateway")

    async def _slow(self, program: Supervised) -> None:
        """Waits for a program, and says for which when it takes long."""
        while not program.up.is_set():
            try:
                await asyncio.wait_for(program.wait_ready(), 15)
            except TimeoutError:
                say(dim(f"Still waiting for {program.program.title}; its log is {program.output.path}."))

    async def _migrate(self, settings: Settings) -> None:
        from db.migrate import migrate
        from db.up.servers import wait_for_database

        owner = settings.database_owner_url or settings.database_url
        await wait_for_database(owner, 30)
        ran = await migrate(owner)
        self._phase(f"migrations ({len(ran)} new)")
        try:
            await refuse_published_password(settings)
        except Refused as refused:
            raise RuntimeError(str(refused)) from None

    async def _seed(self, settings: Settings) -> tuple[str, str] | None:
        if not self._demo:
            return None
        from db.crypto import load_ring
        from db.seed.accounts import EMAIL, PASSWORD
        from db.seed.demo import seed

        load_ring(settings.secret_keys, settings.data_dir)
        await seed(settings)
        self._phase("demo company")
        return EMAIL, PASSWORD

    def _launch(self, name: str) -> None:
        supervised = Supervised(program(name, self._settings, dict(self._env)), self._settings.data_dir / "logs")
        self._programs[name] = supervised
        supervised.start()

    def _phase(self, name: str) -> None:
        self._phases.append((name, time.monotonic() - self._began))

    def _announce(self, login: tuple[str, str] | None) -> None:
        settings = self._settings
        rows = [("Open", settings.public_url)]
        if login:
            rows += [("Sign in", f"{login[0]}  ·  password {login[1]}")]
        rows += [("API", f"http://127.0.0.1:{settings.api_port}/docs")]
        if settings.sandbox_url:
            rows += [("Sandbox", f"mails it caught: {settings.sandbox_url}/mail")]
        rows += [("Data", f"{settings.data_dir}/  (logs in {settings.data_dir}/logs)")]
        took = time.monotonic() - self._began
        say()
        say(f"  {bold('Master IA')} is ready after {took:.1f} s. Ctrl-C stops it and keeps the data.")
        say()
        for label, text in rows:
            say(f"  {dim(label.ljust(8))} {text}")
        say()
        if os.environ.get("UP_PHASES"):
            say("  " + "  ".join(f"{name} {at:.1f} s" for name, at in self._phases))

    # stop

    async def _shut_down(self) -> None:
        if self._interrupts and self._programs:
            say()
            say("Stopping: messages on their way are finished first. Ctrl-C again stops hard.")
        for names in _STOP_ORDER:
            await asyncio.gather(*(self._programs[name].stop() for name in names if name in self._programs))
        if self._programs:
            say(f"Stopped. The data is in {self._settings.data_dir}/.")


def environment(settings: Settings, run: str) -> dict[str, str]:
    """What every program is told."""
    return {
        **os.environ,
        MARK: run,
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(settings.data_dir.resolve()),
        "PUBLIC_URL": settings.public_url,
        "WEBHOOK_URL": settings.webhook_url,
        "API_URL": f"http://127.0.0.1:{settings.api_port}",
        "API_PORT": str(settings.api_port),
        # The web app says where a browser calls from; only programs of this machine can say so to an API on loopback.
        "TRUSTED_PROXIES": str(settings.trusted_proxies or int(settings.api_host in ("127.0.0.1", "localhost", "::1"))),
        "UI_PORT": str(settings.ui_port),
        "UI_SECRET": os.environ.get("UI_SECRET") or _kept_secret(settings.data_dir / "ui.secret"),
        "SANDBOX_URL": settings.sandbox_url,
        "META_APP_ID": settings.meta_app_id,
        "GOOGLE_CLIENT_ID": settings.google_client_id,
        "FACEBOOK_APP_ID": settings.facebook_app_id,
    }


def _load_modules() -> None:
    """What the next steps need, loaded while the servers start."""
    import db.migrate
    import db.seed.demo
    import db.up.servers  # noqa: F401


def _kept_secret(path: Path) -> str:
    """Survives restarts, so that people stay signed in."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii")


def program(name: str, settings: Settings, env: dict[str, str]) -> Program:
    """How each program is started and how it shows that it works."""
    python = [sys.executable, "-m"]
    if name == "db":
        return Program(
            name=name,
            title="The database process",
            argv=[*python, "db", "serve"],
            env=env,
            drain=30,
            ready=_servers_ready(settings),
        )
    if name == "sandbox":
        argv = [
            *python, "workers.sandbox", "--host", "127.0.0.1", "--port", str(settings.sandbox_port),
            "--smtp-port", str(settings.sandbox_smtp_port), "--data", str(settings.data_dir / "sandbox"),
        ]  # fmt: skip
        return Program(
            name=name, title="The sandbox", argv=argv, env=env, ready=_http(f"http://127.0.0.1:{settings.sandbox_port}/")
        )
    if name == "api":
        url = f"http://127.0.0.1:{settings.api_port}/ready"
        return Program(name=name, title="The API", argv=[*python, "api"], env=env, ready=_http(url))
    if name == "ui":
        url = f"http://127.0.0.1:{settings.ui_port}/"
        return Program(name=name, title="The web app", argv=[*python, "ui"], env=env, ready=_http(url))
    if name == "gateway":
        return Program(
            name=name,
            title="The gateway",
            argv=[*python, "workers.gateway"],
            env=env,
            drain=settings.worker_stop,
            ready=_logged("gateway.ready", 5.0),
        )
    return Program(
        name=name,
        title="The worker",
        argv=[*python, "workers"],
        env=env,
        drain=settings.worker_stop,
        ready=_logged("worker.ready", 5.0),
    )


Ready = Callable[[set[str]], Awaitable[bool]]


def _http(url: str) -> Ready:
    async def ready(_events: set[str]) -> bool:
        return await answers(url)

    return ready


def _logged(event: str, at_most: float) -> Ready:
    """The program says so, or lives for so many seconds (a higher log level keeps it silent)."""
    began = time.monotonic()

    async def ready(events: set[str]) -> bool:
        return event in events or time.monotonic() - began > at_most

    return ready


def _servers_ready(settings: Settings) -> Ready:
    async def ready(_events: set[str]) -> bool:
        from db.embedded import running

        return running(settings) is not None

    return ready


def ports(settings: Settings) -> list[Port]:
    """Every port that `up` will listen on."""
    wanted = [
        Port("the web app", os.environ.get("UI_HOST", "127.0.0.1"), settings.ui_port, "UI_PORT"),
        Port("the API", settings.api_host, settings.api_port, "API_PORT"),
    ]
    if settings.sandbox_url:
        wanted += [
            Port("the sandbox", "127.0.0.1", settings.sandbox_port, "SANDBOX_PORT"),
            Port("the sandbox's mail", "127.0.0.1", settings.sandbox_smtp_port, "SANDBOX_SMTP_PORT"),
        ]
    return wanted


def up(settings: Settings, *, demo: bool) -> int:
    """Runs until Ctrl-C; returns the exit code. The demo company is made where only this machine can open the panel."""
    refuse_without_mail(settings)
    if demo and not on_this_machine(settings):
        say(f"Without the demo company, whose password everybody can read: {settings.public_url} is not this machine alone.")
        demo = False
    if demo and not settings.meta_app_id:
        settings = msgspec.structs.replace(settings, meta_app_id="sandbox")  # nobody has an app yet, but may see the window
    if demo and settings.local and settings.sandbox_url and not (settings.google_client_id or settings.facebook_app_id):
        settings = msgspec.structs.replace(settings, google_client_id="sandbox", facebook_app_id="sandbox")
    try:
        lock = Lock(settings.data_dir, f"http://127.0.0.1:{settings.ui_port}")
    except Running as error:
        say(str(error))
        return 1
    try:
        if lock.stale:
            more = f" {lock.left} of its programs were still there and have been ended." if lock.left else ""
            say(f"The last run (process {lock.stale.get('pid', '?')}) did not end properly: its lock is taken over.{more}")
        taken = [text for port in ports(settings) if (text := problem(port))]
        for text in taken:
            say(text)
        if taken:
            return 1
        say(f"Starting {bold('Master IA')} …")
        return asyncio.run(Supervisor(settings, demo=demo).run(lock))
    finally:
        lock.release()
