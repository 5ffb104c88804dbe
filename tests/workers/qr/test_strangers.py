"""A campaign over a number that is connected by a code goes to who wrote or said yes, whatever the audience was when it was written."""

from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from db import valkey
from db.campaigns import actions, lifecycle, preflight, preflight_people
from db.campaigns.enums import PreflightEffect, PreflightRule
from db.campaigns.preflight import Finding
from db.clock import now
from db.messages.enums import MessageState as M
from db.messages.enums import SkipReason
from db.qr import choices
from db.qr.choices import Choices, Hours
from db.qr.enums import Groups, Shown
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.workers.qr.conftest import Scene
from tests.workers.qr.test_settling import Shop


@pytest.fixture
async def shop(scene: Scene, owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> Shop:
    """Bia, and four people more."""
    made = Shop(scene, owner_db, owner, database)
    await made.open()
    await factories.contacts(owner_db, owner, 4, first=1)
    return made


async def person(shop: Shop, number: int) -> UUID:
    found: UUID = await shop.db.fetchval(
        "select id from contact where company_id = $1 and name = $2", shop.owner.company_id, f"Pessoa {number}"
    )
    return found


async def wrote(shop: Shop, number: int, ago: str) -> None:
    await shop.db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
        " values ($1, $2, $3, $4, '+5511', 'text', '{}', now() - $5::text::interval)",
        shop.owner.company_id, shop.channel_id, await person(shop, number), f"W{number}", ago,
    )  # fmt: skip


async def said(shop: Shop, number: int, category: str | None) -> None:
    await shop.db.execute(
        "insert into consent_entry(company_id, contact_id, category, allowed, source, by_kind) values ($1, $2, $3, true, 'import', 'user')",
        shop.owner.company_id, await person(shop, number), category,
    )  # fmt: skip


async def outcomes(shop: Shop, campaign_id: UUID) -> dict[str, tuple[M, str | None]]:
    rows = await shop.db.fetch(
        "select c.name, m.state, m.reason from message m join contact c on c.id = m.contact_id where m.campaign_id = $1",
        campaign_id,
    )
    return {row["name"]: (M(row["state"]), row["reason"]) for row in rows}


async def test_strangers_are_found_before_left_out_and_held_back_at_the_claim(shop: Shop) -> None:
    await wrote(shop, 0, "1 day")
    await wrote(shop, 1, "14 months")
    await said(shop, 2, "marketing")
    await said(shop, 3, "utility")
    await wrote(shop, 4, "2 months")
    campaign_id = await factories.campaign(shop.db, shop.owner, shop.channel_id, body="Oi!")
    found = await preflight.preflight(shop.owner, campaign_id)
    assert Finding(PreflightRule.STRANGER, PreflightEffect.LEAVES_OUT, 2) in found.findings
    assert (found.matched, found.reachable) == (5, 3)
    listed = await preflight_people.people(shop.owner, campaign_id, PreflightRule.STRANGER, limit=10, after=None)
    assert {one.name for one in listed} == {"Pessoa 1", "Pessoa 3"}
    await actions.launch(shop.owner, campaign_id, None)
    await lifecycle.prepare(shop.owner.company_id, campaign_id)
    left_out = (M.SKIPPED, SkipReason.STRANGER.value)
    before = await outcomes(shop, campaign_id)
    assert {name for name, outcome in before.items() if outcome == left_out} == {"Pessoa 1", "Pessoa 3"}
    await shop.db.execute(  # since then that message was taken away
        "update inbound_message set received_at = now() - interval '2 years' where company_id = $1 and provider_id = 'W4'",
        shop.owner.company_id,
    )
    for _ in range(4):
        await shop.send()
    after = await outcomes(shop, campaign_id)
    assert {name for name, outcome in after.items() if outcome == left_out} == {"Pessoa 1", "Pessoa 3", "Pessoa 4"}
    assert {name for name, (state, _) in after.items() if state == M.SENT} == {"Pessoa 0", "Pessoa 2"}
    assert len(shop.scene.port.arrived) == 2


async def test_a_rehearsal_leaves_out_the_same_strangers_and_invented_people_are_none(shop: Shop) -> None:
    await shop.db.execute("update channel set sandbox = true where id = $1", shop.channel_id)
    await wrote(shop, 0, "1 day")
    await said(shop, 2, "marketing")
    await shop.db.execute("update contact set source = 'sample' where id = $1", await person(shop, 3))
    campaign_id = await factories.campaign(shop.db, shop.owner, shop.channel_id, body="Oi!")
    await actions.launch(shop.owner, campaign_id, None)
    await lifecycle.prepare(shop.owner.company_id, campaign_id)
    await shop.db.execute("delete from consent_entry where company_id = $1", shop.owner.company_id)
    for _ in range(4):
        await shop.send()
    after = await outcomes(shop, campaign_id)
    left_out = (M.SKIPPED, SkipReason.STRANGER.value)
    assert {name for name, outcome in after.items() if outcome == left_out} == {"Pessoa 1", "Pessoa 2", "Pessoa 4"}
    assert {name for name, (state, _) in after.items() if state == M.SENT} == {"Pessoa 0", "Pessoa 3"}


async def test_campaigns_wait_for_the_hours_of_the_number_and_answers_do_not(shop: Shop) -> None:
    zone: str = await shop.db.fetchval("select time_zone from company where id = $1", shop.owner.company_id)
    closed = (now().astimezone(ZoneInfo(zone)).weekday() + 3) % 7
    await choices.choose(shop.owner, shop.channel_id, Choices(Groups.IGNORE, Shown.OFFLINE, Hours(0, 1440, (closed,))))
    await wrote(shop, 0, "1 day")
    campaign_id = await factories.campaign(shop.db, shop.owner, shop.channel_id, body="Oi!")
    await actions.launch(shop.owner, campaign_id, None)
    await lifecycle.prepare(shop.owner.company_id, campaign_id)
    await shop.send()
    assert (await outcomes(shop, campaign_id))["Pessoa 0"] == (M.QUEUED, None)
    answer = await shop.write("Já respondo")
    await shop.send()
    assert (await shop.message(answer))["state"] == M.SENT
    await choices.choose(shop.owner, shop.channel_id, Choices(Groups.IGNORE, Shown.OFFLINE, None))
    await valkey.client().delete(f"rest:{shop.channel_id}")
    for _ in range(4):
        await shop.send()
    assert (await outcomes(shop, campaign_id))["Pessoa 0"] == (M.SENT, None)
