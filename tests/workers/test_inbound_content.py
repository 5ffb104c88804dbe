"""What people send is kept whole, from the webhook to the conversation; what our own people write elsewhere stands in it too."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.channels import log
from db.channels import queries as channels
from db.contacts import merges, queries
from db.contacts.enums import MergeReason
from db.messages import content, conversation, inbox
from db.messages.content import Call, File, Image, Location, Reaction, Revoke, System, Text, Unsupported
from db.messages.conversation import Entry
from db.messages.enums import MessageOrigin, MessageState
from db.tenancy import Actor
from tests.db.channels.factories import (
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
from workers.inbound import process_inbox

PHONE = "+5511987654321"
WA = "5511987654321"
WHO: dict[str, Any] = {"metadata": {"phone_number_id": "1", "display_phone_number": "+55 11 4000-0000"}}
PERSON = {"profile": {"name": "Ana", "username": "Ana.Lima"}, "wa_id": WA, "user_id": "BR.1"}
HIDDEN = {"profile": {"name": "Ana", "username": "Ana.Lima"}, "user_id": "BR.1"}


def said(kind: str, part: Any, *, wamid: str = "wamid.IN", at: int = 1_790_000_000, **more: Any) -> dict[str, Any]:
    message = {"from": WA, "from_user_id": "BR.1", "id": wamid, "timestamp": str(at), "type": kind, kind: part, **more}
    return {**WHO, "contacts": [PERSON], "messages": [message]}


async def told(owner_db: asyncpg.Connection, owner: Actor, channel: UUID, *values: Any, field: str = "messages") -> None:
    await put_inbox(owner_db, owner, channel, envelope(*values, field=field))
    await process_inbox(owner.company_id)
    failed = await owner_db.fetch(
        "select error from webhook_inbox where company_id = $1 and tries > 0 and error not like 'not understood: %'",
        owner.company_id,
    )
    assert failed == []


async def entries(owner_db: asyncpg.Connection, owner: Actor) -> list[Entry]:
    """The conversation of the only contact, oldest first."""
    [row] = await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)
    return (await conversation.messages(owner, row["id"], before=None, limit=50))[::-1]


async def test_every_kind_is_kept_whole(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    parts = [
        ("image", {"id": "77", "mime_type": "image/jpeg", "sha256": "ab", "caption": "olha"}),
        ("location", {"latitude": -23.5, "longitude": -46.6, "name": "Loja"}),
        ("reaction", {"message_id": "wamid.0", "emoji": "👍"}),
        ("reaction", {"message_id": "wamid.0"}),
        ("revoke", {"original_message_id": "wamid.0"}),
        ("hologram", {"depth": 3}),
    ]
    values = [said(kind, part, wamid=f"wamid.{n}", at=1_790_000_000 + n) for n, (kind, part) in enumerate(parts)]
    await told(owner_db, owner, channel, *values)
    found = await entries(owner_db, owner)
    assert [entry.content for entry in found] == [
        Image(file=File(id="77", mime_type="image/jpeg", sha256="ab"), caption="olha"),
        Location(latitude=-23.5, longitude=-46.6, name="Loja"),
        Reaction(target_id="wamid.0", emoji="👍"),
        Reaction(target_id="wamid.0"),
        Revoke(target_id="wamid.0"),
        Unsupported(type="hologram"),
    ]
    assert [(entry.kind, entry.text) for entry in found[:3]] == [("image", "olha"), ("location", ""), ("reaction", "👍")]


async def test_what_a_message_relates_to_is_kept(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    context = {"id": "wamid.OUR", "from": "551140000000", "forwarded": True}
    referral = {"source_url": "https://fb.me/x", "source_type": "ad", "headline": "Promo", "ctwa_clid": "c1"}
    await told(owner_db, owner, channel, said("text", {"body": "oi"}, context=context, referral=referral))
    [entry] = await entries(owner_db, owner)
    assert entry.context == content.Context(provider_id="wamid.OUR", sender="551140000000", forwarded=True)
    assert entry.referral == content.Referral(source_url="https://fb.me/x", source_type="ad", headline="Promo", ctwa_clid="c1")


async def test_a_message_that_cannot_be_read_has_its_place_and_a_line_in_the_log(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    await told(owner_db, owner, channel, said("location", {"latitude": "north", "longitude": 1}))
    [entry] = await entries(owner_db, owner)
    assert entry.content == Unsupported(type="location", reason="unreadable")
    lines = await log.entries(owner, channel, kind="webhook")
    assert [line.code for line in lines] == ["messages"]
    # Meta sends it again in a form that can be read: it takes the place.
    await told(owner_db, owner, channel, said("location", {"latitude": 1, "longitude": 1}))
    [entry] = await entries(owner_db, owner)
    assert entry.content == Location(latitude=1, longitude=1)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (("location", {"latitude": "north", "longitude": 1}), "ValidationError"),
        (("hologram", {"depth": 3}), "unknown type hologram"),
    ],
)
async def test_a_webhook_of_which_a_part_was_not_read_is_kept_and_processed_again(
    owner: Actor, owner_db: asyncpg.Connection, part: tuple[str, Any], why: str
) -> None:
    channel = await make_channel(owner_db, owner)
    other = said("text", {"body": "oi"}, wamid="wamid.other", at=1_789_999_999)
    await told(owner_db, owner, channel, said(*part), other)
    [row] = await owner_db.fetch("select id, error from webhook_inbox where company_id = $1", owner.company_id)
    assert why in row["error"]
    assert (await channels.channel(owner, channel)).kept_webhooks == 1
    assert len(await log.entries(owner, channel, kind="webhook")) == 1, "one line says so"
    assert await inbox.again(owner, channel) == 1  # nothing has changed: it stays, and nothing comes twice
    await process_inbox(owner.company_id)
    assert [entry.kind for entry in await entries(owner_db, owner)] == ["text", "unsupported"]
    assert (await channels.channel(owner, channel)).kept_webhooks == 1
    # As a version reads it that knows the type.
    body = envelope(said("location", {"latitude": 1, "longitude": 2}), other)
    await owner_db.execute("update webhook_inbox set body = $2 where id = $1", row["id"], body)
    assert await inbox.again(owner, channel) == 1
    await process_inbox(owner.company_id)
    assert [entry.content for entry in await entries(owner_db, owner)] == [Text(text="oi"), Location(latitude=1, longitude=2)]
    assert (await channels.channel(owner, channel)).kept_webhooks == 0
    assert await inbox.again(owner, channel) == 0


async def test_what_nobody_knows_is_counted_and_kept_without_secrets(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    for number in range(5):
        await told(owner_db, owner, channel, {"n": number, "access_token": "EAAsecretsecretsecret"}, field="holograms")
    [line] = await log.entries(owner, channel, kind="webhook")
    assert (line.code, line.times, line.ok) == ("holograms", 5, False)
    assert "secretsecret" not in (line.request or "")
    assert '"n":0' in (line.request or "").replace(" ", "")


async def test_an_echo_is_our_own_message_and_its_statuses_find_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    echo = {
        "from": "551140000000",
        "to": WA,
        "id": "wamid.E",
        "timestamp": "1790000000",
        "type": "text",
        "text": {"body": "SAIR"},
    }
    for _ in range(2):
        await told(owner_db, owner, channel, {**WHO, "message_echoes": [echo]}, field="smb_message_echoes")
    await told(owner_db, owner, channel, status(None, "read", wamid="wamid.E", at=1_790_000_100))
    [entry] = await entries(owner_db, owner)
    assert (entry.direction, entry.origin, entry.text, entry.state) == ("out", MessageOrigin.PHONE_APP, "SAIR", "read")
    assert await owner_db.fetchval("select opted_out_at is null from contact where company_id = $1", owner.company_id)
    assert await owner_db.fetchval("select count(*) from message where company_id = $1 and state < 3", owner.company_id) == 0


async def test_history_is_past_facts(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    campaign = await make_campaign(owner_db, owner, channel)
    sent, _ = await make_message(
        owner_db, owner, channel, contact_id=contact, campaign_id=campaign, state=3, sent_at="2026-09-20T10:00Z"
    )
    past = [
        {"from": WA, "id": "h1", "timestamp": "1790000000", "type": "text", "text": {"body": "SAIR"}},
        {"from": "551140000000", "id": "h2", "timestamp": "1790000001", "type": "image", "image": {"id": "5"}},
    ]
    chunk = {"metadata": {"phase": 0, "progress": 100}, "threads": [{"id": WA, "messages": past}]}
    await told(owner_db, owner, channel, {**WHO, "history": [chunk]}, field="history")
    found = await entries(owner_db, owner)
    assert [(entry.direction, entry.origin, entry.kind) for entry in found[1:]] == [
        ("in", MessageOrigin.HISTORY, "text"),
        ("out", MessageOrigin.HISTORY, "image"),
    ]
    assert await owner_db.fetchval("select replied_at is null from message where id = $1", sent)
    assert await owner_db.fetchval("select opted_out_at is null from contact where id = $1", contact)


@pytest.mark.parametrize("order", [("connect", "terminate"), ("terminate", "connect")])
async def test_a_call_is_one_entry_with_its_end(order: tuple[str, str], owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    for event in order:
        call = {"id": "wacid.1", "from": WA, "event": event, "direction": "USER_INITIATED", "timestamp": "1790000000"}
        if event == "terminate":
            call |= {"status": "COMPLETED", "duration": 30}
        await told(owner_db, owner, channel, {**WHO, "contacts": [PERSON], "calls": [call]}, field="calls")
    [entry] = await entries(owner_db, owner)
    assert entry.content == Call(direction="in", status="completed", seconds=30)


async def test_a_message_belongs_to_the_number_that_it_names(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Meta posts all numbers of an account to the address of one of them."""
    posted, named = await make_channel(owner_db, owner), await make_channel(owner_db, owner, external_id="42")
    value = {**text("oi"), "metadata": {"phone_number_id": "42"}}
    await told(owner_db, owner, posted, value)
    assert await owner_db.fetchval("select channel_id from inbound_message where company_id = $1", owner.company_id) == named


async def test_a_number_of_another_account_of_the_company_has_its_messages(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """An app may serve several accounts over one address."""
    posted = await make_channel(owner_db, owner)
    named = await make_channel(owner_db, owner, external_id="42", account_id="900200")
    await told(owner_db, owner, posted, {**text("oi"), "metadata": {"phone_number_id": "42"}})
    assert await owner_db.fetchval("select channel_id from inbound_message where company_id = $1", owner.company_id) == named


async def test_what_is_meant_for_another_company_is_left_aside(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    """Two companies may share an account and its app: Meta posts the messages of both to one address."""
    ours = await make_channel(owner_db, owner)
    await make_channel(owner_db, stranger, external_id="42")
    mine, theirs = text("oi"), {**text("SAIR", wamid="wamid.THEIRS"), "metadata": {"phone_number_id": "42"}}
    contact = await make_contact(owner_db, owner, PHONE)
    refused = {**status(None, "failed", wamid="wamid.SENT", code=131050), "metadata": {"phone_number_id": "42"}}
    for value in (theirs, refused):
        await told(owner_db, owner, ours, value)
    assert await owner_db.fetchval("select heard_at is not null from channel where id = $1", ours)
    await told(owner_db, owner, ours, mine)
    bodies = "select array_agg(body) from inbound_message where company_id = any($1::uuid[])"
    assert await owner_db.fetchval(bodies, [owner.company_id, stranger.company_id]) == ["oi"]
    assert await owner_db.fetchval("select opted_out_at from contact where id = $1", contact) is None
    line = await owner_db.fetchrow("select code, request, times from channel_log where channel_id = $1", ours)
    assert line is not None
    assert tuple(line) == ("foreign_number", "42", 2)
    assert await owner_db.fetchval("select count(*) from webhook_inbox where channel_id = $1", ours) == 0


async def test_who_says_stop_to_a_number_that_was_removed_is_opted_out(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Meta posts it to the address of the other number of the account. A number that was connected again is the living channel."""
    ours = await make_channel(owner_db, owner)
    await owner_db.execute("update channel set external_id = '41' where id = $1", ours)
    removed, again, gone = [await make_channel(owner_db, owner, external_id=number) for number in ("42", "42x", "43")]
    await owner_db.execute("update channel set archived_at = now() where id = any($1::uuid[])", [removed, gone])
    await owner_db.execute("update channel set external_id = '42' where id = $1", again)
    contact = await make_contact(owner_db, owner, PHONE)
    for number, wamid in (("42", "wamid.1"), ("43", "wamid.2")):
        await told(owner_db, owner, ours, {**text("SAIR", wamid=wamid), "metadata": {"phone_number_id": number}})
    channels = await owner_db.fetch(
        "select channel_id from inbound_message where company_id = $1 order by provider_id", owner.company_id
    )
    assert [row["channel_id"] for row in channels] == [again, gone]
    assert await owner_db.fetchval("select opted_out_at from contact where id = $1", contact)


async def test_what_comes_to_the_address_of_an_sms_channel_is_its_own(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """A messaging service is posted about the number that it picked."""
    service = await make_channel(owner_db, owner, "sms", external_id="MG" + "1" * 32)
    body, _ = twilio_form("", {"MessageSid": "SM" + "b" * 32, "From": PHONE, "To": "+15005550009", "Body": "oi"})
    await put_inbox(owner_db, owner, service, body, "twilio_message")
    await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select channel_id from inbound_message where company_id = $1", owner.company_id) == service


async def test_without_a_phone_a_message_finds_its_person(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """A status named both addresses once; later the person shows a user id, then only a username."""
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    message, attempt = await make_message(owner_db, owner, channel, contact_id=contact)
    delivered = status(attempt, "delivered")
    delivered["statuses"][0]["recipient_user_id"] = "BR.1"
    await told(owner_db, owner, channel, delivered)
    hidden = {"from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1790000001", "type": "text", "text": {"body": "oi"}}
    nameless = {"id": "wamid.2", "timestamp": "1790000002", "type": "text", "text": {"body": "só o nome"}}
    await told(owner_db, owner, channel, {**WHO, "contacts": [HIDDEN], "messages": [hidden]})
    await told(owner_db, owner, channel, {**WHO, "contacts": [{"profile": {"username": "ana.lima"}}], "messages": [nameless]})
    rows = await owner_db.fetch(
        "select contact_id, address from inbound_message where company_id = $1 order by id", owner.company_id
    )
    assert [tuple(row) for row in rows] == [(contact, "BR.1"), (contact, "ana.lima")]
    assert await owner_db.fetchval("select state from message where id = $1", message) == MessageState.DELIVERED


@pytest.mark.parametrize("said_by", ["sentence", "field", "update"])
async def test_a_changed_user_id_is_the_same_person_and_stays_opted_out(
    said_by: str, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    out = {"from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1790000000", "type": "text", "text": {"body": "SAIR"}}
    await told(owner_db, owner, channel, {**WHO, "contacts": [{"user_id": "BR.1"}], "messages": [out]})
    early = {"from_user_id": "BR.2", "id": "wamid.2", "timestamp": "1790000001", "type": "text", "text": {"body": "oi"}}
    await told(owner_db, owner, channel, {**WHO, "contacts": [{"user_id": "BR.2"}], "messages": [early]})
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 2
    system = {"type": "user_changed_user_id", "body": "User Ana changed from BR.1 to BR.2", "user_id": "BR.2"}
    if said_by == "field":
        system |= {"body": "", "previous_user_id": "BR.1"}
    news = {**WHO, "messages": [{"id": "wamid.3", "timestamp": "1790000002", "type": "system", "system": system}]}
    field = "messages"
    if said_by == "update":
        news, field = {**WHO, "user_id_update": [{"user_id": {"previous": "BR.1", "current": "BR.2"}}]}, "user_id_update"
    for _ in range(2):
        await told(owner_db, owner, channel, news, field=field)
    [contact] = await owner_db.fetch("select id, opted_out_at from contact where company_id = $1", owner.company_id)
    assert contact["opted_out_at"] is not None
    found = await entries(owner_db, owner)
    assert [entry.text for entry in found[:2]] == ["SAIR", "oi"]
    assert isinstance(found[2].content, System)
    assert (found[2].content.event, found[2].content.current) == ("user_id_changed", "BR.2")
    [merge] = await merges.merges(owner, contact["id"])
    assert merge.reason is MergeReason.USER_ID_CHANGED
    assert (
        await owner_db.fetchval(
            "select count(*) from suppression where company_id = $1 and address in ('BR.1', 'BR.2')", owner.company_id
        )
        == 2
    )


async def test_a_changed_number_is_written_to_under_the_new_one(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    contact = await make_contact(owner_db, owner, PHONE)
    imported = await make_contact(owner_db, owner, "+5511912345678", "Ana (novo)")
    await told(owner_db, owner, channel, text("Oi", at=1_789_999_000, wamid="wamid.OI"))
    news = {"from": WA, "id": "wamid.S", "timestamp": "1790000000", "type": "system"}
    news["system"] = {"type": "user_changed_number", "body": "…", "wa_id": "5511912345678"}  # type: ignore[assignment]
    await told(owner_db, owner, channel, {**WHO, "messages": [news]})
    rows = await owner_db.fetch(
        "select contact_id, value, valid from contact_identity where company_id = $1 and kind = 'phone' order by value",
        owner.company_id,
    )
    assert [tuple(row) for row in rows] == [(contact, "+5511912345678", True), (contact, PHONE, False)]
    assert [merge.merged_id for merge in await merges.merges(owner, contact)] == [imported]
    version = (await queries.contact(owner, contact))["version"]
    await told(owner_db, owner, channel, text("Voltei ao antigo", at=1_790_000_100))
    assert await owner_db.fetchval("select valid from contact_identity where contact_id = $1 and value = $2", contact, PHONE)
    assert (await queries.contact(owner, contact))["version"] > version


async def test_another_device_is_told_in_the_conversation(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    news = {"from": WA, "id": "wamid.S", "timestamp": "1790000000", "type": "system"}
    news["system"] = {"type": "customer_identity_changed", "body": "Ana has a new phone"}  # type: ignore[assignment]
    await told(owner_db, owner, channel, {**WHO, "messages": [news]})
    [entry] = await entries(owner_db, owner)
    assert entry.content == System(event="identity_changed", text="Ana has a new phone", previous=PHONE)
    assert entry.content != Text(text="")
