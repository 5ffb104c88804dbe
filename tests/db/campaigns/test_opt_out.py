"""Who says stop gets nothing more, at whatever moment it is said: before the launch, on the wire, after a failure."""

import asyncio
from contextvars import copy_context
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import actions, lifecycle
from db.channels import actions as channels
from db.clock import now
from db.contacts import consent, merges, senders
from db.contacts.actions import delete_contacts
from db.contacts.enums import MergeReason
from db.contacts.senders import Sender
from db.errors import Conflict
from db.messages import ledger
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result, StatusUpdate
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

S = MessageState
SEND = Permission.CAMPAIGNS_SEND

RETRYABLE = [reason.value for reason in FailureReason if reason.retry]


class Scene:
    """A running campaign to three people."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, channel_id: UUID, campaign_id: UUID) -> None:
        self.db, self.actor, self.channel_id, self.campaign_id = db, actor, channel_id, campaign_id

    async def claim(self) -> list[Claimed]:
        async with work(self.actor, SEND) as w:
            return await ledger.claim(w, self.channel_id, self.campaign_id, limit=10, units=100)

    async def finish(self, message: Claimed, state: MessageState, reason: str, attempt: AttemptState) -> None:
        result = Result(
            message.message_id, message.epoch, message.attempt_id, state, attempt, reason=reason, detail="x", retry_in=0.0
        )
        async with work(self.actor, SEND) as w:
            await ledger.finish(w, [result], horizon=0.0)

    async def opt_out(self, contact_id: UUID | None) -> None:
        assert contact_id is not None
        async with work(self.actor, Permission.CONTACTS_WRITE) as w:
            await consent.opt_out(w, [contact_id], "keyword")

    async def row(self, message_id: UUID) -> tuple[MessageState, str | None]:
        row = await self.db.fetchrow("select state, reason from message where id = $1", message_id)
        assert row is not None
        return S(row["state"]), row["reason"]


@pytest.fixture
async def scene(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 3)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    assert await lifecycle.prepare(owner.company_id, campaign) == 3
    return Scene(owner_db, owner, channel, campaign)


async def test_a_failed_message_is_not_retried_after_an_opt_out(scene: Scene) -> None:
    first, second, third = await scene.claim()
    for message in (first, second):
        await scene.finish(message, S.FAILED, "temporary", AttemptState.REJECTED)
    await scene.finish(third, S.FAILED, "opted_out", AttemptState.REJECTED)
    await scene.opt_out(first.contact_id)
    assert await actions.retry_failed(scene.actor, scene.campaign_id, ["temporary", "opted_out"], include_unknown=True) == 1
    assert [await scene.row(m.message_id) for m in (first, second, third)] == [
        (S.FAILED, "temporary"),
        (S.QUEUED, None),
        (S.FAILED, "opted_out"),
    ]


async def test_an_address_on_the_suppression_list_is_not_retried(scene: Scene) -> None:
    message = (await scene.claim())[0]
    await scene.finish(message, S.FAILED, "temporary", AttemptState.REJECTED)
    await scene.db.execute(
        "insert into suppression(company_id, address, source) values ($1, $2, 'person')", scene.actor.company_id, message.address
    )
    assert await actions.retry_failed(scene.actor, scene.campaign_id, RETRYABLE, include_unknown=False) == 0


async def test_a_deleted_person_is_not_retried(scene: Scene) -> None:
    message = (await scene.claim())[0]
    await scene.finish(message, S.FAILED, "temporary", AttemptState.REJECTED)
    async with work(scene.actor, Permission.CONTACTS_WRITE) as w:
        assert message.contact_id is not None
        await delete_contacts(w, [message.contact_id])
    assert await actions.retry_failed(scene.actor, scene.campaign_id, RETRYABLE, include_unknown=False) == 0


async def test_a_message_on_the_wire_does_not_go_back_into_the_queue(scene: Scene) -> None:
    message = (await scene.claim())[0]
    await scene.opt_out(message.contact_id)
    await scene.finish(message, S.QUEUED, "network", AttemptState.REJECTED)
    assert await scene.row(message.message_id) == (S.SKIPPED, "opted_out")


async def test_a_result_and_an_opt_out_at_the_same_moment(scene: Scene) -> None:
    messages = await scene.claim()
    await asyncio.gather(
        *(scene.finish(m, S.QUEUED, "network", AttemptState.REJECTED) for m in messages),
        *(scene.opt_out(m.contact_id) for m in messages),
    )
    assert [await scene.row(m.message_id) for m in messages] == [(S.SKIPPED, "opted_out")] * 3


async def test_an_unknown_outcome_is_not_resent_after_an_opt_out(scene: Scene) -> None:
    await scene.db.execute("update message set at_least_once = true where campaign_id = $1", scene.campaign_id)
    first, second, _ = await scene.claim()
    for message in (first, second):
        await scene.finish(message, S.UNKNOWN, "unknown_outcome", AttemptState.UNKNOWN)
    await scene.opt_out(first.contact_id)
    async with work(scene.actor, SEND) as w:
        await ledger.resolve_unknown(w)
    assert await scene.row(first.message_id) == (S.FAILED_UNKNOWN, "unknown_outcome")
    assert (await scene.row(second.message_id))[0] is S.QUEUED
    await scene.opt_out(second.contact_id)  # it may have arrived once, so "skipped" would be a lie
    assert await scene.row(second.message_id) == (S.FAILED_UNKNOWN, "opted_out")
    assert await actions.retry_failed(scene.actor, scene.campaign_id, RETRYABLE, include_unknown=True) == 0


async def test_a_result_does_not_forget_the_opt_out_that_came_before_it(scene: Scene) -> None:
    await scene.db.execute("update message set at_least_once = true where campaign_id = $1", scene.campaign_id)
    message = (await scene.claim())[0]
    await scene.opt_out(message.contact_id)
    await scene.finish(message, S.UNKNOWN, "unknown_outcome", AttemptState.UNKNOWN)
    async with work(scene.actor, SEND) as w:
        await ledger.resolve_unknown(w)
    assert await scene.row(message.message_id) == (S.FAILED_UNKNOWN, "unknown_outcome")


async def test_an_expired_lease_remembers_the_opt_out(scene: Scene) -> None:
    await scene.db.execute("update message set at_least_once = true where campaign_id = $1", scene.campaign_id)
    message = (await scene.claim())[0]
    await scene.opt_out(message.contact_id)
    await scene.db.execute("update message set lease_until = now() - interval '1 second' where id = $1", message.message_id)
    async with work(scene.actor, SEND) as w:
        await ledger.expire_leases(w)
    await scene.db.execute("update message set lease_until = now() - interval '1 second' where id = $1", message.message_id)
    async with work(scene.actor, SEND) as w:
        await ledger.resolve_unknown(w)
    assert (await scene.row(message.message_id))[0] is S.FAILED_UNKNOWN


async def test_a_passing_failure_reported_later_is_final_after_an_opt_out(scene: Scene) -> None:
    first, second, _ = await scene.claim()
    for message in (first, second):
        await scene.finish(message, S.SENT, "", AttemptState.ACCEPTED)
    await scene.opt_out(first.contact_id)
    late = [StatusUpdate(m.attempt_id, None, S.FAILED, now(), "queue_full", 30001, 5.0) for m in (first, second)]
    async with work(scene.actor, SEND) as w:
        await ledger.apply_statuses(w, late)
    assert [await scene.row(m.message_id) for m in (first, second)] == [(S.FAILED, "queue_full"), (S.QUEUED, "queue_full")]


async def test_a_passing_failure_after_the_end_does_not_wait_in_a_queue_that_nobody_serves(scene: Scene) -> None:
    messages = await scene.claim()
    for message in messages:
        await scene.finish(message, S.SENT, "", AttemptState.ACCEPTED)
    await lifecycle.reconcile()
    assert await scene.db.fetchval("select state from campaign where id = $1", scene.campaign_id) == "finished"
    async with work(scene.actor, SEND) as w:
        await ledger.apply_statuses(w, [StatusUpdate(messages[0].attempt_id, None, S.FAILED, now(), "queue_full", 30001, 5.0)])
    assert await scene.row(messages[0].message_id) == (S.FAILED, "queue_full")
    assert await actions.retry_failed(scene.actor, scene.campaign_id, RETRYABLE, include_unknown=False) == 1


async def test_who_opts_out_while_the_audience_is_written_is_skipped(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 5)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    person = await owner_db.fetchval("select id from contact where company_id = $1 limit 1", owner.company_id)
    written = asyncio.Event()

    async def say_stop() -> None:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await consent.opt_out(w, [person], "keyword")  # sees no message yet
            written.set()
            await asyncio.sleep(0.5)

    async def prepare() -> None:
        await written.wait()
        await lifecycle.prepare(owner.company_id, campaign)

    await asyncio.gather(say_stop(), prepare())
    states = await owner_db.fetch("select contact_id, state from message where campaign_id = $1", campaign)
    assert {row["contact_id"]: S(row["state"]) for row in states}[person] is S.SKIPPED
    assert sum(row["state"] == S.QUEUED for row in states) == 4


@pytest.mark.parametrize("change", ["merged", "deleted"])
async def test_who_is_merged_or_deleted_while_the_audience_is_written(
    change: str, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 3)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    stays, goes, other = [
        row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)
    ]
    await actions.launch(owner, campaign, None)
    outside = copy_context()  # of the transaction
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        if change == "merged":
            assert await merges.merge(w, stays, goes, MergeReason.NUMBER_CHANGED)
        else:
            await delete_contacts(w, [goes])  # sees no message yet
        preparing = asyncio.create_task(lifecycle.prepare(owner.company_id, campaign), context=outside)
        while not preparing.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
    assert await preparing == 3
    rows = await owner_db.fetch("select contact_id, state, reason from message where campaign_id = $1", campaign)
    states = {(row["contact_id"], S(row["state"]), row["reason"]) for row in rows}
    left = (stays, S.SKIPPED, "duplicate_address") if change == "merged" else (None, S.CANCELLED, "contact_deleted")
    assert states == {(stays, S.QUEUED, None), (other, S.QUEUED, None), left}


async def test_a_suppressed_address_of_a_contact_without_the_flag_is_skipped(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 2)
    await owner_db.execute(
        "insert into suppression(company_id, address, source) values ($1, '+5511900000001', 'import')", owner.company_id
    )
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    rows = await owner_db.fetch("select address, state, reason from message where campaign_id = $1 order by address", campaign)
    assert [tuple(row) for row in rows] == [("+5511900000000", 0, None), ("+5511900000001", 8, "opted_out")]


async def test_a_person_deleted_while_a_message_is_on_the_wire_does_not_get_a_second_try(scene: Scene) -> None:
    message = (await scene.claim())[0]
    async with work(scene.actor, Permission.CONTACTS_WRITE) as w:
        assert message.contact_id is not None
        await delete_contacts(w, [message.contact_id])
    await scene.finish(message, S.QUEUED, "network", AttemptState.REJECTED)
    assert await scene.row(message.message_id) == (S.SKIPPED, "contact_deleted")


async def test_a_deleted_person_is_cancelled_in_the_queue_unless_the_message_may_have_arrived(scene: Scene) -> None:
    first, second, _ = await scene.claim()
    await scene.db.execute("update message set state = 0 where id = any($1::uuid[])", [first.message_id, second.message_id])
    await scene.db.execute("update message set maybe_duplicate = true where id = $1", second.message_id)
    async with work(scene.actor, Permission.CONTACTS_WRITE) as w:
        await delete_contacts(w, [c for c in (first.contact_id, second.contact_id) if c is not None])
    assert [await scene.row(m.message_id) for m in (first, second)] == [
        (S.CANCELLED, "contact_deleted"),
        (S.FAILED_UNKNOWN, "contact_deleted"),
    ]


async def test_an_opt_out_marks_an_unknown_message_and_leaves_its_reason(scene: Scene) -> None:
    message = (await scene.claim())[0]
    await scene.finish(message, S.UNKNOWN, "unknown_outcome", AttemptState.UNKNOWN)
    await scene.opt_out(message.contact_id)
    allowed = "select requeue_allowed from message where id = $1"
    assert await scene.row(message.message_id) == (S.UNKNOWN, "unknown_outcome")
    assert await scene.db.fetchval(allowed, message.message_id) is False
    async with work(scene.actor, SEND) as w:  # evidence settles the outcome, not whether it may be sent again
        await ledger.apply_statuses(w, [StatusUpdate(message.attempt_id, "wamid.1", S.SENT, now())])
        assert message.contact_id is not None
        await consent.opt_in(w, message.contact_id)
        await ledger.apply_statuses(w, [StatusUpdate(message.attempt_id, None, S.FAILED, now(), "queue_full", 30001, 5.0)])
    assert await scene.row(message.message_id) == (S.FAILED, "queue_full")
    assert await actions.retry_failed(scene.actor, scene.campaign_id, RETRYABLE, include_unknown=True) == 0


async def test_a_test_goes_to_nobody_who_said_stop(scene: Scene) -> None:
    message = (await scene.claim())[0]
    await scene.db.execute("update contact set opted_out_at = now() where id = $1", message.contact_id)
    await scene.db.execute(  # an address that was added later
        "insert into contact_identity(company_id, contact_id, kind, value) values ($1, $2, 'phone', '+5511987654321')",
        scene.actor.company_id,
        message.contact_id,
    )
    with pytest.raises(Conflict, match="asked for no more"):
        await actions.test_send(scene.actor, scene.campaign_id, ["+5511987654321"], "A")


async def test_two_contacts_that_turn_out_to_be_one_share_the_opt_out(scene: Scene) -> None:
    message = (await scene.claim())[0]
    await scene.db.execute("update message set state = 0 where id = $1", message.message_id)
    async with work(scene.actor, Permission.CONTACTS_WRITE) as w:
        nameless = await senders.contact_of(w, Sender(scope="p", bsuid="BR.1"))
        await consent.opt_out(w, [nameless], "keyword")
        both = await senders.contact_of(w, Sender(scope="p", phone=message.address, bsuid="BR.1"))
    assert both == message.contact_id
    assert await scene.row(message.message_id) == (S.SKIPPED, "opted_out")
    suppressed = "select true from suppression where company_id = $1 and address = $2"
    assert await scene.db.fetchval(suppressed, scene.actor.company_id, message.address)


async def test_an_archived_channel_leaves_nothing_queued(scene: Scene) -> None:
    (test_id,) = await actions.test_send(scene.actor, scene.campaign_id, ["+55 11 98765-4321"], "A")
    await actions.cancel(scene.actor, scene.campaign_id)
    await channels.archive(scene.actor, scene.channel_id)
    assert (await scene.row(test_id))[0] is S.CANCELLED
