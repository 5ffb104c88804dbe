"""Postgres with our schema in it, made once per run and copied: `initdb` and the migrations take seconds of a processor."""

import asyncio
import os
import subprocess
from pathlib import Path

from db.embedded import Postgres
from db.migrate import migrate

TEMPLATE = "masteria_template"
"""The database to copy, in every cluster that is a copy."""
_MADE = "TEST_PG_TEMPLATE"


def make(folder: Path, **settings: str) -> None:
    """Makes the cluster that `copy_to` copies, for this process and those it starts."""
    postgres = Postgres(folder, **settings)
    try:
        asyncio.run(_migrated(postgres))
    finally:
        postgres.stop()
    os.environ[_MADE] = str(folder)


async def _migrated(postgres: Postgres) -> None:
    await postgres.create_database(TEMPLATE)
    await migrate(postgres.url("postgres", TEMPLATE))


def copy_to(folder: Path) -> str | None:
    """The data folder of a new server. Returns the name of the migrated database in it; None where no run made one."""
    if _MADE not in os.environ:
        return None
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", os.environ[_MADE], folder], check=True)  # with its owner: Postgres does not run as root
    return TEMPLATE
