"""Whole imports over the real database: every row counted once, whatever the file, the rival or the kill."""

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import blobs
from db.contacts import import_batch, import_files, imports
from db.contacts.enums import ImportTarget
from db.contacts.mapping import ColumnTarget
from db.errors import AppError
from db.jobs import ForgetFile, InspectImport, RunImport
from db.settings import Settings
from db.tenancy import Actor
from db.work import system_read
from tests.conftest import make_company
from tests.poison import refusing
from workers import housekeeping
from workers.imports import job
from workers.imports.job import inspect_import, run_import
from workers.runtime import Runner

COLUMNS = ["name", "phone", "email", "tags", "opt_out", "custom"]


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


async def _pieces(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def uploaded(actor: Actor, text: str, columns: list[str] = COLUMNS) -> UUID:
    """A started import of `text`, which has a header."""
    import_id = (await imports.upload(actor, "lista.csv", _pieces(text)))["id"]
    await inspect_import(actor.company_id, InspectImport(import_id=import_id))
    targets = [ColumnTarget(i, ImportTarget(name), "cidade" if name == "custom" else None) for i, name in enumerate(columns)]
    await imports.start(actor, import_id, targets, [], None)
    return import_id


async def run(actor: Actor, import_id: UUID) -> None:
    await run_import(actor.company_id, RunImport(import_id=import_id))


async def forget(actor: Actor, db: asyncpg.Connection) -> None:
    """Runs the jobs that delete files, as if their time had come."""
    await db.execute("update job set next_at = now() where company_id = $1 and name = 'ForgetFile'", actor.company_id)
    async with system_read() as s:
        rows = await s.fetch("select id from job where company_id = $1 and name = 'ForgetFile'", actor.company_id)
    runner = Runner({ForgetFile: job.forget_file})
    assert [await runner.run(row["id"]) for row in rows] == ["done"] * len(rows)


async def imported(actor: Actor, text: str, columns: list[str] = COLUMNS) -> asyncpg.Record:
    import_id = await uploaded(actor, text, columns)
    await run(actor, import_id)
    return await imports.one_import(actor, import_id)


def counts(row: asyncpg.Record) -> tuple[int, int, int, int, int]:
    """Created, updated, unchanged, rejected, blank; what is repeated is the rest."""
    assert row["state"] == "completed", dict(row)
    found = tuple(row[name] for name in ("created", "updated", "unchanged", "rejected", "blank"))
    assert sum(found) + row["repeated"] == row["processed"]
    return found  # type: ignore[return-value]


def table(*rows: tuple[str, ...]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerows([("Nome", "Telefone", "Email", "Etiquetas", "Descadastrado", "Cidade"), *rows])
    return out.getvalue()


PHONES = ("11 98765-4321", "1187654321", "+5511987654321", "21 3333-4444", "123", "", "11 97777-0001", "abc")
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
ROW = st.tuples(
    st.one_of(st.sampled_from(["Ana", "=1+1", "'x", ""]), CELL),
    st.sampled_from(PHONES),
    st.sampled_from(["a@example.com", "A@EXAMPLE.COM", "b@example.com", "", "nope"]),
    st.sampled_from(["", "vip", "VIP, novo", "#x"]),
    st.sampled_from(["", "sim", "não"]),
    CELL,
)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=20, max_size=60))
async def test_every_row_is_counted_once_and_a_second_time_makes_nobody(
    rows: list[tuple[str, ...]], database: Settings, owner_db: asyncpg.Connection
) -> None:
    actor = await make_company(owner_db)
    text = table(("Zé", "11 96666-0000", "", "", "", "Recife"), *rows)
    first = await imported(actor, text)
    created, *_ = counts(first)
    people = await owner_db.fetchval("select count(*) from contact where company_id = $1", actor.company_id)
    assert people == created
    without = await owner_db.fetchval(
        "select count(*) from contact c where company_id = $1 and not exists (select from contact_identity i "
        "where i.company_id = c.company_id and i.contact_id = c.id)",
        actor.company_id,
    )
    assert without == 0
    stale = await owner_db.fetchval(
        "select count(*) from contact c where company_id = $1 and search <> search_text(name, array(select value from "
        "contact_identity i where i.company_id = c.company_id and i.contact_id = c.id))",
        actor.company_id,
    )
    assert stale == 0
    again = counts(await imported(actor, text))
    assert again[0] == 0
    assert again[3:] == counts(first)[3:]


async def test_a_row_that_cannot_be_written_is_rejected_alone(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Whatever the cleaning of cells let pass. The tags of its batch are there, though the first try took them back."""
    rows = [("Veneno" if n in (7, 30) else f"P{n}", f"11 96666-{n:04d}", "", "vip, novo", "", "") for n in range(40)]
    async with refusing(owner_db, "contact", "name = 'Veneno'"):
        import_id = await uploaded(owner, table(*rows, ("", "123", "", "", "", "")))
        await run(owner, import_id)
    assert counts(await imports.one_import(owner, import_id)) == (38, 0, 0, 3, 0)
    rejects = await owner_db.fetch(
        "select row_number, reason, cells[1] as name from contact_import_reject where import_id = $1 order by 1", import_id
    )
    assert [tuple(row) for row in rejects] == [
        (9, "not_storable", "Veneno"),
        (32, "not_storable", "Veneno"),
        (42, "phone_too_short", ""),
    ]
    tagged = await owner_db.fetchval("select count(*) from contact_tag where company_id = $1", owner.company_id)
    assert tagged == 2 * 38


async def test_the_same_file_again_changes_nothing(owner: Actor) -> None:
    text = table(
        ("Ana", "11 98765-4321", "a@example.com", "vip, novo", "", "Recife"),
        ("Bia", "", "b@example.com", "", "sim", ""),
        ("", "", "", "", "", ""),
        ("Caio", "21 3333-4444", "a@example.com", "", "não", "Natal"),
        ("", "123", "", "", "", ""),
    )
    first = await imported(owner, text)
    assert counts(first) == (3, 0, 0, 1, 1)
    assert first["warnings"] == 1  # Caio's e-mail is Ana's
    assert counts(await imported(owner, text)) == (0, 0, 3, 1, 1)


async def test_of_rows_about_one_person_the_first_counts(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in another batch. A further row adds what is missing; what it would change is left out, and said."""
    monkeypatch.setattr(job, "BATCH", 2)
    text = table(
        ("Ana", "11 98765-4321", "", "", "", "Recife"),
        ("Ana Lima", "1187654321", "ana@example.com", "vip", "", ""),
        ("", "+55 11 98765 4321", "", "", "", "Natal"),
        ("", "11 98765-4321", "", "", "sim", ""),
    )
    row = await imported(owner, text)
    assert (counts(row), row["repeated"], row["warnings"]) == ((1, 0, 0, 0, 0), 3, 2)
    kept = await owner_db.fetchrow(
        "select name, custom::text as custom, opt_out_source from contact where company_id = $1", owner.company_id
    )
    assert kept is not None
    assert tuple(kept) == ("Ana", '{"cidade": "Recife"}', "import")
    said, _ = await imports.rejects(owner, row["id"], after=None, limit=10)
    assert [(r["row_number"], r["field"], r["value"], r["reason"]) for r in said] == [
        (3, "name", "Ana Lima", "repeated"),
        (4, "custom.cidade", "Natal", "repeated"),
    ]
    again = await imported(owner, text)
    assert (counts(again), again["repeated"]) == ((0, 0, 1, 0, 0), 3)


async def test_who_is_known_already_is_brought_up_to_date_by_their_first_row(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await imported(owner, table(("Ana", "11 98765-4321", "", "", "", "Recife")))
    row = await imported(owner, table(("Ana Lima", "1187654321", "", "", "", ""), ("Ana L.", "1187654321", "", "", "", "")))
    assert (counts(row), row["repeated"]) == ((0, 1, 0, 0, 0), 1)
    assert await owner_db.fetchval("select name from contact where company_id = $1", owner.company_id) == "Ana Lima"


async def test_an_email_alone_finds_its_person_and_a_new_phone_joins_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    text = table(("Ana", "", "ana@example.com", "", "", ""), ("", "11 98765-4321", "ana@example.com", "", "", ""))
    first = await imported(owner, text)
    assert (counts(first), first["repeated"]) == ((1, 0, 0, 0, 0), 1)
    other = table(("Bia", "11 97777-7777", "ana@example.com", "", "", ""))
    row = await imported(owner, other)
    assert (counts(row), row["warnings"]) == ((1, 0, 0, 0, 0), 1)
    kept, _ = await imports.rejects(owner, row["id"], after=None, limit=10)
    assert [(r["field"], r["reason"], r["warning"]) for r in kept] == [("email", "email_of_other_contact", True)]


async def test_who_said_stop_stays_opted_out(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute(
        "insert into suppression(company_id, address, source) values ($1, '+5511987654321', 'keyword')", owner.company_id
    )
    await imported(owner, table(("Ana", "1187654321", "", "", "não", ""), ("Bia", "11 97777-7777", "", "", "sim", "")))
    rows = await owner_db.fetch("select name, opt_out_source from contact where company_id = $1 order by 1", owner.company_id)
    assert [tuple(row) for row in rows] == [("Ana", "keyword"), ("Bia", "import")]
    stopped = await owner_db.fetchval("select count(*) from suppression where company_id = $1", owner.company_id)
    assert stopped == 2


def many(count: int, name: str = "Pessoa") -> str:
    return table(*((f"{name} {n}", f"119{60000001 + n}", "", "vip" if n % 2 else "", "", "") for n in range(count)))


async def test_two_imports_of_one_file_at_once_make_everybody_once(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 40)
    ids = [await uploaded(owner, many(300)) for _ in range(2)]
    await asyncio.gather(*(run(owner, import_id) for import_id in ids))
    rows = [await imports.one_import(owner, import_id) for import_id in ids]
    assert sum(counts(row)[0] for row in rows) == 300
    assert sum(counts(row)[2] for row in rows) == 300
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 300


async def test_a_killed_import_goes_on_where_it_stopped(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 25)
    import_id = await uploaded(owner, many(200))
    kills = 0
    for pause in (0.03, 0.05, 0.08, 0.1, 0.02):
        task = asyncio.create_task(run(owner, import_id))
        await asyncio.sleep(pause)
        kills += task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await run(owner, import_id)
    row = await imports.one_import(owner, import_id)
    assert counts(row) == (200, 0, 0, 0, 0)
    assert kills
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 200


async def test_two_workers_on_one_import_count_no_row_twice(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 20)
    import_id = await uploaded(owner, many(200))
    await asyncio.gather(run(owner, import_id), run(owner, import_id), return_exceptions=True)
    await run(owner, import_id)
    assert counts(await imports.one_import(owner, import_id)) == (200, 0, 0, 0, 0)


async def test_cancelling_acts_at_the_next_batch(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "BATCH", 10)
    import_id = await uploaded(owner, many(2000))
    task = asyncio.create_task(run(owner, import_id))
    while not (await imports.one_import(owner, import_id))["processed"]:
        await asyncio.sleep(0.01)
    await imports.cancel(owner, import_id)
    at = (await imports.one_import(owner, import_id))["processed"]
    await task
    row = await imports.one_import(owner, import_id)
    assert (row["state"], row["processed"]) == ("cancelled", at)
    assert at < 2000


async def test_the_file_is_gone_a_day_after_it_was_imported_and_at_once_when_it_was_not(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    def files() -> list[Path]:
        return [path for path in (database.blob_dir / "acc" / str(owner.company_id)).rglob("*") if path.is_file()]

    import_id = await uploaded(owner, many(3))
    assert len(files()) == 1
    await job.forget_file(owner.company_id, ForgetFile(import_id=import_id))
    assert len(files()) == 1  # it is still needed
    await run(owner, import_id)
    due = await owner_db.fetchval(
        "select next_at - now() from job where company_id = $1 and name = 'ForgetFile'", owner.company_id
    )
    assert timedelta(hours=23) < due <= imports.FILE_KEPT
    await forget(owner, owner_db)
    assert files() == []
    second = await uploaded(owner, many(3))
    await imports.cancel(owner, second)
    await forget(owner, owner_db)
    assert files() == []
    waits = await owner_db.fetchval(
        "select count(*) from job where company_id = $1 and name = 'ForgetFile' and next_at > now() + interval '1 minute'",
        owner.company_id,
    )
    assert waits == 0
    third = (await imports.upload(owner, "a.csv", _pieces('{"a": 1}')))["id"]
    await inspect_import(owner.company_id, InspectImport(import_id=third))
    await forget(owner, owner_db)
    assert files() == []


async def test_what_falls_through_is_swept_and_what_is_needed_stays(
    owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    folder = database.blob_dir / "acc" / str(owner.company_id) / "2026" / "01"
    folder.mkdir(parents=True)
    needed, stale = await uploaded(owner, many(3)), await uploaded(owner, many(3))
    keys = {row["id"]: row["blob"] for row in await owner_db.fetch("select id, blob from contact_import")}
    await owner_db.execute(
        "update contact_import set state = 'ready', created_at = now() - interval '73 hours' where id = $1", stale
    )
    orphan, torn, fresh = folder / "orphan.csv", folder / ".put-torn", folder / "fresh.csv"
    for path in (orphan, torn, fresh):
        path.write_bytes(b"Nome,Celular")
    for path in (orphan, torn, *(database.blob_dir / keys[id] for id in (needed, stale))):
        os.utime(path, (0, 0))
    await housekeeping._files()
    row = await imports.one_import(owner, stale)
    assert (row["state"], row["error"]) == ("failed", "expired")
    there = [path.exists() for path in (orphan, torn, fresh, database.blob_dir / keys[needed], database.blob_dir / keys[stale])]
    assert there == [False, False, True, True, False]


async def test_a_company_has_room_for_so_much(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files() -> int:
        return len([path for path in Path(blobs.store().path("acc")).rglob(f"{owner.company_id}/**/*") if path.is_file()])  # type: ignore[attr-defined]

    async def refused(code: str, text: str) -> None:
        with pytest.raises(AppError) as caught:
            await imports.upload(owner, "a.csv", _pieces(text))
        assert caught.value.code == code

    monkeypatch.setattr(import_files, "MAX_OPEN", 2)
    monkeypatch.setattr(import_files, "MAX_A_DAY", 3)
    monkeypatch.setattr(import_files, "MAX_STORED", 1000)
    ids = [(await imports.upload(owner, "a.csv", _pieces("a,b\n" * 100)))["id"]]
    await refused("no_room_for_file", "a,b\n" * 200)
    ids.append((await imports.upload(owner, "a.csv", _pieces("a,b\n")))["id"])
    await refused("too_many_open_imports", "a,b\n")
    await imports.cancel(owner, ids[0])
    ids.append((await imports.upload(owner, "a.csv", _pieces("a,b\n")))["id"])
    await imports.cancel(owner, ids[1])
    await refused("too_many_uploads", "a,b\n")
    assert await owner_db.fetchval("select count(*) from contact_import where company_id = $1", owner.company_id) == 3
    assert files() == 3  # the refused ones are gone at once, the cancelled ones by their jobs
    await owner_db.execute(
        "update contact_import set created_at = now() - interval '25 hours' where company_id = $1", owner.company_id
    )
    await imports.upload(owner, "a.csv", _pieces("a,b\n"))


async def test_files_kept_to_be_imported_again_make_room_for_a_new_one(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "MAX_STORED", 1000)
    first = await imported(owner, table(("Ana", "11 98765-4321", "", "", "", "x" * 500)))
    assert first["file_until"] is not None
    await imports.upload(owner, "a.csv", _pieces("a,b\n" * 100))
    assert (await imports.one_import(owner, first["id"]))["file_until"] is not None
    await imports.upload(owner, "a.csv", _pieces("a,b\n" * 100))
    assert (await imports.one_import(owner, first["id"]))["file_until"] is None
    due = await owner_db.fetchval(
        "select max(next_at) <= now() from job where company_id = $1 and name = 'ForgetFile'", owner.company_id
    )
    assert due


async def test_a_file_that_breaks_in_the_middle_keeps_what_was_imported(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "BATCH", 100)
    broken = many(600) + '"aberta;11 95555-5555;;;;\n' + "x;y;z;;;\n" * 50
    import_id = (await imports.upload(owner, "lista.csv", _pieces(broken)))["id"]
    await inspect_import(owner.company_id, InspectImport(import_id=import_id))
    await imports.start(owner, import_id, [ColumnTarget(1, ImportTarget.PHONE)], [], None)
    await run(owner, import_id)
    row = await imports.one_import(owner, import_id)
    assert (row["state"], row["error"], row["error_row"]) == ("failed", "quote_not_closed", 602)
    assert row["processed"] == row["created"] == 600


async def test_a_tag_column_that_is_none_does_not_flood_the_company(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_batch.tags, "MAX_TAGS", 10)
    text = table(*((f"P{n}", f"119{70000001 + n}", "", f"tag {n}", "", "") for n in range(50)))
    row = await imported(owner, text)
    assert counts(row)[0] == 50
    assert row["warnings"] == 50
