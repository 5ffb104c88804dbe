"""Who is called again by a campaign or a sequence, or called back: never who refuses it meanwhile, and not while the campaign stands still."""

from collections import Counter
from datetime import timedelta

import pytest

from db.cadences.plan import Send, Wait
from db.campaigns import redials
from db.clock import now
from db.ids import uuid7
from db.jobs import LookUpUnknown
from db.messages import fallbacks
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.work import work
from tests import factories
from tests.db.cadences.scene import Scene
from tests.workers.test_call_campaigns import SCRIPT, Campaign, _placed, claimed
from tests.workers.test_calls import Line
from tests.workers.test_calls import line as line
from workers import unknown


async def test_a_campaign_that_is_paused_does_not_dial_by_asking_again(line: Line) -> None:
    campaign = await Campaign(line, ("talks",)).start(1, account={"behaviour": {"reset_before_share": 1}})
    await line.lane()
    assert list((await campaign.states()).values()) == [M.UNKNOWN]
    await line.sandbox.behave(line.account, reset_before_share=0)
    look_up = unknown.lookup_job(line.sender)
    for state, dialled in [("paused", 0), ("cancelled", 0), ("running", 1)]:
        await line.db.execute("update campaign set state = $2 where id = $1", campaign.id, state)
        await look_up(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
        assert await line.accepted() == dialled


async def _promised(line: Line) -> Campaign:
    """Somebody was called who wants to be called back."""
    campaign = await Campaign(line, ("call_later",)).start(1)
    await line.lane()
    await campaign.hear()
    return campaign


_CALLBACK = "select id, state, next_at from message where dedupe_key like 'callback:%' and company_id = $1"


@pytest.mark.parametrize("since", ["opted_out_at = now()", "refuses = '{marketing}'", ""])
async def test_who_refuses_since_is_not_called_back(line: Line, since: str) -> None:
    await _promised(line)
    if since:
        await line.db.execute(f"update contact set {since} where id = $1", line.contact)
    else:
        await line.db.execute(
            "insert into suppression(company_id, address, source) values ($1, '+5511900000000', 'person')", line.owner.company_id
        )
    assert await redials.rounds() == 1
    assert await line.db.fetch(_CALLBACK, line.owner.company_id) == []


@pytest.mark.parametrize(
    ("state", "left", "calls_made"), [("paused", M.QUEUED, 1), ("cancelled", M.CANCELLED, 1), ("finished", M.SENT, 2)]
)
async def test_a_callback_goes_while_its_campaign_stands(line: Line, state: str, left: M, calls_made: int) -> None:
    campaign = await _promised(line)
    assert await redials.rounds() == 1
    await line.db.execute("update campaign set state = $2 where id = $1", campaign.id, state)
    await line.db.execute("update message set next_at = now() where company_id = $1 and queued", line.owner.company_id)
    await line.lane()
    [row] = await line.db.fetch(_CALLBACK, line.owner.company_id)
    assert (row["state"], await line.accepted()) == (left, calls_made)
    assert state != "paused" or row["next_at"] > now() + timedelta(minutes=5)


async def test_two_callbacks_that_were_held_do_not_hold_each_other(line: Line) -> None:
    await _promised(line)
    assert await redials.rounds() == 1
    await line.db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, content)"
        " select company_id, channel_id, queue_id, contact_id, address, dedupe_key || ':2', state, content from message"
        " where dedupe_key like 'callback:%' and company_id = $1",
        line.owner.company_id,
    )
    await line.db.execute(
        "insert into call(company_id, id, channel_id) select company_id, id, channel_id from message where dedupe_key like 'callback:%' and company_id = $1",
        line.owner.company_id,
    )
    await line.db.execute("update message set next_at = now() where company_id = $1 and queued", line.owner.company_id)
    assert await claimed(line, line.channel, 1) == 1


async def test_a_call_that_was_refused_and_is_tried_again_is_a_call_under_way(line: Line) -> None:
    campaign = await Campaign(line, ("talks",)).start(1)
    assert await claimed(line, campaign.id) == 1
    await line.db.execute("update call set stage = 3, owed = false where company_id = $1", line.owner.company_id)
    await line.db.execute("update message set state = 0, lease_until = null, next_at = now() where campaign_id = $1", campaign.id)
    assert await claimed(line, campaign.id) == 1
    row = await line.db.fetchrow(
        "select stage, owed, look_at > now() as later from call where company_id = $1", line.owner.company_id
    )
    assert row is not None
    assert tuple(row) == (0, True, True)


async def test_who_spoke_until_the_call_broke_off_is_not_called_again(line: Line) -> None:
    campaign = await Campaign(line, ("no_answer",)).start(1, more={"tries": 3})
    await line.lane()
    await campaign.hear()
    await line.db.execute("update call set outcome = 'fault', started_at = now() where company_id = $1", line.owner.company_id)
    assert await redials.rounds() == 1
    assert list((await campaign.states()).values()) == [M.FAILED]
    async with work(line.owner, Permission.CAMPAIGNS_SEND) as w:
        assert await fallbacks.missed(w, campaign.id, uuid7(), ["call_unanswered", "call_fault"], 10) == []


async def test_what_follows_a_call_is_decided_once_it_is_analysed(line: Line) -> None:
    campaign = await Campaign(line, ("talks",)).start(1)
    await line.lane()
    await campaign.hear()
    await line.db.execute("update call set stage = 2, ended_at = now() where company_id = $1", line.owner.company_id)
    assert await redials.rounds() == 0
    await line.db.execute("update call set stage = 3 where company_id = $1", line.owner.company_id)
    assert await redials.rounds() == 1


async def test_a_sequence_calls_hears_the_end_and_goes_on(line: Line) -> None:
    """Its step of a call over the simulator: each is called once with their own script, and what follows waits for how the call ended."""
    await line.open(callees={"+5511900000000": "talks", "+5511900000001": "no_answer"})
    await factories.contacts(line.db, line.owner, 1, first=1)
    call = Send(id=uuid7(), channel_id=line.channel, text=SCRIPT)
    pause, again = (
        Wait(id=uuid7(), minutes=60),
        Send(id=uuid7(), channel_id=line.channel, text="Oi {{first_name|tudo bem}}, e agora?"),
    )
    scene = Scene(line.db, line.owner, line.channel)
    cadence_id = await scene.start(call, pause, again, stop_on_reply=False)
    assert await scene.enrol(cadence_id) == 2

    async def on() -> None:
        """What is due is called, its end is told, and people move as far as that lets them."""
        await scene.run(cadence_id)
        await line.lane()
        known = len(await line.told())
        await line.hear(*[one.body for one in line.sandbox.product.requests[heard[0] : known]])
        heard[0] = known
        await scene.hear()
        await scene.run(cadence_id)

    heard = [0]
    await on()
    assert sorted(
        (one.asked["to_number"], one.asked["retell_llm_dynamic_variables"]["script"][:10]) for one in _placed(line)
    ) == [
        ("+5511900000000", "Oi Pessoa,"),
        ("+5511900000001", "Oi Pessoa,"),
    ]
    assert await scene.states(cadence_id) == {"active": 2}
    await on()
    assert len(_placed(line)) == 2, "nobody is called for the next step before its time"
    await scene.due()
    await on()
    assert Counter(one.asked["to_number"] for one in _placed(line)) == {"+5511900000000": 2, "+5511900000001": 2}
    assert await scene.states(cadence_id) == {"done": 2}
    ended = await line.db.fetch("select outcome, count(*) as n from call where company_id = $1 group by 1", line.owner.company_id)
    assert {row["outcome"]: row["n"] for row in ended} == {"answered": 2, "no_answer": 2}
