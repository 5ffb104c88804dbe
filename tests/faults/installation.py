"""Where a scenario happens: an installation of its own, or one that several share because each leaves it whole."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg
import httpx
import msgspec

from tests.bench.harness import harness
from tests.bench.ports import free_ports
from tests.faults.harness import HORIZON, World
from tests.silence import way_to


@asynccontextmanager
async def _installation(*, by_way: bool = False, **settings: Any) -> AsyncIterator[World]:
    """Servers, and no program yet."""
    api, sandbox, port = free_ports(3)
    async with harness(
        postgres={"fsync": "off", "shared_buffers": "'128MB'"},
        port=port,
        api_port=api,
        sandbox_port=sandbox,
        sandbox_url=f"http://127.0.0.1:{sandbox}",
        webhook_url=f"http://127.0.0.1:{api}",
        send_timeout=2.0,
        send_lease=7.0,
        **settings,
    ) as base:
        db = await asyncpg.connect(base.settings.database_owner_url)
        async with httpx.AsyncClient(timeout=60) as http, way_to(f"{base.postgres.socket_folder}/.s.PGSQL.5432") as way:
            if by_way:
                address = f"postgresql://masteria_app@127.0.0.1:{way.port}/masteria?sslmode=disable"
                base.settings = msgspec.structs.replace(base.settings, database_url=address)
            made = World(base, http, db, way)
            try:
                yield made
            finally:
                with suppress(Exception):
                    await made.db.close()
                shutil.rmtree(base.folder / "sandbox", ignore_errors=True)


@asynccontextmanager
async def _own(workers: int, *, by_way: bool) -> AsyncIterator[World]:
    async with _installation(by_way=by_way) as made:
        await made.up(workers)
        yield made


class _Kept:
    """An installation that one scenario leaves to the next, or shares with those beside it; after one that failed there is a new one."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._world: World | None = None
        self._users = 0
        self._broken = False

    @asynccontextmanager
    async def world(self, workers: int) -> AsyncIterator[World]:
        async with self._lock:
            if self._world is None:
                self._world = await self._stack.enter_async_context(_installation())
            elif not self._users:
                self._world.base.enter()
            self._users += 1
            world = self._world
        mine = world
        try:
            async with self._lock:
                await world.up(workers)
            mine = await world.beside()
            yield mine
        except BaseException:
            self._broken = True
            raise
        finally:
            if mine is not world:
                with suppress(Exception):
                    await mine.db.close()
            self._users -= 1
            if not self._users:
                await self._leave()

    async def _leave(self) -> None:
        if self._world is None:
            return
        if self._broken:
            self._world, self._broken = None, False
            await self._stack.aclose()
        else:
            self._world.base.leave()

    async def close(self) -> None:
        if self._world is not None:
            self._world.base.enter()
            await self._stack.aclose()


_kept: _Kept | None = None


@asynccontextmanager
async def sharing() -> AsyncIterator[None]:
    """Scenarios inside share one installation, each with a company of its own, save those that ask to be alone."""
    global _kept
    _kept = _Kept()
    try:
        yield
    finally:
        kept, _kept = _kept, None
        await kept.close()


@asynccontextmanager
async def world(
    recipients: int,
    *,
    kind: str = "whatsapp",
    horizon: float = HORIZON,
    workers: int = 1,
    alone: bool = False,
    by_way: bool = False,
) -> AsyncIterator[World]:
    """An installation that is up, with a company ready to launch. `alone`: nobody else uses its servers, before or after;
    `by_way`: so, and its programs reach Postgres by `World.way`."""
    async with _kept.world(workers) if _kept and not alone and not by_way else _own(workers, by_way=by_way) as made:
        await made.settle_in(recipients, kind, horizon)
        yield made
