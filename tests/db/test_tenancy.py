"""Row-level security: every company table is protected, and the application role sees nothing without a company."""

import asyncpg
import pytest

from db.engine import DB
from db.enums import Permission
from db.tenancy import Actor
from db.work import read, work

_TABLES = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity,
       exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'company') as policy
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id'
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
"""


async def test_every_company_table_is_protected(owner_db: asyncpg.Connection) -> None:
    tables = await owner_db.fetch(_TABLES)
    assert len(tables) > 20
    assert [t["relname"] for t in tables if not (t["relrowsecurity"] and t["relforcerowsecurity"] and t["policy"])] == []


async def test_nothing_is_visible_without_a_company(owner_db: asyncpg.Connection, owner: Actor) -> None:
    tables = [t["relname"] for t in await owner_db.fetch(_TABLES)]
    async with DB.transaction() as transaction:
        assert await transaction.connection.fetchval("select current_user") == "masteria_app"
        for table in tables:
            assert await transaction.connection.fetchval(f"select count(*) from {table}") == 0, table


async def test_another_companys_rows_can_be_neither_seen_nor_written(owner: Actor, stranger: Actor) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        tag = await w.fetchval("insert into tag(company_id, name) values ($1, 'vip') returning id", owner.company_id)
    async with read(stranger, Permission.CONTACTS_READ) as r:
        assert await r.fetchval("select count(*) from tag where id = $1", tag) == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with work(stranger, Permission.CONTACTS_WRITE) as w:
            await w.execute("insert into tag(company_id, name) values ($1, 'vip')", owner.company_id)


async def test_what_runs_as_the_system_role_cannot_be_given_another_table(owner: Actor, owner_db: asyncpg.Connection) -> None:
    definers = await owner_db.fetch(
        "select proname, proconfig from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
    )
    assert [row["proname"] for row in definers] == ["contact_search"]
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await w.execute("create temp table contact as select uuidv7() as id, ''::text as name_key, now() as updated_at,"
                        " $1::uuid as company_id, 'x'::text as search", owner.company_id)  # fmt: skip
        await w.execute("grant select on contact to masteria_system")
        assert await w.fetch("select * from contact_search('%', 10)") == []
        await w.execute("drop table pg_temp.contact")
