"""Processing of stored webhooks through real SQL: order, repetition, poison, wishes, attribution, tenancy."""

import asyncio
import contextvars
import itertools
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.messages import inbox
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests.conftest import make_company
from tests.db.channels.factories import (
    WABA,
    envelope,
    make_campaign,
    make_channel,
    make_contact,
    make_message,
    put_inbox,
    status,
    text,
    twilio_form,
)
from tests.poison import raw, refusing, spoiled
from tests.workers.providers.test_poison import CHANGES
from workers.inbound import batch_size, process_inbox

PHONE = "+5511987654321"
_STORED = (
    "select company_id, id, channel_id, source, attempt_id, body, received_at, people from webhook_inbox where company_id = $1"
)


async def state_of(owner_db: asyncpg.Connection, message_id: UUID) -> MessageState:
    return MessageState(await owner_db.fetchval("select state from message where id = $1", message_id))


async def test_status_with_our_correlation_id_settles_an_unknown_outcome(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    await put_inbox(owner_db, owner, channel, envelope(status(attempt, "delivered")))
    assert await process_inbox(owner.company_id) == 1
    assert await state_of(owner_db, message) is MessageState.DELIVERED
    assert await owner_db.fetchval("select provider_id from message where id = $1", message) == "wamid.OUR"
    assert await process_inbox(owner.company_id) == 0


WORDS = [("sent", 100), ("delivered", 110), ("read", 120), ("failed", 105)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([*WORDS, *WORDS[:2]]), cuts=st.lists(st.integers(1, 5), max_size=3))
async def test_statuses_end_the_same_in_any_order_and_any_batching(
    order: list[tuple[str, int]], cuts: list[int], owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    bounds = sorted({0, len(order), *cuts})
    for start, end in itertools.pairwise(bounds):
        for word, at in order[start:end]:
            code = 131026 if word == "failed" else None
            body = envelope(status(attempt, word, at=1_790_000_000 + at, code=code))
            await put_inbox(owner_db, owner, channel, body)
        await process_inbox(owner.company_id)
    row = await owner_db.fetchrow(
        "select state, read_at, delivered_at is not null as d, reason from message where id = $1", message
    )
    assert row is not None
    assert (row["state"], row["d"], row["reason"]) == (MessageState.READ, True, None)
    assert row["read_at"].timestamp() == 1_790_000_120


async def test_a_repeated_message_is_kept_once_and_its_contact_is_found(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    for _ in range(3):  # the old form without the ninth digit is the same person
        await put_inbox(owner_db, owner, channel, envelope(text("Oi", phone="551187654321")))
    await process_inbox(owner.company_id)
    rows = await owner_db.fetch("select contact_id, address, body from inbound_message where company_id = $1", owner.company_id)
    assert [tuple(row) for row in rows] == [(contact, PHONE, "Oi")]


async def test_a_stranger_becomes_a_contact(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    await put_inbox(owner_db, owner, channel, envelope(text("Bom dia")))
    await process_inbox(owner.company_id)
    row = await owner_db.fetchrow("select name, source from contact where company_id = $1", owner.company_id)
    assert row is not None
    assert tuple(row) == ("Ana", "inbound")


@pytest.mark.parametrize("quoted", [True, False])
async def test_a_reply_counts_for_its_campaign(quoted: bool, owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    old, new = [await make_campaign(owner_db, owner, channel) for _ in range(2)]
    older, _ = await make_message(
        owner_db,
        owner,
        channel,
        contact_id=contact,
        campaign_id=old,
        state=3,
        provider_id="wamid.OLD",
        sent_at="2026-09-20T10:00Z",
    )
    newer, _ = await make_message(
        owner_db,
        owner,
        channel,
        contact_id=contact,
        campaign_id=new,
        state=3,
        provider_id="wamid.NEW",
        sent_at="2026-09-21T10:00Z",
    )
    await put_inbox(owner_db, owner, channel, envelope(text("Quero", quotes="wamid.OLD" if quoted else None)))
    await put_inbox(
        owner_db, owner, channel, envelope(text("Quero mais", wamid="wamid.IN2", at=1_790_000_500, quotes="wamid.NEW"))
    )
    await process_inbox(owner.company_id)
    first = await owner_db.fetchval(
        "select campaign_id from inbound_message where provider_id = 'wamid.IN' and company_id = $1", owner.company_id
    )
    assert first == (old if quoted else new)
    moment = await owner_db.fetchval("select replied_at from message where id = $1", older if quoted else newer)
    assert moment.timestamp() == 1_790_000_000


async def test_a_reply_after_seven_days_answers_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    campaign = await make_campaign(owner_db, owner, channel)
    await make_message(owner_db, owner, channel, contact_id=contact, campaign_id=campaign, state=3, sent_at="2026-09-01T10:00Z")
    await put_inbox(owner_db, owner, channel, envelope(text("Oi")))
    await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select campaign_id from inbound_message where company_id = $1", owner.company_id) is None


@pytest.mark.parametrize(
    ("word", "out"), [("SAIR", True), ("Parar!", True), ("stop", True), ("vou sair agora", False), ("Oi", False)]
)
async def test_opt_out_words(word: str, out: bool, owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    await put_inbox(owner_db, owner, channel, envelope(text(word)))
    await process_inbox(owner.company_id)
    row = await owner_db.fetchrow("select opted_out_at, opt_out_source from contact where id = $1", contact)
    assert row is not None
    assert (row["opted_out_at"] is not None, row["opt_out_source"]) == ((True, "keyword") if out else (False, None))


@pytest.mark.parametrize("order", list(itertools.permutations([("SAIR", 100), ("VOLTAR", 200), ("PARAR", 300)])))
@pytest.mark.parametrize("separately", [True, False])
async def test_the_latest_wish_wins_in_any_order(
    order: tuple[tuple[str, int], ...], separately: bool, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    for word, at in order:
        await put_inbox(owner_db, owner, channel, envelope(text(word, wamid=f"wamid.{word}", at=1_790_000_000 + at)))
        if separately:
            await process_inbox(owner.company_id)
    await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select opted_out_at is not null from contact where id = $1", contact)


@pytest.mark.parametrize("order", [("SAIR", "VOLTAR"), ("VOLTAR", "SAIR")])
async def test_who_comes_back_last_is_back(order: tuple[str, str], owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    for word in order:
        at = 1_790_000_000 + (100 if word == "SAIR" else 200)
        await put_inbox(owner_db, owner, channel, envelope(text(word, wamid=f"wamid.{word}", at=at)))
        await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select opted_out_at is null from contact where id = $1", contact)


async def test_refusals_and_preferences_opt_out(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    other = await make_contact(owner_db, owner, "+5511911112222")
    message, attempt = await make_message(owner_db, owner, channel, contact_id=contact)
    wish = {"wa_id": "5511911112222", "category": "marketing_messages", "value": "stop", "timestamp": 1_790_000_000}
    await put_inbox(owner_db, owner, channel, envelope(status(attempt, "failed", code=131050)))
    await put_inbox(owner_db, owner, channel, envelope({"user_preferences": [wish]}, field="user_preferences"))
    await process_inbox(owner.company_id)
    sources = await owner_db.fetch("select opt_out_source from contact where id = any($1::uuid[])", [contact, other])
    assert [row[0] for row in sources] == ["provider", "provider"]
    assert await state_of(owner_db, message) is MessageState.FAILED


async def test_twilio_status_and_stop(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner, "sms")
    contact = await make_contact(owner_db, owner, PHONE)
    message, attempt = await make_message(owner_db, owner, channel, contact_id=contact)
    sid = "SM" + "a" * 32
    delivered, _ = twilio_form("", {"MessageSid": sid, "MessageStatus": "delivered", "To": PHONE})
    stop, _ = twilio_form(
        "", {"MessageSid": "SM" + "b" * 32, "From": PHONE, "To": "+15005550006", "Body": "STOP", "OptOutType": "STOP"}
    )
    await put_inbox(owner_db, owner, channel, delivered, "twilio_status", attempt)
    await put_inbox(owner_db, owner, channel, stop, "twilio_message")
    await process_inbox(owner.company_id)
    assert await state_of(owner_db, message) is MessageState.DELIVERED
    assert await owner_db.fetchval("select opted_out_at is not null from contact where id = $1", contact)


async def test_a_webhook_goes_with_its_effect_or_not_at_all(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    row = await put_inbox(owner_db, owner, channel, envelope(status(attempt, "delivered")))
    with pytest.raises(ZeroDivisionError):
        async with work(worker(owner.company_id), Permission.CONTACTS_WRITE) as w:
            assert [found.id for found in await inbox.claim(w, 10)] == [row]
            await inbox.done(w, [row])
            assert (
                await asyncio.create_task(process_inbox(owner.company_id), context=contextvars.Context()) == 0
            )  # another worker
            raise ZeroDivisionError
    assert await state_of(owner_db, message) is MessageState.UNKNOWN
    assert await owner_db.fetchval("select tries from webhook_inbox where id = $1", row) == 0
    assert await process_inbox(owner.company_id) == 1
    assert await state_of(owner_db, message) is MessageState.DELIVERED
    assert await owner_db.fetchval("select count(*) from webhook_inbox where company_id = $1", owner.company_id) == 0


async def test_what_is_stored_again_after_it_was_done_changes_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """As the API does when the answer to its commit was lost."""
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    await put_inbox(owner_db, owner, channel, envelope(status(attempt, "read"), text("SAIR")))
    rows = [tuple(row) for row in await owner_db.fetch(_STORED, owner.company_id)]
    seen = []
    for _ in range(2):
        await owner_db.execute(inbox.INSERT, *map(list, zip(*rows, strict=True)))
        assert await process_inbox(owner.company_id) == 1
        seen.append(
            [
                await owner_db.fetch("select * from message where id = $1", message),
                await owner_db.fetch("select * from attempt where id = $1", attempt),
                await owner_db.fetch("select * from inbound_message where company_id = $1", owner.company_id),
                await owner_db.fetch("select id, opted_out_at from contact where company_id = $1", owner.company_id),
                await owner_db.fetch("select metric, sum(n) from stat_delta where company_id = $1 group by 1", owner.company_id),
            ]
        )
    assert seen[0] == seen[1]
    assert all(seen[0])


async def test_a_poisoned_row_waits_and_holds_up_nobody(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    nonsense = await put_inbox(owner_db, owner, channel, b"<html>not json")
    async with refusing(owner_db, "inbound_message", "body = 'veneno'"):
        nobody = await put_inbox(owner_db, owner, channel, envelope(text("veneno")))
        for number in range(20):
            await put_inbox(owner_db, owner, channel, envelope(text("Oi", wamid=f"wamid.{number}")))
        await put_inbox(owner_db, owner, channel, envelope(status(attempt, "read")))
        await process_inbox(owner.company_id)
        assert await state_of(owner_db, message) is MessageState.READ
        assert await owner_db.fetchval("select count(*) from inbound_message where company_id = $1", owner.company_id) == 20
        rows = {
            row["id"]: (row["tries"], row["waits"])
            for row in await owner_db.fetch(
                "select *, next_at > now() + interval '2 seconds' as waits from webhook_inbox where company_id = $1",
                owner.company_id,
            )
        }
        assert rows[nonsense][0] == 5
        assert rows[nobody] == (1, True)
        assert len(rows) == 2  # the others are done, and gone
        for tries in range(2, 6):
            await owner_db.execute("update webhook_inbox set next_at = now() where id = $1", nobody)
            await process_inbox(owner.company_id)
            assert await owner_db.fetchval("select tries from webhook_inbox where id = $1", nobody) == tries
        assert await process_inbox(owner.company_id) == 0


async def test_a_poisoned_event_spoils_none_of_its_own_row(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Meta puts many people's news into one webhook."""
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    async with refusing(owner_db, "inbound_message", "body = 'veneno'"):
        news = [
            text("Oi", wamid="wamid.1"),
            text("veneno", wamid="wamid.2"),
            text("SAIR", wamid="wamid.3"),
            status(attempt, "read"),
        ]
        row = await put_inbox(owner_db, owner, channel, envelope(*news))
        await process_inbox(owner.company_id)
        assert await state_of(owner_db, message) is MessageState.READ
        kept = await owner_db.fetch(
            "select body from inbound_message where company_id = $1 order by provider_id", owner.company_id
        )
        assert [found["body"] for found in kept] == ["Oi", "SAIR"]
        assert await owner_db.fetchval("select opted_out_at is not null from contact where company_id = $1", owner.company_id)
        assert await owner_db.fetchval("select tries = 1 from webhook_inbox where id = $1", row)
    await owner_db.execute("update webhook_inbox set next_at = now() where id = $1", row)
    await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select true from webhook_inbox where id = $1", row) is None
    assert await owner_db.fetchval("select count(*) from inbound_message where company_id = $1", owner.company_id) == 3


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.sampled_from(CHANGES).flatmap(lambda change: spoiled([change, CHANGES[0]], 20)), max_size=4))
async def test_whatever_a_provider_tells_can_be_written(bodies: list[object], owner: Actor, owner_db: asyncpg.Connection) -> None:
    """No row fails but for being no webhook at all, and a good one beside them is heeded."""
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    for changes in bodies:
        body = raw({"entry": [{"id": WABA, "time": 1_790_000_000, "changes": changes}]})
        await put_inbox(owner_db, owner, channel, body)
    await put_inbox(owner_db, owner, channel, envelope(status(attempt, "read")))
    await process_inbox(owner.company_id)
    assert await state_of(owner_db, message) is MessageState.READ
    failed = await owner_db.fetch(
        "select error from webhook_inbox where company_id = $1 and tries > 0 and error not similar to '(not a webhook envelope|not understood)%'",
        owner.company_id,
    )
    assert failed == []


async def test_a_status_that_overtakes_our_answer_is_looked_at_again(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    row = await put_inbox(owner_db, owner, channel, envelope(status(None, "delivered", wamid="wamid.LATE")))
    await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select tries = 0 from webhook_inbox where id = $1", row)
    message, _ = await make_message(owner_db, owner, channel, state=3, provider_id="wamid.LATE")
    await owner_db.execute("update webhook_inbox set next_at = now() where id = $1", row)
    await process_inbox(owner.company_id)
    assert await state_of(owner_db, message) is MessageState.DELIVERED


async def test_templates_and_account_news(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    template = await owner_db.fetchval(
        "insert into template(company_id, channel_id, external_id, name, language, category, status, components)"
        " values ($1, $2, '77', 'promo', 'pt_BR', 'marketing', 'pending', '[]') returning id",
        owner.company_id,
        channel,
    )
    news = [("PAUSED", 200), ("APPROVED", 100)]
    for event, at in news:
        value = {"message_template_id": 77, "event": event, "reason": "NONE"}
        body = envelope(value, field="message_template_status_update", at=1_790_000_000 + at)
        await put_inbox(owner_db, owner, channel, body)
        await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select status from template where id = $1", template) == "paused"
    quality = {"display_phone_number": "55", "event": "FLAGGED", "current_limit": "TIER_250"}
    await put_inbox(owner_db, owner, channel, envelope(quality, field="phone_number_quality_update"))
    await process_inbox(owner.company_id)
    jobs = await owner_db.fetch("select name from job where company_id = $1 order by name", owner.company_id)
    assert [row["name"] for row in jobs] == ["CheckChannel", "FollowTemplates", "SyncTemplates"]
    now = int(await owner_db.fetchval("select extract(epoch from now())"))
    ban = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    await put_inbox(owner_db, owner, channel, envelope(ban, field="account_update", at=now))
    await process_inbox(owner.company_id)
    row = await owner_db.fetchrow("select state, state_reason from channel where id = $1", channel)
    assert row is not None
    assert tuple(row) == ("error", "account_locked")


async def test_news_of_one_company_touches_no_other(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """The same account, person and attempt ids in a stranger's webhook change nothing here."""
    stranger = await make_company(owner_db, "Outra")
    ours = await make_channel(owner_db, owner)
    theirs = await make_channel(owner_db, stranger)
    message, attempt = await make_message(owner_db, owner, ours)
    contact = await make_contact(owner_db, owner, PHONE)
    await put_inbox(owner_db, stranger, theirs, envelope(status(attempt, "failed", code=131031), text("SAIR")))
    ban = {"event": "ACCOUNT_DELETED"}
    now = int(await owner_db.fetchval("select extract(epoch from now())"))
    await put_inbox(owner_db, stranger, theirs, envelope(ban, field="account_update", account=WABA, at=now))
    await process_inbox(stranger.company_id)
    assert await state_of(owner_db, message) is MessageState.UNKNOWN
    assert await owner_db.fetchval("select opted_out_at from contact where id = $1", contact) is None
    assert await owner_db.fetchval("select state from channel where id = $1", ours) == "connected"
    assert await owner_db.fetchval("select state from channel where id = $1", theirs) == "error"


async def test_an_unknown_channel_is_let_go(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await put_inbox(owner_db, owner, uuid4(), envelope(text("Oi")))
    assert await process_inbox(owner.company_id) == 1
    assert await process_inbox(owner.company_id) == 0


@pytest.mark.parametrize(
    ("count", "seconds", "size"), [(500, 0.1, 1000), (1000, 0.9, 1000), (500, 0.6, 500), (1000, 1.1, 500), (499, 0.0, 500)]
)
def test_batches_are_large_only_while_they_are_full_and_quick(count: int, seconds: float, size: int) -> None:
    assert batch_size(count, seconds) == size
