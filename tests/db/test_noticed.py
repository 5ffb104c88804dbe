"""Events that rows tell by themselves: in the transaction of the change, once, in the order of one row, and only where somebody asks."""

from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import event_consumers
from db.channels.enums import ChannelState, TemplateStatus
from db.channels.events import ChannelStateChanged, TemplateStatusChanged
from db.contacts import consent
from db.contacts.events import ConsentChanged
from db.event_consumers import move_noticed, subscribe, take
from db.events import Event
from db.messages.enums import MessageState
from db.messages.events import MessageStatusChanged
from db.permissions import Permission
from db.tenancy import Actor
from db.work import system_work, work
from tests import factories

E = TypeVar("E", bound=Event)
S = MessageState
KINDS: list[type[Event]] = [MessageStatusChanged, ConsentChanged, TemplateStatusChanged, ChannelStateChanged]


async def ask(actor: Actor, *kinds: type[Event]) -> None:
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await subscribe(w, "test", kinds)


async def told(actor: Actor, kind: type[E]) -> list[E]:
    """What there is to read of one kind; what does not fit its declaration raises."""
    await move_noticed()
    async with work(actor, Permission.COMPANY_WRITE) as w:
        batch = await take(w, "test")
    found = [event.data for event in batch.events if event.type == kind.type]
    assert all(set(msgspec.json.decode(data)) == set(kind.__struct_fields__) for data in found)
    return [msgspec.json.decode(data, type=kind) for data in found]


async def waiting(db: asyncpg.Connection, actor: Actor) -> int:
    found: int = await db.fetchval("select count(*) from event_noticed where company_id = $1", actor.company_id)
    return found


async def queued(db: asyncpg.Connection, actor: Actor, count: int = 1) -> list[UUID]:
    channel_id = await factories.channel(db, actor)
    rows = await db.fetch(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key) select $1, $2, $2, '+5511988887777', gen_random_uuid()::text"
        " from generate_series(1, $3::int) returning id",
        actor.company_id,
        channel_id,
        count,
    )
    return [row["id"] for row in rows]


async def move(actor: Actor, message_ids: list[UUID], state: MessageState, reason: str | None = None) -> None:
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        await w.execute(
            "update message set state = $3::smallint, reason = $4, sent_at = coalesce(sent_at, now()),"
            " delivered_at = case when $3::smallint >= 4 then coalesce(delivered_at, now()) end, read_at = case when $3::smallint = 5 then now() end"
            " where company_id = $1 and id = any($2::uuid[])",
            actor.company_id,
            message_ids,
            int(state),
            reason,
        )


async def test_a_message_tells_each_state_that_an_outsider_may_know(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, MessageStatusChanged)
    messages = await queued(owner_db, owner, 3)
    for state in (S.SENDING, S.SENT, S.SENT, S.DELIVERED, S.READ):
        await move(owner, messages, state)
    await move(owner, messages[:1], S.FAILED, "media")
    found = await told(owner, MessageStatusChanged)
    for message_id in messages[1:]:
        assert [one.state for one in found if one.message_id == message_id] == ["sent", "delivered", "read"]
    assert [(one.state, one.reason) for one in found if one.message_id == messages[0]][-1] == ("failed", "media")
    assert len(found) == 10
    assert await told(owner, MessageStatusChanged) == []
    assert await waiting(owner_db, owner) == 0


@pytest.mark.parametrize("state", [state for state in S if state >= S.SENT], ids=lambda state: state.label)
async def test_states_are_named_as_everywhere(owner: Actor, owner_db: asyncpg.Connection, state: MessageState) -> None:
    await ask(owner, MessageStatusChanged)
    await move(owner, await queued(owner_db, owner), state)
    assert [one.state for one in await told(owner, MessageStatusChanged)] == [state.label]


async def test_one_that_begins_as_skipped_is_told_too(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, MessageStatusChanged)
    channel_id = await factories.channel(owner_db, owner)
    insert = (
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, reason, origin)"
        " values ($1, $2, $2, '', gen_random_uuid()::text, $3, 'opted_out', $4)"
    )
    await owner_db.execute(insert, owner.company_id, channel_id, int(S.SKIPPED), None)
    await owner_db.execute(insert, owner.company_id, channel_id, int(S.DELIVERED), "history")
    assert [(one.state, one.reason) for one in await told(owner, MessageStatusChanged)] == [("skipped", "opted_out")]


async def test_what_nobody_asks_for_costs_no_row(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(stranger, *KINDS)
    await ask(owner, MessageStatusChanged)
    channel_id = await factories.channel(owner_db, owner)
    await owner_db.execute("update channel set state = 'error', state_reason = 'account_locked' where id = $1", channel_id)
    assert await waiting(owner_db, owner) == 0
    await move(owner, await queued(owner_db, owner), S.SENT)
    assert (await waiting(owner_db, owner), await waiting(owner_db, stranger)) == (1, 0)
    assert await told(stranger, MessageStatusChanged) == []


async def test_what_is_taken_back_was_never_told(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, MessageStatusChanged)
    messages = await queued(owner_db, owner)
    with pytest.raises(ZeroDivisionError):
        async with work(owner, Permission.CAMPAIGNS_SEND) as w:
            await w.execute("update message set state = 3 where company_id = $1 and id = $2", owner.company_id, messages[0])
            raise ZeroDivisionError
    assert await told(owner, MessageStatusChanged) == []


async def test_stop_and_start_are_told_once_each(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, ConsentChanged)
    await factories.contacts(owner_db, owner, 3)
    ids = [row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)]
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, ids, "keyword")
        await consent.opt_out(w, ids, "person")
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_in(w, ids[0])
        await w.execute("update contact set name = 'Rita' where company_id = $1 and id = $2", owner.company_id, ids[0])
    found = await told(owner, ConsentChanged)
    assert sorted((str(one.contact_id), one.consent, one.source) for one in found) == sorted(
        [(str(one), "opted_out", "keyword") for one in ids] + [(str(ids[0]), "opted_in", None)]
    )
    assert [one.consent for one in found if one.contact_id == ids[0]] == ["opted_out", "opted_in"]


async def test_templates_and_channels_tell_what_they_became(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, TemplateStatusChanged, ChannelStateChanged)
    channel_id = await factories.channel(owner_db, owner)
    template_id = await factories.template(owner_db, owner, channel_id)
    await told(owner, TemplateStatusChanged)
    await owner_db.execute("update template set status = 'rejected', rejected_reason = 'PROMOTIONAL' where id = $1", template_id)
    await owner_db.execute("update template set quality = 'red', status = status where id = $1", template_id)
    (template,) = await told(owner, TemplateStatusChanged)
    assert (template.template_id, template.channel_id, template.status) == (template_id, channel_id, TemplateStatus.REJECTED)
    assert template.reason == "PROMOTIONAL"
    await owner_db.execute("update channel set state = 'error', state_reason = 'account_locked' where id = $1", channel_id)
    await owner_db.execute("update channel set number = '+5511' where id = $1", channel_id)
    (channel,) = await told(owner, ChannelStateChanged)
    assert (channel.channel_id, channel.state, channel.reason) == (channel_id, ChannelState.ERROR, "account_locked")


async def test_its_readers_are_woken_and_what_nobody_wants_any_more_goes(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await ask(owner, MessageStatusChanged)
    messages = await queued(owner_db, owner)
    await move(owner, messages, S.SENT)
    await move_noticed()
    keys = [row["key"] for row in await owner_db.fetch("select key from job where company_id = $1", owner.company_id)]
    assert keys == ["events:test"]
    await move(owner, messages, S.READ)
    await ask(owner, ConsentChanged)
    await move_noticed()
    assert await waiting(owner_db, owner) == 0
    kept = await owner_db.fetchval("select count(*) from event_outbox where company_id = $1", owner.company_id)
    assert kept == 1
    await ask(owner, MessageStatusChanged)
    await move(owner, messages, S.FAILED)
    await owner_db.execute("update event_noticed set at = now() - interval '15 days' where company_id = $1", owner.company_id)
    async with system_work() as s:
        await event_consumers.prune(s)
    assert await waiting(owner_db, owner) == 0
