"""The same text does not go to the same number twice within the window, also when two workers race."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.messages import repeats
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

TO, TEXT = "+5511988887777", "Promoção só hoje"


async def ask(actor: Actor, *messages: tuple[UUID, str, str]) -> set[UUID]:
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        return await repeats.repeated(w, {one: (to, text) for one, to, text in messages})


async def test_the_second_one_is_refused_whatever_its_spaces(owner: Actor) -> None:
    first, second, other = uuid4(), uuid4(), uuid4()
    assert await ask(owner, (first, TO, TEXT)) == set()
    assert await ask(owner, (second, TO, " Promoção  só hoje\n"), (other, "+5511977776666", TEXT)) == {second}
    assert await ask(owner, (first, TO, TEXT)) == set()  # a message that is tried again is no second one


async def test_of_two_in_one_slice_one_goes(owner: Actor) -> None:
    some = [(uuid4(), TO, TEXT) for _ in range(3)]
    assert len(await ask(owner, *some)) == 2


async def test_of_two_that_race_the_second_waits_and_is_refused(owner_db: asyncpg.Connection, owner: Actor) -> None:
    inside, go = asyncio.Event(), asyncio.Event()

    async def first() -> set[UUID]:
        async with work(owner, Permission.CAMPAIGNS_SEND) as w:
            found = await repeats.repeated(w, {uuid4(): (TO, TEXT)})
            inside.set()
            await go.wait()
            return found

    one = asyncio.create_task(first())
    await inside.wait()
    two = asyncio.create_task(ask(owner, (uuid4(), TO, TEXT)))
    while not await factories.somebody_waits(owner_db):
        await asyncio.sleep(0.01)
    go.set()
    assert await one == set()
    assert len(await two) == 1


@pytest.mark.parametrize(
    ("state", "free"),
    [
        (MessageState.FAILED, True),
        (MessageState.CANCELLED, True),
        (MessageState.FAILED_UNKNOWN, False),
        (MessageState.SENT, False),
    ],
)
async def test_what_surely_was_not_sent_gives_its_place_back(
    owner_db: asyncpg.Connection, owner: Actor, state: MessageState, free: bool
) -> None:
    channel_id = await factories.channel(owner_db, owner, "sms")
    first: UUID = await owner_db.fetchval(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key) values ($1, $2, $2, $3, 'x') returning id",
        owner.company_id,
        channel_id,
        TO,
    )
    assert await ask(owner, (first, TO, TEXT)) == set()
    await owner_db.execute("update message set state = $2, done_at = clock_timestamp() where id = $1", first, int(state))
    assert (await ask(owner, (uuid4(), TO, TEXT)) == set()) is free


async def test_after_the_window_it_may_be_said_again(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await ask(owner, (uuid4(), TO, TEXT))
    await owner_db.execute("update sent_text set at = now() - interval '25 hours' where company_id = $1", owner.company_id)
    assert await ask(owner, (uuid4(), TO, TEXT)) == set()


async def test_a_company_may_do_without(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute("update company set same_text_hours = 0 where id = $1", owner.company_id)
    await ask(owner, (uuid4(), TO, TEXT))
    assert await ask(owner, (uuid4(), TO, TEXT)) == set()
