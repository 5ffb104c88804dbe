"""A backup restored elsewhere is the same installation; a damaged one changes nothing."""

import shutil
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db import crypto
from db.backup import BackupError, backup, restore, with_database
from db.crypto import new_key
from db.migrate import migrate
from db.seed.company import COMPANY
from db.seed.demo import seed
from db.settings import Settings
from tests import factories
from tests.conftest import make_company


async def _database(settings: Settings, name: str, template: str = "template1") -> str:
    admin = await asyncpg.connect(with_database(settings.database_owner_url, "postgres"))
    await admin.execute(f"create database {name} template {template}")
    await admin.close()
    return with_database(settings.database_owner_url, name)


async def _drop(settings: Settings, name: str) -> None:
    admin = await asyncpg.connect(with_database(settings.database_owner_url, "postgres"))
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.close()


@asynccontextmanager
async def _installation(database: Settings, folder: Path) -> AsyncIterator[Settings]:
    """One with a copy of a database, and a file."""
    name = f"home_{uuid4().hex[:8]}"
    settings = msgspec.structs.replace(
        database,
        database_url=with_database(database.database_url, name),
        database_owner_url=await _database(database, name, "masteria_template"),
        data_dir=folder,
    )
    (settings.blob_dir / "ab").mkdir(parents=True)
    (settings.blob_dir / "ab" / "sheet.csv").write_bytes(b"nome;telefone\n" * 1000)
    yield settings
    await _drop(database, name)


@pytest.fixture
async def demo(database: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """An installation with the demo company, which has something in almost every table, and a sealed secret."""
    async with _installation(database, tmp_path / "home") as settings:
        assert await seed(settings)
        assert not await seed(settings)  # once
        connection = await asyncpg.connect(settings.database_owner_url)
        row_id = await connection.fetchval("select id from channel limit 1")
        blob = crypto.ring().seal("EAA", company_id=COMPANY, table="channel", column="token", row_id=row_id)
        await connection.execute("update channel set token = $2 where id = $1", row_id, blob)
        await connection.close()
        yield settings


@pytest.fixture
async def home(database: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """A small installation: one company, a few contacts, and a channel with a sealed secret."""
    async with _installation(database, tmp_path / "home") as settings:
        connection = await asyncpg.connect(settings.database_owner_url)
        actor = await make_company(connection)
        await factories.channel(connection, actor)
        await factories.contacts(connection, actor, 20)
        await connection.close()
        yield settings


@pytest.fixture
async def elsewhere(database: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """An empty installation."""
    name = f"elsewhere_{uuid4().hex[:8]}"
    owner_url = await _database(database, name)
    yield msgspec.structs.replace(
        database,
        database_url=with_database(database.database_url, name),
        database_owner_url=owner_url,
        data_dir=tmp_path / "elsewhere",
    )
    await _drop(database, name)


async def content(dsn: str) -> dict[str, str]:
    """A checksum per table; the restored one knows itself that it is another installation."""
    connection = await asyncpg.connect(dsn)
    tables = await connection.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'installation'"
    )
    found = {
        t["relname"]: await connection.fetchval(f"select md5(string_agg(r::text, '|' order by r::text)) from {t['relname']} r")
        for t in tables
    }
    await connection.close()
    return found


async def test_round_trip(demo: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    await backup(demo.database_owner_url, target, demo)
    assert target.stat().st_mode & 0o077 == 0
    said = await restore(elsewhere.database_owner_url, target, elsewhere, replace=False)
    assert "cannot be opened" not in said
    assert await content(elsewhere.database_owner_url) == await content(demo.database_owner_url)
    assert (elsewhere.blob_dir / "ab" / "sheet.csv").read_bytes() == (demo.blob_dir / "ab" / "sheet.csv").read_bytes()
    assert await migrate(elsewhere.database_owner_url) == []
    connection = await asyncpg.connect(elsewhere.database_url, server_settings={"role": "masteria_app"})
    async with connection.transaction():  # rights and the searching function came along
        assert await connection.fetchval("select count(*) from contact") == 0
        await connection.execute("select set_config('app.company', $1, true)", str(COMPANY))
        assert await connection.fetchval("select count(*) from contact") == 4000
        assert await connection.fetchval("select count(*) from contact_search(array['%silva%'], array['%silva%'], null)") > 10
    await connection.close()


async def test_data_is_only_replaced_when_asked(home: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    await backup(home.database_owner_url, target, home)
    with pytest.raises(BackupError, match="--replace"):
        await restore(home.database_owner_url, target, home, replace=False)
    before = await content(home.database_owner_url)
    connection = await asyncpg.connect(home.database_owner_url)
    await connection.execute("delete from contact_identity; update company set name = 'changed'")
    await connection.close()
    await restore(home.database_owner_url, target, home, replace=True)
    assert await content(home.database_owner_url) == before


async def test_running_programs_and_an_existing_file_are_respected(home: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    await backup(home.database_owner_url, target, home)
    with pytest.raises(BackupError, match="exists already"):
        await backup(home.database_owner_url, target, home)
    program = await asyncpg.connect(home.database_url, server_settings={"application_name": "masteria"})
    with pytest.raises(BackupError, match="Stop them first"):
        await restore(home.database_owner_url, target, home, replace=True)
    await program.close()


async def test_other_keys_are_noticed(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    await backup(home.database_owner_url, target, home)
    stranger = msgspec.structs.replace(elsewhere, secret_keys=new_key("other"))
    said = await restore(elsewhere.database_owner_url, target, stranger, replace=False)
    assert "1 secrets cannot be opened" in said
    crypto.load_ring(home.secret_keys, home.data_dir)


async def test_a_damaged_or_foreign_file_changes_nothing(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    await backup(home.database_owner_url, good, home)

    def rewrite(change: str) -> None:
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as sink:
            for name in source.namelist():
                data = source.read(name)
                if change == "blob" and name.startswith("blobs/"):
                    data = data[:-1]
                if change == "dump" and name == "database.dump":
                    data = data[:1000] + b"x" + data[1001:]
                if change in ("path", "rows", "newer") and name == "manifest.json":
                    manifest = msgspec.json.decode(data)
                    if change == "path":
                        manifest["files"][0]["path"] = "../../escaped"
                    if change == "rows":
                        manifest["rows"]["contact"] += 1
                    if change == "newer":
                        manifest["migrations"].append("m9999_future.sql")
                    data = msgspec.json.encode(manifest)
                sink.writestr(name, data)

    for change, words in (
        ("blob", "damaged"), ("dump", "damaged"), ("path", "leads elsewhere"), ("rows", "do not have the rows"), ("newer", "newer version"),
    ):  # fmt: skip
        rewrite(change)
        with pytest.raises(BackupError, match=words):
            await restore(elsewhere.database_owner_url, bad, elsewhere, replace=False)
    shutil.copy(good, bad)
    with bad.open("r+b") as file:
        file.truncate(5000)
    for path in (bad, tmp_path / "missing.zip"):
        with pytest.raises(BackupError):
            await restore(elsewhere.database_owner_url, path, elsewhere, replace=False)
    connection = await asyncpg.connect(elsewhere.database_owner_url)
    assert await connection.fetchval("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0
    assert (
        await connection.fetchval("select count(*) from pg_database where datname like current_database() || '_restore_%'") == 0
    )
    await connection.close()


async def test_nothing_in_a_manifest_is_carried_out(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    await backup(home.database_owner_url, good, home)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as sink:
        for name in source.namelist():
            data = source.read(name)
            if name == "manifest.json":
                manifest = msgspec.json.decode(data)
                manifest["owners"] = {
                    "contact_search(text[], text[], jsonb) owner to masteria_system; create role forged superuser; --": "x"
                }
                data = msgspec.json.encode(manifest)
            sink.writestr(name, data)
    await restore(elsewhere.database_owner_url, bad, elsewhere, replace=False)
    connection = await asyncpg.connect(elsewhere.database_owner_url)
    assert not await connection.fetchval("select true from pg_roles where rolname = 'forged'")
    assert (
        await connection.fetchval("select proowner::regrole::text from pg_proc where proname = 'contact_search'")
        == "masteria_system"
    )
    await connection.close()


@pytest.mark.parametrize(
    "forged",
    [
        "create function public.door() returns int language sql security definer as 'select 1'",
        "create or replace function public.contact_search(patterns text[], pieces text[], fields jsonb) returns table (id uuid,"
        " name_key text, updated_at timestamptz, created_at timestamptz, opted_out_at timestamptz, custom jsonb) language sql stable"
        " security definer as 'select id, name_key, updated_at, created_at, opted_out_at, custom from contact'",
    ],
)
async def test_a_function_with_its_owners_rights_that_is_not_ours_is_refused(
    forged: str, home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(home.database_owner_url)
    await connection.execute(forged)
    await connection.close()
    await backup(home.database_owner_url, tmp_path / "bad.zip", home)
    with pytest.raises(BackupError, match="not ours"):
        await restore(elsewhere.database_owner_url, tmp_path / "bad.zip", elsewhere, replace=False)
    connection = await asyncpg.connect(elsewhere.database_owner_url)
    assert (
        await connection.fetchval("select count(*) from pg_database where datname like current_database() || '_restore_%'") == 0
    )
    await connection.close()
