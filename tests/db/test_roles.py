"""What somebody could do who ran SQL of their own as the application: nothing to who people are, nothing outside the company, and
no lie in the audit log."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.accounts import sign_in
from db.accounts.passwords import hash_password
from db.engine import SYSTEM
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, Origin
from db.work import system_read, work
from tests.conftest import make_company

DENIED = asyncpg.InsufficientPrivilegeError


@pytest.fixture
async def app(database: Settings, owner: Actor) -> AsyncIterator[asyncpg.Connection]:
    """A connection like the programs', inside `owner`'s company, at the mercy of whoever writes the SQL."""
    connection = await asyncpg.connect(database.database_url)
    await connection.execute(
        "select set_config('app.company', $1, false), set_config('app.actor', $2, false)",
        str(owner.company_id),
        f"user:{owner.id}",
    )
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "way", ["set role masteria_system", "set session authorization masteria_system", "reset role; set role masteria_system"]
)
async def test_the_application_cannot_become_the_system(app: asyncpg.Connection, owner_db: asyncpg.Connection, way: str) -> None:
    for _ in range(600):  # roles belong to the server: a test beside this one may be running all migrations from the first
        if not await owner_db.fetchval("select pg_has_role('masteria_app', 'masteria_system', 'member')"):
            break
        await asyncio.sleep(0.1)
    with pytest.raises(DENIED):
        await app.execute(way)
    with pytest.raises(DENIED):
        await app.execute("alter role masteria_app createrole")
    assert await app.fetchval("select current_user") == "masteria_app"


@pytest.mark.parametrize(
    "statement",
    [
        "select password_hash from account_user",
        "select * from account_user",
        "select length(u::text) from account_user u",
        "update account_user set password_hash = 'x'",
        "update account_user set email = 'evil@example.com'",
        "insert into account_user(email, name, password_hash) values ('evil@example.com', 'E', 'x')",
        "insert into membership(company_id, user_id, role) values ($company, $user, 'owner')",
        "update membership set user_id = $user",
        "update membership set company_id = $company",
        "insert into session(company_id, token_hash, user_id, expires_at) values ($company, 'x', $user, now() + interval '1 day')",
        "select token_hash from session",
        "update session set token_hash = 'x'",
        "update session set expires_at = now() + interval '1 year'",
        "select token_hash from invitation",
        "update invitation set email = 'evil@example.com'",
        "select secret_hash from api_key",
        "update api_key set scopes = '{team:write}'",
        "select * from password_reset",
        "insert into password_reset(user_id, token_hash, expires_at) values ($user, 'x', now() + interval '1 day')",
        "select * from known_device",
        "select * from second_factor",
        "select * from identity",
        "select * from sign_in_flow",
        "select * from recovery_code",
        "insert into known_device(user_id, token_hash) values ($user, 'x')",
        "insert into company(name) values ('x')",
        "delete from company",
        "update company set demo = true",
        "select * from tick",
        "insert into audit_log(company_id, action, at) values ($company, 'x', now() - interval '1 year')",
        "insert into audit_log(company_id, action, id) values ($company, 'x', '00000000-0000-7000-8000-000000000000')",
        "insert into audit_log(company_id, action, actor_kind) values ($company, 'x', 'worker')",
        "insert into audit_log(company_id, action, actor_id) values ($company, 'x', $user)",
        "update audit_log set action = 'x'",
        "delete from audit_log",
    ],
)
async def test_the_application_may_not(app: asyncpg.Connection, owner: Actor, stranger: Actor, statement: str) -> None:
    with pytest.raises(DENIED):
        await app.execute(statement.replace("$company", f"'{owner.company_id}'").replace("$user", f"'{stranger.id}'"))


async def test_the_system_cannot_date_an_audit_row(database: Settings, owner: Actor) -> None:
    connection = await asyncpg.connect(database.system_url)
    try:
        assert await connection.fetchval("select session_user") == "masteria_system"
        for statement in (
            "insert into audit_log(company_id, actor_kind, action, at) values ($1, 'worker', 'x', now())",
            "update audit_log set action = 'x' where company_id = $1",
            "delete from audit_log where company_id = $1",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement, owner.company_id)
    finally:
        await connection.close()


async def test_an_audit_row_names_the_actor_and_the_moment_by_itself(owner: Actor, owner_db: asyncpg.Connection) -> None:
    before = datetime.now(UTC)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        w.audit("tag.created", uuid4())
    row = await owner_db.fetchrow("select actor_kind, actor_id, at from audit_log where company_id = $1", owner.company_id)
    assert (row["actor_kind"], row["actor_id"]) == ("user", owner.id)
    assert before <= row["at"] <= datetime.now(UTC)


async def test_an_audit_row_without_an_actor_is_refused(app: asyncpg.Connection, owner: Actor) -> None:
    for actor in ("", "nobody:", f"root:{owner.id}"):
        await app.execute("select set_config('app.actor', $1, false)", actor)
        with pytest.raises(asyncpg.CheckViolationError):
            await app.execute("insert into audit_log(company_id, action) values ($1, 'x')", owner.company_id)


async def test_the_system_logs_in_by_itself_over_connections_of_its_own(owner: Actor, stranger: Actor) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        ours: int = await w.fetchval("select pg_backend_pid()")
        async with system_read() as s:
            assert await s.fetchval("select session_user") == "masteria_system"
            assert await s.fetchval("select pg_backend_pid()") != ours
            assert (
                await s.fetchval("select count(*) from company where id = any($1)", [owner.company_id, stranger.company_id]) == 2
            )
    assert SYSTEM.pool is not None
    assert SYSTEM.pool.get_size() > 0


@pytest.mark.parametrize(
    ("given", "system_url"),
    [
        ("postgresql://masteria_app:p%40ss@db.example.com/x", "postgresql://masteria_system:p%40ss@db.example.com/x"),
        ("postgresql://masteria_app.project:pass@pool/x", "postgresql://masteria_system.project:pass@pool/x"),
        ("postgresql:///x?user=masteria_app&host=/run", "postgresql:///x?user=masteria_system&host=/run"),
        ("postgresql://boss:pass@db/masteria_app", "postgresql://boss:pass@db/masteria_app"),
        ("postgresql://boss:masteria_app@db/x", "postgresql://boss:masteria_app@db/x"),
    ],
)
def test_the_address_of_the_system_role(given: str, system_url: str) -> None:
    assert Settings(database_url=given).system_url == system_url
    assert Settings(database_url=given, database_system_url="postgresql://other").system_url == "postgresql://other"


async def test_signing_in_still_works_over_tight_roles(owner_db: asyncpg.Connection) -> None:
    actor = await make_company(owner_db)
    stored = await hash_password("cavalo-azul-42")
    email: str = await owner_db.fetchval(
        "update account_user set password_hash = $2 where id = $1 returning email", actor.id, stored
    )
    opened = await sign_in.sign_in(Origin(ip="127.0.0.1"), email=email, password="cavalo-azul-42")
    assert isinstance(opened.actor.session_id, UUID)
