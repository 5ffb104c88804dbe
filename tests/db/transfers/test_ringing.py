"""A call that is handed to people: one page rings, one person gets it, and every end has its next step."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.errors import Conflict, Invalid
from db.ids import uuid7
from db.permissions import Permission, Role
from db.tenancy import Actor, worker
from db.transfers import agents, queries, ringing, waiting
from db.transfers.enums import Overflow, TransferOutcome, TransferState
from db.transfers.ringing import Wish
from db.work import work
from tests.api.conftest import make_member
from tests.db.channels.factories import make_channel, make_contact
from workers import calls


class Desk:
    """A company with a number, and people who take calls."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, channel: UUID) -> None:
        self.db, self.owner, self.channel = db, owner, channel

    async def agent(self, *, skills: tuple[str, ...] = ()) -> Actor:
        person = await make_member(self.db, self.owner, Role.AGENT)
        await agents.say(person, available=True, phone="+5511911112222", skills=skills)
        return person

    async def call(self, phone: str = "+5511987654321") -> str:
        """Somebody calls, and speaks with the virtual agent."""
        contact, call_id, name = await make_contact(self.db, self.owner, phone), uuid7(), f"call_{uuid7().hex}"
        await self.db.execute(
            "insert into inbound_message(company_id, id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
            " values ($1, $2, $3, $4, $5, $6, 'call', '', '{\"kind\": \"call\"}', now())",
            self.owner.company_id,
            call_id,
            self.channel,
            contact,
            name,
            phone,
        )
        await self.db.execute(
            "insert into call(company_id, id, channel_id, provider_call_id, stage) values ($1, $2, $3, $4, 1)",
            self.owner.company_id,
            call_id,
            self.channel,
            name,
        )
        await self.db.execute(
            "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) values ($1, $2, $3, $4, now(), now())",
            self.owner.company_id,
            contact,
            self.channel,
            phone,
        )
        return name

    def wish(self, call: str, **more: Any) -> Wish:
        return Wish(
            **{
                "key": uuid7(),
                "provider_call_id": call,
                "attempt_id": None,
                "reason": "Quer uma pessoa",
                "department": "",
                "summary": "Tem pressa",
                **more,
            }
        )

    async def look(self, wish: Wish) -> waiting.Reply:
        return await waiting.look(self.owner.company_id, self.channel, wish)

    async def rung(self) -> list[UUID]:
        rows = await self.db.fetch(
            "select user_id from call_ring where company_id = $1 and state = 'ringing'", self.owner.company_id
        )
        return [row["user_id"] for row in rows]

    async def lapse(self) -> None:
        await self.db.execute(
            "update call_ring set until = now() - interval '1 minute' where company_id = $1 and state = 'ringing'",
            self.owner.company_id,
        )

    async def all(self) -> list[queries.Transfer]:
        return await queries.transfers(self.owner, "all", before=None, limit=50)


@pytest.fixture
async def desk(owner: Actor, owner_db: asyncpg.Connection) -> Desk:
    return Desk(owner_db, owner, await make_channel(owner_db, owner, "voice_retell"))


async def test_who_takes_it_knows_who_it_is_before(desk: Desk) -> None:
    bia = await desk.agent()
    wish = desk.wish(await desk.call())
    assert (await desk.look(wish)).outcome == waiting.STILL_RINGING
    offer = await queries.offer(bia)
    assert offer is not None
    assert (offer.contact_name, offer.reason, offer.summary) == ("Ana", "Quer uma pessoa", "Tem pressa")
    assert await queries.offer(desk.owner) is None
    await ringing.accept(bia, offer.transfer_id)
    told = await desk.look(wish)
    assert (told.outcome, told.number, told.decided) == ("accepted", "+5511911112222", True)
    assert await queries.offer(bia) is None
    lines = await desk.db.fetch("select kind, what from conversation_entry where company_id = $1", desk.owner.company_id)
    assert [(row["kind"], row["what"]) for row in lines] == [("escalated", "Quer uma pessoa")]


async def test_who_took_it_and_is_not_reached_is_followed_by_the_next(desk: Desk) -> None:
    """A provider that tells of it after the call only: the virtual agent asks once more, and that says it."""
    bia = await desk.agent()
    call = await desk.call()
    await desk.look(desk.wish(call))
    offer = await queries.offer(bia)
    assert offer is not None
    await ringing.accept(bia, offer.transfer_id)
    caio = await desk.agent()
    assert (await desk.look(desk.wish(call))).number == "+5511911112222"  # the same moment: their phone rings
    await desk.db.execute("update call_transfer set accepted_at = now() - interval '1 minute' where id = $1", offer.transfer_id)
    assert (await desk.look(desk.wish(call))).outcome == waiting.STILL_RINGING
    assert await desk.rung() == [caio.id]
    row = await desk.db.fetchrow("select state, outcome from call_transfer where id = $1", offer.transfer_id)
    assert tuple(row) == ("ended", "no_answer")
    assert await desk.db.fetchval("select available from call_agent where user_id = $1", bia.id) is False


async def test_refused_and_missed_ring_at_the_next_and_the_last_leaves_something_owed(desk: Desk) -> None:
    people = [await desk.agent() for _ in range(2)]
    wish = desk.wish(await desk.call())
    told = await desk.look(wish)
    [first] = await desk.rung()
    one = next(person for person in people if person.id == first)
    [transfer] = await desk.all()
    await ringing.refuse(one, transfer.id)
    [second] = await desk.rung()
    assert {first, second} == {person.id for person in people}
    with pytest.raises(Conflict):
        await ringing.accept(one, transfer.id)
    await desk.lapse()
    await ringing.round_()
    told = await desk.look(wish)
    assert (told.outcome, told.number, told.decided) == ("no_answer", None, True)
    [transfer] = await desk.all()
    assert (transfer.state, transfer.outcome, transfer.owed) == (
        TransferState.ENDED,
        TransferOutcome.NO_ANSWER,
        Overflow.CALLBACK,
    )
    away = {one.user_id: one.available for one in await agents.agents(desk.owner)}
    assert away == {first: True, second: False}
    assert (await desk.look(wish)).outcome == "no_answer"  # told again it is the same
    assert len(await desk.all()) == 1
    settled = await queries.settle(desk.owner, transfer.id)
    assert settled.settled_at is not None
    assert await queries.transfers(desk.owner, "owed", before=None, limit=9) == []


async def test_nobody_there_is_said_at_once(desk: Desk) -> None:
    await agents.set_queue(desk.owner, agents.Queue(10, 2, Overflow.WHATSAPP))
    told = await desk.look(desk.wish(await desk.call()))
    assert (told.outcome, told.decided) == ("nobody", True)
    assert "WhatsApp" in told.words
    assert (await desk.look(desk.wish("call_unknown"))).known is False


async def test_of_many_calls_at_once_each_person_gets_one_and_each_call_one_person(desk: Desk) -> None:
    people = [await desk.agent() for _ in range(3)]
    wishes = [desk.wish(await desk.call(f"+55119876543{number:02}")) for number in range(6)]
    await asyncio.gather(*(desk.look(wish) for wish in wishes * 2))
    rung = await desk.rung()
    assert sorted(rung) == sorted(person.id for person in people if person.id)
    presses = [(person, transfer) for transfer in await desk.all() for person in people]
    done = await asyncio.gather(*(ringing.accept(person, one.id) for person, one in presses), return_exceptions=True)
    taken = [one for one in await desk.all() if one.state is TransferState.ACCEPTED]
    assert len(taken) == len([one for one in done if one is None]) == 3
    assert len({one.user_id for one in taken}) == 3
    assert all(isinstance(one, Conflict) for one in done if one is not None)


async def test_a_press_at_the_end_of_its_time_counts_once(desk: Desk) -> None:
    """Accepting, and passing it on to the next because the time is over: one of them wins."""
    people = [await desk.agent() for _ in range(2)]
    for _ in range(5):
        await desk.db.execute("update call_agent set available = true where company_id = $1", desk.owner.company_id)
        await desk.db.execute("delete from call_transfer where company_id = $1", desk.owner.company_id)
        wish = desk.wish(await desk.call(f"+5511{uuid7().int % 10**9:09}"))
        await desk.look(wish)
        [first] = await desk.rung()
        one = next(person for person in people if person.id == first)
        [transfer] = await desk.all()
        await desk.db.execute("update call_ring set until = now() - make_interval(secs => $1)", ringing.GRACE)
        await asyncio.gather(ringing.accept(one, transfer.id), ringing.round_(), ringing.round_(), return_exceptions=True)
        [transfer] = await desk.all()
        rung = await desk.rung()
        assert (transfer.user_id is None) == bool(rung)
        assert first not in rung


async def test_a_team_or_a_skill_is_not_widened(desk: Desk) -> None:
    await desk.agent(skills=("vendas",))
    told = await desk.look(desk.wish(await desk.call(), department="Vendas"))
    assert told.outcome == waiting.STILL_RINGING
    await desk.db.execute("insert into team(company_id, name, strategy) values ($1, 'Suporte', 'manual')", desk.owner.company_id)
    await desk.agent()
    told = await desk.look(desk.wish(await desk.call("+5511987650000"), department="suporte"))
    assert told.outcome == "nobody"


@pytest.mark.parametrize("outcome", [TransferOutcome.BUSY, TransferOutcome.MACHINE, TransferOutcome.TRUNK_FAILURE])
async def test_a_phone_that_no_person_takes_gets_no_more_calls(desk: Desk, outcome: TransferOutcome) -> None:
    bia = await desk.agent()
    call = await desk.call()
    wish = desk.wish(call)
    await desk.look(wish)
    [transfer] = await desk.all()
    await ringing.accept(bia, transfer.id)
    for _ in range(2):  # told twice
        async with work(worker(desk.owner.company_id), Permission.CONTACTS_WRITE) as w:
            await ringing.failed(w, transfer.call_id, outcome)
    [transfer] = await desk.all()
    assert (transfer.outcome, transfer.owed) == (outcome, Overflow.CALLBACK)
    again = await desk.look(desk.wish(call))  # the agent asks for somebody else
    assert again.outcome == "nobody"


@pytest.mark.parametrize("accepted", [True, False])
async def test_who_hangs_up_is_called_back_and_rings_no_more(desk: Desk, accepted: bool) -> None:
    bia = await desk.agent()
    wish = desk.wish(await desk.call())
    await desk.look(wish)
    [transfer] = await desk.all()
    if accepted:
        await ringing.accept(bia, transfer.id)
    async with work(worker(desk.owner.company_id), Permission.CONTACTS_WRITE) as w:
        await ringing.over(w, transfer.call_id, transferred=False)
    [transfer] = await desk.all()
    assert (transfer.outcome, transfer.owed) == (TransferOutcome.HUNG_UP, Overflow.CALLBACK)
    assert await queries.offer(bia) is None


async def test_calls_need_a_number(desk: Desk) -> None:
    person = await make_member(desk.db, desk.owner, Role.AGENT)
    with pytest.raises(Invalid):
        await agents.say(person, available=True, phone=None, skills=())


async def test_another_company_sees_and_takes_nothing(desk: Desk, stranger: Actor) -> None:
    await desk.agent()
    await desk.look(desk.wish(await desk.call()))
    [transfer] = await desk.all()
    assert await queries.transfers(stranger, "all", before=None, limit=9) == []
    with pytest.raises(Exception, match="not here"):
        await ringing.accept(stranger, transfer.id)


async def test_whoever_hangs_up_before_the_phone_is_taken_sends_nobody_away(desk: Desk) -> None:
    bia = await desk.agent()
    call = await desk.call()
    await desk.look(desk.wish(call))
    offer = await queries.offer(bia)
    assert offer is not None
    await ringing.accept(bia, offer.transfer_id)
    call_id = await desk.db.fetchval("select id from call where provider_call_id = $1", call)
    async with work(worker(desk.owner.company_id), Permission.CONTACTS_WRITE) as w:
        await ringing.failed(w, call_id, TransferOutcome.HUNG_UP)
    row = await desk.db.fetchrow("select state, outcome from call_transfer where id = $1", offer.transfer_id)
    assert tuple(row) == ("ended", "hung_up")
    assert await desk.db.fetchval("select available from call_agent where user_id = $1", bia.id) is True


async def test_a_call_whose_end_is_never_told_ends_what_rings(desk: Desk) -> None:
    bia = await desk.agent()
    call = await desk.call()
    await desk.look(desk.wish(call))
    offer = await queries.offer(bia)
    assert offer is not None
    await ringing.accept(bia, offer.transfer_id)
    await desk.db.execute(
        "update call set created_at = now() - interval '3 days', look_at = now() - interval '1 minute' where provider_call_id = $1",
        call,
    )
    await calls.round_()
    row = await desk.db.fetchrow("select state, outcome from call_transfer where id = $1", offer.transfer_id)
    assert tuple(row) == ("ended", "hung_up")


async def test_who_is_not_known_is_promised_nothing(desk: Desk) -> None:
    told = await desk.look(desk.wish("call_of_a_hidden_number"))
    assert told.known is False
    assert "não prometa" in told.words
