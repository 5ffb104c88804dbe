"""What is forgotten, and what is kept."""

from datetime import timedelta
from typing import NamedTuple

import asyncpg

from db import blobs
from db.clock import now
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from workers import housekeeping


async def test_junk_of_one_company_is_bounded_and_costs_nobody_elses_webhooks(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    blobs.connect(database)
    ours, theirs = await factories.channel(owner_db, owner), await factories.channel(owner_db, stranger)
    for actor, channel, count in ((owner, ours, 25), (stranger, theirs, 3)):
        await owner_db.execute(
            "insert into webhook_inbox(company_id, channel_id, source, body, tries)"
            " select $1, $2, 'meta', convert_to(repeat('x', 3000000), 'LATIN1'), 5 from generate_series(1, $3)",
            actor.company_id,
            channel,
            count,
        )
    waiting = await owner_db.fetchval(
        "insert into webhook_inbox(company_id, channel_id, source, body) values ($1, $2, 'meta', 'x') returning id",
        owner.company_id,
        ours,
    )
    await owner_db.execute("delete from tick where name = 'hourly'")
    await housekeeping.hourly()
    count = "select count(*) from webhook_inbox where company_id = $1 and tries = 5"
    assert await owner_db.fetchval(count, owner.company_id) == 16  # 50 MB of 75
    assert await owner_db.fetchval(count, stranger.company_id) == 3
    assert await owner_db.fetchval("select true from webhook_inbox where id = $1", waiting)


class Border(NamedTuple):
    """Two rows of one kind: one as old as may be, one a little older. `$4` is the age; the insert returns what names the row."""

    table: str
    key: str
    insert: str  # $1 company, $2 user, $3 channel
    kept: timedelta | None
    forgotten: timedelta | None

    @property
    def made(self) -> str:
        return f"with g as (select $1::uuid company, $2::uuid person, $3::uuid channel, now() - $4::interval aged) {self.insert}"


DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_SESSION = (
    "insert into session(company_id, user_id, token_hash, expires_at, revoked_at) select company, person, uuid_send(uuidv7()), {}"
    " from g returning id"
)
_HOOK = (
    "insert into webhook_inbox(company_id, channel_id, source, body, received_at, tries)"
    " select company, channel, 'meta', 'x', {} from g returning id"
)
_LINK = "insert into {}(user_id, token_hash, expires_at) select person, uuid_send(uuidv7()), aged from g returning id"
_JOB = (
    "insert into job(company_id, name, queue, payload, max_tries, created_at, state)"
    " select company, 'CheckChannel', 'default', '{{}}', 1, aged, '{}' from g returning id"
)
_TALK = (
    ", c as (insert into contact(company_id) select company from g returning company_id, id), v as (insert into conversation(company_id,"
    " contact_id, channel_id, address, last_at, opened_at) select c.company_id, c.id, channel, '+5511', now(), now() from g, c"
    " returning company_id, id) "
)
_ASSIST = (
    "insert into ai_assist(company_id, conversation_id, what, language, asked_by, state, created_at)"
    " select company, v.id, '{}', 'pt-BR', person, 'done', aged from g, v returning id"
)
_PROPOSAL = (
    "insert into lead_proposal(company_id, board_id, conversation_id, through_id, tool, args, reason, confidence, evidence, state, created_at)"
    " select company, uuidv7(), v.id, uuidv7(), 'move_lead', '{{}}', '', 0.9, '[]', '{}', aged from g, v returning id"
)
_RULE_RUN = (
    ", r as (insert into stage_rule(company_id, board_id, stage_id, occasion, action) select company, s.board_id, s.id, 'enter', '{{}}'"
    " from g join stage s on s.company_id = company limit 1 returning id)"
    " insert into rule_run(company_id, rule_id, lead_id, entry_id, depth, visited, due_at, created_at, state, done_at)"
    " select company, r.id, uuidv7(), uuidv7(), 0, '{{}}', aged, aged, '{}', {} from g, r returning id"
)
BORDERS = [
    Border("session", "id", _SESSION.format("aged, null"), 30 * DAY - HOUR, 30 * DAY + HOUR),
    Border("session", "id", _SESSION.format("now() + interval '14 days', aged"), 30 * DAY - HOUR, 30 * DAY + HOUR),
    Border("session", "id", _SESSION.format("now() + interval '1 minute', null"), 300 * DAY, None),  # open: never
    Border("webhook_inbox", "id", _HOOK.format("aged, 5"), 30 * DAY - HOUR, 30 * DAY + HOUR),
    Border("webhook_inbox", "id", _HOOK.format("aged, 4"), 300 * DAY, None),  # waits: never
    Border("job", "id", _JOB.format("dead"), 30 * DAY - HOUR, 30 * DAY + HOUR),
    Border("job", "id", _JOB.format("held"), 300 * DAY, None),
    Border(
        "mail",
        "id",
        "insert into mail(company_id, template, recipient, language, params, created_at)"
        " select company, 'verify_email', 'a@example.com', 'en', '{}', aged from g returning id",
        30 * DAY - HOUR,
        30 * DAY + HOUR,
    ),
    Border("password_reset", "id", _LINK.format("password_reset"), 7 * DAY - HOUR, 7 * DAY + HOUR),
    Border("email_verification", "id", _LINK.format("email_verification"), -HOUR, HOUR),
    Border(
        "known_device",
        "token_hash",
        "insert into known_device(user_id, token_hash, last_used_at, created_at)"
        " select person, uuid_send(uuidv7()), aged, now() - interval '900 days' from g returning token_hash",
        180 * DAY - HOUR,
        180 * DAY + HOUR,
    ),
    Border(
        "lost_attempt",
        "id",
        "insert into lost_attempt(company_id, id, channel_id, created_at) select company, uuidv7(), channel, aged from g returning id",
        30 * DAY - HOUR,
        30 * DAY + HOUR,
    ),
    Border(
        "idempotency",
        "key",
        "insert into idempotency(company_id, key, request_hash, status, body, headers, created_at)"
        " select company, uuidv7()::text, 'x', 200, 'x', '{}', aged from g returning key",
        DAY - HOUR,
        DAY + HOUR,
    ),
    Border(
        "ai_usage",
        "id",
        "insert into ai_usage(company_id, id, at, purpose, provider, model, result, lease_until, reserved)"
        " select company, uuidv7(), aged, 'answer', 'openai', 'gpt', 'done', aged, 0 from g returning id",
        800 * DAY - HOUR,
        800 * DAY + HOUR,
    ),
    Border(
        "ai_spending",
        "id",
        "insert into ai_spending(company_id, id, scope, subject_id, period, starts)"
        " select company, uuidv7(), 'persona', uuidv7(), 'day', aged from g returning id",
        800 * DAY - HOUR,
        800 * DAY + HOUR,
    ),
    Border(
        "persona_trial",
        "id",
        ", p as (insert into persona(company_id, name, draft) select company, uuidv7()::text, '{}' from g returning id)"
        " insert into persona_trial(company_id, persona_id, published, config, lines, created_at)"
        " select company, p.id, false, '{}', '[]', aged from g, p returning id",
        30 * DAY - HOUR,
        30 * DAY + HOUR,
    ),
    Border("ai_assist", "id", _TALK + _ASSIST.format("draft"), DAY - HOUR, DAY + HOUR),
    Border("ai_assist", "id", _TALK + _ASSIST.format("customer"), 90 * DAY - HOUR, 90 * DAY + HOUR),
    Border(
        "lead_bulk_move",
        "id",
        "insert into lead_bulk_move(company_id, stage_id, at, lead_ids, ranks, from_stage_ids, from_ranks, from_reasons, from_since)"
        " select company, uuidv7(), aged, '{}', '{}', '{}', '{}', '{}', '{}' from g returning id",
        7 * DAY - HOUR,
        7 * DAY + HOUR,
    ),
    Border("rule_run", "id", _RULE_RUN.format("done", "aged"), 90 * DAY - HOUR, 90 * DAY + HOUR),
    Border("rule_run", "id", _RULE_RUN.format("waiting", "null"), 300 * DAY, None),  # waits: never
    Border(
        "lead_judging",
        "id",
        _TALK + "insert into lead_judging(company_id, id, board_id, conversation_id, through_id, at, state)"
        " select company, uuidv7(), uuidv7(), v.id, uuidv7(), aged, 'done' from g, v returning id",
        90 * DAY - HOUR,
        90 * DAY + HOUR,
    ),
    Border("lead_proposal", "id", _TALK + _PROPOSAL.format("blocked"), 90 * DAY - HOUR, 90 * DAY + HOUR),
    Border("lead_proposal", "id", _TALK + _PROPOSAL.format("applied"), 300 * DAY, None),  # what was done is kept
    Border(
        "tick",
        "name",
        "insert into tick(name, at) select uuidv7()::text, aged from g returning name",
        7 * DAY - HOUR,
        7 * DAY + HOUR,
    ),
]


async def test_each_kind_is_forgotten_when_its_time_has_come_and_not_before(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    blobs.connect(database)
    channel = await factories.channel(owner_db, owner)
    kept, forgotten = [], []
    for border in BORDERS:
        for age, rows in ((border.kept, kept), (border.forgotten, forgotten)):
            if age is not None:
                rows.append((border, await owner_db.fetchval(border.made, owner.company_id, owner.id, channel, age)))
    await owner_db.execute("delete from tick where name = 'hourly'")
    await housekeeping.hourly()

    async def there(border: Border, name: object) -> bool:
        return await owner_db.fetchval(f"select true from {border.table} where {border.key} = $1", name) is True

    assert [border for border, name in kept if not await there(border, name)] == []
    assert [border for border, name in forgotten if await there(border, name)] == []


async def test_an_hour_has_one_round_in_the_whole_installation(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    blobs.connect(database)
    channel = await factories.channel(owner_db, owner, checked_at=now() - timedelta(hours=2), created_at=now() - DAY)
    checks = "select count(*) from job where company_id = $1 and name = 'CheckChannel'"
    await owner_db.execute("delete from tick where name = 'hourly'")
    await housekeeping.hourly()
    assert await owner_db.fetchval(checks, owner.company_id) == 1
    await owner_db.execute("delete from job where company_id = $1", owner.company_id)
    await housekeeping.hourly()
    assert await owner_db.fetchval(checks, owner.company_id) == 0
    assert await owner_db.fetchval("select true from channel where id = $1", channel)


async def test_one_table_that_cannot_be_cleaned_holds_up_nothing_else(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    blobs.connect(database)
    await factories.channel(owner_db, owner, checked_at=now() - timedelta(hours=2), created_at=now() - DAY)
    mail = next(border for border in BORDERS if border.table == "mail")
    old = await owner_db.fetchval(mail.made, owner.company_id, owner.id, None, mail.forgotten)
    await owner_db.execute("delete from tick where name = 'hourly'")
    await owner_db.execute("revoke delete on tick from masteria_system")  # the first of all
    try:
        await housekeeping.hourly()
    finally:
        await owner_db.execute("grant delete on tick to masteria_system")
    assert await owner_db.fetchval("select true from mail where id = $1", old) is None
    assert await owner_db.fetchval("select true from job where company_id = $1 and name = 'CheckChannel'", owner.company_id)


async def test_a_suggestion_ends_after_a_week_and_what_a_look_was_told_after_a_month(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    blobs.connect(database)
    channel = await factories.channel(owner_db, owner)
    proposal = Border("lead_proposal", "id", _TALK + _PROPOSAL.format("proposed"), 7 * DAY - HOUR, 7 * DAY + HOUR)
    look = Border(
        "lead_judging",
        "id",
        _TALK + "insert into lead_judging(company_id, id, board_id, conversation_id, through_id, at, state, steps)"
        " select company, uuidv7(), uuidv7(), v.id, uuidv7(), aged, 'done', '[]' from g, v returning id",
        30 * DAY - HOUR,
        30 * DAY + HOUR,
    )
    made = {
        (border.table, age): await owner_db.fetchval(border.made, owner.company_id, owner.id, channel, age)
        for border in (proposal, look)
        for age in (border.kept, border.forgotten)
    }
    await owner_db.execute("delete from tick where name = 'hourly'")
    await housekeeping.hourly()

    async def found(border: Border, what: str) -> list[object]:
        return [
            await owner_db.fetchval(f"select {what} from {border.table} where id = $1", made[border.table, age])
            for age in (border.kept, border.forgotten)
        ]

    assert await found(proposal, "state") == ["proposed", "expired"]
    assert await found(look, "steps is null") == [False, True]
