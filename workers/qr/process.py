"""One gateway process: its gateways with the engines beneath them (`side.py`), and the lanes that send over their sessions.

SIGTERM: no new claim, what is on the wire ends, connections are closed and their leases freed.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import structlog

from db import blobs, crypto, installation, valkey
from db.engine import DB, close_pools, open_pools
from db.errors import Unavailable
from db.holds import actions as holds
from db.messages import due
from db.qr import sessions
from db.settings import Settings
from workers.progress import progress
from workers.providers.wire import Wire
from workers.qr import shown
from workers.qr.client import SessionClient
from workers.qr.gateway import RENEW
from workers.qr.lanes import SessionLanes, SessionSender
from workers.qr.side import Side
from workers.turns import Lane, Turn

log = structlog.get_logger("workers.qr")

LOOK = 1.0
"""Seconds between looks for sessions that are free, and for messages to send."""


class Process:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.draining = asyncio.Event()
        self.wire = Wire(timeout=settings.send_timeout, connect_timeout=settings.connect_timeout)
        self.clients: dict[UUID, SessionClient] = {}
        self.lanes = SessionLanes(settings, SessionSender(settings, self.wire, self.clients), self.clients)
        kinds = (False, True) if settings.sandbox_url else (False,)
        self.sides = [Side(settings, self.wire, self.clients, self.draining, sandbox=sandbox) for sandbox in kinds]

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
            rounds: list[tuple[str, float, Callable[[], Awaitable[object]]]] = [
                ("installation", 1.0, self._look), ("send", LOOK, self._send), ("strand", 30.0, sessions.strand), ("lift", 30.0, sessions.lift),
            ]  # fmt: skip
            for side in self.sides:
                rounds += [
                    ("renew", RENEW, side.renew), ("take", LOOK, side.take), ("watch", 15.0, side.watch), ("files", 5.0, side.files),
                    ("read", LOOK, partial(shown.tell_read, side.gateway)), ("typing", LOOK, partial(shown.show_typing, side.gateway)),
                    ("writers", LOOK, partial(shown.watch_writers, side.gateway)),
                    ("presence", 10.0, partial(shown.show_presence, side.gateway)), ("groups", 3.0, partial(shown.ask_names, side.gateway)),
                ]  # fmt: skip
            tasks = [asyncio.create_task(self._loop(*one)) for one in rounds]
            tasks += [asyncio.create_task(side.keep()) for side in self.sides]
            tasks.append(asyncio.create_task(progress.run()))
            log.info("gateway.ready", owner=self.sides[0].gateway.owner)
            await self.draining.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.worker_drain):
                    await self.lanes.drain()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=3)
            for side in self.sides:
                if side.engine is not None:
                    await side.gateway.close()
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

    # sessions

    async def _send(self) -> None:
        """One lane for each open session that has something to send, beside each other."""
        ready = {channel_id for channel_id, client in self.clients.items() if client.speaks}
        channels = [one for one in await due.channels_with_work() if one.id in ready] if ready else []
        turns = [Turn(Lane(one.company_id, one.id, 0)) for one in channels]
        for done in await asyncio.gather(*(self.lanes.run(*turn.lane, turn) for turn in turns), return_exceptions=True):
            if isinstance(done, Exception) and not isinstance(done, (Unavailable, *valkey.Down)):
                log.error("gateway.lane", error=repr(done)[:300], exc_info=done)
