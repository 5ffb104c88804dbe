"""What holds for campaigns holds for the steps of a cadence: hours of the company and of the cadence by each person's own clock, the limit of
costs, and who does not want messages of a category."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.cadences import actions, steps
from db.cadences.enums import CadenceState, StopReason
from db.cadences.plan import Plan, Send, StepBinding, WritingHours
from db.cadences.publishing import recipient_hours
from db.cadences.stops import stop
from db.campaigns import gate, letters, rules
from db.campaigns.plan import Plan as CampaignPlan
from db.campaigns.plan import plan_of
from db.campaigns.rules import Rules, SendHours
from db.channels.secrets import load_channel
from db.clock import now
from db.contacts import consent
from db.contacts.enums import Category
from db.contacts.holidays import Calendar
from db.contacts.places import place
from db.costs import caps
from db.costs.enums import CapScope
from db.messages import ledger, loosened
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.cadences.scene import EVERYBODY, Scene, scene, wait
from workers import gated

PEOPLE = 6
PRICE = 62_500  # of a marketing template to Brazil, in millionths of a dollar


@pytest.fixture
async def s(owner_db: asyncpg.Connection, owner: Actor) -> Scene:
    return await scene(owner_db, owner, PEOPLE)


async def letter(s: Scene, cadence_id: UUID) -> UUID:
    found: UUID = await s.db.fetchval("select id from campaign where cadence_id = $1 order by id desc limit 1", cadence_id)
    return found


async def claim(s: Scene, channel_id: UUID, campaign_id: UUID, most: int = 10) -> tuple[list[Claimed], CapScope | None]:
    """A claim with everything that a lane asks of hours and money; who would leave, and what stops the others."""
    async with work(s.actor, Permission.CAMPAIGNS_SEND) as w:
        channel = await load_channel(w, channel_id)
        assert channel is not None
        batch = await ledger.claim(w, channel_id, campaign_id, limit=most, units=100)
        asked = await gate.ask(w, campaign_id)
        go, stop = await gated.by_money(w, channel, asked, await gated.by_hours(w, channel, campaign_id, asked, batch))
        return go, stop.scope if stop is not None else None


async def templated(s: Scene, category: str = "marketing") -> tuple[UUID, Send]:
    channel = await factories.channel(s.db, s.actor)
    template = await factories.template(s.db, s.actor, channel)
    await s.db.execute("update template set category = $2 where id = $1", template, category)
    bindings = [StepBinding(one["placeholder"], one["source"], one["fallback"]) for one in factories.BINDINGS]
    return channel, Send(id=uuid4(), channel_id=channel, template_id=template, bindings=bindings)


async def test_the_hours_of_the_company_hold_a_step_back(s: Scene) -> None:
    other_day = (now() + timedelta(days=2)).weekday()
    await rules.add(s.actor, SendHours(uuid4(), "Depois", "", "", [other_day], 0, 1440, False, None, None, ""))
    cadence_id = await s.start(s.say("um"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    assert await claim(s, s.channel_id, await letter(s, cadence_id)) == ([], None)
    rows = await s.db.fetch(
        "select state, next_at > now() + interval '12 hours' as later from message where company_id = $1", s.actor.company_id
    )
    assert [(row["state"], row["later"]) for row in rows] == [(MessageState.QUEUED, True)] * PEOPLE


async def test_whoever_waits_for_hours_that_are_loosened_goes_at_once(s: Scene) -> None:
    """And who still may not be written to waits on, as does who waits for something else."""
    days = [(now() + timedelta(days=ahead)).weekday() for ahead in (2, 3)]
    rule = await rules.add(s.actor, SendHours(uuid4(), "Depois", "", "", days[:1], 0, 1440, False, None, None, ""))
    cadence_id = await s.start(s.say("um"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    queue = await letter(s, cadence_id)
    assert await claim(s, s.channel_id, queue, 2) == ([], None)  # the others are put off with them
    await s.db.execute(
        "update message set reason = 'temporary' where id = (select max(id::text)::uuid from message where company_id = $1)",
        s.actor.company_id,
    )

    async def late() -> int:
        found: int = await s.db.fetchval(
            "select count(*) from message where company_id = $1 and queued and next_at > now()", s.actor.company_id
        )
        return found

    assert await late() == PEOPLE
    await rules.change(s.actor, rule._replace(weekdays=days))
    kept = await s.db.fetchval("select count(*) from job where company_id = $1 and name = 'ReleaseHeld'", s.actor.company_id)
    assert kept == 2, "at once, and for whom the rules of before put off at that moment"
    second = "select next_at > now() + interval '50 seconds' from job where company_id = $1 and payload->>'again' = 'true'"
    await s.db.execute("update job set next_at = now() + interval '1 second' where company_id = $1", s.actor.company_id)
    await rules.change(s.actor, rule._replace(weekdays=days))
    assert await s.db.fetchval(second, s.actor.company_id) is True, "claims by the rules of before last a minute from now on"
    assert await loosened.release(s.actor.company_id) == PEOPLE - 1
    assert await claim(s, s.channel_id, queue) == ([], None)
    assert await late() == PEOPLE, "it is still the wrong day"
    await rules.remove(s.actor, rule.id)
    assert await loosened.release(s.actor.company_id) == PEOPLE - 1
    go, _ = await claim(s, s.channel_id, queue)
    assert (len(go), await late()) == (PEOPLE - 1, 1)


async def test_the_hours_of_a_cadence_follow_it_and_go_into_every_queue(s: Scene) -> None:
    say = s.say("um")
    hours = WritingHours("09:00", "18:30", [0, 1, 2, 3, 4])
    cadence_id = await s.start(say, hours=hours)

    async def kept() -> CampaignPlan:
        text = await s.db.fetchval("select settings::text from campaign where id = $1", await letter(s, cadence_id))
        return plan_of(msgspec.json.decode(text))

    own = (await kept()).hours
    assert own is not None
    assert (own.opens, own.closes, own.weekdays) == (540, 1110, (0, 1, 2, 3, 4))
    await actions.edit(s.actor, cadence_id, plan=Plan(steps=[say]))
    await actions.start(s.actor, cadence_id)
    assert (await kept()).hours is None
    assert await s.db.fetchval("select count(*) from campaign where cadence_id = $1", cadence_id) == 1, "the same letter"


MOMENTS = st.integers(int(datetime(2017, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2030, 1, 1, tzinfo=UTC).timestamp())).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
ADDRESSES = st.sampled_from(
    ["+5511900000001", "+5592900000001", "+5568900000001", "+14155550001", "+351910000001", "+61400000001"]
)
CLOCKS = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MOMENTS, ADDRESSES, CLOCKS, CLOCKS, st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True))
def test_a_step_never_leaves_outside_of_its_hours_where_the_person_is(
    at: datetime, address: str, first: str, last: str, days: list[int]
) -> None:
    """Changes of clocks included: in every zone in which the person may be the wall clock is inside when it opens."""
    start, end = sorted((first, last))
    hours = WritingHours(start, end if end > start else "23:59", sorted(days))
    rule = Rules([], CampaignPlan(hours=recipient_hours(hours)), "marketing", "America/Sao_Paulo", [], Calendar([]))
    opens = rule.opens(place(address), at)
    if opens is None:
        return
    assert opens >= at
    for zone in place(address).zones:
        local = opens.astimezone(ZoneInfo(zone))
        assert local.weekday() in days
        assert start <= local.strftime("%H:%M") < ("24:00" if hours.end == "23:59" else hours.end)


async def test_the_months_limit_stops_steps_and_counts_those_on_their_way(s: Scene) -> None:
    channel, say = await templated(s)
    await s.db.execute("update channel set sandbox = false where id = $1", channel)
    await caps.set_month(s.actor, 3 * PRICE + 1, "USD")
    cadence_id = await s.start(say)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    queue = await letter(s, cadence_id)
    go, stop = await claim(s, channel, queue, 2)
    assert (len(go), stop) == (2, None)
    go, stop = await claim(s, channel, queue)
    assert (len(go), stop) == (1, CapScope.MONTH), "what is on its way and not billed yet counts"
    await gated.stop(s.actor.company_id, queue, gate.Stop(CapScope.MONTH))
    assert await s.db.fetchval("select state_reason from campaign where id = $1", queue) == "spend_cap"
    # Raised: the one who looks after it lets it go on with the button of the cadence.
    await caps.set_month(s.actor, 100 * PRICE, "USD")
    row = await actions.resume(s.actor, cadence_id)
    assert row["state"] == CadenceState.RUNNING
    await s.db.execute("update message set next_at = now() where queue_id = $1", queue)
    go, stop = await claim(s, channel, queue)
    assert (len(go), stop) == (3, None)


async def test_who_refused_marketing_gets_no_marketing_and_the_rest(s: Scene) -> None:
    one, two = await s.contact("Pessoa 1"), await s.contact("Pessoa 2")
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await consent.refuse(w, one, [Category.MARKETING], "person")
        await consent.refuse(w, two, [Category.UTILITY], "person")
    _, promotion = await templated(s)
    _, notice = await templated(s, "utility")
    cadence_id = await s.start(promotion, notice)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await s.leave()
    await s.run(cadence_id)
    rows = await s.db.fetch(
        "select k.cadence_step, m.reason from message m join campaign k on k.id = m.campaign_id where m.state = $1 and k.cadence_id = $2",
        int(MessageState.SKIPPED),
        cadence_id,
    )
    assert Counter((row["cadence_step"], row["reason"]) for row in rows) == {
        (promotion.id, "category_refused"): 1,
        (notice.id, "category_refused"): 1,
    }


async def test_one_that_waits_in_the_queue_and_then_refuses_is_left_out(s: Scene) -> None:
    channel, say = await templated(s)
    cadence_id = await s.start(say)
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    async with work(s.actor, Permission.CONTACTS_WRITE) as w:
        await consent.refuse(w, await s.contact("Pessoa 1"), [Category.MARKETING], "person")
    go, _ = await claim(s, channel, await letter(s, cadence_id))
    assert len(go) == PEOPLE - 1


async def test_a_template_that_was_stopped_stays_stopped_when_the_others_go_on(s: Scene) -> None:
    _, say = await templated(s)
    cadence_id = await s.start(say, wait(), s.say("dois"))
    await s.enrol(cadence_id)
    await s.run(cadence_id)
    await s.db.execute("update template set status = 'paused' where id = $1", say.template_id)
    await s.db.execute(
        "update campaign set state = 'paused', state_reason = 'template_paused' where cadence_id = $1 and cadence_step = $2",
        cadence_id,
        say.id,
    )
    await actions.pause(s.actor, cadence_id)
    await actions.resume(s.actor, cadence_id)
    async with work(s.actor, Permission.CAMPAIGNS_READ) as w:
        found = await letters.figures(w, cadence_id)
    assert found[say.id].problem == "template_paused"
    await s.db.execute("update template set status = 'approved' where id = $1", say.template_id)
    await actions.resume(s.actor, cadence_id)  # it runs, and one of its steps stood still
    assert await s.db.fetchval("select count(*) from campaign where cadence_id = $1 and state <> 'running'", cadence_id) == 0


async def test_who_left_is_not_tried_again(s: Scene) -> None:
    """On the wire when they answered; refused for a passing reason, it does not come back."""
    cadence_id = await s.start(s.say("um"))
    await s.enrol(cadence_id, EVERYBODY)
    await s.run(cadence_id)
    go, _ = await claim(s, s.channel_id, await letter(s, cadence_id))
    rows = await s.db.fetch("select id from enrolment where cadence_id = $1", cadence_id)
    async with work(s.actor, Permission.CAMPAIGNS_SEND) as w:
        await stop(w, [row["id"] for row in rows], StopReason.REPLIED)
        back = [
            Result(
                one.message_id,
                one.epoch,
                one.attempt_id,
                MessageState.QUEUED,
                AttemptState.REJECTED,
                retry_in=0.0,
                reason="temporary",
            )
            for one in go
        ]
        await ledger.finish(w, back, horizon=10)
    states = await s.db.fetch("select distinct state, reason from message where company_id = $1", s.actor.company_id)
    assert [tuple(row) for row in states] == [(MessageState.CANCELLED, None)]
    assert await steps.step(s.actor.company_id, cadence_id) == 0
