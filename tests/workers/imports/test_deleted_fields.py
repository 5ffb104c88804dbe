"""Fields that are deleted while lists are imported: no value comes in under them any more."""

import asyncpg
import pytest

from db import blobs
from db.contacts import fields
from db.contacts.enums import CustomFieldKind
from db.contacts.mending import MendedRow, mend
from db.jobs import RemoveField
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests.workers.imports.test_job import run, table, uploaded
from workers.contacts import remove_field


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


async def test_a_field_that_was_deleted_meanwhile_gets_no_value(owner: Actor, owner_db: asyncpg.Connection) -> None:
    text = table(("Ana", "11 98765-4321", "", "", "", "Recife"), ("Bia", "123", "", "", "", "Olinda"))
    import_id = await uploaded(owner, text)
    [field] = await fields.custom_fields(owner)
    await fields.delete_field(owner, field["id"])
    await remove_field(owner.company_id, RemoveField(field_id=field["id"]))
    await run(owner, import_id)
    await mend(owner, import_id, [MendedRow(3, {1: "11 97777-0001"})])
    left = await owner_db.fetch("select name, custom::text as custom from contact where company_id = $1", owner.company_id)
    assert sorted(map(tuple, left)) == [("Ana", "{}"), ("Bia", "{}")]


async def test_who_deletes_a_field_waits_for_rows_that_are_being_written(owner: Actor, owner_db: asyncpg.Connection) -> None:
    field = await fields.create_field(owner, key="cidade", label="Cidade", kind=CustomFieldKind.TEXT)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await fields.missing(w, ["cidade", "uf"]) == {"uf"}
        with pytest.raises(asyncpg.LockNotAvailableError):
            await owner_db.execute("select from custom_field where id = $1 for no key update nowait", field["id"])
