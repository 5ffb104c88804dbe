"""One gateway process: the engine beneath it, the leases of its sessions, and the lanes that send over them.

The engine is installed and started when the first session is to be opened, and started again when it dies. SIGTERM: no new claim, what is
on the wire ends, connections are closed and their leases freed.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable

import structlog

from db import blobs, crypto, installation, valkey
from db.engine import DB, close_pools, open_pools
from db.errors import Unavailable
from db.holds import actions as holds
from db.messages import due
from db.qr import sessions, wanted
from db.settings import Settings
from workers.progress import progress
from workers.providers.wire import Wire
from workers.qr import install, shown
from workers.qr.bridge import Bridge
from workers.qr.gateway import RENEW, Gateway
from workers.qr.lanes import SessionLanes, SessionSender
from workers.qr.port import Lost
from workers.turns import Lane, Turn

log = structlog.get_logger("workers.qr")

LOOK = 1.0
"""Seconds between looks for sessions that are free, and for messages to send."""
SOONEST, LATEST = 1.0, 30.0
"""Seconds until an engine that died is started again."""
PATIENCE = 10.0


class Process:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.draining = asyncio.Event()
        self.gateway = Gateway(f"{socket.gethostname()}:{os.getpid()}")
        self.wire = Wire(timeout=settings.send_timeout, connect_timeout=settings.connect_timeout)
        self.lanes = SessionLanes(settings, SessionSender(settings, self.wire, self.gateway.clients), self.gateway.clients)
        self._engine: Bridge | None = None

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        settings = self.settings
        crypto.load_ring(settings.secret_keys, settings.data_dir)
        valkey.connect(settings.valkey_url)
        valkey.watch(patience=2.0)
        blobs.connect(settings)
        await open_pools(settings, size=max(settings.pool_size, 8), statement_timeout=60, idle_timeout=settings.transaction_idle)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain)
        async with self.wire:
            rounds = (
                ("installation", 1.0, self._look), ("renew", RENEW, self._renew), ("take", LOOK, self._take), ("send", LOOK, self._send),
                ("strand", 30.0, sessions.strand), ("lift", 30.0, sessions.lift), ("watch", 15.0, self._watch), ("files", 5.0, self._files),
                ("read", LOOK, lambda: shown.tell_read(self.gateway)), ("typing", LOOK, lambda: shown.show_typing(self.gateway)),
            )  # fmt: skip
            tasks = [asyncio.create_task(self._loop(*one)) for one in rounds]
            tasks.append(asyncio.create_task(self._engines()))
            tasks.append(asyncio.create_task(progress.run()))
            log.info("gateway.ready", owner=self.gateway.owner)
            await self.draining.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.worker_drain):
                    await self.lanes.drain()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=3)
            if self._engine is not None:
                await self.gateway.close()
        await close_pools()
        await valkey.close()
        await blobs.close()

    def _drain(self) -> None:
        self.lanes.draining = True
        self.draining.set()

    async def _loop(self, name: str, seconds: float, run_round: Callable[[], Awaitable[object]]) -> None:
        while not self.draining.is_set():
            try:
                await run_round()
            except Unavailable:
                await DB.back(5.0)
            except valkey.Down:
                log.debug("gateway.waits", loop=name)
            except Exception as error:
                log.warning("gateway.failed", loop=name, error=repr(error)[:300], exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.draining.wait(), seconds)

    async def _look(self) -> None:
        if await installation.look(self.settings.data_dir, holds.hold_everything, holds.recover):
            await self.lanes.repeat()

    # the engine

    async def _engines(self) -> None:
        """Starts one when it is wanted first, and another whenever it died."""
        pause = SOONEST
        while not self.draining.is_set():
            try:
                if await wanted.any_session():
                    engine = await self._started()
                    pause = SOONEST
                    await engine.gone.wait()
                    log.error("gateway.engine_died")
                    self._engine = None
                    await self.gateway.engine_died()
            except (Lost, install.NotInstalled) as error:
                log.error("gateway.no_engine", error=str(error)[:500])
                await wanted.no_engine()
            except Unavailable:
                await DB.back(5.0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.draining.wait(), pause)
            pause = min(LATEST, pause * 2)

    async def _started(self) -> Bridge:
        folder = self.settings.data_dir.resolve() / "qr"
        node = await install.prepare(folder)
        version = self.settings.wa_version
        engine = await Bridge.started(self.gateway, node, folder, {"WA_VERSION": version} if version else None)
        self.gateway.port = engine
        await sessions.renewed(engine.engine)
        self._engine = engine
        log.info("gateway.engine", engine=engine.engine, pid=engine.pid)
        return engine

    # sessions

    async def _renew(self) -> None:
        if self._engine is not None:
            await self.gateway.renew()

    async def _watch(self) -> None:
        if self._engine is not None:
            await self.gateway.watch()

    async def _files(self) -> None:
        if self._engine is not None:
            await self.gateway.allow_files()

    async def _take(self) -> None:
        if self._engine is not None and not self._engine.gone.is_set():
            await self.gateway.take()

    async def _send(self) -> None:
        """One lane for each open session that has something to send, beside each other."""
        ready = {channel_id for channel_id, client in self.gateway.clients.items() if client.speaks}
        channels = [one for one in await due.channels_with_work() if one.id in ready] if ready else []
        turns = [Turn(Lane(one.company_id, one.id, 0)) for one in channels]
        for done in await asyncio.gather(*(self.lanes.run(*turn.lane, turn) for turn in turns), return_exceptions=True):
            if isinstance(done, Exception) and not isinstance(done, (Unavailable, *valkey.Down)):
                log.error("gateway.lane", error=repr(done)[:300], exc_info=done)
