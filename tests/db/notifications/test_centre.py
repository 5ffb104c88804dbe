"""The lines behind the bell: one for the same until it is read, by what each person chose, and nothing of what they may not see."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.accounts.enums import MailTemplate
from db.campaigns import lifecycle
from db.clock import now
from db.costs import notices as cost_notices
from db.costs.enums import CostNotice
from db.errors import Invalid, NotFound
from db.notifications import calls, centre, choices, mailing
from db.notifications.choices import Choice
from db.notifications.enums import NoticeTopic, NotificationKind
from db.permissions import Permission, Role
from db.tenancy import Actor, worker
from db.work import system_work, work
from tests import factories
from tests.api.conftest import make_member

K = NotificationKind


@pytest.fixture
async def colleague(owner_db: asyncpg.Connection, owner: Actor) -> Actor:
    return await make_member(owner_db, owner, Role.AGENT)


@pytest.fixture
async def conversation(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    contact = await owner_db.fetchval(
        "insert into contact(company_id, name, search) values ($1, 'Maria Souza', 'maria souza') returning id", owner.company_id
    )
    channel = await factories.channel(owner_db, owner)
    found: UUID = await owner_db.fetchval(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) values ($1, $2, $3, '+5511988887777', now(), now())"
        " returning id",
        owner.company_id,
        contact,
        channel,
    )
    return found


async def told(owner: Actor, user: Actor, kind: NotificationKind, conversation_id: UUID) -> None:
    assert user.id is not None
    async with work(owner, Permission.CONVERSATIONS_WRITE) as w:
        await calls.call(w, [user.id], kind, conversation_id)


async def jobs(db: asyncpg.Connection, user: Actor, name: str) -> int:
    found: int = await db.fetchval(
        "select count(*) from job where company_id = $1 and name = $2 and payload::text like '%' || $3 || '%'",
        user.company_id,
        name,
        str(user.id),
    )
    return found


async def test_the_same_is_one_line_until_it_is_read(owner: Actor, colleague: Actor, conversation: UUID) -> None:
    for _ in range(3):
        await told(owner, colleague, K.ASSIGNED, conversation)
    await told(owner, colleague, K.MENTIONED, conversation)
    assert await centre.unread(colleague) == 2
    lines = await centre.lines(colleague)
    assert [(one["kind"], one["times"], one["name"]) for one in lines] == [
        ("mentioned", 1, "Maria Souza"),
        ("assigned", 3, "Maria Souza"),
    ]
    assert await centre.unread(owner) == 0  # nobody else's
    with pytest.raises(NotFound):
        await centre.mark(owner, lines[0]["id"], is_read=True)
    await centre.mark(colleague, lines[1]["id"], is_read=True)
    assert [one["kind"] for one in await centre.lines(colleague, unread=True)] == ["mentioned"]
    await told(owner, colleague, K.ASSIGNED, conversation)
    assert [one["times"] for one in await centre.lines(colleague)] == [1, 1, 3]
    # the older line cannot be unread beside the newer one of the same
    assert (await centre.mark(colleague, lines[1]["id"], is_read=False))["read_at"] is not None
    assert await centre.mark_seen(colleague, conversation) == 0
    assert (await centre.mark(colleague, lines[0]["id"], is_read=False))["read_at"] is None
    assert await centre.mark_all(colleague, now() - timedelta(hours=1)) == 1  # what came later was not seen
    assert await centre.mark_all(colleague, now()) == 0


async def test_pages_follow_one_another(owner: Actor, colleague: Actor, conversation: UUID) -> None:
    for kind in (K.ASSIGNED, K.MENTIONED, K.CALL):
        await told(owner, colleague, kind, conversation)
    first = await centre.lines(colleague, limit=2)
    rest = await centre.lines(colleague, before=(first[-1]["at"], first[-1]["id"]), limit=2)
    assert [one["kind"] for one in [*first, *rest]] == ["call", "mentioned", "assigned"]


async def test_what_is_gone_or_not_theirs_any_more_is_not_there(
    owner_db: asyncpg.Connection, owner: Actor, colleague: Actor, conversation: UUID
) -> None:
    await told(owner, colleague, K.ASSIGNED, conversation)
    await told(owner, colleague, K.ASSIGNED, uuid4())
    assert await centre.unread(colleague) == len(await centre.lines(colleague)) == 1
    less = Actor(company_id=colleague.company_id, kind="user", id=colleague.id, permissions=frozenset({Permission.BOARDS_READ}))
    assert await centre.unread(less) == 0
    assert await centre.lines(less) == []
    await owner_db.execute("delete from membership where company_id = $1 and user_id = $2", owner.company_id, colleague.id)
    assert await owner_db.fetchval("select count(*) from notification where user_id = $1", colleague.id) == 0


async def test_companies_know_nothing_of_each_other(owner: Actor, colleague: Actor, conversation: UUID, stranger: Actor) -> None:
    await told(owner, colleague, K.ASSIGNED, conversation)
    elsewhere = Actor(company_id=stranger.company_id, kind="user", id=colleague.id, permissions=colleague.permissions)
    assert await centre.lines(elsewhere) == []
    assert await centre.mark_seen(elsewhere, conversation) == 0
    assert await centre.unread(colleague) == 1


async def test_each_way_is_chosen_by_kind(
    owner_db: asyncpg.Connection, owner: Actor, colleague: Actor, conversation: UUID
) -> None:
    await choices.choose(colleague, Choice(K.ASSIGNED, in_app=False, push=False, mail=False))
    await told(owner, colleague, K.ASSIGNED, conversation)
    assert await owner_db.fetchval("select count(*) from notification where user_id = $1", colleague.id) == 0
    assert await jobs(owner_db, colleague, "SendPush") == 0
    await choices.choose(colleague, Choice(K.ASSIGNED, in_app=False, push=True, mail=True))
    await told(owner, colleague, K.ASSIGNED, conversation)
    assert await centre.lines(colleague) == []  # by mail and push only
    assert await jobs(owner_db, colleague, "SendPush") == 1
    assert await jobs(owner_db, colleague, "MailNotifications") == 1
    chosen = {one.kind: one for one in await choices.choices(colleague)}
    assert set(chosen) == set(K)
    assert chosen[K.ASSIGNED] == Choice(K.ASSIGNED, in_app=False, push=True, mail=True)
    assert chosen[K.NOTICE].mail
    assert {one.kind: one for one in await choices.choices(owner)}[K.ASSIGNED] == choices.first(K.ASSIGNED)
    with pytest.raises(Invalid):
        await choices.choose(owner, Choice(K.NOTICE, mail=False))
    with pytest.raises(Invalid):
        await choices.choose(owner, Choice(K.CALL, mail=True))


async def test_one_mail_of_what_nobody_read(
    owner_db: asyncpg.Connection, owner: Actor, colleague: Actor, conversation: UUID
) -> None:
    assert colleague.id is not None
    for kind in (K.ASSIGNED, K.MENTIONED):
        await choices.choose(colleague, Choice(kind, mail=True))
        await told(owner, colleague, kind, conversation)
    await told(owner, colleague, K.ASSIGNED, conversation)
    assert await jobs(owner_db, colleague, "MailNotifications") == 1
    assert await mailing.post(owner.company_id, colleague.id)
    assert not await mailing.post(owner.company_id, colleague.id)  # told once
    rows = await owner_db.fetch(
        "select params, recipient from mail where template = $1 and company_id = $2", MailTemplate.NOTIFICATIONS, owner.company_id
    )
    assert len(rows) == 1
    assert '"assigned:2 mentioned:1"' in rows[0]["params"]
    assert "Maria" not in rows[0]["params"]
    await told(owner, colleague, K.ASSIGNED, conversation)
    await centre.mark_all(colleague, now())
    assert not await mailing.post(owner.company_id, colleague.id)  # read on the page meanwhile


async def test_whoever_made_a_campaign_hears_that_it_stopped(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign: UUID = await owner_db.fetchval(
        "insert into campaign(company_id, name, channel_id, audience, state, created_by) values ($1, 'Natal', $2, '{}', 'running', $3) returning id",
        owner.company_id,
        channel,
        owner.id,
    )
    await lifecycle.stop(owner.company_id, campaign, "template_disabled", "132015", pause=True)
    await lifecycle.stop(owner.company_id, campaign, "template_disabled", "132015", pause=True)  # it stands already
    assert [(one["kind"], one["name"], one["code"], one["times"]) for one in await centre.lines(owner)] == [
        ("campaign", "Natal", "paused", 1)
    ]
    assert await jobs(owner_db, owner, "SendPush") == 0  # unless they choose it


async def test_news_for_owners_stands_behind_their_bell_too(owner_db: asyncpg.Connection, owner: Actor, colleague: Actor) -> None:
    async with work(worker(owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        await cost_notices.tell(w, CostNotice.REACHED, 50_000_000, "BRL")
    (line,) = await centre.lines(owner)
    assert (line["kind"], line["topic"], line["code"]) == (K.NOTICE, NoticeTopic.COST, CostNotice.REACHED)
    assert line["path"] == cost_notices.LINK
    assert await centre.lines(colleague) == []
    assert await owner_db.fetchval("select count(*) from mail where company_id = $1", owner.company_id) == 1
    assert await jobs(owner_db, owner, "MailNotifications") == 0  # it has a mail of its own


async def test_old_lines_go(owner_db: asyncpg.Connection, owner: Actor, colleague: Actor, conversation: UUID) -> None:
    await told(owner, colleague, K.ASSIGNED, conversation)
    await told(owner, colleague, K.MENTIONED, conversation)
    await owner_db.execute(
        "update notification set at = now() - interval '91 days' where kind = 'assigned' and user_id = $1", colleague.id
    )
    async with system_work() as s:
        await centre.forget_old(s)
    assert [one["kind"] for one in await centre.lines(colleague)] == ["mentioned"]
