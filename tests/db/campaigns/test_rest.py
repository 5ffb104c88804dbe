"""Who got a campaign lately, or is about to, is left out of the next one where it says so: what reached nobody counts for nothing."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import actions, gate, lifecycle, queries
from db.channels.secrets import load_channel
from db.contacts import listing
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import Contacted, Group
from db.messages import ledger
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import gated

WEEK = '{"skip_recent_days": 7}'
BEFORE = {  # what became of the message of an earlier campaign: state, how long ago it was sent, whether that keeps the person out
    "sent": (M.SENT, "1 day", True),
    "read": (M.READ, "6 days 23 hours", True),
    "too long ago": (M.READ, "7 days 1 hour", False),
    "not on WhatsApp": (M.FAILED, None, False),
    "accepted, and failed": (M.FAILED, "1 day", False),
    "called off": (M.CANCELLED, None, False),
    "on the wire": (M.SENDING, None, True),
    "nobody knows": (M.UNKNOWN, None, True),
    "nobody will know": (M.FAILED_UNKNOWN, "1 day", True),
    "in the queue": (M.QUEUED, None, True),
}


async def launched(db: asyncpg.Connection, owner: Actor, channel: UUID, template: UUID, settings: str = "{}") -> UUID:
    campaign = await factories.campaign(db, owner, channel, template, settings=settings)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return campaign


async def left_out(db: asyncpg.Connection, campaign: UUID) -> set[str]:
    rows = await db.fetch(
        "select c.name, m.reason from message m join contact c on c.id = m.contact_id where m.campaign_id = $1 and m.state = 8",
        campaign,
    )
    assert {row["reason"] for row in rows} <= {"recently_messaged"}
    return {row["name"] for row in rows}


async def before(db: asyncpg.Connection, owner: Actor, *, sandbox: bool) -> tuple[UUID, UUID, UUID]:
    """People named by what became of an earlier campaign; its channel, its template and the campaign."""
    channel = await factories.channel(db, owner, sandbox=sandbox)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, len(BEFORE))
    earlier = await launched(db, owner, channel, template)
    for number, (name, (state, age, _)) in enumerate(BEFORE.items()):
        await db.execute(
            "update message set state = $3::smallint, sent_at = now() - $4::text::interval, done_at = case when $3::smallint > 5 then now() end,"
            " lease_until = case when $3::smallint in (1, 2) then now() end"
            " where campaign_id = $1 and address = $2",
            earlier, f"+55119{number:08}", int(state), age,
        )  # fmt: skip
        await db.execute(
            "update contact set name = $2 where id = (select contact_id from contact_identity where company_id = $3 and value = $1)",
            f"+55119{number:08}", name, owner.company_id,
        )  # fmt: skip
    return channel, template, earlier


async def test_what_arrived_or_may_have_or_is_about_to_keeps_out_and_nothing_else(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel, template, earlier = await before(owner_db, owner, sandbox=False)
    out = {name for name, (_, _, keeps) in BEFORE.items() if keeps}
    draft = await factories.campaign(owner_db, owner, channel, template, settings=WEEK)
    told = await queries.audience(owner, draft)
    assert [(one.reason, one.count) for one in told.skipped] == [("recently_messaged", len(out))]
    segment = Group(conditions=[Contacted(op="within", days=7)])
    rows = (await listing.contacts(owner, ContactFilter(rule=segment), limit=50)).rows
    assert {row["name"] for row in rows} == out - {"in the queue"}, "a segment means the same"
    assert await left_out(owner_db, await launched(owner_db, owner, channel, template, WEEK)) == out
    assert await left_out(owner_db, await launched(owner_db, owner, channel, template)) == set()
    await owner_db.execute("update campaign set state = 'paused' where id = $1", earlier)  # it goes when somebody says so
    await owner_db.execute("update campaign set state = 'cancelled' where id <> $1 and state = 'running'", earlier)
    assert await left_out(owner_db, await launched(owner_db, owner, channel, template, WEEK)) == out - {"in the queue"}


async def test_a_rehearsal_keeps_nobody_out_but_of_rehearsals(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel, template, _ = await before(owner_db, owner, sandbox=True)
    real = await factories.channel(owner_db, owner, sandbox=False)
    real_template = await factories.template(owner_db, owner, real)
    assert await left_out(owner_db, await launched(owner_db, owner, channel, template, WEEK)) >= {"sent", "in the queue"}
    assert await left_out(owner_db, await launched(owner_db, owner, real, real_template, WEEK)) == set()


async def test_two_that_start_at_one_moment_never_queue_the_same_person(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner, sandbox=False)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 500)
    both = [await factories.campaign(owner_db, owner, channel, template, settings=WEEK) for _ in range(4)]
    for one in both:
        await actions.launch(owner, one, None)
    await asyncio.gather(*(lifecycle.prepare(owner.company_id, one) for one in both))
    most = await owner_db.fetchval(
        "select max(n) from (select count(*) as n from message where campaign_id = any($1) and state = 0 group by contact_id) q",
        both,
    )
    assert most == 1


@pytest.mark.parametrize(("chosen", "leave"), [(WEEK, 1), ("{}", 3)])
async def test_who_got_another_meanwhile_is_asked_about_at_the_claim(
    owner_db: asyncpg.Connection, owner: Actor, chosen: str, leave: int
) -> None:
    """It was queued first and goes later, as of one that is spread over days. What failed elsewhere keeps nobody out."""
    channel = await factories.channel(owner_db, owner, sandbox=False)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 3)
    first = await launched(owner_db, owner, channel, template, chosen)
    other = await launched(owner_db, owner, channel, template)
    states = {0: M.DELIVERED, 1: M.SENDING, 2: M.FAILED}
    for number, state in states.items():
        await owner_db.execute(
            "update message set state = $3::smallint, sent_at = case when $3::smallint <> 1 then now() end where campaign_id = $1 and address = $2",
            other, f"+55119{number:08}", int(state),
        )  # fmt: skip
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        known = await load_channel(w, channel)
        assert known is not None
        batch = await ledger.claim(w, channel, first, limit=10, units=10)
        asked = await gate.ask(w, first)
        going = await gated.by_rest(w, known, first, asked, batch)
    assert len(going) == leave
    assert await left_out(owner_db, first) == ({"Pessoa 0", "Pessoa 1"} if leave == 1 else set())
