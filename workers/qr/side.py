"""One gateway with the engine beneath it. A program has two: one for numbers of phones, and one for those of the simulator, whose engine is another
process that knows the simulator's server alone. An engine is installed and started when it is wanted first, and started again when it dies.
"""

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog

from db.engine import DB
from db.errors import Unavailable
from db.qr import played, sessions, wanted
from db.settings import Settings
from workers.channels import sandbox_call
from workers.control import Refused
from workers.providers.wire import Wire
from workers.qr import install
from workers.qr.bridge import Bridge
from workers.qr.client import SessionClient
from workers.qr.gateway import Gateway
from workers.qr.port import Lost
from workers.qr.words import words

log = structlog.get_logger("workers.qr")

LOOK = 1.0
"""Seconds between looks whether an engine is wanted."""
SOONEST, LATEST = 1.0, 30.0
"""Seconds until an engine that died is started again."""
MOVED = 15.0
"""Seconds between looks whether the simulator's server is still where it was."""


class _Place(msgspec.Struct):
    """Of the simulator's server."""

    port: int
    root_key: str


class Side:
    def __init__(
        self, settings: Settings, wire: Wire, clients: dict[UUID, SessionClient], draining: asyncio.Event, *, sandbox: bool
    ) -> None:
        self.settings, self.wire, self.draining, self.sandbox = settings, wire, draining, sandbox
        name = f"{socket.gethostname()}:{os.getpid()}"
        self.gateway = Gateway(f"{name}:simulator" if sandbox else name, sandbox=sandbox, clients=clients)
        self.engine: Bridge | None = None

    @property
    def runs(self) -> bool:
        return self.engine is not None and not self.engine.gone.is_set()

    async def keep(self) -> None:
        """Until the end of the program."""
        pause = LOOK
        while not self.draining.is_set():
            try:
                if self.sandbox:
                    await played.wake()
                if await wanted.any_session(sandbox=self.sandbox):
                    engine = await self._started()
                    pause = LOOK
                    await self._ended(engine)
                    log.error("gateway.engine_died", simulator=self.sandbox)
                    self.engine = None
                    await self.gateway.engine_died()
                else:
                    pause = LOOK
            except (Lost, install.NotInstalled, OSError, ValueError) as error:
                log.error("gateway.no_engine", error=str(error)[:500], simulator=self.sandbox)
                await wanted.no_engine(sandbox=self.sandbox)
                pause = max(SOONEST, min(LATEST, pause * 2))
            except Refused as error:  # the simulator is away, and comes back
                log.warning("gateway.no_simulator", error=str(error)[:300])
            except Unavailable:
                await DB.back(5.0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.draining.wait(), pause)

    async def _started(self) -> Bridge:
        folder = self.settings.data_dir.resolve() / "qr"
        node = await install.prepare(folder)
        version = self.settings.wa_version
        environment = {"WA_VERSION": version} if version else {}
        if self.sandbox:
            environment |= self._environment(await self._place(folder))
        engine = await Bridge.started(self.gateway, node, folder, environment)
        if self.sandbox:
            engine.engine += " (simulator)"
        self.gateway.port = engine
        await sessions.renewed(engine.engine, sandbox=self.sandbox)
        self.engine = engine
        log.info("gateway.engine", engine=engine.engine, pid=engine.pid)
        return engine

    async def _ended(self, engine: Bridge) -> None:
        """Waits for its end; one whose server went elsewhere is ended."""
        if not self.sandbox:
            await engine.gone.wait()
            return
        folder = self.settings.data_dir.resolve() / "qr"
        known: _Place | None = None
        while not engine.gone.is_set():
            with contextlib.suppress(Unavailable):
                await played.wake()
            with contextlib.suppress(Refused):
                place = await self._place(folder)
                if known is not None and place != known:
                    await engine.close()
                known = place
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(engine.gone.wait(), MOVED)

    async def _place(self, folder: Path) -> _Place:
        """Raises Refused while the simulator does not answer."""
        body: dict[str, object] = {"words": await asyncio.to_thread(words, folder)}
        return msgspec.json.decode(await sandbox_call(self.settings, self.wire, "POST", "phones", body), type=_Place)

    def _environment(self, place: _Place) -> dict[str, str]:
        host = urlsplit(self.settings.sandbox_url).hostname or "127.0.0.1"
        return {"MASTERIA_ENV": "test", "WA_URL": f"ws://{host}:{place.port}/ws/chat", "WA_ROOT_KEY": place.root_key}

    # rounds, each only while there is an engine

    async def renew(self) -> None:
        if self.engine is not None:
            await self.gateway.renew()

    async def watch(self) -> None:
        if self.engine is not None:
            await self.gateway.watch()

    async def files(self) -> None:
        if self.engine is not None:
            await self.gateway.allow_files()

    async def take(self) -> None:
        if self.runs:
            await self.gateway.take()
