"""Turns by company: who works next is decided by how many of a company work already, and who has too many gives up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from workers.turns import Lane, Turn, Turns

BIG, SMALL, TINY = (UUID(int=number) for number in (1, 2, 3))


class Stage:
    """Lanes that work until they are told to end, and obey at once when their turn is over if `obedient`."""

    def __init__(self, slots: int) -> None:
        self.turns = Turns(slots, self._run, self._again)
        self.more = False
        self.began: list[UUID] = []
        self.working: dict[Lane, asyncio.Event] = {}
        self.obedient = False

    async def _again(self, lane: Lane) -> None:
        self.turns.add(lane)

    async def _run(self, turn: Turn) -> bool:
        self.began.append(turn.lane.company_id)
        done = self.working[turn.lane] = asyncio.Event()
        waits = [asyncio.create_task(done.wait())] + [asyncio.create_task(turn.sleep(60))] * self.obedient
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        del self.working[turn.lane]
        return self.more

    def add(self, company_id: UUID, lanes: int = 1) -> list[Lane]:
        made = [Lane(company_id, uuid4(), 0) for _ in range(lanes)]
        for lane in made:
            self.turns.add(lane)
        return made

    async def settle(self) -> Counter[UUID]:
        """When all have moved: how many of each company work."""
        for _ in range(20):
            await asyncio.sleep(0)
        return Counter(lane.company_id for lane in self.working)

    async def end(self, company_id: UUID) -> None:
        """The longest at work of this company comes to its end."""
        next(done for lane, done in self.working.items() if lane.company_id == company_id).set()
        await self.settle()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage(8)
    yield made
    while made.working or made.turns._waiting:
        for done in list(made.working.values()):
            done.set()
        await made.settle()


async def test_a_free_slot_goes_to_the_company_with_the_fewest_at_work(stage: Stage) -> None:
    stage.add(BIG, 40)
    assert await stage.settle() == {BIG: 7}
    stage.add(SMALL)
    stage.add(TINY)
    await stage.settle()
    assert stage.began[7:] == [SMALL]  # at once: one slot is always left
    await stage.end(BIG)
    await stage.end(BIG)
    assert stage.began[8:] == [TINY, BIG]


async def test_who_has_more_than_its_share_gives_up_one_slot_for_each_that_waits(stage: Stage) -> None:
    stage.obedient = True
    stage.add(BIG, 40)
    await stage.settle()
    stage.add(SMALL)
    stage.add(TINY)
    assert await stage.settle() == {BIG: 6, SMALL: 1, TINY: 1}
    assert stage.began[7:] == [SMALL, TINY]


async def test_equals_share_equally_and_nobody_is_sent_away_in_vain(stage: Stage) -> None:
    stage.obedient = True
    stage.add(BIG, 40)
    stage.add(SMALL, 40)
    assert await stage.settle() == {BIG: 4, SMALL: 4}
    assert len(stage.began) == 11  # three gave up, once
    stage.add(TINY, 40)
    assert await stage.settle() in ({BIG: 3, SMALL: 3, TINY: 2}, {BIG: 3, SMALL: 2, TINY: 3}, {BIG: 2, SMALL: 3, TINY: 3})


async def test_more_companies_than_slots_take_turns(stage: Stage) -> None:
    stage.add(BIG, 7)
    stage.add(SMALL)
    await stage.settle()
    companies = [UUID(int=number) for number in range(10, 30)]
    for company_id in companies:
        stage.add(company_id, 2)
    for number in range(40):
        await stage.end(stage.began[number])
    assert stage.began[8:] == companies * 2


async def test_a_lane_waits_or_works_once(stage: Stage) -> None:
    [lane] = stage.add(BIG)
    stage.turns.add(lane)
    assert await stage.settle() == {BIG: 1}
    assert lane in stage.turns
    await stage.end(BIG)
    assert lane not in stage.turns
    assert len(stage.began) == 1


async def test_who_has_more_to_do_waits_behind_the_others(stage: Stage) -> None:
    stage.add(BIG, 7)
    stage.add(SMALL)
    await stage.settle()
    stage.more = True
    await stage.end(BIG)
    assert await stage.settle() == {BIG: 7, SMALL: 1}
    stage.add(TINY)
    await stage.end(BIG)
    assert stage.began[8:] == [BIG, TINY]
    stage.more = False
