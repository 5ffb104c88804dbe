"""News about an account reaches its owners: in the log, on the first page, and by mail when it cannot wait."""

import time

import asyncpg
import pytest

from db.accounts.enums import MailTemplate
from db.campaigns import home
from db.channels import log, notices
from db.channels.enums import NoticeCode
from db.channels.notices import MEANINGS, Weight
from db.errors import NotFound
from db.tenancy import Actor
from tests.db.channels.factories import envelope, make_channel, put_inbox
from workers.inbound import process_inbox

REJECTED = {"decision": "REJECTED"}
APPROVED = {"decision": "APPROVED"}
STARTED = int(time.time())  # one second for all, so that the same news told again is the same


async def told(owner_db: asyncpg.Connection, owner: Actor, channel: object, value: object, field: str, ago: int = 60) -> None:
    await put_inbox(owner_db, owner, channel, envelope(value, field=field, at=STARTED - ago))  # type: ignore[arg-type]
    await process_inbox(owner.company_id)


async def mails(owner_db: asyncpg.Connection, owner: Actor) -> list[asyncpg.Record]:
    return await owner_db.fetch(
        "select recipient, params from mail where company_id = $1 and template = $2",
        owner.company_id,
        MailTemplate.CHANNEL_NOTICE,
    )


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(NoticeCode)
    for code, meaning in MEANINGS.items():
        assert all(MEANINGS[closed].weight is not Weight.NOTE for closed in meaning.closes), code


async def test_a_rejection_is_on_the_first_page_and_in_the_owners_mail_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    for _ in range(3):
        await told(owner_db, owner, channel, REJECTED, "account_review_update")
    [notice] = await notices.open_notices(owner, channel)
    assert notice.code is NoticeCode.REVIEW_REJECTED
    attention = [row for row in (await home.figures(owner)).attention if row["code"] == "channel_notice"]
    assert [(row["subject_id"], row["detail"]) for row in attention] == [(channel, "review_rejected")]
    assert len(await mails(owner_db, owner)) == 1
    [line] = await log.entries(owner, channel, kind="news")
    assert (line.code, line.times, line.ok) == ("review_rejected", 3, False)
    await told(owner_db, owner, channel, REJECTED, "account_review_update", ago=30)
    assert len(await mails(owner_db, owner)) == 1  # its like was mailed within a day


@pytest.mark.parametrize("order", [("bad", "good"), ("good", "bad")])
async def test_better_news_closes_it_in_whatever_order_they_come(
    order: tuple[str, str], owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    for which in order:
        value, ago = (REJECTED, 120) if which == "bad" else (APPROVED, 60)
        await told(owner_db, owner, channel, value, "account_review_update", ago)
    assert await notices.open_notices(owner, channel) == []
    await told(owner_db, owner, channel, REJECTED, "account_review_update", ago=10)
    assert len(await notices.open_notices(owner, channel)) == 1


async def test_somebody_closes_a_notice(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    await told(owner_db, owner, channel, {"event": "PIN_CHANGED", "display_phone_number": "5511"}, "security")
    [notice] = await notices.open_notices(owner, channel)
    assert (notice.code, notice.subject) == (NoticeCode.PIN_CHANGED, "5511")
    with pytest.raises(NotFound):
        await notices.close(stranger, channel, notice.id)
    for _ in range(2):
        await notices.close(owner, channel, notice.id)
    assert await notices.open_notices(owner, channel) == []


async def test_a_rehearsal_and_old_news_mail_nobody(owner: Actor, owner_db: asyncpg.Connection) -> None:
    rehearsal = await make_channel(owner_db, owner, sandbox=True, account_id="900200")
    at = int(await owner_db.fetchval("select extract(epoch from now())")) - 60
    await put_inbox(owner_db, owner, rehearsal, envelope(REJECTED, field="account_review_update", account="900200", at=at))
    channel = await make_channel(owner_db, owner)
    await told(owner_db, owner, channel, REJECTED, "account_review_update", ago=5 * 86_400)
    assert len(await notices.open_notices(owner, rehearsal)) == len(await notices.open_notices(owner, channel)) == 1
    assert await mails(owner_db, owner) == []
