"""Each figure of messages is the number of the messages that it opens into, over random histories; those of a campaign are its part."""

import random
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.analytics import message_rows, messages
from db.analytics.enums import MessageFact
from db.analytics.message_rows import MessageRow, MessageWhere
from db.clock import now
from db.messages.reasons import FailureReason
from db.stats import check, fold
from db.stats.metrics import Author
from db.tenancy import Actor
from db.work import system_work
from tests import factories

_REASONS = ("not_on_whatsapp", "unreachable", "call_busy")


async def _happen(owner: Actor, db: asyncpg.Connection, dice: random.Random, channels: list[UUID], campaigns: list[UUID]) -> None:
    """Messages by campaigns, people, the assistant and on phones: sent, delivered, read, answered, failed, in any order, also long ago."""
    ids: list[UUID] = []
    for number in range(60):
        at = now() - timedelta(minutes=dice.randrange(60 * 24 * 8))
        campaign = dice.choice((None, *campaigns))
        channel = channels[0] if campaign else dice.choice(channels)
        author, key = (
            (None, f"{campaign}:{number}")
            if campaign
            else dice.choice(((owner.id, f"r{number}"), (None, f"ai:{number}"), (None, f"away:{number}")))
        )
        ids.append(uuid4())
        await db.execute(
            "insert into message(company_id, id, channel_id, queue_id, campaign_id, address, dedupe_key, author_id, origin, state, sent_at)"
            " values ($1, $2, $3, $3, $4, '+5511987650000', $5, $6, $7, $8, $9)",
            owner.company_id, ids[-1], channel, campaign, key, author,
            "phone_app" if not campaign and dice.random() < 0.1 else None, *dice.choice(((0, None), (3, at))),
        )  # fmt: skip
        for one in dice.sample(ids, min(3, len(ids))):
            state = dice.choice((3, 4, 5, 6, 7))
            await db.execute(
                "update message set state = $2::smallint, sent_at = coalesce(sent_at, case when $2::smallint < 6 then $3::timestamptz end), done_at = case when $2::smallint > 5 then $3::timestamptz end,"
                " reason = case when $2::smallint = 6 then $4::text end, replied_at = case when $5::boolean then $3::timestamptz else replied_at end where id = $1",
                one, state, at, dice.choice(_REASONS), dice.random() < 0.2,
            )  # fmt: skip
        if number % 11 == 0:
            await fold.fold()
    for number in range(12):
        await db.execute(
            "insert into inbound_message(company_id, channel_id, provider_id, address, kind, received_at, content)"
            " values ($1, $2, $3, '+5511987650000', 'text', $4, '{}')",
            owner.company_id, dice.choice(channels), f"in{number}", now() - timedelta(minutes=dice.randrange(60 * 24 * 8)),
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_every_figure_of_messages_opens_into_as_many(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor, seed: int
) -> None:
    channels = [await factories.channel(owner_db, owner) for _ in range(2)]
    campaigns = [await factories.campaign(owner_db, owner, channels[0], body=f"Oi {n}") for n in range(2)]
    await _happen(owner, owner_db, random.Random(seed), channels, campaigns)
    since = (now() - timedelta(days=4)).date()

    async def listed(fact: MessageFact, where: MessageWhere = MessageWhere()) -> list[MessageRow]:
        """All of them, page by page."""
        found: list[MessageRow] = []
        while True:
            after = (found[-1].at, found[-1].id) if found else None
            rows, total = await message_rows.rows(owner, fact, since, None, where, after, 7)
            found += rows
            if len(rows) < 7:
                assert len({one.id for one in found}) == len(found) == total
                assert found == sorted(found, key=lambda one: (one.at, one.id), reverse=True)
                return found

    whole = await messages.messages(owner, since, None, None)
    for fact in MessageFact:
        assert len(await listed(fact)) == getattr(whole.figures, fact.value)
    assert len(await listed(MessageFact.SENT, MessageWhere(of_campaigns=True))) == whole.figures.of_campaigns
    for group in whole.channels:
        for fact in MessageFact:
            assert len(await listed(fact, MessageWhere(channel_id=group.id))) == getattr(group.figures, fact.value)
    for author, n in whole.authors.items():
        assert len(await listed(MessageFact.SENT, MessageWhere(author=author))) == n, Author(author)
    for key, _name, n in whole.people:
        assert len(await listed(MessageFact.SENT, MessageWhere(user_id=key))) == n
    for reason, n in whole.refusals:
        assert len(await listed(MessageFact.FAILED, MessageWhere(reason=FailureReason(reason)))) == n
    parts = Counter[str]()
    for campaign in campaigns:
        part = await messages.messages(owner, since, None, None, campaign)
        for fact in (MessageFact.SENT, MessageFact.READ, MessageFact.REPLIED, MessageFact.FAILED, MessageFact.RECEIVED):
            assert len(await listed(fact, MessageWhere(campaign_id=campaign))) == getattr(part.figures, fact.value)
        assert part.figures.sent == part.figures.of_campaigns
        parts["sent"] += part.figures.sent
        assert sum(n for _reason, n in part.refusals) == part.figures.failed
        assert (await messages.messages(owner, since, None, channels[1], campaign)).figures.sent == 0
    assert parts["sent"] == whole.figures.of_campaigns
    async with system_work() as s:
        assert await check.differences(s, owner.company_id) == []
    assert (await message_rows.rows(stranger, MessageFact.SENT, since, None, MessageWhere(), None, 10)) == ([], 0)
