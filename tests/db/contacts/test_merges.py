"""Two contacts that become one: what each had is there, the stricter wish holds, and a person can part them for good."""

import asyncio
from contextvars import copy_context
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.clock import now
from db.contacts import consent, fields, merges, notes, upserts
from db.contacts.actions import change_contact, create_contact, delete_contact
from db.contacts.enums import CustomFieldKind, MergeReason
from db.contacts.queries import contact as contact_row
from db.contacts.senders import Sender, contact_of
from db.errors import Conflict, NotFound
from db.jobs import RemoveField
from db.messages import inbound as received
from db.messages.content import Text
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.contacts.test_identities import inbound, people
from workers.contacts import remove_field


async def message(owner_db: asyncpg.Connection, owner: Actor, contact: UUID, address: str, key: str, state: int = 3) -> None:
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state)"
        " values ($1, uuidv7(), uuidv7(), $2, $3, $4, $5)",
        owner.company_id,
        contact,
        address,
        key,
        state,
    )


async def contacts_of(owner_db: asyncpg.Connection, owner: Actor) -> dict[str, UUID]:
    rows = await owner_db.fetch("select dedupe_key, contact_id from message where company_id = $1", owner.company_id)
    return {row["dedupe_key"]: row["contact_id"] for row in rows}


async def opted_out(owner_db: asyncpg.Connection, contact: UUID) -> bool:
    return await owner_db.fetchval("select opted_out_at is not null from contact where id = $1", contact)


async def test_what_partners_keep_goes_with_a_merge_and_comes_back(owner: Actor, owner_db: asyncpg.Connection) -> None:
    item = upserts.Item(external_id="loja-1", phone="11 98765-4321", metadata={"origem": "loja", "so-daqui": "1"})
    known = (await upserts.upsert_one(owner, item))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    theirs = {"origem": "site", "plano": "ouro"}
    await owner_db.execute(
        "update contact set external_id = 'crm-9', metadata = $2::jsonb where id = $1",
        hidden,
        msgspec.json.encode(theirs).decode(),
    )
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    row = await contact_row(owner, known)
    assert (row["external_id"], msgspec.json.decode(row["metadata"])) == ("loja-1", {**item.metadata, "plano": "ouro"})
    [merge] = await merges.merges(owner, known)
    assert (merge.external_id, merge.metadata, merge.lost) == ("crm-9", theirs, ["external_id", "metadata.origem"])
    [joined] = await owner_db.fetch(
        "select data::text as data from audit_log where company_id = $1 and action = 'contact.joined'", owner.company_id
    )
    assert msgspec.json.decode(joined["data"])["lost"] == merge.lost

    await merges.undo(owner, known, merge.id)
    one, other = await contact_row(owner, known), await contact_row(owner, hidden)
    assert (one["external_id"], msgspec.json.decode(one["metadata"])) == ("loja-1", item.metadata)
    assert (other["external_id"], msgspec.json.decode(other["metadata"])) == ("crm-9", theirs)


async def test_an_external_id_is_taken_over_and_is_never_given_twice(owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="", phone="11 98765-4321", tag_names=[], custom={}))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    await owner_db.execute("update contact set external_id = 'crm-9' where id = $1", hidden)
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    assert (await contact_row(owner, known))["external_id"] == "crm-9"
    [merge] = await merges.merges(owner, known)
    assert merge.lost == []
    await owner_db.execute("update contact set external_id = 'other' where id = $1", known)
    third = (await upserts.upsert_one(owner, upserts.Item(external_id="crm-9")))["id"]
    await merges.undo(owner, known, merge.id)
    found = [(await contact_row(owner, one))["external_id"] for one in (known, hidden, third)]
    assert found == ["other", None, "crm-9"]


async def test_parting_gives_each_back_what_was_theirs(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await fields.create_field(owner, key="cidade", label="Cidade", kind=CustomFieldKind.TEXT)
    known = (await create_contact(owner, name="", phone="11 98765-4321", tag_names=["vip"], custom={}))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await w.execute(
            'update contact set custom = \'{"cidade": "Rio"}\' where company_id = $1 and id = $2', w.company_id, hidden
        )
    await notes.add_note(owner, hidden, "gosta de azul")
    await message(owner_db, owner, known, "+5511987654321", "theirs")
    await message(owner_db, owner, hidden, "B1", "hers")
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    assert await people(owner_db, owner) == 1
    [merge] = await merges.merges(owner, known)
    assert (merge.merged_id, merge.reason, merge.name, merge.addresses) == (hidden, MergeReason.PHONE_SHOWN, "Ana L.", ["B1"])
    assert (await contact_row(owner, known))["name"] == "Ana L."
    assert set((await contacts_of(owner_db, owner)).values()) == {known}
    await message(owner_db, owner, known, "B1", "later")

    assert await merges.undo(owner, known, merge.id) == hidden
    assert await contacts_of(owner_db, owner) == {"theirs": known, "hers": hidden, "later": hidden}
    one, other = await contact_row(owner, known), await contact_row(owner, hidden)
    assert (one["name"], one["custom"], "vip" in one["tags"]) == ("", "{}", True)
    assert (other["name"], other["custom"], other["tags"]) == ("Ana L.", '{"cidade": "Rio"}', "[]")
    assert [row["body"] for row in await notes.notes(owner, hidden, after=None, limit=5)] == ["gosta de azul"]
    with pytest.raises(Conflict):
        await merges.undo(owner, known, merge.id)
    # A person's word stands: the same two are not merged again by themselves.
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    assert await people(owner_db, owner) == 2


@pytest.mark.parametrize("who", ["known", "hidden", "later"])
async def test_the_stricter_wish_holds_and_parting_lifts_none(who: str, owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana")
    await message(owner_db, owner, known, "+5511987654321", "waits", state=0)
    if who != "later":
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await consent.opt_out(w, [known if who == "known" else hidden], "keyword")
    await inbound(owner, "5511987654321", bsuid="B1")
    if who == "later":
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await consent.opt_out(w, [known], "keyword")
    assert await opted_out(owner_db, known)
    assert await owner_db.fetchval("select state from message where dedupe_key = 'waits'") == 8
    assert await owner_db.fetchval("select count(*) from suppression where company_id = $1", owner.company_id) == 2
    [merge] = await merges.merges(owner, known)
    await merges.undo(owner, known, merge.id)
    assert await opted_out(owner_db, known)
    assert await opted_out(owner_db, hidden)


async def test_a_suppressed_phone_that_turns_up_later_is_heeded(owner: Actor, owner_db: asyncpg.Connection) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out_address(w, "+5511987654321", "import")
    hidden = await inbound(owner, bsuid="B1")
    assert not await opted_out(owner_db, hidden)
    assert await inbound(owner, "5511987654321", bsuid="B1") == hidden
    assert await opted_out(owner_db, hidden)


async def test_a_username_tells_who_a_new_user_id_is(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first = await inbound(owner, "5511987654321", bsuid="B1", username="Ana.Lima")
    assert await inbound(owner, bsuid="B2", username="ana.lima") == first
    assert [one.reason for one in await merges.merges(owner, first)] == [MergeReason.USERNAME]
    # Two people with phones of their own: the name was handed on.
    second = await inbound(owner, "5511976543210", username="ana.lima")
    assert second != first
    holder = await owner_db.fetchval(
        "select contact_id from contact_identity where company_id = $1 and kind = 'username'", owner.company_id
    )
    assert holder == second


async def test_merges_of_merges_can_be_parted_and_go_with_their_person(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor
) -> None:
    old = await inbound(owner, bsuid="B1", username="ana")
    assert await inbound(owner, bsuid="B2", username="ana") == old
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    found = await merges.merges(owner, known)
    assert [one.reason for one in found] == [MergeReason.PHONE_SHOWN, MergeReason.USERNAME]
    with pytest.raises(NotFound):
        await merges.undo(stranger, known, found[1].id)
    back = await merges.undo(owner, known, found[1].id)
    rows = await owner_db.fetch("select value from contact_identity where contact_id = $1", back)
    assert [row["value"] for row in rows] == ["B2"]
    await delete_contact(owner, known)
    assert await owner_db.fetchval("select count(*) from contact_merge where company_id = $1", owner.company_id) == 0


async def test_a_merge_is_parted_after_the_one_around_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    old = await inbound(owner, bsuid="B1", username="ana")
    assert await inbound(owner, bsuid="B2", username="ana") == old
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    await inbound(owner, "5511987654321", bsuid="B1")
    outer, inner = await merges.merges(owner, known)
    assert await merges.undo(owner, known, outer.id) == old
    assert [one.undone_at is None for one in await merges.merges(owner, known)] == [False]
    assert [one.id for one in await merges.merges(owner, old)] == [inner.id]
    back = await merges.undo(owner, old, inner.id)
    assert await owner_db.fetchval("select value from contact_identity where contact_id = $1", back) == "B2"


async def test_what_a_parted_person_left_behind_goes_with_them(owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    await inbound(owner, "5511987654321", bsuid="B1")
    await merges.undo(owner, known, (await merges.merges(owner, known))[0].id)
    await delete_contact(owner, hidden)
    assert await owner_db.fetchval("select count(*) from contact_merge where company_id = $1", owner.company_id) == 0


async def test_an_opt_out_of_a_contact_that_is_being_merged_holds(owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1")

    async def opt_out() -> None:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await consent.opt_out(w, [hidden], "person")

    outside = copy_context()  # of the transaction
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await merges.merge(w, known, hidden, MergeReason.PHONE_SHOWN)
        asking = asyncio.create_task(opt_out(), context=outside)
        while not asking.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
    await asking
    assert await opted_out(owner_db, known)
    assert await owner_db.fetchval("select count(*) from suppression where company_id = $1", owner.company_id) == 2


async def test_who_says_stop_is_not_merged_away_from_under_their_words(owner: Actor, owner_db: asyncpg.Connection) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1")
    outside = copy_context()
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await contact_of(w, Sender(bsuid="B1", scope="p1")) == hidden
        merging = asyncio.create_task(inbound(owner, "5511987654321", bsuid="B1"), context=outside)
        while not merging.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
        await received.store(w, received.Inbound(UUID(int=1), hidden, "wamid.1", "B1", Text(text="SAIR"), now()))
    assert await merging == known
    assert await opted_out(owner_db, known)
    assert await owner_db.fetchval("select contact_id from inbound_message where company_id = $1", owner.company_id) == known


@pytest.mark.parametrize(
    ("keeps", "goes", "then"), [(0, 0, [0, 8]), (0, 3, [8, 3]), (3, 0, [3, 8]), (6, 0, [6, 0]), (0, 2, [8, 2]), (3, 4, [3, 4])]
)
async def test_one_person_gets_a_campaign_once(
    keeps: int, goes: int, then: list[int], owner: Actor, owner_db: asyncpg.Connection
) -> None:
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1")
    await message(owner_db, owner, known, "+5511987654321", "1", keeps)
    await message(owner_db, owner, hidden, "B1", "2", goes)
    await message(owner_db, owner, hidden, "B1", "another", 0)
    await owner_db.execute(
        "update message set campaign_id = case dedupe_key when 'another' then uuidv7() else $2 end where company_id = $1",
        owner.company_id,
        UUID(int=7),
    )
    await inbound(owner, "5511987654321", bsuid="B1")
    rows = await owner_db.fetch("select state from message where company_id = $1 order by dedupe_key", owner.company_id)
    assert [row["state"] for row in rows] == [*then, 0]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_value_of_a_field_that_was_deleted_does_not_come_back(
    owner: Actor, owner_db: asyncpg.Connection, when: str
) -> None:
    """Deleted while the two were one, or a moment before: its values are taken off while they become one."""
    field = await fields.create_field(owner, key="cidade", label="Cidade", kind=CustomFieldKind.TEXT)
    known = (await create_contact(owner, name="Ana", phone="11 98765-4321"))["id"]
    hidden = await inbound(owner, bsuid="B1", name="Ana L.")
    await change_contact(owner, hidden, custom={"cidade": "Rio"})
    if when == "before":
        await fields.delete_field(owner, field["id"])
    assert await inbound(owner, "5511987654321", bsuid="B1") == known
    if when == "before":
        assert (await contact_row(owner, known))["custom"] == "{}"
    else:
        await fields.delete_field(owner, field["id"])
    await remove_field(owner.company_id, RemoveField(field_id=field["id"]))
    [merge] = await merges.merges(owner, known)
    assert await merges.undo(owner, known, merge.id) == hidden
    left = await owner_db.fetch("select custom::text from contact where company_id = $1", owner.company_id)
    assert [row["custom"] for row in left] == ["{}", "{}"]
