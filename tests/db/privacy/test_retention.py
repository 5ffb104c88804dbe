"""What is older than its company keeps goes, in slices; what is younger, and what another company has, stays."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db import blobs
from db.clock import now
from db.ids import first_of
from db.jobs import KeepRules
from db.messages import conversation, uploads
from db.messages.enums import FileReason, FileState
from db.privacy import retention
from db.settings import Settings
from db.tenancy import Actor
from db.work import system_work
from tests import factories
from workers.privacy import job


async def said(db: asyncpg.Connection, actor: Actor, channel: UUID, contact: UUID, days: int, place: int, state: int = 3) -> UUID:
    """One message to and one from somebody, so many days ago."""
    at = now() - timedelta(days=days)
    ids = [UUID(int=first_of(at).int + place * 2 + n + (7 << 76) + (2 << 62)) for n in (0, 1)]
    await db.execute(
        "insert into message(company_id, id, channel_id, queue_id, contact_id, address, dedupe_key, state, content, sent_at)"
        " values ($1, $2, $3, $3, $4, '+5511900000000', $2::uuid::text, $5, '{\"kind\": \"literal\", \"body\": \"oi\"}', $6)",
        actor.company_id, ids[0], channel, contact, state, at,
    )  # fmt: skip
    await db.execute(
        "insert into inbound_message(company_id, id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " values ($1, $2, $3, $4, $2::uuid::text, '+5511900000000', 'text', 'oi', '{\"kind\": \"text\", \"text\": \"oi\"}', $5)",
        actor.company_id, ids[1], channel, contact, at,
    )  # fmt: skip
    return ids[0]


async def scene(db: asyncpg.Connection, actor: Actor) -> tuple[UUID, UUID]:
    channel = await factories.channel(db, actor)
    await factories.contacts(db, actor, 1)
    contact = await db.fetchval("select id from contact where company_id = $1", actor.company_id)
    return channel, contact


async def test_words_that_are_old_go_in_slices(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    for actor in (owner, stranger):
        channel, contact = await scene(owner_db, actor)
        for place in range(5):
            await said(owner_db, actor, channel, contact, 40, place)
        await said(owner_db, actor, channel, contact, 5, 0)
    theirs = await owner_db.fetchrow("select channel_id, contact_id from message where company_id = $1 limit 1", owner.company_id)
    assert theirs is not None
    waiting = await said(owner_db, owner, *theirs, 40, 9, state=0)
    assert await retention.preview(owner, 30, None, None) == (
        12,
        0,
        0,
        0,
        0,
        0,
    )  # six that went, one of them still waits, and six that came
    assert await retention.preview(owner, None, None, None) == (0, 0, 0, 0, 0, 0)
    await retention.set_retention(owner, 30, None, None)
    assert await retention.step(owner.company_id)  # then the worker dies
    await job.keep_rules(owner.company_id, KeepRules())
    assert not await retention.step(owner.company_id)
    assert (await retention.preview(owner, 30, None, None)).messages == 0  # gone already
    left = await conversation.messages(owner, theirs["contact_id"], before=None, limit=50)
    assert sorted((one.kind, one.text, one.direction) for one in left) == sorted(
        [("unsupported", "", "out")] * 5 + [("unsupported", "", "in")] * 6 + [("text", "oi", "out")] * 2 + [("text", "oi", "in")]
    )
    assert {getattr(one.content, "type", None) for one in left if one.kind == "unsupported"} == {"forgotten"}
    assert await owner_db.fetchval("select content->>'body' from message where id = $1", waiting) == "oi", (
        "it is still to be sent"
    )
    assert (
        await owner_db.fetchval("select count(*) from inbound_message where company_id = $1 and body = 'oi'", stranger.company_id)
        == 6
    )


async def test_files_that_are_old_go_and_say_so(owner: Actor, owner_db: asyncpg.Connection, settings: Settings) -> None:
    store = blobs.connect(settings)
    channel, contact = await scene(owner_db, owner)
    old = await factories.message_file(owner_db, owner, channel, contact, id=first_of(now() - timedelta(days=40)))
    new = await factories.message_file(owner_db, owner, channel, contact)
    for file in (old, new):

        async def content() -> Any:
            yield b"bytes"

        await store.put(await owner_db.fetchval("select key from message_file where id = $1", file), content(), most=100)
    await retention.set_retention(owner, None, 30, None)
    await job.keep_rules(owner.company_id, KeepRules())
    keys = {
        row["id"]: row["key"]
        for row in await owner_db.fetch("select id, key from message_file where company_id = $1", owner.company_id)
    }
    stored = {key async for key, _ in store.stored()}
    assert (keys[old] in stored, keys[new] in stored) == (False, True)
    state = await owner_db.fetchrow("select state, reason from message_file where id = $1", old)
    assert state is not None
    assert tuple(state) == (FileState.GONE, FileReason.FORGOTTEN)
    assert await uploads.used(owner) == 0


async def test_logs_that_are_old_go_and_every_hour_companies_with_rules_are_looked_at(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    for actor in (owner, stranger):
        channel = await factories.channel(owner_db, actor)
        for days in (100, 100, 1):
            await owner_db.execute(
                "insert into channel_log(company_id, channel_id, at, kind, ok, summary) values ($1, $2, now() - $3::int * interval '1 day', 'send', true, 'x')",
                actor.company_id, channel, days,
            )  # fmt: skip
    await retention.set_retention(owner, None, None, 90)
    await job.keep_rules(owner.company_id, KeepRules())
    await job.keep_rules(stranger.company_id, KeepRules())
    counts = [
        await owner_db.fetchval("select count(*) from channel_log where company_id = $1", one.company_id)
        for one in (owner, stranger)
    ]
    assert counts == [1, 3]
    await owner_db.execute("delete from job where name = 'KeepRules'")
    async with system_work() as s:
        await retention.wake(s)
    rows = await owner_db.fetch(
        "select company_id from job where name = 'KeepRules' and company_id = any($1::uuid[])",
        [owner.company_id, stranger.company_id],
    )
    assert [row["company_id"] for row in rows] == [owner.company_id]


async def test_the_audit_log_goes_as_the_rule_says_and_never_before_six_months(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    for actor in (owner, stranger):
        for days in (500, 450, 401, 399, 190, 100, 1):
            at = now() - timedelta(days=days)
            await owner_db.execute(
                "insert into audit_log(company_id, id, at, actor_kind, action) values ($1, $2, $3, 'worker', 'old.line')",
                actor.company_id, first_of(at), at,
            )  # fmt: skip
    left = "select count(*) from audit_log where company_id = $1 and action = 'old.line'"
    await job.keep_rules(owner.company_id, KeepRules())
    assert await owner_db.fetchval(left, owner.company_id) == 7, "no rule, nothing goes"
    assert (await retention.preview(owner, None, None, None, audit_days=400)).audit_lines == 3
    await retention.set_retention(owner, None, None, None, audit_days=400)
    assert await retention.step(owner.company_id)  # then the worker dies
    assert await owner_db.fetchval(left, owner.company_id) == 5, "a slice at a time"
    await job.keep_rules(owner.company_id, KeepRules())
    assert await owner_db.fetchval(left, owner.company_id) == 4
    with pytest.raises(asyncpg.CheckViolationError):  # not even beside the API
        await retention.set_retention(owner, None, None, None, audit_days=183)
    await retention.set_retention(owner, None, None, None, audit_days=184)
    await job.keep_rules(owner.company_id, KeepRules())
    assert [await owner_db.fetchval(left, one.company_id) for one in (owner, stranger)] == [2, 7]
    await retention.set_retention(owner, 10, None, None)
    assert (await retention.retention(owner)).audit_days == 184, "what was not spoken of stands"


async def test_where_the_owner_of_the_tables_is_no_superuser_the_audit_log_goes_all_the_same(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    for actor in (owner, stranger):
        for days in (500, 100):
            at = now() - timedelta(days=days)
            await owner_db.execute(
                "insert into audit_log(company_id, id, at, actor_kind, action) values ($1, $2, $3, 'worker', 'old.line')",
                actor.company_id, first_of(at), at,
            )  # fmt: skip
        await retention.set_retention(actor, None, None, None, audit_days=200)
    transaction = owner_db.transaction()
    await transaction.start()
    try:
        await owner_db.execute("create role plain nologin; grant usage, create on schema public to plain")
        await owner_db.execute("alter table audit_log owner to plain; alter table retention owner to plain")
        await owner_db.execute("alter function audit_forget(int) owner to plain")
        await owner_db.execute("select set_config('app.company', $1, true)", str(owner.company_id))
        await owner_db.execute("set local role masteria_app")
        assert await owner_db.fetchval("select audit_forget(100)") == 1
        await owner_db.execute("reset role; set local role plain")
        assert await owner_db.execute("delete from audit_log") == "DELETE 0", "not what the law has kept, nor what is another's"
        await owner_db.execute("reset role")
        left = "select count(*) from audit_log where company_id = $1 and action = 'old.line'"
        assert [await owner_db.fetchval(left, one.company_id) for one in (owner, stranger)] == [1, 2]
    finally:
        await transaction.rollback()


async def test_raw_events_that_are_old_go_and_what_is_still_to_be_done_stays(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    for actor in (owner, stranger):
        channel = await factories.channel(owner_db, actor)
        endpoint = await owner_db.fetchval(
            "insert into webhook_endpoint(company_id, id, url, secret, types) values ($1, uuidv7(), 'https://example.com', '\\x00', '{x}') returning id",
            actor.company_id,
        )  # fmt: skip
        for days, tries, state in ((10, 5, "delivered"), (10, 5, "failed"), (10, 0, "waiting"), (3, 5, "delivered")):
            await owner_db.execute(
                "insert into webhook_inbox(company_id, channel_id, source, body, received_at, tries) values ($1, $2, 'meta', '\\x00', now() - $3::int * interval '1 day', $4)",
                actor.company_id, channel, days, tries,
            )  # fmt: skip
            await owner_db.execute(
                "insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body, state, created_at)"
                " values ($1, $2, uuidv7()::text, 'x', 'x', 1, '{}', $4, now() - $3::int * interval '1 day')",
                actor.company_id, endpoint, days, state,
            )  # fmt: skip
    assert (await retention.preview(owner, None, None, None, event_days=7)).events == 4
    await retention.set_retention(owner, None, None, None, event_days=7)
    await job.keep_rules(owner.company_id, KeepRules())
    await job.keep_rules(stranger.company_id, KeepRules())
    left = {
        actor.company_id: [
            await owner_db.fetchval(f"select count(*) from {table} where company_id = $1", actor.company_id)
            for table in ("webhook_inbox", "webhook_delivery")
        ]
        for actor in (owner, stranger)
    }
    assert left == {owner.company_id: [2, 2], stranger.company_id: [4, 4]}
    assert (await retention.preview(owner, None, None, None, event_days=7)).events == 0
