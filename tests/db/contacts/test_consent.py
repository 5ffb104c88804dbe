"""What people asked for: the entries that prove it, lists of opt-outs, campaigns of one category."""

from uuid import UUID

import asyncpg
import pytest

from db.campaigns import lifecycle
from db.contacts import actions, consent_log, consent_said, duplicates, identity_history, merges, suppressions
from db.contacts.enums import Category, DuplicateReason, MergeReason
from db.contacts.merges import merge
from db.errors import AppError
from db.messages.enums import MessageState, SkipReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

Entry = tuple[str | None, bool, str, str]


async def _person(db: asyncpg.Connection, actor: Actor, number: int) -> UUID:
    found: UUID = await db.fetchval(
        "select id from contact where company_id = $1 and name = $2", actor.company_id, f"Pessoa {number}"
    )
    return found


async def _entries(actor: Actor, contact_id: UUID) -> list[Entry]:
    return [(row["category"], row["allowed"], row["source"], row["note"]) for row in await consent_log.entries(actor, contact_id)]


async def test_each_wish_is_kept_once_with_its_proof(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 2)
    one = await _person(owner_db, owner, 0)
    assert await _entries(owner, one) == []
    await actions.change_contact(owner, one, opted_out=True)
    await actions.change_contact(owner, one, opted_out=True)
    for unproven in ("", " "):
        with pytest.raises(AppError) as refused:
            await actions.change_contact(owner, one, opted_out=False, consent_note=unproven)
        assert [(field.path, field.code.value) for field in refused.value.fields] == [("consent_note", "required")]
    await actions.change_contact(owner, one, opted_out=False, consent_note="Ficha assinada")
    await actions.change_contact(owner, one, opted_out=False)  # gives nothing back
    await actions.change_contact(owner, one, refuses=[Category.MARKETING])
    await actions.change_contact(owner, one, refuses=[Category.MARKETING])
    with pytest.raises(AppError):
        await actions.change_contact(owner, one, refuses=[Category.UTILITY])
    await actions.change_contact(owner, one, refuses=[], consent_note="No balcão")
    assert await _entries(owner, one) == [
        ("marketing", True, "person", "No balcão"),
        ("marketing", False, "person", ""),
        (None, True, "person", "Ficha assinada"),
        (None, False, "person", ""),
    ]
    by = {row["by_name"] for row in await consent_log.entries(owner, one)}
    assert by == {await owner_db.fetchval("select name from account_user where id = $1", owner.id)}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await w.execute("update consent_entry set allowed = true where company_id = $1", owner.company_id)


async def test_entries_go_with_who_is_joined_and_back_with_who_is_parted(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 2)
    one, other = [await _person(owner_db, owner, number) for number in (0, 1)]
    await actions.change_contact(owner, other, refuses=[Category.UTILITY])
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await merge(w, one, other, MergeReason.USERNAME)
    assert await _entries(owner, one) == [("utility", False, "person", "")]
    assert await owner_db.fetchval("select refuses from contact where id = $1", one) == ["utility"]
    [joined] = await merges.merges(owner, one)
    await merges.undo(owner, one, joined.id)
    assert (await _entries(owner, one), await _entries(owner, other)) == ([], [("utility", False, "person", "")])


async def test_what_somebody_said_elsewhere_is_kept_with_its_proof_and_holds(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    await factories.contacts(owner_db, owner, 1)
    one = await _person(owner_db, owner, 0)

    async def say(allowed: bool, category: Category | None, note: str) -> Entry:
        row = await consent_said.say(owner, one, allowed=allowed, category=category, note=note)
        return row["category"], row["allowed"], row["source"], row["note"]

    async def stands() -> tuple[bool, list[str]]:
        row = await owner_db.fetchrow("select opted_out_at is null as may, refuses from contact where id = $1", one)
        return row["may"], row["refuses"]

    assert await say(True, None, "ficha") == (None, True, "person", "ficha")  # nothing changes, and it is a proof all the same
    assert await say(False, Category.UTILITY, "balcão") == ("utility", False, "person", "balcão")
    assert await stands() == (True, ["utility"])
    assert await say(False, None, "carta") == (None, False, "person", "carta")
    assert await say(True, Category.UTILITY, "e-mail") == ("utility", True, "person", "e-mail")
    assert await stands() == (False, [])  # leave for one kind is no leave for all
    assert await say(True, None, "voltou") == (None, True, "person", "voltou")
    assert await stands() == (True, [])
    assert len(await _entries(owner, one)) == 5
    with pytest.raises(AppError):
        await consent_said.say(stranger, one, allowed=True, category=None, note="x")


async def test_addresses_that_went_are_known_with_who_took_them_and_go_with_the_person(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    one = (await actions.create_contact(owner, name="Ana", phone="(11) 98888-0001", email="ana@example.com"))["id"]
    other = (await actions.create_contact(owner, name="Bia", email="bia@example.com"))["id"]

    async def known(contact_id: UUID) -> list[tuple[str, bool]]:
        return [(row["value"], row["until"] is None) for row in await identity_history.history(owner, contact_id)]

    await actions.change_contact(owner, one, phone="(11) 98888-0002")
    await actions.change_contact(owner, one, email=None)
    assert await known(one) == [("+5511988880002", True), ("ana@example.com", False), ("+5511988880001", False)]
    assert {row["by_name"] for row in await identity_history.history(owner, one) if row["until"]} == {
        await owner_db.fetchval("select name from account_user where id = $1", owner.id)
    }
    await actions.change_contact(owner, other, email="bia2@example.com")
    await duplicates.join(owner, one, other)
    assert ("bia@example.com", False) in await known(one)
    [joined] = await merges.merges(owner, one)
    await merges.undo(owner, one, joined.id)
    assert await known(other) == [("bia2@example.com", True), ("bia@example.com", False)]
    assert len(await known(one)) == 3
    await actions.delete_contact(owner, one)
    assert await owner_db.fetchval("select count(*) from identity_past where company_id = $1", owner.company_id) == 1


async def test_a_list_of_opt_outs_acts_on_who_is_known_and_who_comes_later(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 1, first=88880000)
    one = await _person(owner_db, owner, 88880000)
    lines = ["(11) 98888-0000", "+5511988887777", "ANA@example.com ", "11 98888-7777", "12345", "ana@", " "]
    assert await suppressions.bar(owner, lines, "Sistema antigo") == (3, 0, ["12345", "ana@"])
    assert await suppressions.bar(owner, lines[:2], "") == (0, 2, [])
    assert await owner_db.fetchval("select opt_out_source from contact where id = $1", one) == "list"
    assert await _entries(owner, one) == [(None, False, "list", "Sistema antigo")]
    late = await actions.create_contact(owner, name="Ana", email="ana@example.com")
    assert late["opted_out_at"] is not None
    assert await _entries(owner, late["id"]) == [(None, False, "list", ""), (None, False, "list", "Sistema antigo")]
    listed = await suppressions.suppressions(owner)
    assert [(row["address"], row["name"]) for row in listed] == [
        ("+5511988880000", "Pessoa 88880000"),
        ("+5511988887777", None),
        ("ana@example.com", "Ana"),
    ]
    assert [row["address"] for row in await suppressions.suppressions(owner, search="98888 7777")] == ["+5511988887777"]
    with pytest.raises(AppError) as unproven:
        await suppressions.lift(owner, "+5511988880000", " ")
    assert [(field.path, field.code.value) for field in unproven.value.fields] == [("note", "required")]
    await suppressions.lift(owner, "+5511988880000", "Pediu na loja")
    assert await owner_db.fetchval("select opted_out_at from contact where id = $1", one) is None
    assert (await _entries(owner, one))[0] == (None, True, "person", "Pediu na loja")
    with pytest.raises(AppError):
        await suppressions.lift(owner, "+5511988880000", "Pediu na loja")


async def _sent(db: asyncpg.Connection, actor: Actor, campaign: UUID) -> dict[str, tuple[int, str | None]]:
    rows = await db.fetch(
        "select c.name, m.state, m.reason from message m join contact c on c.id = m.contact_id where m.campaign_id = $1 and m.company_id = $2",
        campaign,
        actor.company_id,
    )
    return {row["name"]: (row["state"], row["reason"]) for row in rows}


@pytest.mark.parametrize("category", ["marketing", "utility"])
async def test_a_campaign_passes_by_who_refuses_its_category(owner: Actor, owner_db: asyncpg.Connection, category: str) -> None:
    await factories.contacts(owner_db, owner, 3)
    early, late = [await _person(owner_db, owner, number) for number in (0, 1)]
    await actions.change_contact(owner, early, refuses=[Category(category)])
    channel = await factories.channel(owner_db, owner)
    skipped = (int(MessageState.SKIPPED), SkipReason.CATEGORY_REFUSED.value)
    waiting = (int(MessageState.QUEUED), None)
    for one in ("marketing", "utility"):
        template = await factories.template(owner_db, owner, channel)
        content = f'{{"kind": "template", "name": "x", "language": "pt_BR", "category": "{one}", "components": [], "slots": []}}'
        campaign = await factories.campaign(owner_db, owner, channel, template, content=content, state="preparing")
        await lifecycle.prepare(owner.company_id, campaign)
        assert await _sent(owner_db, owner, campaign) == {
            "Pessoa 0": skipped if one == category else waiting,
            "Pessoa 1": waiting,
            "Pessoa 2": waiting,
        }
        if one == category:
            mine = campaign
        else:
            other = campaign
    await actions.change_contact(owner, late, refuses=[Category(category)])  # while both are being sent
    assert (await _sent(owner_db, owner, mine))["Pessoa 1"] == skipped
    assert (await _sent(owner_db, owner, other))["Pessoa 1"] == waiting


async def test_what_one_refuses_holds_for_what_waits_for_the_other_whom_they_become(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await factories.contacts(owner_db, owner, 2)
    one, other = [await _person(owner_db, owner, number) for number in (0, 1)]
    channel = await factories.channel(owner_db, owner)
    content = '{"kind": "template", "name": "x", "language": "pt_BR", "category": "marketing", "components": [], "slots": []}'
    audience = f'{{"ids": ["{one}"]}}'
    template = await factories.template(owner_db, owner, channel)
    campaign = await factories.campaign(owner_db, owner, channel, template, content=content, state="preparing", audience=audience)
    await lifecycle.prepare(owner.company_id, campaign)
    await actions.change_contact(owner, other, refuses=[Category.MARKETING])
    await duplicates.join(owner, one, other)
    assert await _sent(owner_db, owner, campaign) == {"Pessoa 0": (int(MessageState.SKIPPED), SkipReason.CATEGORY_REFUSED.value)}


async def _address(db: asyncpg.Connection, actor: Actor, contact_id: UUID, kind: str, value: str) -> None:
    await db.execute(
        "insert into contact_identity(company_id, contact_id, kind, value) values ($1, $2, $3, $4)",
        actor.company_id,
        contact_id,
        kind,
        value,
    )


async def test_who_looks_like_one_person_is_proposed_until_somebody_decides(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    await factories.contacts(owner_db, owner, 1, first=88887777)
    phone = await _person(owner_db, owner, 88887777)
    made: dict[str, UUID] = {}
    for name in ("sem nono", "mail a", "mail b", "Bia Nunes", "BIA  nunes", "Só Um", "Bia Nunes alheia"):
        whose = stranger if name.endswith("alheia") else owner
        made[name] = await owner_db.fetchval(
            "insert into contact(company_id, name) values ($1, $2) returning id", whose.company_id, name
        )
    await _address(owner_db, owner, made["sem nono"], "wa_id", "+551188887777")
    await _address(owner_db, owner, made["mail a"], "email", "bia.nunes+loja@gmail.com")
    await _address(owner_db, owner, made["mail b"], "email", "bianunes@gmail.com")
    await _address(owner_db, owner, made["Bia Nunes"], "phone", "+5511977776666")
    await owner_db.execute("update contact set name = 'BIA nunes' where id = $1", made["BIA  nunes"])

    async def proposed() -> set[tuple[DuplicateReason, frozenset[UUID]]]:
        found = await duplicates.duplicates(owner)
        return {(one.reason, frozenset((one.one.row["id"], one.other.row["id"]))) for one in found}

    number = (DuplicateReason.SAME_NUMBER, frozenset((phone, made["sem nono"])))
    mail = (DuplicateReason.SAME_MAIL, frozenset((made["mail a"], made["mail b"])))
    name = (DuplicateReason.SAME_NAME, frozenset((made["Bia Nunes"], made["BIA  nunes"])))
    assert await proposed() == {number, mail, name}
    assert await duplicates.duplicates(stranger) == []

    await duplicates.keep_apart(owner, made["mail b"], made["mail a"])
    assert await proposed() == {number, name}
    with pytest.raises(AppError):
        await duplicates.join(owner, phone, phone)
    with pytest.raises(AppError):
        await duplicates.join(stranger, phone, made["sem nono"])
    joined = await duplicates.join(owner, phone, made["sem nono"])
    assert joined["id"] == phone
    assert await proposed() == {name}
    [before] = await merges.merges(owner, phone)
    assert before.reason is MergeReason.BY_HAND
    await merges.undo(owner, phone, before.id)
    assert await proposed() == {name}  # parted by a person
    assert (await duplicates.join(owner, phone, made["sem nono"]))["id"] == phone  # who may change their mind


async def test_pairs_that_were_decided_keep_no_other_from_being_proposed(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MOST", 2)
    for name in "abcd":
        for mail in (f"{name}@gmail.com", f"{name}+loja@gmail.com"):
            await actions.create_contact(owner, name=name, email=mail)
    seen = set()
    for _round in range(2):
        found = await duplicates.duplicates(owner)
        assert len(found) == 2
        for pair in found:
            await duplicates.keep_apart(owner, pair.one.row["id"], pair.other.row["id"])
            seen.add(pair.one.row["name"])
    assert seen == {*"abcd"}
    assert await duplicates.duplicates(owner) == []
