"""Row-level security: every company table is protected, and the application role sees nothing without a company."""

import re
from pathlib import Path

import asyncpg
import pytest

from db.engine import DB
from db.migrate import files
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

_TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id'
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
"""
_POLICIES = """
select c.relname as table, c.relrowsecurity and c.relforcerowsecurity as forced, coalesce((
    select array_agg(array[p.polname::text, p.polroles::regrole[]::text, p.polcmd::text, p.polpermissive::text,
        coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')] order by p.polname)
    from pg_policy p where p.polrelid = c.oid), '{}') as policies
from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
"""
_OF_THE_COMPANY = "(company_id = (NULLIF(current_setting('app.company'::text, true), ''::text))::uuid)"
COMPANY = ["company", "{masteria_app}", "*", "true", _OF_THE_COMPANY, ""]
SYSTEM = ["system", "{masteria_system}", "*", "true", "true", ""]
SYSTEM_ADDS = ["system", "{masteria_system}", "a", "true", "", "true"]
_LOOKING = ["looking", "{-}", "r", "true", _OF_THE_COMPANY, ""]
FOR_THE_OWNER = {
    "audit_log": [
        COMPANY,
        ["forgetting", "{-}", "d", "true", f"({_OF_THE_COMPANY} AND (at < (now() - '184 days'::interval)))", ""],
        _LOOKING,
        SYSTEM_ADDS,
    ],
    "retention": [COMPANY, _LOOKING, SYSTEM],
}
"""What `audit_forget` may do where the owner of the tables is no superuser."""
ALL_COMPANIES = {
    "company": [["company", "{masteria_app}", "*", "true", _OF_THE_COMPANY.replace("company_id", "id"), ""], SYSTEM],
    "account_user": ["colleagues", "system"],
    "password_reset": [SYSTEM],
    "known_device": [SYSTEM],
    "email_verification": [SYSTEM],
    "second_factor": [SYSTEM],
    "recovery_code": [SYSTEM],
    "identity": [SYSTEM],
    "sign_in_flow": [SYSTEM],
    "installation_secret": [SYSTEM],
    "tick": [SYSTEM],
    "call_rule": [["everybody", "{masteria_app}", "r", "true", "true", ""], SYSTEM],
    "unreached_country": [["everybody", "{masteria_app}", "r", "true", "true", ""], SYSTEM],
    "holiday": [["everybody", "{masteria_app}", "r", "true", "true", ""], SYSTEM],
    "listed_rate": [["everybody", "{masteria_app}", "r", "true", "true", ""], SYSTEM],
    "opt_out_word": [["everybody", "{masteria_app}", "r", "true", "true", ""], SYSTEM],
    "installation": [["everybody", "{masteria_app}", "r", "true", "true", ""], SYSTEM],
}
"""Tables without a company_id, each with its policies; every other table must have one."""


def made(path: Path) -> list[str]:
    """Tables that a migration makes."""
    sql = path.read_text(encoding="utf-8")
    return re.findall(r"^\s*create (?:unlogged )?table (?:if not exists )?(\w+)", sql, re.MULTILINE | re.IGNORECASE)


async def test_every_table_carries_exactly_its_policies(owner_db: asyncpg.Connection) -> None:
    ours = {table for path in files() for table in made(path)}  # other tests make tables of their own
    tenants = {row["relname"] for row in await owner_db.fetch(_TABLES)} & ours
    assert len(tenants) > 25
    strange = {}
    for row in await owner_db.fetch(_POLICIES):
        table, policies = row["table"], row["policies"]
        if table not in ours:
            continue
        if table in tenants:
            known = [FOR_THE_OWNER[table]] if table in FOR_THE_OWNER else [[COMPANY], [COMPANY, SYSTEM], [COMPANY, SYSTEM_ADDS]]
            right = row["forced"] and policies in known
        else:
            known = ALL_COMPANIES.get(table)
            right = row["forced"] and known in (policies, [policy[0] for policy in policies])
        if not right:
            strange[table] = policies
    assert strange == {}


def test_every_new_table_is_protected_by_the_one_function() -> None:
    """Text, so that the migration itself is held to it and not only what came of all of them."""
    forgotten = {}
    for path in files()[16:]:
        sql = path.read_text(encoding="utf-8")
        of_all = set(made(path)) & set(ALL_COMPANIES)  # their policies are held to above, word for word
        if bad := [table for table in made(path) if table not in of_all and not re.search(rf"protect_table\('{table}'", sql)]:
            forgotten[path.name] = bad
        if not of_all and re.search(r"create policy company|enable row level security", sql, re.IGNORECASE):
            forgotten[path.name] = ["a policy by hand"]
    assert forgotten == {}


async def test_a_protected_table_shows_each_role_what_was_named(
    owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    transaction = owner_db.transaction()
    await transaction.start()
    try:
        await owner_db.execute("create table probe(company_id uuid not null, id int, secret text, primary key (company_id, id))")
        await owner_db.execute("select protect_table('probe', app => 'select (company_id, id), insert', system => 'select')")
        await owner_db.executemany("insert into probe values ($1, 1, 'x')", [(owner.company_id,), (stranger.company_id,)])
        await owner_db.execute("select set_config('app.company', $1, true)", str(owner.company_id))
        await owner_db.execute("set local role masteria_app")
        assert [row["company_id"] for row in await owner_db.fetch("select company_id, id from probe")] == [owner.company_id]
        for refused in (
            "select secret from probe",
            "delete from probe",
            f"insert into probe values ('{stranger.company_id}', 2)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with owner_db.transaction():
                    await owner_db.execute(refused)
        await owner_db.execute("set local role masteria_system")
        assert await owner_db.fetchval("select count(*) from probe") == 2
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with owner_db.transaction():
                await owner_db.execute("delete from probe")
    finally:
        await transaction.rollback()


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
    assert sorted(row["proname"] for row in definers) == [
        "audit_forget",
        "contact_kept",
        "contact_search",
        "knowledge_search",
        "lead_found",
        "lead_kept",
        "lead_marked",
        "lead_search",
        "lead_tally",
        "said_sample",
        "said_search",
    ]
    # No temporary table stands in front, and rows are met by the index only: others would be those of all companies.
    for row in definers:
        some = {"search_path=pg_catalog, public, pg_temp", "enable_seqscan=off"}
        only_bitmaps = {"enable_indexscan=off", "enable_indexonlyscan=off"}
        planned_anew = {"jit=off", "plan_cache_mode=force_custom_plan"}
        more = planned_anew if row["proname"] == "knowledge_search" else only_bitmaps
        if row["proname"] == "audit_forget":  # asks for rows by company and id alone, and takes nothing that it could be led by
            some, more = {"search_path=pg_catalog, public, pg_temp"}, set()
        assert some | more == set(row["proconfig"]), row["proname"]
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await w.execute("create temp table contact as select uuidv7() as id, ''::text as name_key, now() as updated_at,"
                        " $1::uuid as company_id, 'x'::text as search", owner.company_id)  # fmt: skip
        await w.execute("grant select on contact to masteria_system")
        assert await w.fetch("select * from contact_search(array['%'], array['%'], null)") == []
        await w.execute("create temp table lead as select uuidv7() as id, $1::uuid as company_id, $1::uuid as board_id, 'x'::text as search",
                        owner.company_id)  # fmt: skip
        await w.execute("grant select on lead to masteria_system")
        assert await w.fetch("select * from lead_search($1, array['%'], 10)", owner.company_id) == []
        await w.execute("alter table pg_temp.lead add tags text[] default '{}', add custom jsonb default '{}', add stage_id uuid,"
                        " add value_cents bigint")  # fmt: skip
        assert await w.fetch("select * from lead_marked($1, '{}', 10)", owner.company_id) == []
        await w.execute("alter table pg_temp.lead add owner_id uuid, add rank text, add value_key bigint, add due_key date,"
                        " add stage_since timestamptz, add title_key text")  # fmt: skip
        assert await w.fetch("select * from lead_found($1, array['%'])", owner.company_id) == []
        assert await w.fetch("select * from lead_tally($1, '{}', '{}', '{}', '{}', 10)", owner.company_id) == []
        await w.execute("create temp table conversation_entry as select $1::uuid as company_id, $1::uuid as conversation_id, 'note'::text as kind,"
                        " 'x'::text as body", owner.company_id)  # fmt: skip
        await w.execute("grant select on conversation_entry to masteria_system")
        assert await w.fetch("select * from said_search('x', 10)") == []
        await w.execute("create temp table knowledge_base as select $1::uuid as company_id, $1::uuid as id, 1 as chunks, 1 as words",
                        owner.company_id)  # fmt: skip
        await w.execute("grant select on knowledge_base to masteria_system")
        asked = "select * from knowledge_search(array[$1::uuid], 'simple', 'x', null, null, 8)"
        assert await w.fetch(asked, owner.company_id) == []
        await w.execute("drop table pg_temp.knowledge_base")
        await w.execute("drop table pg_temp.conversation_entry")
        await w.execute("drop table pg_temp.lead")
        await w.execute("drop table pg_temp.contact")
