"""A campaign's life on a real Postgres: prepared once, paused and cancelled at once, finished, retried."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import actions, lifecycle
from db.errors import Conflict
from db.messages import ledger
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import system_read, work
from tests import factories

S = MessageState

RETRYABLE = [reason.value for reason in FailureReason if reason.retry]


class Stage:
    """A launched campaign to `people`."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, channel_id: UUID, campaign_id: UUID) -> None:
        self.db, self.actor, self.channel_id, self.id = db, actor, channel_id, campaign_id

    async def state(self) -> str:
        state: str = await self.db.fetchval("select state from campaign where id = $1", self.id)
        return state

    async def claim(self, limit: int = 1000) -> list[Claimed]:
        async with work(self.actor, Permission.CAMPAIGNS_SEND) as w:
            return await ledger.claim(w, self.channel_id, self.id, limit=limit, units=limit)

    async def finish(self, batch: list[Claimed], state: MessageState, reason: str | None = None) -> None:
        attempt = AttemptState.ACCEPTED if state is S.SENT else AttemptState.REJECTED
        results = [
            Result(m.message_id, m.epoch, m.attempt_id, state, attempt, f"w{m.attempt_id}", 200, None, reason, "x") for m in batch
        ]
        async with work(self.actor, Permission.CAMPAIGNS_SEND) as w:
            await ledger.finish(w, results, horizon=900)

    async def counts(self) -> dict[str, int]:
        """By state, after a look whether the tallies say the same."""
        rows = await self.db.fetch("select state, count(*) as n from message where campaign_id = $1 group by 1", self.id)
        told = await self.db.fetch(
            "select state, sum(delta) as n from message_tally where campaign_id = $1 and state < 100 group by 1 having sum(delta) <> 0",
            self.id,
        )
        found = {S(row["state"]).label: row["n"] for row in rows}
        assert found == {S(row["state"]).label: row["n"] for row in told}
        return found


@pytest.fixture
async def stage(owner_db: asyncpg.Connection, owner: Actor) -> Stage:
    channel_id = await factories.channel(owner_db, owner)
    template_id = await factories.template(owner_db, owner, channel_id)
    await factories.contacts(owner_db, owner, 40)
    campaign_id = await factories.campaign(owner_db, owner, channel_id, template_id)
    await actions.launch(owner, campaign_id, None)
    return Stage(owner_db, owner, channel_id, campaign_id)


async def test_the_audience_is_written_once(stage: Stage) -> None:
    added = await asyncio.gather(*(lifecycle.prepare(stage.actor.company_id, stage.id) for _ in range(3)))
    assert sorted(added) == [0, 0, 40]
    assert await stage.counts() == {"queued": 40}
    assert await stage.state() == "running"


async def test_everybody_has_a_row_and_a_reason(stage: Stage) -> None:
    await stage.db.execute(
        "update contact set opted_out_at = now() where company_id = $1 and name = 'Pessoa 1'", stage.actor.company_id
    )
    await stage.db.execute(
        "delete from contact_identity where company_id = $1 and value = '+5511900000002'", stage.actor.company_id
    )
    await stage.db.execute(  # wa_id of one is the phone of another
        "insert into contact_identity(company_id, contact_id, kind, value)"
        " select company_id, id, 'wa_id', '+5511900000004' from contact where company_id = $1 and name = 'Pessoa 3'",
        stage.actor.company_id,
    )
    await lifecycle.prepare(stage.actor.company_id, stage.id)
    assert await stage.counts() == {"queued": 37, "skipped": 3}
    reasons = await stage.db.fetch("select reason from message where campaign_id = $1 and state = 8 order by 1", stage.id)
    assert [row["reason"] for row in reasons] == ["duplicate_address", "no_address", "opted_out"]


@pytest.mark.parametrize(("kind", "reasons"), [("sms", ["landline"]), ("whatsapp", [])])
async def test_a_landline_takes_no_sms(owner_db: asyncpg.Connection, owner: Actor, kind: str, reasons: list[str]) -> None:
    channel_id = await factories.channel(owner_db, owner, kind)
    template_id = await factories.template(owner_db, owner, channel_id) if kind == "whatsapp" else None
    await factories.contacts(owner_db, owner, 3)
    await owner_db.execute(
        "update contact_identity set line = 'fixed' where company_id = $1 and value = '+5511900000001'", owner.company_id
    )
    body = None if template_id else "Oi {{first_name|cliente}}"
    campaign_id = await factories.campaign(owner_db, owner, channel_id, template_id, body=body)
    await actions.launch(owner, campaign_id, None)
    await lifecycle.prepare(owner.company_id, campaign_id)
    rows = await owner_db.fetch("select reason, address from message where campaign_id = $1 and state = 8", campaign_id)
    assert [row["reason"] for row in rows] == reasons
    assert {row["address"] for row in rows} <= {"+5511900000001"}


async def test_pause_and_resume_act_at_the_next_claim(stage: Stage) -> None:
    await lifecycle.prepare(stage.actor.company_id, stage.id)
    assert len(await stage.claim(10)) == 10
    await actions.pause(stage.actor, stage.id)
    assert await stage.claim(10) == []
    await lifecycle.reconcile()
    assert await stage.state() == "paused"
    await actions.resume(stage.actor, stage.id)
    assert len(await stage.claim(10)) == 10
    with pytest.raises(Conflict):
        await actions.resume(stage.actor, stage.id)


async def test_cancel_lets_what_is_on_the_wire_finish(stage: Stage) -> None:
    await lifecycle.prepare(stage.actor.company_id, stage.id)
    batch = await stage.claim(10)
    await actions.cancel(stage.actor, stage.id)
    assert await stage.claim(10) == []
    await lifecycle.reconcile()
    assert await stage.counts() == {"sending": 10, "cancelled": 30}
    assert await stage.db.fetchval("select finished_at is null from campaign where id = $1", stage.id)
    await stage.finish(batch, S.SENT)
    await lifecycle.reconcile()
    assert await stage.counts() == {"sent": 10, "cancelled": 30}
    assert await stage.db.fetchval("select finished_at is not null and state = 'cancelled' from campaign where id = $1", stage.id)


async def test_nothing_is_asked_about_a_campaign_that_has_somebody_queued(stage: Stage) -> None:
    """A round takes as long as there are campaigns that may move, not as there are campaigns."""

    async def asked() -> bool:
        async with system_read() as s:
            return stage.id in [row["id"] for row in await s.fetch(lifecycle._TO_SETTLE)]

    await lifecycle.prepare(stage.actor.company_id, stage.id)
    assert not await asked()
    await actions.pause(stage.actor, stage.id)
    assert not await asked()
    await actions.resume(stage.actor, stage.id)
    await stage.claim()
    assert await asked()


async def test_retry_sends_only_the_failed_again(stage: Stage) -> None:
    await lifecycle.prepare(stage.actor.company_id, stage.id)
    batch = await stage.claim()
    await stage.finish(batch[:30], S.SENT)
    await stage.finish(batch[30:36], S.FAILED, "temporary")
    await stage.finish(batch[36:], S.FAILED, "invalid_number")
    await lifecycle.reconcile()
    assert await stage.state() == "finished"
    assert await actions.retry_failed(stage.actor, stage.id, RETRYABLE, include_unknown=False) == 6
    assert await stage.state() == "running"
    again = await stage.claim()
    assert {m.message_id for m in again} == {m.message_id for m in batch[30:36]}
    assert {m.epoch for m in again} == {2}
    await stage.finish(again, S.SENT)
    await lifecycle.reconcile()
    assert await stage.counts() == {"sent": 36, "failed": 4}
    assert await stage.state() == "finished"


async def test_a_stop_by_the_provider_ends_the_rest(stage: Stage) -> None:
    await lifecycle.prepare(stage.actor.company_id, stage.id)
    await lifecycle.stop(stage.actor.company_id, stage.id, "template_disabled", "132015", pause=False)
    await lifecycle.reconcile()
    assert await stage.state() == "failed"
    assert await stage.counts() == {"cancelled": 40}


@pytest.mark.parametrize(
    ("status", "reason"), [("paused", "template_paused"), ("rejected", "template_disabled"), ("deleted", "template_missing")]
)
async def test_a_stopped_template_pauses_what_uses_it(stage: Stage, status: str, reason: str) -> None:
    company_id = stage.actor.company_id
    await lifecycle.prepare(company_id, stage.id)
    assert await lifecycle.follow_templates(company_id, stage.channel_id) == 0
    await stage.db.execute("update template set status = $2 where company_id = $1", company_id, status)
    assert await lifecycle.follow_templates(company_id, stage.channel_id) == 1
    assert await stage.state() == "paused"
    assert await stage.claim() == []
    assert await stage.db.fetchval("select state_reason from campaign where id = $1", stage.id) == reason
    with pytest.raises(Conflict) as refused:
        await actions.resume(stage.actor, stage.id)
    assert refused.value.code == "template_stopped"
    await stage.db.execute("update template set status = 'approved' where company_id = $1", company_id)
    assert await lifecycle.follow_templates(company_id, stage.channel_id) == 0
    assert await stage.state() == "paused", "it goes on when a person says so"
    await actions.resume(stage.actor, stage.id)
    assert len(await stage.claim()) == 40


async def test_a_campaign_begins_paused_when_its_template_was_stopped_since_the_launch(stage: Stage) -> None:
    await stage.db.execute("update template set status = 'paused' where company_id = $1", stage.actor.company_id)
    assert await lifecycle.prepare(stage.actor.company_id, stage.id) == 40
    assert await stage.state() == "paused"
    assert await stage.counts() == {"queued": 40}
