"""What is held ends only by a person's word, item by item; statuses of the lost life settle it first."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from db.campaigns import actions, lifecycle
from db.campaigns.enums import CampaignState
from db.clock import now
from db.errors import Conflict, Forbidden, NotFound
from db.holds import actions as holds
from db.holds import queries
from db.holds.enums import HoldCause, HoldDecision
from db.ids import uuid7
from db.messages import lost
from db.messages.enums import MessageState
from db.messages.ledger import StatusUpdate
from db.messages.lost import Report
from db.permissions import Permission, Role
from db.tenancy import Actor, built_in, member
from db.work import work
from tests import factories
from tests.db.test_installation import busy, claim

C, S = CampaignState, MessageState


class Scene:
    """A company whose queues are held."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, ids: dict[str, UUID], hold: queries.Held) -> None:
        self.db, self.actor, self.ids, self.hold = db, actor, ids, hold

    def item(self, name: str) -> UUID:
        return next(item["id"] for item in self.hold.items if item["name"] == name)

    async def decide(self, decision: HoldDecision, *names: str) -> None:
        await holds.decide(self.actor, self.hold.id, [self.item(name) for name in names], decision)

    async def state(self, name: str) -> CampaignState:
        return C(await self.db.fetchval("select state from campaign where id = $1", self.ids[name]))

    async def waiting(self, name: str) -> int:
        return len(await claim(self.actor, self.ids["channel"], self.ids[name]))

    async def told(self, address: str, state: MessageState, attempt_id: UUID | None = None) -> None:
        update = StatusUpdate(attempt_id or uuid7(), f"wamid.{uuid4()}", state, now(), "temporary" if state is S.FAILED else None)
        async with work(self.actor, Permission.CAMPAIGNS_SEND) as w:
            await lost.reports(w, [Report(update, self.ids["channel"], address)])

    async def states(self, name: str) -> dict[str, str]:
        rows = await self.db.fetch("select address, state from message where queue_id = $1", self.ids[name])
        return {row["address"]: S(row["state"]).label for row in rows if S(row["state"]) is not S.QUEUED}


@pytest.fixture
async def scene(owner_db: asyncpg.Connection) -> Scene:
    actor, ids = await busy(owner_db)
    await holds._hold(actor.company_id, HoldCause.RESTORE, now(), 2)
    (hold,) = await queries.open_holds(actor)
    return Scene(owner_db, actor, ids, hold)


async def test_each_item_goes_on_as_what_it_was(scene: Scene) -> None:
    await scene.decide(HoldDecision.CONTINUED, "running", "paused", "Loja", "SendMail")
    assert [await scene.state(name) for name in ("running", "paused", "scheduled")] == [C.RUNNING, C.PAUSED, C.HELD]
    assert [await scene.waiting(name) for name in ("running", "paused", "channel")] == [6, 0, 1]
    assert (
        await scene.db.fetchval("select state from job where company_id = $1 and name = 'SendMail'", scene.actor.company_id)
        == "waiting"
    )
    await scene.decide(HoldDecision.CONTINUED, "scheduled", "preparing")
    assert (
        await scene.db.fetchval(
            "select count(*) from job where company_id = $1 and name = 'PrepareCampaign'", scene.actor.company_id
        )
        == 2
    )
    assert await queries.open_holds(scene.actor) == []
    with pytest.raises(Conflict, match="already"):
        await scene.decide(HoldDecision.DISCARDED, "running")


async def test_what_is_discarded_ends_with_a_reason(scene: Scene) -> None:
    await scene.decide(HoldDecision.DISCARDED, *(item["name"] for item in scene.hold.items))
    for _ in range(2):
        await lifecycle.reconcile()
    for name in ("running", "paused", "scheduled", "preparing"):
        row = await scene.db.fetchrow("select state, state_reason, finished_at from campaign where id = $1", scene.ids[name])
        assert row is not None
        assert (row["state"], row["state_reason"], row["finished_at"] is not None) == ("cancelled", "discarded", True)
    rows = await scene.db.fetch(
        "select state, reason, count(*) as n from message where company_id = $1 group by 1, 2", scene.actor.company_id
    )
    assert [tuple(row) for row in rows] == [(S.CANCELLED, "discarded", 13)]
    company = scene.actor.company_id
    assert await scene.db.fetchval("select state from job where company_id = $1 and name = 'SendMail'", company) == "dead"
    assert await scene.db.fetchval("select link from mail where company_id = $1", company) is None


async def test_only_who_may_decides_and_only_on_what_is_named(scene: Scene, stranger: Actor) -> None:
    manager = member(scene.actor.company_id, scene.actor.id or uuid4(), built_in(Role.MANAGER))
    for actor, error in ((manager, Forbidden), (stranger, NotFound)):
        with pytest.raises(error):
            await holds.decide(actor, scene.hold.id, [scene.item("running")], HoldDecision.CONTINUED)
    with pytest.raises(NotFound):
        await holds.decide(scene.actor, scene.hold.id, [scene.item("running"), uuid4()], HoldDecision.CONTINUED)
    for deed in (actions.resume, actions.cancel, actions.pause):
        with pytest.raises(Conflict):
            await deed(scene.actor, scene.ids["running"])
    assert await scene.state("running") is C.HELD
    assert await queries.open_holds(stranger) == []


async def test_a_status_settles_the_message_that_waits_for_that_person(scene: Scene) -> None:
    attempt = uuid7()
    await scene.told("+5511900000002", S.SENT, attempt)
    await scene.told("+5511900000002", S.READ, attempt)
    await scene.told("+5511900000003", S.DELIVERED)
    await scene.told("+5511999999999", S.DELIVERED)  # nobody waits for this one: kept
    found = {**await scene.states("running"), **await scene.states("paused")}
    assert found == {"+5511900000002": "read", "+5511900000003": "delivered"}
    (hold,) = await queries.open_holds(scene.actor)
    assert sum(item["settled"] for item in hold.items) == 2
    assert [row["people"] for row in hold.unexplained] == [1]
    await scene.decide(HoldDecision.CONTINUED, "running", "paused")
    assert await scene.waiting("running") == 4 + len(await scene.states("paused"))


async def test_a_planned_campaign_that_ran_finds_whom_it_reached(scene: Scene) -> None:
    await scene.decide(HoldDecision.DISCARDED, "running", "paused", "Loja", "SendMail", "preparing")
    for _ in range(2):
        await lifecycle.reconcile()
    template = await scene.db.fetchval("select template_id from campaign where id = $1", scene.ids["scheduled"])
    again = await factories.campaign(scene.db, scene.actor, scene.ids["channel"], template)
    async with work(scene.actor, Permission.CAMPAIGNS_SEND) as w:
        await actions._freeze(w, again)
    await scene.db.execute(
        "update campaign set content = (select content from campaign where id = $2) where id = $1", scene.ids["scheduled"], again
    )
    for number in (1, 4):
        await scene.told(f"+551190000000{number}", S.DELIVERED)
    await scene.decide(HoldDecision.CONTINUED, "scheduled")
    await lifecycle.prepare(scene.actor.company_id, scene.ids["scheduled"])
    assert await scene.states("scheduled") == {"+5511900000001": "delivered", "+5511900000004": "delivered"}
    assert await scene.waiting("scheduled") == 4


async def test_without_a_hold_an_unknown_attempt_changes_nothing(owner_db: asyncpg.Connection) -> None:
    actor, ids = await busy(owner_db)
    update = StatusUpdate(uuid7(), "wamid.x", S.DELIVERED, now())
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        assert await lost.reports(w, [Report(update, ids["channel"], "+5511900000002")]) == set()
    assert await owner_db.fetchval("select count(*) from lost_attempt where company_id = $1", actor.company_id) == 0
    assert len(await claim(actor, ids["channel"], ids["running"])) == 6
