"""What comes for a hook may name a person by the sender's own id, and put them into a campaign: once, and never who must not be written to."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, enrol, lifecycle
from db.errors import Forbidden, Invalid, Unavailable
from db.incoming import deliveries, hooks
from db.incoming.effects import _LEFT_OUT
from db.incoming.enums import Sameness
from db.incoming.recipe import AddTags, EnrolInCampaign, UpsertContact
from db.permissions import Permission
from db.tenancy import Actor
from tests import factories
from tests.db.incoming.test_deliveries import ANA, PERSON, count, hook, outcome, post

KNOWN = UpsertContact(external_id="{{id}}", phone="{{fone}}", email="{{email}}", name="{{nome}}")
BIA = {"id": "C-8", "nome": "Bia", "fone": "(11) 98765-0002"}


async def launched(owner: Actor, db: asyncpg.Connection, **columns: Any) -> UUID:
    """A campaign that runs, with one person in it."""
    channel = await factories.channel(db, owner)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, 1)
    campaign = await factories.campaign(db, owner, channel, template, **columns)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return campaign


async def people(db: asyncpg.Connection, campaign: UUID) -> list[tuple[str, int]]:
    """Addresses and states of a campaign's messages."""
    rows = await db.fetch("select address, state from message where campaign_id = $1 order by id", campaign)
    return [(row["address"], row["state"]) for row in rows]


async def test_a_person_is_known_by_the_senders_own_id(owner: Actor, owner_db: asyncpg.Connection) -> None:
    route = await hook(owner, KNOWN, sameness=Sameness.NONE.value)
    by_id = await outcome(owner_db, route, await post(route, {"id": "C-7", "nome": "Ana"}))
    assert (by_id["state"], by_id["contact_made"], by_id["problems"]) == ("done", True, [])
    moved = await outcome(owner_db, route, await post(route, {**ANA, "id": "C-7", "fone": "(11) 98765-0001"}))
    assert (moved["contact_id"], moved["contact_made"]) == (by_id["contact_id"], False)
    found = await outcome(owner_db, route, await post(route, {"fone": "(11) 98765-0001"}))
    assert found["contact_id"] == by_id["contact_id"], "the address of the second delivery is theirs"
    row = await owner_db.fetchrow("select name, external_id from contact where id = $1", by_id["contact_id"])
    assert tuple(row) == ("Ana", "C-7")
    other = await outcome(owner_db, route, await post(route, {"id": "C-9", "fone": "(11) 98765-0001"}))
    assert (other["state"], other["problems"]) == ("failed", [("steps[0].external_id", "other_external_id")])
    long = await outcome(owner_db, route, await post(route, {"id": "x" * 201}))
    assert long["problems"] == [("steps[0].external_id", "too_long")]
    nobody = await outcome(owner_db, route, await post(route, {"nome": "Ana"}))
    assert nobody["problems"] == [("steps[0].phone", "payload_not_there")]
    plain = await outcome(owner_db, route, await post(route, {**ANA, "fone": "(11) 98765-0003", "email": ""}))
    taken = await outcome(owner_db, route, await post(route, {"id": "C-10", "fone": "(11) 98765-0003"}))
    assert taken["contact_id"] == plain["contact_id"], "who had no id has it now"
    twins = [await post(route, {"id": "C-11"}) for _ in range(4)]
    await asyncio.gather(*(deliveries.run(route.company_id, one) for one in twins))
    assert await owner_db.fetchval("select count(*) from contact where external_id = 'C-11'") == 1


async def test_a_running_campaign_gets_one_message_more_for_each_person_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    campaign = await launched(owner, owner_db)
    before = await people(owner_db, campaign)
    assert len(before) == 1
    route = await hook(owner, KNOWN, EnrolInCampaign(campaign_id=campaign), sameness=Sameness.NONE.value)
    twins = [await post(route, BIA) for _ in range(5)]
    await asyncio.gather(*(deliveries.run(route.company_id, one) for one in twins))
    rows = [await outcome(owner_db, route, one) for one in twins]
    assert {row["state"] for row in rows} == {"done"}
    assert [row["campaign_id"] for row in rows].count(campaign) == 1
    assert [row["problems"] for row in rows].count([("steps[1].campaign_id", "hook_in_campaign")]) == 4
    assert await people(owner_db, campaign) == [*before, ("+5511987650002", 0)]
    kept = await owner_db.fetchrow("select state, audience_size from campaign where id = $1", campaign)
    assert tuple(kept) == ("running", 2)
    params = await owner_db.fetchval("select params from message where campaign_id = $1 and address = '+5511987650002'", campaign)
    assert "Bia" in params[0]
    # The same address under another contact of ours is the same person.
    await owner_db.execute("update contact set external_id = null where external_id = 'C-8'")
    again = await outcome(owner_db, route, await post(route, {"fone": BIA["fone"]}))
    assert again["problems"] == [("steps[1].campaign_id", "hook_in_campaign")]


async def test_one_that_ran_to_its_end_runs_again_for_the_new_one(owner: Actor, owner_db: asyncpg.Connection) -> None:
    campaign = await launched(owner, owner_db)
    await owner_db.execute("update message set state = 5, done_at = now() where campaign_id = $1", campaign)
    await owner_db.execute("update campaign set state = 'finished', finished_at = now() where id = $1", campaign)
    route = await hook(owner, KNOWN, EnrolInCampaign(campaign_id=campaign))
    done = await outcome(owner_db, route, await post(route, BIA))
    assert (done["problems"], done["campaign_id"]) == ([], campaign)
    row = await owner_db.fetchrow("select state, finished_at from campaign where id = $1", campaign)
    assert tuple(row) == ("running", None)


async def test_who_may_not_be_written_to_does_not_join(owner: Actor, owner_db: asyncpg.Connection) -> None:
    campaign = await launched(owner, owner_db)
    before = await people(owner_db, campaign)
    route = await hook(owner, KNOWN, EnrolInCampaign(campaign_id=campaign), sameness=Sameness.NONE.value)
    await owner_db.execute(
        "insert into suppression(company_id, address, source) values ($1, '+5511987650002', 'keyword')", owner.company_id
    )
    stopped = await outcome(owner_db, route, await post(route, BIA))
    assert (stopped["state"], stopped["problems"]) == ("done", [("steps[1].campaign_id", "hook_opted_out")])
    mailed = await outcome(owner_db, route, await post(route, {"email": "so@example.com"}))
    assert mailed["problems"] == [("steps[1].campaign_id", "hook_no_address")]
    assert await people(owner_db, campaign) == before


@pytest.mark.parametrize("state", ["cancelled", "failed", "held"])
async def test_one_that_is_over_takes_nobody_and_the_rest_is_done(owner: Actor, owner_db: asyncpg.Connection, state: str) -> None:
    campaign = await launched(owner, owner_db)
    route = await hook(owner, KNOWN, AddTags(tags=["site"]), EnrolInCampaign(campaign_id=campaign))
    await owner_db.execute("update campaign set state = $2 where id = $1", campaign, state)
    done = await outcome(owner_db, route, await post(route, BIA))
    assert (done["state"], done["problems"]) == ("done", [("steps[2].campaign_id", "hook_campaign_over")])
    assert await owner_db.fetchval("select count(*) from contact_tag where contact_id = $1", done["contact_id"]) == 1
    await owner_db.execute("delete from message where campaign_id = $1", campaign)
    await owner_db.execute("delete from campaign where id = $1", campaign)
    gone = await outcome(owner_db, route, await post(route, {**BIA, "novo": 1}))
    assert gone["problems"] == [("steps[2].campaign_id", "hook_campaign_gone")]


async def test_a_draft_takes_people_into_a_list_and_never_beside_a_rule(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    draft = await factories.campaign(owner_db, owner, channel, await factories.template(owner_db, owner, channel), audience="{}")
    route = await hook(owner, KNOWN, AddTags(tags=["site"]), EnrolInCampaign(campaign_id=draft), sameness=Sameness.NONE.value)
    first = await outcome(owner_db, route, await post(route, BIA))
    assert (first["problems"], first["campaign_id"]) == ([], draft)

    async def audience() -> dict[str, Any]:
        return msgspec.json.decode(await owner_db.fetchval("select audience::text from campaign where id = $1", draft))

    assert await audience() == {"ids": [str(first["contact_id"])]}
    again = await outcome(owner_db, route, await post(route, BIA))
    assert (again["problems"], again["campaign_id"]) == ([("steps[2].campaign_id", "hook_in_campaign")], None)
    other = await owner_db.fetchval("insert into tag(company_id, name) values ($1, 'vip') returning id", owner.company_id)
    site = await owner_db.fetchval("select id from tag where company_id = $1 and name = 'site'", owner.company_id)
    for tag, code in ((other, "hook_campaign_ruled"), (site, "hook_in_campaign")):
        rule = {"tags": [str(tag)]}
        await owner_db.execute(
            "update campaign set audience = $2::jsonb where id = $1", draft, msgspec.json.encode(rule).decode()
        )
        done = await outcome(owner_db, route, await post(route, BIA))
        assert done["problems"] == [("steps[2].campaign_id", code)]
        assert await audience() == rule


async def test_while_an_audience_is_written_it_is_tried_again_later(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await launched(owner, owner_db)
    route = await hook(owner, KNOWN, EnrolInCampaign(campaign_id=campaign))
    await owner_db.execute("update campaign set state = 'preparing' where id = $1", campaign)
    came = await post(route, BIA)
    with pytest.raises(Unavailable):
        await deliveries.run(route.company_id, came)
    assert await owner_db.fetchval("select state from incoming_delivery where id = $1", came) == "waiting"
    await owner_db.execute("update campaign set state = 'running' where id = $1", campaign)
    assert (await outcome(owner_db, route, came))["campaign_id"] == campaign


async def test_trying_out_says_the_campaign_and_leaves_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    campaign = await launched(owner, owner_db)
    route = await hook(owner, KNOWN)
    came = await post(route, BIA)
    before = [await count(owner_db, owner, table) for table in ("contact", "message", "job", "audit_log")]
    tried = await deliveries.try_out(owner, route.hook_id, came, [KNOWN, EnrolInCampaign(campaign_id=campaign)])
    assert (tried.problems, tried.campaign) == ([], "Promoção")
    assert before == [await count(owner_db, owner, table) for table in ("contact", "message", "job", "audit_log")]


async def test_who_may_not_send_campaigns_makes_no_hook_that_does(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    campaign = await launched(owner, owner_db)
    steps = [PERSON, EnrolInCampaign(campaign_id=campaign)]
    made = await hooks.create_hook(owner, "Site")
    rights = {Permission.INCOMING_WRITE, Permission.INCOMING_READ, Permission.CONTACTS_WRITE}
    key = msgspec.structs.replace(owner, kind="api_key", permissions=frozenset(rights))
    with pytest.raises(Forbidden):
        await hooks.change_hook(key, made.row["id"], steps=steps)
    theirs = await launched(stranger, owner_db)
    for there in (theirs, uuid4()):
        with pytest.raises(Invalid) as refused:
            await hooks.change_hook(owner, made.row["id"], steps=[PERSON, EnrolInCampaign(campaign_id=there)])
        assert [(one.path, one.code.value) for one in refused.value.fields] == [("steps[1].campaign_id", "hook_target_gone")]


async def test_a_test_key_neither_makes_a_hook_nor_learns_an_address(owner: Actor) -> None:
    """Whoever posts to the address has the steps carried out for real."""
    made = await hooks.create_hook(owner, "Site")
    key = msgspec.structs.replace(owner, kind="api_key", test=True)
    for attempt in (
        lambda: hooks.create_hook(key, "Outro"),
        lambda: hooks.renew_address(key, made.row["id"]),
        lambda: hooks.change_hook(key, made.row["id"], steps=[PERSON]),
        lambda: deliveries.test(key, made.row["id"], ANA),
    ):
        with pytest.raises(Forbidden) as refused:
            await attempt()
        assert refused.value.code.value == "test_key"


def test_every_outcome_is_told() -> None:
    assert {one for one in enrol.Enrolment if one.value not in ("queued", "chosen")} <= set(_LEFT_OUT)
