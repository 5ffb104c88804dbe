"""Connections go by turns of companies: who asks for many keeps nobody else waiting."""

import asyncio
from contextlib import suppress
from uuid import UUID

import asyncpg

from db.engine import DB
from db.permissions import Permission
from db.shares import Gate
from db.tenancy import Actor
from db.work import work

BIG, SMALL, TINY = (UUID(int=number) for number in (1, 2, 3))


class Stage:
    """A gate, and who went in."""

    def __init__(self, places: int) -> None:
        self.gate = Gate(places)
        self.inside: list[UUID] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, company_id: UUID, times: int = 1) -> None:
        async def enter() -> None:
            await self.gate.enter(company_id)
            self.inside.append(company_id)

        self.tasks += [asyncio.create_task(enter()) for _ in range(times)]
        await self.settle()

    async def leave(self, company_id: UUID) -> None:
        self.gate.leave(company_id)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_a_company_never_holds_the_last_place() -> None:
    stage = Stage(4)
    await stage.ask(BIG, 10)
    assert stage.inside == [BIG] * 3
    await stage.ask(SMALL)
    assert stage.inside[3:] == [SMALL]
    await stage.end()


async def test_the_only_place_there_is_may_be_taken() -> None:
    stage = Stage(1)
    await stage.ask(BIG)
    assert stage.inside == [BIG]


async def test_a_free_place_goes_to_who_holds_the_fewest_then_to_who_waited_longest() -> None:
    stage = Stage(3)
    await stage.ask(BIG, 10)
    await stage.ask(SMALL, 3)
    await stage.ask(TINY, 3)
    assert stage.inside == [BIG, BIG, SMALL]
    await stage.leave(BIG)
    await stage.leave(SMALL)
    await stage.leave(BIG)
    await stage.leave(TINY)
    assert stage.inside[3:] == [TINY, SMALL, BIG, TINY]
    await stage.end()


async def test_who_gives_up_waiting_takes_no_place_with_it() -> None:
    stage = Stage(2)
    await stage.ask(BIG)
    await stage.ask(SMALL, 3)
    waiting = stage.tasks[2:]
    waiting[0].cancel()  # and a place becomes free before it noticed
    stage.gate.leave(SMALL)
    await stage.settle()
    assert stage.inside == [BIG, SMALL, SMALL]
    stage.gate.leave(SMALL)
    await stage.ask(TINY)
    late = asyncio.create_task(stage.gate.enter(SMALL))
    await stage.settle()
    stage.gate.leave(TINY)  # its turn has come, and it is cancelled before it noticed
    late.cancel()
    with suppress(asyncio.CancelledError):
        await late
    await stage.ask(TINY)
    assert stage.inside[3:] == [TINY, TINY]
    await stage.end()


async def test_units_of_work_of_one_company_leave_a_connection_to_another(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    assert DB.pool is not None
    size, held, go = DB.pool.get_max_size(), asyncio.Semaphore(0), asyncio.Event()

    async def hold() -> None:
        async with work(owner, Permission.CONTACTS_WRITE):
            held.release()
            await go.wait()

    holding = [asyncio.create_task(hold()) for _ in range(size + 3)]
    for _ in range(size - 1):
        await held.acquire()
    async with asyncio.timeout(60), work(stranger, Permission.CONTACTS_WRITE) as w:
        assert await w.fetchval("select current_setting('app.company')") == str(stranger.company_id)
    assert held.locked()
    go.set()
    await asyncio.gather(*holding)
    assert DB.pool.get_idle_size() == DB.pool.get_size()
