"""A call that goes on, over the sandbox's vendors: it is heard, its agent is told something, somebody takes it, somebody ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
import pytest
from websockets.asyncio.client import connect

from db.errors import Conflict, Forbidden
from db.ids import uuid7
from db.jobs import OrderCall
from db.messages import calling, calls
from db.messages.enums import CallOrderKind as Kind
from db.messages.enums import CallOutcome, CallSpeaker
from db.providers.live import Reached
from db.providers.retell.live import put_through
from db.tenancy import worker
from db.transfers import agents, orders, queries, waiting
from db.transfers.enums import CallOrderOutcome as Out
from db.transfers.enums import TransferOutcome
from db.transfers.ringing import Wish
from tests.workers.test_calls import Line
from tests.workers.test_calls import line as line
from workers.calls import Asking
from workers.sandbox.retell.vendor import Retell

LONG = [400.0, 400.0]  # of a talk: eight seconds at the sandbox's pace


async def _talking(line: Line, kind: str, **more: object) -> UUID:
    await line.open(kind, script="talks", talk_seconds=LONG, ring_seconds=[0.0, 0.1], tells_words=True, **more)
    call_id = await line.call()
    await line.lane()

    async def live() -> bool:
        return (await calls.one(line.owner, call_id)).stage == "talking"

    await _until(line, live)
    return call_id


async def _until(line: Line, true: Callable[[], Awaitable[bool]]) -> None:
    """Hears what is told until it is so."""
    heard = 0
    async with asyncio.timeout(30):
        while not await true():
            bodies = [one.body for one in line.sandbox.product.requests if not one.path.endswith("/human")]
            await line.hear(*bodies[heard:])
            heard = len(bodies)
            await asyncio.sleep(0.05)


async def _ordered(line: Line, call_id: UUID, kind: Kind, text: str = "") -> orders.Order:
    made = await orders.order(line.owner, call_id, kind, text)
    assert made.outcome is None
    await Asking(line.settings, line.wire).order(line.owner.company_id, OrderCall(order_id=made.id))
    [found] = [one for one in await orders.orders(line.owner, call_id) if one.id == made.id]
    return found


async def test_a_call_is_heard_by_who_asked_while_it_goes_on(line: Line) -> None:
    call_id = await _talking(line, "vapi")
    found = await _ordered(line, call_id, Kind.LISTEN)
    assert found.outcome is Out.DONE
    assert found.listen_url is not None
    async with connect(found.listen_url) as socket:
        start = msgspec.json.decode(await socket.recv())
        assert (start["sampleRate"], start["channels"]) == (16_000, 2)
        piece = await socket.recv()
        assert isinstance(piece, bytes)
        assert len(piece) == 16_000 // 10 * 4
        assert any(piece)
    [seen] = await orders.orders(worker(line.owner.company_id), call_id)
    assert seen.listen_url is None
    await line.db.execute("update call set stage = 2 where id = $1", call_id)
    [seen] = await orders.orders(line.owner, call_id)
    assert seen.listen_url is None
    await line.db.execute("delete from call where id = $1", call_id)  # as whoever erases the person
    assert await line.db.fetchval("select count(*) from call_order where company_id = $1", line.owner.company_id) == 0


@pytest.mark.parametrize("kind", ["vapi", "retell"])
async def test_an_agent_that_is_told_something_says_it_and_words_come_while_it_speaks(line: Line, kind: str) -> None:
    call_id = await _talking(line, kind)
    assert (await _ordered(line, call_id, Kind.HINT, "Frete grátis até sexta")).outcome is Out.DONE

    async def said() -> bool:
        detail = await calls.one(line.owner, call_id)
        assert detail.stage == "talking"
        return any(turn.speaker is CallSpeaker.AGENT and "Frete grátis até sexta" in turn.text for turn in detail.turns)

    await _until(line, said)
    audited = await line.db.fetchval(
        "select count(*) from audit_log where company_id = $1 and action = 'call.hinted'", line.owner.company_id
    )
    assert audited == 1


@pytest.mark.parametrize("kind", ["vapi", "retell"])
async def test_somebody_ends_a_call(line: Line, kind: str) -> None:
    call_id = await _talking(line, kind)
    assert (await _ordered(line, call_id, Kind.HANG_UP)).outcome is Out.DONE

    async def over() -> bool:
        return (await calls.one(line.owner, call_id)).outcome is CallOutcome.ANSWERED

    await _until(line, over)
    with pytest.raises(Conflict) as refused:
        await orders.order(line.owner, call_id, Kind.HINT, "Mais uma coisa")
    assert refused.value.code == "call_not_live"


@pytest.mark.parametrize("kind", ["vapi", "retell"])
async def test_somebody_takes_a_call_and_speaks_with_the_person(line: Line, kind: str) -> None:
    """At Retell by the agent's tool, which asks our hook for a person and hears the number of who took the call."""
    tool = {"human_url": f"{line.sandbox.product.url}/hooks/retell/1/human"} if kind == "retell" else {}
    call_id = await _talking(line, kind, **tool)
    with pytest.raises(Conflict) as refused:
        await orders.order(line.owner, call_id, Kind.TAKE_OVER)
    assert refused.value.code == "no_phone_to_take"
    await agents.say(line.owner, available=False, phone="+5511955554444", skills=[])
    if kind == "retell":
        made = await orders.order(line.owner, call_id, Kind.TAKE_OVER)
        line.sandbox.product.answer = await _told_by_the_tool(line, call_id)
        await Asking(line.settings, line.wire).order(line.owner.company_id, OrderCall(order_id=made.id))
    else:
        assert (await _ordered(line, call_id, Kind.TAKE_OVER)).outcome is Out.DONE
    with pytest.raises(Conflict) as refused:
        await orders.order(line.owner, call_id, Kind.TAKE_OVER)
    assert refused.value.code == "call_gone"

    async def spoke() -> bool:
        [one] = await queries.transfers(line.owner, "all", before=None, limit=10)
        return one.outcome is TransferOutcome.CONNECTED and (await calls.one(line.owner, call_id)).outcome is not None

    await _until(line, spoke)
    [one] = await queries.transfers(line.owner, "all", before=None, limit=10)
    assert (one.user_id, one.owed) == (line.owner.id, None)
    assert (await calls.one(line.owner, call_id)).outcome is CallOutcome.TRANSFERRED


async def _told_by_the_tool(line: Line, call_id: UUID) -> bytes:
    """What our hook answers the agent that was told to ask for somebody: at once, and with the number of who took it."""
    provider_call_id = await line.db.fetchval("select provider_id from message where id = $1", call_id)
    wish = Wish(uuid7(), provider_call_id, None, "Um colega assume", "", "")
    found = await waiting.look(line.owner.company_id, line.channel, wish)
    assert (found.outcome, found.number) == ("accepted", "+5511955554444")
    return put_through(b"", None, Reached(found.outcome, found.number, found.summary, found.words), "")


async def test_what_may_have_got_there_is_not_told_again(line: Line) -> None:
    call_id = await _talking(line, "vapi")
    made = await orders.order(line.owner, call_id, Kind.HINT, "Só uma vez")
    asking = Asking(line.settings, line.wire)
    await line.db.execute("update call_order set state = 'sent' where id = $1", made.id)  # a run died between both
    await asking.order(line.owner.company_id, OrderCall(order_id=made.id))
    [one] = await orders.orders(line.owner, call_id)
    assert one.outcome is Out.UNKNOWN
    late = await orders.order(line.owner, call_id, Kind.HINT, "Tarde demais")
    await line.db.execute("update call_order set created_at = now() - interval '1 minute' where id = $1", late.id)
    await asking.order(line.owner.company_id, OrderCall(order_id=late.id))
    assert {one.text: one.outcome for one in await orders.orders(line.owner, call_id)} == {
        "Só uma vez": Out.UNKNOWN,
        "Tarde demais": Out.TOO_LATE,
    }
    detail = await calls.one(line.owner, call_id)
    assert not any("vez" in turn.text or "Tarde" in turn.text for turn in detail.turns)


async def test_a_call_that_was_not_put_through_is_free_again(line: Line) -> None:
    call_id = await _talking(line, "vapi")
    await agents.say(line.owner, available=True, phone="+5511955554444", skills=[])
    made = await orders.order(line.owner, call_id, Kind.TAKE_OVER)
    await line.sandbox.http.post("/sandbox/reset", json={})  # the provider knows the call no more
    await Asking(line.settings, line.wire).order(line.owner.company_id, OrderCall(order_id=made.id))
    [one] = await orders.orders(line.owner, call_id)
    assert one.outcome is Out.REFUSED
    [transfer] = await queries.transfers(line.owner, "all", before=None, limit=10)
    assert transfer.outcome is TransferOutcome.TRUNK_FAILURE
    [me] = await agents.agents(line.owner)
    assert me.available  # it is not their phone that failed


async def test_what_a_provider_does_not_offer_is_refused(line: Line) -> None:
    call_id = await _talking(line, "retell")
    with pytest.raises(Conflict) as refused:
        await orders.order(line.owner, call_id, Kind.LISTEN)
    assert refused.value.code == "order_not_taken"
    with pytest.raises(Forbidden):
        await orders.order(worker(line.owner.company_id), call_id, Kind.TAKE_OVER)


async def test_a_call_by_hand_may_have_another_agent(line: Line) -> None:
    await line.open("retell", script="no_answer")
    agent = line.account["agent_id"]
    await calling.call(line.owner, line.contact, line.channel, agent)
    await line.lane()
    vendor = line.sandbox.world.vendors["retell"]
    assert isinstance(vendor, Retell)
    assert [one.asked.get("override_agent_id") for one in vendor.calls.by_id.values()] == [agent]
