"""What goes in place of a campaign's messages after the campaign is over: it is resumed, its limit changed, and opened again with it."""

import asyncpg
import pytest

from db.campaigns import actions, enrol, fallback, lifecycle, money, queries
from db.campaigns.enums import Enrolment
from db.clock import now
from db.errors import Conflict
from db.messages import answers
from db.messages.enums import MessageState as M
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.campaigns.test_fallback import SEND, Stage, staged


async def over(stage: Stage, hours: int = 1) -> None:
    await stage.db.execute(
        "update campaign set state = 'finished', finished_at = now() - make_interval(hours => $2) where id = $1", stage.id, hours
    )


async def stopped(stage: Stage, reason: str) -> None:
    """What goes in place of its messages was stopped after the campaign was over."""
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch, M.SENT)
    await over(stage)
    await stage.told(batch[0], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 1
    await lifecycle.stop(stage.owner.company_id, await stage.child(), reason, "limit:month", pause=True)
    assert await stage.claim(stage.sms, await stage.child()) == []


async def test_what_stopped_after_the_end_is_resumed(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    await stopped(stage, "sender")
    with pytest.raises(Conflict, match="not_editable"):
        await actions.edit(owner, stage.id, {"name": "x"})
    row = await actions.resume(owner, stage.id)
    assert row["state"] == "finished"
    assert len(await stage.claim(stage.sms, await stage.child())) == 1
    told = (await queries.progress(owner, stage.id)).fallback
    assert told is not None
    assert told.stopped is None
    with pytest.raises(Conflict, match="not_paused"):
        await actions.resume(owner, stage.id)


async def test_what_stopped_while_it_sends_is_resumed_too(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    [first, *_] = await stage.claim(stage.channel, stage.id)
    await stage.write([first], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 1
    await lifecycle.stop(owner.company_id, await stage.child(), "sender", "", pause=True)
    assert (await actions.resume(owner, stage.id))["state"] == "running"
    assert len(await stage.claim(stage.sms, await stage.child())) == 1


async def test_what_whatsapp_stopped_in_its_place_stays_so(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    await stopped(stage, "template_paused")
    template = await owner_db.fetchval("select template_id from campaign where id = $1", stage.id)
    await owner_db.execute("update campaign set template_id = $2 where id = $1", await stage.child(), template)
    await owner_db.execute("update template set status = 'paused' where id = $1", template)
    with pytest.raises(Conflict, match="template_stopped"):
        await actions.resume(owner, stage.id)


async def test_a_limit_is_changed_as_long_as_something_goes_in_its_place(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    await stopped(stage, "spend_cap")
    await money.set_limit(owner, stage.id, 5_000_000, "USD")
    assert await owner_db.fetchval("select state from campaign where fallback_of = $1", stage.id) == "running"
    await owner_db.execute("update campaign set state = 'finished', finished_at = now() where fallback_of = $1", stage.id)
    with pytest.raises(Conflict, match="not_editable"):
        await money.set_limit(owner, stage.id, 6_000_000, "USD")


async def test_who_fails_after_it_was_sent_again_days_later_gets_one_sms(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch[:1], M.FAILED, "spam_rate")
    await stage.write(batch[1:], M.SENT)
    await owner_db.execute("update message set done_at = $2 where id = $1", batch[0].message_id, now())
    await owner_db.execute("update campaign set cadence_open = false where fallback_of = $1", stage.id)
    await over(stage, 200)
    await lifecycle.reconcile()
    assert await owner_db.fetchval("select state from campaign where fallback_of = $1", stage.id) == "finished"
    assert await actions.retry_failed(owner, stage.id, ["spam_rate"], include_unknown=False) == 1
    await stage.write(await stage.claim(stage.channel, stage.id), M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 1
    assert await fallback.rounds() == 0
    await lifecycle.reconcile()
    assert len(await stage.claim(stage.sms, await stage.child())) == 1


async def test_who_joins_days_later_and_fails_gets_one_sms(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    await stage.write(await stage.claim(stage.channel, stage.id), M.SENT)
    await owner_db.execute("update campaign set cadence_open = false where fallback_of = $1", stage.id)
    await over(stage, 200)
    await lifecycle.reconcile()
    assert await owner_db.fetchval("select state from campaign where fallback_of = $1", stage.id) == "finished"
    await factories.contacts(owner_db, owner, 1, first=40)
    late = await owner_db.fetchval("select id from contact where company_id = $1 and name = 'Pessoa 40'", owner.company_id)
    async with work(owner, SEND) as w:
        await enrol.hold(w, stage.id)
        await answers.hold_still(w, late)
        assert await enrol.enrol(w, stage.id, late) is Enrolment.QUEUED
    [one] = await stage.claim(stage.channel, stage.id)
    assert one.contact_id == late
    await stage.write([one], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 1
    assert await fallback.rounds() == 0
    await lifecycle.reconcile()
    [sms] = await stage.claim(stage.sms, await stage.child())
    assert sms.contact_id == late
