"""Campaigns are compared by those whom they reached, and only within the company."""

from uuid import UUID

import asyncpg
import pytest

from db.campaigns.compare import compare
from db.campaigns.enums import CompareMetric
from db.errors import NotFound
from db.messages.enums import TALLY_REPLIED, MessageState
from db.tenancy import Actor
from tests import factories


async def ended(db: asyncpg.Connection, owner: Actor, delivered: int, read: int, replied: int) -> UUID:
    channel = await factories.channel(db, owner)
    campaign = await factories.campaign(db, owner, channel, state="finished", audience_size=delivered + read)
    for state, n in ((MessageState.DELIVERED, delivered), (MessageState.READ, read), (TALLY_REPLIED, replied)):
        await db.execute(
            "insert into message_tally(company_id, campaign_id, at, state, delta) values ($1, $2, now(), $3, $4)",
            owner.company_id,
            campaign,
            int(state),
            n,
        )
    return campaign


async def test_the_better_one_is_named_only_when_it_is_sure(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    some, more, alike = [await ended(owner_db, owner, *figures) for figures in ((500, 500, 50), (400, 600, 100), (500, 500, 52))]
    found = await compare(owner, [some, more], CompareMetric.REPLIED)
    assert [(one.reached, one.counted) for one in found.campaigns] == [(1000, 50), (1000, 100)]
    assert found.winner == more
    assert (await compare(owner, [some, alike], CompareMetric.REPLIED)).winner is None
    assert (await compare(owner, [some, more], CompareMetric.READ)).winner == more
    with pytest.raises(NotFound):
        await compare(stranger, [some], CompareMetric.READ)
