"""Runs the SQL files of `db/migrations/` in order, each in one transaction with its own record, under one advisory lock.

Hand-written SQL, because what protects this system (row-level security, partial indexes, triggers, roles) is beyond automatic
migrations, and Piccolo's runner writes its record after the change, so that a crash between breaks the next run.
"""

import hashlib
import re
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6D617374  # any number that only this program uses
_NAME = re.compile(r"^m(\d{4})_[a-z0-9_]+\.sql$")


class MigrationError(Exception):
    """Says which file and what to do."""


def files(folder: Path = FOLDER) -> list[Path]:
    """The migrations in order; their numbers have no gap."""
    found = sorted(path for path in folder.iterdir() if _NAME.match(path.name))
    for number, path in enumerate(found, start=1):
        if int(path.name[1:5]) != number:
            raise MigrationError(f"{path.name} should be number {number:04}")
    return found


async def migrate(dsn: str, folder: Path = FOLDER) -> list[str]:
    """Brings the schema up to date as the owner; returns the names that ran. Safe to run from several machines at once."""
    connection = await asyncpg.connect(dsn, timeout=20)
    try:
        version = connection.get_server_version()
        if version.major < 18:
            raise MigrationError(f"Postgres 18 or newer is needed (uuidv7); this server is {version.major}.")
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "create table if not exists schema_migration(name text primary key, checksum text not null, ran_at timestamptz default now())"
        )
        ran = {row["name"]: row["checksum"] for row in await connection.fetch("select name, checksum from schema_migration")}
        done = []
        for path in files(folder):
            sql = path.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            if path.name in ran:
                if ran[path.name] != checksum:
                    raise MigrationError(f"{path.name} was changed after it ran here. Write a new migration instead.")
                continue
            async with connection.transaction():
                await connection.execute("set local lock_timeout = '5s'")
                await connection.execute(sql)
                await connection.execute("insert into schema_migration(name, checksum) values ($1, $2)", path.name, checksum)
            done.append(path.name)
        return done
    finally:
        await connection.close()
