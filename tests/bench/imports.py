"""A contact list from its upload to its last contact, by the real worker, beside the plain Node way. Same Postgres, same file.

Ours: the file kept, looked at by a process of its own, every cell read, numbers judged, contacts found or made, rejected rows kept,
search kept up to date. The baseline splits lines at the separator and inserts a row each.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg

from db import blobs
from db.contacts import imports
from db.contacts.imports import ColumnTarget
from db.tenancy import Actor
from tests.bench.campaign import Run, cpu_of, ready
from tests.bench.harness import Harness, company, peak_rss_mb
from tests.bench.node import CONCURRENCY, node

BROKEN, AGAIN = 100, 50  # every so many-th row has a number that is none; every so many-th is somebody of this file once more
TARGETS = ("name", "phone", "email", "tags", "custom")


def rows(count: int) -> tuple[str, int, int]:
    """The file, how many people are in it, and how many rows nobody can be made of."""
    lines = ["Nome;Telefone;Email;Etiquetas;Cidade"]
    people, broken = set(), 0
    for number in range(count):
        person = number - 1 if number % AGAIN == AGAIN - 1 else number
        phone = f"(11) 9{person:08}"
        if number % BROKEN == 0:
            phone, broken = "12", broken + 1
        else:
            people.add(person)
        city = ("Niterói", "São Paulo", "Recife")[person % 3]
        tag = "vip" if person % 5 == 0 else ""
        lines.append(f"Pessoa {person};{phone};{'' if phone == '12' else f'p{person}@example.com'};{tag};{city}")
    return "\n".join(lines) + "\n", len(people), broken


async def ours(base: Harness, count: int) -> Run:
    """From the upload to the end of the import; nobody stands in between to look at the columns."""
    text, people, broken = rows(count)
    blobs.connect(base.settings)
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actor = await company(db)
        worker = base.start("-m", "workers")
        await ready(base, [worker])
        program, servers = cpu_of([worker]), base.servers_cpu()
        began = time.perf_counter()
        import_id = (await imports.upload(actor, "lista.csv", _pieces(text)))["id"]
        await _until(actor, import_id, "ready")
        looked = time.perf_counter() - began
        await imports.start(
            actor,
            import_id,
            [ColumnTarget(i, name, "cidade" if name == "custom" else None) for i, name in enumerate(TARGETS)],
            [],
            None,
        )
        await _until(actor, import_id, "completed")
        seconds = time.perf_counter() - began
        program, servers = cpu_of([worker]) - program, base.servers_cpu() - servers
        memory = peak_rss_mb(worker.pid)
        base.stop(worker)
        ended = await imports.one_import(actor, import_id)
        made = await db.fetchval("select count(*) from contact where company_id = $1", actor.company_id)
        kept = await db.fetchval(
            "select count(distinct row_number) from contact_import_reject where company_id = $1", actor.company_id
        )
        told = (ended["processed"], ended["created"], ended["rejected"])
        if told != (count, people, broken) or made != people or kept != broken:
            raise SystemExit(f"The run is void: {told}, {made} contacts, {kept} rejected rows of {(count, people, broken)}.")
        return Run(count, looked, seconds, memory, program + servers, program)
    finally:
        await db.close()


async def _pieces(text: str) -> AsyncIterator[bytes]:
    data = text.encode()
    for start in range(0, len(data), 65_536):
        yield data[start : start + 65_536]


async def _until(actor: Actor, import_id: UUID, state: str) -> None:
    for _ in range(12_000):
        row = await imports.one_import(actor, import_id)
        if row["state"] == state:
            return
        if row["state"] in ("failed", "cancelled"):
            raise SystemExit(f"The run is void: the import is {row['state']}, {row['error']}.")
        await asyncio.sleep(0.05)
    raise SystemExit("The import did not end within ten minutes.")


async def baseline(base: Harness, count: int) -> Run:
    """The same file the plain Node way."""
    text, people, _ = rows(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lista.csv"
        path.write_text(text)
        before = base.servers_cpu()
        said = json.loads(await node("import.mjs", str(path), base.postgres.socket_folder, str(CONCURRENCY)))
        servers = base.servers_cpu() - before
    if (said["rows"], said["people"]) != (count, people):
        raise SystemExit(f"The baseline's run is void: {said} of {count} rows, {people} people.")
    return Run(count, 0.0, said["seconds"], said["rss_mb"], servers + said["cpu"], said["cpu"])
