"""Conversations over HTTP: what was said, who answered a campaign, over which channel somebody can be answered, and the answer."""

import asyncio
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db.contacts import consent, senders
from db.contacts.enums import MergeReason
from db.contacts.senders import Sender
from db.permissions import Permission, Role
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.api.conftest import Headers, SignInAs
from tests.factories import content_json

PHONE = "+5511900000000"


@pytest.fixture
async def agent(sign_in_as: SignInAs) -> Headers:
    return await sign_in_as(Role.AGENT)


@pytest.fixture
async def person(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    await factories.contacts(owner_db, owner, 1)
    return await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)


@pytest.fixture
async def whatsapp(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    return await factories.channel(owner_db, owner)


@pytest.fixture
async def sms(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    return await factories.channel(owner_db, owner, "sms")


async def came(
    db: asyncpg.Connection,
    owner: Actor,
    channel: UUID,
    contact: UUID,
    *,
    ago: str = "1 minute",
    kind: str = "text",
    body: str = "Oi",
) -> None:
    await db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " values ($1, $2, $3, gen_random_uuid()::text, $4, $5, $6, $8::jsonb, now() - $7::text::interval)",
        owner.company_id, channel, contact, PHONE, kind, body, ago, content_json(kind, body),
    )  # fmt: skip


async def went(
    db: asyncpg.Connection, owner: Actor, channel: UUID, contact: UUID, *, ago: str, state: int = 4, **columns: object
) -> UUID:
    content = msgspec.json.encode({"kind": "text", "body": "Olá {{first_name|cliente}}"}).decode()
    values = {"params": ["Pessoa 0"], "content": content, **columns}
    names = "".join(f", {name}" for name in values)
    marks = "".join(f", ${number}" for number in range(7, 7 + len(values)))
    return await db.fetchval(
        f"insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, sent_at{names})"
        f" values ($1, $2, $2, $3, $4, gen_random_uuid()::text, $5, now() - $6::text::interval{marks}) returning id",
        owner.company_id, channel, contact, PHONE, state, ago, *values.values(),
    )  # fmt: skip


async def test_a_conversation_is_read_across_channels_page_by_page(
    client: httpx.AsyncClient, agent: Headers, owner: Actor, owner_db: asyncpg.Connection, person: UUID, whatsapp: UUID, sms: UUID
) -> None:
    await went(owner_db, owner, whatsapp, person, ago="3 hours")
    await came(owner_db, owner, whatsapp, person, ago="2 hours", kind="image", body="")
    await went(owner_db, owner, sms, person, ago="1 hour", state=6, reason="unreachable")
    await came(owner_db, owner, sms, person)
    path, cursor, pages = f"/v1/contacts/{person}/messages", None, []
    while True:
        page = (await client.get(path, params={"limit": 1, **({"cursor": cursor} if cursor else {})}, headers=agent)).json()
        pages.append(page["items"][0])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [(one["direction"], one["kind"], one["channel_kind"], one["text"]) for one in pages] == [
        ("in", "text", "sms", "Oi"),
        ("out", "text", "sms", "Olá Pessoa"),
        ("in", "image", "whatsapp", ""),
        ("out", "text", "whatsapp", "Olá Pessoa"),
    ]
    assert [(one["state"], one["reason"]) for one in pages] == [
        (None, None), ("failed", "unreachable"), (None, None), ("delivered", None),
    ]  # fmt: skip


async def test_who_answered_a_campaign_is_listed_with_the_answer(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection, whatsapp: UUID
) -> None:
    auth = await sign_in_as(Role.MANAGER)
    campaign = await factories.campaign(owner_db, owner, whatsapp, state="finished")
    await factories.contacts(owner_db, owner, 2)
    people = [
        row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1 order by name", owner.company_id)
    ]
    for person in people:
        await went(
            owner_db, owner, whatsapp, person, ago="2 hours", state=5, campaign_id=campaign, content=None,
            replied_at=None,
        )  # fmt: skip
    await owner_db.execute(
        "update message set dedupe_key = campaign_id || ':' || contact_id where company_id = $1", owner.company_id
    )
    await came(owner_db, owner, whatsapp, people[0], ago="1 hour", body="=Quero\nsaber mais")
    await came(owner_db, owner, whatsapp, people[0], ago="1 minute", body="Alô?")
    await owner_db.execute(
        "update message m set replied_at = (select min(received_at) from inbound_message i where i.contact_id = m.contact_id)"
        " where company_id = $1",
        owner.company_id,
    )
    url = f"/v1/campaigns/{campaign}/recipients"
    found = (await client.get(f"{url}?replied=true", headers=auth)).json()["items"]
    assert [(one["contact_id"], one["reply_kind"], one["reply_text"]) for one in found] == [
        (str(people[0]), "text", "=Quero\nsaber mais")
    ]
    named = (await client.get(f"{url}?replied=true&search=pessoa 0", headers=auth)).raise_for_status().json()["items"]
    assert [one["contact_id"] for one in named] == [str(people[0])]
    spelled = (await client.get(f"{url}?replied=true&search=PESSOA", headers=auth)).raise_for_status().json()["items"]
    assert spelled == named
    silent = (await client.get(f"{url}?replied=false&state=read", headers=auth)).json()["items"]
    assert [(one["contact_id"], one["reply_text"]) for one in silent] == [(str(people[1]), None)]
    file = (await client.get(f"{url}.csv?replied=true", headers=auth)).text
    assert "'=Quero" in file
    assert file.count("+5511900000000") == 1


async def send(
    client: httpx.AsyncClient, auth: Headers, contact: UUID, channel: UUID, text: str = "Chega amanhã"
) -> httpx.Response:
    body = {"contact_id": str(contact), "channel_id": str(channel), "content": {"kind": "text", "text": text}}
    return await client.post("/v1/messages", json=body, headers=auth)


async def ways(client: httpx.AsyncClient, auth: Headers, contact: UUID) -> dict[str, str | None]:
    found = (await client.get(f"/v1/contacts/{contact}/reply-channels", headers=auth)).json()["items"]
    return {one["channel_kind"]: one["obstacle"] for one in found}


async def test_an_answer_waits_in_the_channels_own_queue_once(
    client: httpx.AsyncClient, agent: Headers, owner: Actor, owner_db: asyncpg.Connection, person: UUID, whatsapp: UUID
) -> None:
    await came(owner_db, owner, whatsapp, person)
    keyed = {**agent, "Idempotency-Key": "one"}
    text = " {{1}} é literal 👍 \u202eمرحبا "
    answers = await asyncio.gather(*(send(client, keyed, person, whatsapp, text) for _ in range(3)))
    assert {one.status_code for one in answers} <= {202, 409}
    first = next(one.json() for one in answers if one.status_code == 202)
    assert (first["text"], first["state"], first["author"]) == (text.strip(), "queued", "Pessoa agent")
    rows = await owner_db.fetch("select queue_id, address, campaign_id from message where company_id = $1", owner.company_id)
    assert [tuple(row) for row in rows] == [(whatsapp, PHONE, None)]


async def test_whatsapp_is_answered_within_the_window_only(
    client: httpx.AsyncClient, agent: Headers, owner: Actor, owner_db: asyncpg.Connection, person: UUID, whatsapp: UUID, sms: UUID
) -> None:
    assert await ways(client, agent, person) == {"whatsapp": "window_closed", "sms": None}
    await came(owner_db, owner, whatsapp, person, ago="24 hours 1 second")
    await came(owner_db, owner, whatsapp, person, kind="preference", body="resume")
    closed = await send(client, agent, person, whatsapp)
    assert (closed.status_code, closed.json()["code"]) == (409, "window_closed")
    await came(owner_db, owner, whatsapp, person, ago="23 hours 59 minutes")
    assert (await send(client, agent, person, whatsapp)).status_code == 202
    assert (await send(client, agent, person, sms)).status_code == 202
    long = await send(client, agent, person, sms, "x" * 1601)
    assert (long.status_code, long.json()["errors"][0]["code"]) == (422, "too_long")


async def test_who_said_stop_is_answered_only_when_they_write_again_over_whatsapp(
    client: httpx.AsyncClient, agent: Headers, owner: Actor, owner_db: asyncpg.Connection, person: UUID, whatsapp: UUID, sms: UUID
) -> None:
    await came(owner_db, owner, whatsapp, person, ago="1 hour", body="sair")
    waiting = (await send(client, agent, person, whatsapp)).json()["id"]
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [person], "keyword")
    assert await owner_db.fetchval("select (state, reason) = (8, 'opted_out') from message where id = $1", UUID(waiting))
    assert await ways(client, agent, person) == {"whatsapp": "opted_out", "sms": "opted_out"}
    assert (await send(client, agent, person, whatsapp)).json()["code"] == "opted_out"
    await came(owner_db, owner, whatsapp, person, ago="-1 second", body="E o meu pedido?")
    assert await ways(client, agent, person) == {"whatsapp": None, "sms": "opted_out"}
    assert (await send(client, agent, person, sms)).json()["code"] == "opted_out"


async def test_a_channel_that_cannot_send_is_said(
    client: httpx.AsyncClient, agent: Headers, owner: Actor, owner_db: asyncpg.Connection, person: UUID, sms: UUID
) -> None:
    for state, until, wanted in (("error", None, 409), ("paused", None, 409), ("paused", "1 minute", 202)):
        await owner_db.execute(
            "update channel set state = $2, state_reason = 'person', paused_until = now() + $3::text::interval where id = $1",
            sms,
            state,
            until,
        )
        assert (await send(client, agent, person, sms)).status_code == wanted, state
    await owner_db.execute("update channel set state = 'connected' where id = $1", sms)
    await owner_db.execute("update contact_identity set line = 'fixed' where contact_id = $1", person)
    assert (await send(client, agent, person, sms)).json()["code"] == "no_address"


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.AGENT, 202), (Role.MANAGER, 202)])
async def test_who_may_answer(
    client: httpx.AsyncClient, sign_in_as: SignInAs, person: UUID, sms: UUID, role: Role, status: int
) -> None:
    assert (await send(client, await sign_in_as(role), person, sms)).status_code == status


async def test_a_key_that_changes_contacts_does_not_send(
    client: httpx.AsyncClient, sign_in_as: SignInAs, person: UUID, sms: UUID
) -> None:
    key = await sign_in_as(scopes=[Permission.CONTACTS_WRITE, Permission.CONTACTS_READ])
    assert (await send(client, key, person, sms)).status_code == 403


async def test_another_company_neither_reads_nor_answers(
    client: httpx.AsyncClient,
    headers_for: SignInAs,
    stranger: Actor,
    owner_db: asyncpg.Connection,
    agent: Headers,
    person: UUID,
    sms: UUID,
) -> None:
    them = await headers_for(stranger)
    for path in ("messages", "reply-channels"):
        assert (await client.get(f"/v1/contacts/{person}/{path}", headers=them)).status_code == 404
    assert (await send(client, them, person, sms)).status_code == 404
    theirs = await factories.channel(owner_db, stranger, "sms")
    assert (await send(client, agent, person, theirs)).status_code == 404


async def test_who_changed_the_number_is_answered_under_the_new_one(
    client: httpx.AsyncClient, agent: Headers, owner: Actor, owner_db: asyncpg.Connection, person: UUID, whatsapp: UUID
) -> None:
    await came(owner_db, owner, whatsapp, person)
    body = {"contact_id": str(person), "channel_id": str(whatsapp), "content": {"kind": "text", "text": "Olá"}}
    assert (await client.post("/v1/messages", json=body, headers=agent)).json()["address"] == PHONE
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        new = Sender(phone="5511976543210")
        assert await senders.changed(w, Sender(phone=PHONE), new, MergeReason.NUMBER_CHANGED) == person
    assert (await client.post("/v1/messages", json=body, headers=agent)).json()["address"] == "+5511976543210"
