"""A draft for exactly some of those of a campaign; what helps those whom it did not reach; the landlines that a provider refused."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, fallback, follow, lifecycle, queries
from db.campaigns.enums import CampaignPart
from db.clock import now
from db.contacts import merges
from db.contacts.enums import MergeReason
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import Group, Received
from db.errors import Conflict, Invalid, NotFound
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories


@pytest.fixture
async def sent(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    """A campaign to six: two read it, one of them answered, two got it, one is not on WhatsApp, one has a landline."""
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 6)
    campaign = await factories.campaign(owner_db, owner, channel, template, settings='{"skip_recent_days": 7}')
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    await owner_db.execute("update message set sent_at = now() - interval '1 hour' where campaign_id = $1", campaign)
    await _become(owner_db, campaign, 0, M.READ, read_at=now(), replied_at=now())
    await _become(owner_db, campaign, 1, M.READ, read_at=now())
    await _become(owner_db, campaign, 2, M.DELIVERED)
    await _become(owner_db, campaign, 3, M.SENT)
    await _become(owner_db, campaign, 4, M.FAILED, reason="not_on_whatsapp", done_at=now(), sent_at=None)
    await _become(owner_db, campaign, 5, M.FAILED, reason="landline", done_at=now(), sent_at=None)
    await owner_db.execute("update campaign set state = 'finished', finished_at = now() where id = $1", campaign)
    return campaign


async def _become(db: asyncpg.Connection, campaign: UUID, person: int, state: M, **columns: object) -> None:
    names = "".join(f", {name} = ${number + 4}" for number, name in enumerate(columns))
    sql = (
        f"update message m set state = $3{names} from contact c where m.campaign_id = $1 and c.id = m.contact_id and c.name = $2"
    )
    await db.execute(sql, campaign, f"Pessoa {person}", int(state), *columns.values())


async def _names(db: asyncpg.Connection, owner: Actor, draft: UUID) -> set[str]:
    """Who would get a draft, as its launch makes the list."""
    await db.execute("update campaign set body = coalesce(body, 'Oi') where id = $1", draft)
    await actions.launch(owner, draft, None)
    await lifecycle.prepare(owner.company_id, draft)
    sql = "select c.name from message m join contact c on c.id = m.contact_id where m.campaign_id = $1 and m.state = 0"
    return {row["name"] for row in await db.fetch(sql, draft)}


async def test_the_draft_is_for_exactly_those_who_did_not_read(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    draft = await follow.follow(owner, sent, CampaignPart.NOT_READ, name="De novo")
    assert draft["state"] == "draft"
    assert draft["name"] == "De novo"
    assert draft["cloned_from"] == sent
    await _become(owner_db, sent, 3, M.READ, read_at=now())  # who reads it meanwhile leaves
    await _become(owner_db, sent, 4, M.SENT, sent_at=now() + timedelta(hours=1))  # and who gets it later does not join
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 2"}


async def test_who_answered_has_read(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    """Whoever tells nobody that they read a message tells it by their answer."""
    await _become(owner_db, sent, 2, M.DELIVERED, replied_at=now())
    draft = await follow.follow(owner, sent, CampaignPart.NOT_READ)
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 3"}


async def test_whom_an_sms_reached_in_its_place_gets_no_second_one(
    owner_db: asyncpg.Connection, owner: Actor, sent: UUID
) -> None:
    sms = await factories.channel(owner_db, owner, "sms")
    chosen = fallback.Fallback(sms, "Oi")
    await owner_db.execute("update campaign set fallback = $2::jsonb where id = $1", sent, msgspec.json.encode(chosen).decode())
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        await fallback.begin(w, sent, chosen)
    assert await fallback.rounds() == 1
    with pytest.raises(Conflict, match="nobody_left"):
        await follow.follow(owner, sent, CampaignPart.FAILED, reason="not_on_whatsapp", channel_id=sms)
    child = await owner_db.fetchval("select id from campaign where fallback_of = $1", sent)
    await owner_db.execute("update message set state = $2 where campaign_id = $1", child, int(M.FAILED))
    draft = await follow.follow(owner, sent, CampaignPart.FAILED, reason="not_on_whatsapp", channel_id=sms)
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 4"}
    with pytest.raises(NotFound):
        await follow.follow(owner, child, CampaignPart.FAILED)


@pytest.fixture
async def halfway(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    """A campaign to six that fails: one has it, one may have it, one did not get it, one is on its way a second time, and two still waited."""
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 6)
    campaign = await factories.campaign(
        owner_db, owner, channel, template, settings='{"max_cost_micro": 9, "max_cost_currency": "USD"}'
    )
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    await _become(owner_db, campaign, 0, M.SENT, sent_at=now())
    await _become(owner_db, campaign, 1, M.UNKNOWN)
    await _become(owner_db, campaign, 2, M.FAILED, reason="not_on_whatsapp", done_at=now())
    await _become(owner_db, campaign, 3, M.QUEUED, maybe_duplicate=True)
    return campaign


async def test_the_rest_of_a_campaign_that_failed_half_way_gets_it_once(
    owner_db: asyncpg.Connection, owner: Actor, halfway: UUID
) -> None:
    with pytest.raises(Conflict, match="still_sending"):
        await follow.follow(owner, halfway, CampaignPart.NOT_SENT)
    await lifecycle.stop(owner.company_id, halfway, "payment", "", pause=False)
    draft = await follow.follow(owner, halfway, CampaignPart.NOT_SENT)
    assert draft["settings"]["max_cost_micro"] == 9
    await lifecycle.reconcile()  # what waited is called off, after the draft was made
    await owner_db.execute("update campaign set settings = '{}' where id = $1", draft["id"])
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 4", "Pessoa 5"}


async def test_who_became_one_with_somebody_who_has_it_is_not_of_the_rest(
    owner_db: asyncpg.Connection, owner: Actor, halfway: UUID
) -> None:
    await actions.cancel(owner, halfway)
    await lifecycle.reconcile()
    ids = {row["name"]: row["id"] for row in await owner_db.fetch("select id, name from contact")}
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await merges.merge(w, ids["Pessoa 4"], ids["Pessoa 0"], MergeReason.BY_HAND)
    draft = await follow.follow(owner, halfway, CampaignPart.NOT_SENT)
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 5"}


async def test_what_counts_as_done_goes_along(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    await owner_db.execute("""update campaign set goal = '{"kind": "stage", "ids": [], "days": 3}' where id = $1""", sent)
    for made in (await follow.follow(owner, sent, CampaignPart.NOT_READ), await actions.clone(owner, sent)):
        kept = await owner_db.fetchval("select goal->>'days' from campaign where id = $1", made["id"])
        assert kept == "3"


async def test_the_draft_has_the_file_at_the_head(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    file = uuid4()
    await owner_db.execute("update campaign set header_file_id = $2 where id = $1", sent, file)
    draft = await follow.follow(owner, sent, CampaignPart.NOT_READ)
    assert draft["header_file_id"] == file


async def test_what_whatsapp_stopped_is_not_sent_again(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    await owner_db.execute(
        "update template set status = 'paused' where id = (select template_id from campaign where id = $1)", sent
    )
    with pytest.raises(Conflict, match="template_stopped"):
        await actions.retry_failed(owner, sent, ["landline"], include_unknown=False)
    assert await owner_db.fetchval("select state from campaign where id = $1", sent) == "finished"


async def test_who_did_not_answer_may_have_read(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    draft = await follow.follow(owner, sent, CampaignPart.NOT_REPLIED)
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 1", "Pessoa 2", "Pessoa 3"}


async def test_those_of_one_reason_are_written_to_by_sms_with_the_same_words(
    owner_db: asyncpg.Connection, owner: Actor, sent: UUID
) -> None:
    sms = await factories.channel(owner_db, owner, "sms")
    draft = await follow.follow(owner, sent, CampaignPart.FAILED, reason="not_on_whatsapp", channel_id=sms)
    assert draft["template_id"] is None
    assert draft["body"] == "Oi {{first_name|cliente}}, tem novidade em {{custom.cidade|sua cidade}}!"
    assert await _names(owner_db, owner, draft["id"]) == {"Pessoa 4"}


async def test_nobody_left_is_said(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor, sent: UUID) -> None:
    with pytest.raises(Conflict, match="nobody_left"):
        await follow.follow(owner, sent, CampaignPart.FAILED, reason="payment")
    with pytest.raises(NotFound):
        await follow.follow(stranger, sent, CampaignPart.NOT_READ)
    draft = await factories.campaign(owner_db, owner, await factories.channel(owner_db, owner))
    with pytest.raises(NotFound):
        await follow.follow(owner, draft, CampaignPart.NOT_READ)


async def test_a_refused_landline_is_left_out_from_then_on(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    assert await follow.leave_landlines_out(owner, sent) == 1
    assert await follow.leave_landlines_out(owner, sent) == 0
    sms = await factories.channel(owner_db, owner, "sms")
    draft = await factories.campaign(owner_db, owner, sms, body="Oi")
    found = await queries.audience(owner, draft)
    assert [(one.reason, one.count) for one in found.skipped] == [("landline", 1)]


async def test_a_retry_waits_until_its_time(owner_db: asyncpg.Connection, owner: Actor, sent: UUID) -> None:
    with pytest.raises(Invalid, match="in_the_past"):
        await actions.retry_failed(owner, sent, ["landline"], include_unknown=False, at=now() - timedelta(hours=1))
    at = now() + timedelta(days=1)
    assert await actions.retry_failed(owner, sent, ["landline"], include_unknown=False, at=at) == 1
    assert await owner_db.fetchval("select next_at from message where campaign_id = $1 and state = 0", sent) == at
    found = await queries.progress(owner, sent)
    assert (found.next_at, found.figures.waiting) == (at, 1)


def test_an_audience_says_until_when() -> None:
    """What is kept reads back as it was written."""
    kept = ContactFilter(rule=Group(conditions=[Received(campaign_id=UUID(int=1), result="failed", reason="x", until=now())]))
    assert msgspec.json.decode(msgspec.json.encode(kept), type=ContactFilter) == kept
