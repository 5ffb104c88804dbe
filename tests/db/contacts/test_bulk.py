"""Bulk actions: everybody whom the filter matched, once, also when the worker dies in between."""

from typing import Any

import asyncpg
import pytest

from db.contacts import bulk, tags
from db.contacts.actions import create_contact
from db.contacts.bulk import Verb
from db.contacts.filter import ContactFilter
from db.errors import Invalid
from db.jobs import BulkContacts
from db.tenancy import Actor
from workers.contacts import run_bulk


@pytest.mark.parametrize(
    ("verb", "left"), [("add_tags", 7), ("remove_tags", 0), ("opt_out", 7), ("delete", 0)], ids=lambda value: str(value)
)
async def test_everybody_of_the_filter_is_dealt_with_once(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, verb: Verb, left: int
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 3)
    for number in range(7):
        await create_contact(owner, name=f"Ana {number}", phone=f"11 9876500{number:02}", tag_names=["vip"])
    await create_contact(owner, name="Bia")
    await create_contact(stranger, name="Ana", tag_names=["vip"])
    filter = ContactFilter(search="ana", opted_out=False)
    bulk_id = (await bulk.start_bulk(owner, filter, verb, ["vip", "novo"] if "tags" in verb else []))["id"]
    await create_contact(owner, name="Ana later")
    assert await bulk.step(owner.company_id, bulk_id)  # then the worker dies
    await run_bulk(owner.company_id, BulkContacts(bulk_id=bulk_id))
    row: Any = await bulk.bulk(owner, bulk_id)
    assert (row["processed"], row["total"], row["done"]) == (7, 7, True)
    checks = {
        "add_tags": "select count(*) from contact_tag ct join tag t on t.id = ct.tag_id where t.name = 'novo' and t.company_id = $1",
        "remove_tags": "select count(*) from contact_tag where company_id = $1",
        "opt_out": "select count(*) from contact where opted_out_at is not null and company_id = $1",
        "delete": "select count(*) from contact where name ~ 'Ana \\d' and company_id = $1",
    }
    assert await owner_db.fetchval(checks[verb], owner.company_id) == left
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", stranger.company_id) == 1
    await run_bulk(owner.company_id, BulkContacts(bulk_id=bulk_id))


async def test_tags_need_names(owner: Actor) -> None:
    with pytest.raises(Invalid):
        await bulk.start_bulk(owner, ContactFilter(everyone=True), "add_tags", [])


@pytest.mark.parametrize("search", ["\u0301", "\u0301\u0303\u0327\u0301"])
async def test_accents_alone_pick_nobody(owner: Actor, owner_db: asyncpg.Connection, search: str) -> None:
    await create_contact(owner, name="Ana Sá")
    bulk_id = (await bulk.start_bulk(owner, ContactFilter(search=search), "delete", []))["id"]
    await run_bulk(owner.company_id, BulkContacts(bulk_id=bulk_id))
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 1


async def test_who_was_to_be_spared_by_a_tag_is_spared_when_it_is_deleted(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion of all but some, and their tag goes in the middle of it."""
    monkeypatch.setattr(bulk, "BATCH", 2)
    for number in range(6):
        await create_contact(owner, name=f"Ana {number}", tag_names=["fica"] if number > 3 else [])
    tag = await owner_db.fetchval("select id from tag where company_id = $1", owner.company_id)
    bulk_id = (await bulk.start_bulk(owner, ContactFilter(everyone=True, without_tags=[tag]), "delete", []))["id"]
    assert await bulk.step(owner.company_id, bulk_id)
    await tags.delete_tag(owner, tag)
    await run_bulk(owner.company_id, BulkContacts(bulk_id=bulk_id))
    left = await owner_db.fetch("select name from contact where company_id = $1 order by name", owner.company_id)
    assert {"Ana 4", "Ana 5"} <= {row["name"] for row in left}
    assert len(left) == 4
