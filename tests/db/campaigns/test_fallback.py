"""An SMS for whom WhatsApp did not reach: once for each person, counted once, whatever statuses come how often."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, fallback, gate, lifecycle, money, queries
from db.clock import now
from db.contacts import merges
from db.contacts.enums import MergeReason
from db.errors import Conflict
from db.messages import ledger
from db.messages.enums import AttemptState
from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed, Result, StatusUpdate
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

SEND = Permission.CAMPAIGNS_SEND


class Stage:
    """A campaign on WhatsApp with an SMS in its place, all of it claimed."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, channel: UUID, sms: UUID, campaign: UUID) -> None:
        self.db, self.owner, self.channel, self.sms, self.id = db, owner, channel, sms, campaign

    async def child(self) -> UUID:
        found: UUID = await self.db.fetchval("select id from campaign where fallback_of = $1", self.id)
        return found

    async def claim(self, channel: UUID, campaign: UUID) -> list[Claimed]:
        async with work(self.owner, SEND) as w:
            return await ledger.claim(w, channel, campaign, limit=100, units=100)

    async def write(self, batch: list[Claimed], state: M, reason: str | None = None) -> None:
        attempt = AttemptState.ACCEPTED if state is M.SENT else AttemptState.REJECTED
        results = [
            Result(m.message_id, m.epoch, m.attempt_id, state, attempt, f"w{m.attempt_id}", 200, None, reason, "x") for m in batch
        ]
        async with work(self.owner, SEND) as w:
            await ledger.finish(w, results, horizon=900)

    async def told(self, one: Claimed, state: M, reason: str | None = None) -> None:
        async with work(self.owner, SEND) as w:
            await ledger.apply_statuses(w, [StatusUpdate(one.attempt_id, None, state, now(), reason)])

    async def instead(self) -> list[tuple[UUID, int]]:
        rows = await self.db.fetch(
            "select contact_id, state from message where campaign_id = $1 order by contact_id", await self.child()
        )
        return [(row["contact_id"], row["state"]) for row in rows]


async def staged(
    db: asyncpg.Connection, owner: Actor, people: int = 4, more: dict[str, object] | None = None, **columns: Any
) -> Stage:
    channel, sms = await factories.channel(db, owner), await factories.channel(db, owner, "sms", name="SMS da loja")
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, people)
    chosen = msgspec.json.encode({"channel_id": str(sms), "body": "Oi {{first_name|você}}", **(more or {})}).decode()
    campaign = await factories.campaign(db, owner, channel, template, fallback=chosen, **columns)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return Stage(db, owner, channel, sms, campaign)


async def test_who_is_not_on_whatsapp_gets_one_sms_and_nobody_else_does(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    one, two, three, four = await stage.claim(stage.channel, stage.id)
    await stage.write([one], M.FAILED, "not_on_whatsapp")
    await stage.write([two], M.FAILED, "opted_out")
    await stage.write([three], M.UNKNOWN, "unknown_outcome")  # it may have arrived
    await stage.write([four], M.SENT)
    assert sorted(await asyncio.gather(fallback.rounds(), fallback.rounds())) == [0, 1]
    assert await fallback.rounds() == 0
    assert await stage.instead() == [(one.contact_id, M.QUEUED)]
    [sms] = await stage.claim(stage.sms, await stage.child())
    assert (sms.address, sms.params, sms.content) == (one.address, [f"Pessoa {one.address[-1]}"], None)
    assert (await lifecycle_state(stage)) == "running"  # others may fail later


async def test_who_became_one_with_somebody_whom_it_reached_gets_no_sms(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, 2)
    one, two = await stage.claim(stage.channel, stage.id)
    await stage.write([one], M.FAILED, "not_on_whatsapp")
    await stage.write([two], M.SENT)
    assert one.contact_id is not None
    assert two.contact_id is not None
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, two.contact_id, one.contact_id, MergeReason.BY_HAND)
    assert await fallback.rounds() == 0


async def lifecycle_state(stage: Stage) -> str:
    await lifecycle.reconcile()
    found: str = await stage.db.fetchval("select state from campaign where fallback_of = $1", stage.id)
    return found


async def test_a_failure_told_twice_or_after_a_while_leads_to_one_sms(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch, M.SENT)
    for _ in range(2):
        await stage.told(batch[0], M.FAILED, "not_on_whatsapp")
        await fallback.rounds()
    await stage.write(await stage.claim(stage.sms, await stage.child()), M.SENT)
    await stage.told(batch[0], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 0
    assert await stage.instead() == [(batch[0].contact_id, M.SENT)]


async def test_what_arrives_late_ends_the_sms_that_waits_and_counts_once_with_one_that_went(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    stage = await staged(owner_db, owner)
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch, M.FAILED, "unreachable")
    await stage.told(batch[0], M.FAILED, "unreachable")
    assert await fallback.rounds() == 4
    await stage.told(batch[0], M.DELIVERED)
    await fallback.rounds()
    assert dict(await stage.instead())[batch[0].contact_id] == M.CANCELLED  # type: ignore[index]
    sent = await stage.claim(stage.sms, await stage.child())
    assert len(sent) == 3
    await stage.write(sent, M.SENT)
    for one in sent:
        await stage.told(one, M.DELIVERED)
    await stage.told(batch[1], M.DELIVERED)  # after its SMS
    await fallback.rounds()
    told = (await queries.progress(owner, stage.id)).fallback
    assert told is not None
    assert (told.channel_name, told.sent, told.delivered, told.both, told.waiting) == ("SMS da loja", 3, 3, 1, 0)
    assert (await money.cost(owner, stage.id)).delivered == 4  # people, not messages


async def test_it_pauses_goes_on_and_ends_with_its_campaign(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch[:2], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 2
    await actions.pause(owner, stage.id)
    assert await stage.claim(stage.sms, await stage.child()) == []
    await actions.resume(owner, stage.id)
    assert len(await stage.claim(stage.sms, await stage.child())) == 2
    await stage.write(batch[2:], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 2
    await actions.cancel(owner, stage.id)
    await lifecycle.reconcile()
    assert sorted(state for _, state in await stage.instead()) == [M.SENDING, M.SENDING, M.CANCELLED, M.CANCELLED]
    assert await fallback.rounds() == 0


async def test_whoever_got_the_sms_is_not_tried_again_on_whatsapp(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch, M.FAILED, "unreachable")
    await fallback.rounds()
    [first, *_] = sent = await stage.claim(stage.sms, await stage.child())
    await stage.write(sent[:1], M.FAILED, "unreachable")
    await stage.write(sent[1:], M.SENT)
    assert await actions.retry_failed(owner, stage.id, ["unreachable"], include_unknown=False) == 1
    [again] = await stage.claim(stage.channel, stage.id)
    assert again.contact_id == first.contact_id


async def test_nobody_meets_it_as_a_campaign_of_its_own(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    assert [row["id"] for row in await queries.campaigns(owner, limit=10)] == [stage.id]


async def test_it_counts_for_the_limit_of_its_campaign(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, settings='{"max_cost_micro": 1000000, "max_cost_currency": "USD"}')
    async with work(owner, SEND) as w:
        asked = await gate.ask(w, await stage.child())
    assert asked is not None
    assert (asked.subject_id, asked.has_caps) == (stage.id, True)


@pytest.mark.parametrize(
    "change", ["update channel set sandbox = false where id = $1", "update channel set state = 'error' where id = $1"]
)
async def test_a_launch_asks_for_an_sms_channel_that_can_send(owner_db: asyncpg.Connection, owner: Actor, change: str) -> None:
    channel, sms = await factories.channel(owner_db, owner), await factories.channel(owner_db, owner, "sms")
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 1)
    chosen = msgspec.json.encode({"channel_id": str(sms), "body": " "}).decode()
    campaign = await factories.campaign(owner_db, owner, channel, template, fallback=chosen)
    await owner_db.execute(change, sms)
    with pytest.raises(Conflict) as refused:
        await actions.launch(owner, campaign, None)
    assert [one.code.value for one in refused.value.fields] == ["fallback_channel", "no_body"]


async def test_a_failure_that_is_told_within_the_hours_of_the_campaign_after_its_end_leads_to_one_sms(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    stage = await staged(owner_db, owner, more={"late_hours": 100})
    batch = await stage.claim(stage.channel, stage.id)
    await stage.write(batch, M.SENT)

    async def hours_after_the_end(hours: int) -> None:
        await owner_db.execute(
            "update campaign set state = 'finished', finished_at = now() - make_interval(hours => $2) where id = $1",
            stage.id,
            hours,
        )

    await hours_after_the_end(99)
    for _ in range(2):  # told twice
        await stage.told(batch[0], M.FAILED, "not_on_whatsapp")
        await fallback.rounds()
    assert await stage.instead() == [(batch[0].contact_id, M.QUEUED)]
    told = (await queries.progress(owner, stage.id)).fallback
    assert told is not None
    assert told.waiting == 1
    await hours_after_the_end(101)  # what was told by then and not looked at yet still counts, and then it closes
    await stage.told(batch[1], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 1
    await stage.told(batch[2], M.FAILED, "not_on_whatsapp")
    assert await fallback.rounds() == 0
    assert {contact for contact, _ in await stage.instead()} == {batch[0].contact_id, batch[1].contact_id}


async def test_who_said_nothing_of_the_hours_waits_three_days(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner)
    for hours, still in ((71, True), (73, False)):
        await owner_db.execute(
            "update campaign set state = 'finished', finished_at = now() - make_interval(hours => $2) where id = $1",
            stage.id,
            hours,
        )
        await fallback.rounds()
        assert await owner_db.fetchval("select cadence_open from campaign where fallback_of = $1", stage.id) is still
