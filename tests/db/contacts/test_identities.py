"""Who wrote to us: one person, whatever form the number has and however many messages come at once."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from db.contacts import consent
from db.contacts.actions import create_contact, delete_contact
from db.contacts.senders import Sender, contact_of
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work


async def inbound(
    actor: Actor,
    phone: str | None = None,
    bsuid: str | None = None,
    name: str | None = None,
    scope: str = "p1",
    username: str | None = None,
) -> UUID:
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        return await contact_of(w, Sender(phone, bsuid, username, name, scope))


async def people(owner_db: asyncpg.Connection, actor: Actor) -> int:
    count: int = await owner_db.fetchval("select count(*) from contact where company_id = $1", actor.company_id)
    return count


async def test_the_ninth_digit_makes_no_second_person(owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    assert await inbound(owner, "551187654321", name="Aninha") == known
    assert await inbound(owner, "5511987654321") == known
    rows = await owner_db.fetch("select kind, value from contact_identity where contact_id = $1 order by 1, 2", known)
    assert [tuple(row) for row in rows] == [("phone", "+5511987654321"), ("wa_id", "+551187654321"), ("wa_id", "+5511987654321")]
    assert await owner_db.fetchval("select name from contact where id = $1", known) == "Ana"


async def test_many_messages_at_once_make_one_person(owner: Actor, owner_db: asyncpg.Connection) -> None:
    forms = ["551187654321", "5511987654321"] * 6
    found = await asyncio.gather(*(inbound(owner, phone, bsuid="B1", name="Ana") for phone in forms))
    assert len(set(found)) == 1
    assert await people(owner_db, owner) == 1


async def test_a_phone_joins_a_person_known_by_id_only(owner: Actor, owner_db: asyncpg.Connection) -> None:
    hidden = await inbound(owner, bsuid="B1", name="Ana")
    assert await inbound(owner, bsuid="B1") == hidden
    assert await inbound(owner, "5511987654321", bsuid="B1") == hidden
    search = await owner_db.fetchval("select search from contact where id = $1", hidden)
    assert search == " ana 5511987654321 551187654321"
    assert await inbound(owner, bsuid="B1", scope="another portfolio") != hidden


async def test_an_id_that_turns_out_to_be_a_known_phone_is_joined_with_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321", tag_names=["vip"]))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at) "
        "values ($1, uuidv7(), $2, 'x', 'B1', 'text', '{\"kind\": \"text\"}', now())",
        owner.company_id,
        hidden,
    )
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [hidden], "keyword")
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    assert await people(owner_db, owner) == 1
    row = await owner_db.fetchrow("select opt_out_source, name from contact where id = $1", known)
    assert row is not None
    assert tuple(row) == ("keyword", "Ana")
    assert await owner_db.fetchval("select contact_id from inbound_message where company_id = $1", owner.company_id) == known


async def test_two_people_with_phones_stay_two(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first = await inbound(owner, "5511987654321", bsuid="B1")
    second = await inbound(owner, "5511976543210")
    assert await inbound(owner, "5511976543210", bsuid="B1") == second
    assert first != second
    assert await people(owner_db, owner) == 2


@pytest.mark.parametrize("address", ["+5511987654321", "+551187654321"])
async def test_an_address_that_said_stop_is_opted_out_with_or_without_a_contact(
    owner: Actor, owner_db: asyncpg.Connection, address: str
) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await consent.opt_out_address(w, address, "keyword") is None
    found = await inbound(owner, "551187654321")
    assert await owner_db.fetchval("select opt_out_source from contact where id = $1", found) == "keyword"
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_in(w, found)
    assert await owner_db.fetchval("select count(*) from suppression where company_id = $1", owner.company_id) == 0
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await consent.opt_out_address(w, address, "keyword") == found


async def test_deleting_takes_the_person_out_of_the_queue(owner: Actor, owner_db: asyncpg.Connection) -> None:
    contact = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    for state, key in ((0, "waiting"), (3, "sent")):
        await owner_db.execute(
            "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state) "
            "values ($1, uuidv7(), uuidv7(), $2, '+5511987654321', $3, $4)",
            owner.company_id,
            contact,
            key,
            state,
        )
    await delete_contact(owner, contact)
    rows = await owner_db.fetch(
        "select dedupe_key, state, contact_id from message where company_id = $1 order by 1", owner.company_id
    )
    assert [tuple(row) for row in rows] == [("sent", 3, None), ("waiting", 9, None)]
