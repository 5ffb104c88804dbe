"""What is said before an import is what the import then does: on messy files, over many batches, whoever interferes."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.contacts import import_batch, import_dry_run, imports
from db.contacts.enums import DryRunState, ImportTarget
from db.contacts.import_dry_run import DryRun
from db.contacts.mapping import ColumnTarget
from db.jobs import DryRunImport, InspectImport, Job, RunImport
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests.conftest import make_company
from tests.workers.imports.test_job import COLUMNS, ROW, _files, _pieces, many, table  # noqa: F401
from workers.imports import job
from workers.imports.job import dry_run_import, inspect_import, run_import
from workers.runtime import Runner

FIGURES = ("processed", "created", "updated", "unchanged", "repeated", "rejected", "blank", "warnings")
TARGETS = [ColumnTarget(i, ImportTarget(name), "cidade" if name == "custom" else None) for i, name in enumerate(COLUMNS)]


async def ready(actor: Actor, text: str) -> UUID:
    import_id: UUID = (await imports.upload(actor, "lista.csv", _pieces(text)))["id"]
    await inspect_import(actor.company_id, InspectImport(import_id=import_id))
    return import_id


async def stored(actor: Actor, import_id: UUID) -> DryRun:
    return msgspec.json.decode((await imports.one_import(actor, import_id))["dry_run"], type=DryRun)


async def foreseen(actor: Actor, import_id: UUID, tags: list[str] | None = None) -> DryRun:
    await import_dry_run.request(actor, import_id, TARGETS, tags or [], None)
    await dry_run_import(actor.company_id, DryRunImport(import_id=import_id))
    dry = await stored(actor, import_id)
    assert (dry.state, dry.error) == (DryRunState.DONE, None)
    return dry


async def done(actor: Actor, import_id: UUID, tags: list[str] | None = None) -> asyncpg.Record:
    await imports.start(actor, import_id, TARGETS, tags or [], None)
    await run_import(actor.company_id, RunImport(import_id=import_id))
    row = await imports.one_import(actor, import_id)
    assert (row["state"], row["dry_run"]) == ("completed", None)
    return row


def figures(found: object) -> dict[str, int]:
    return {name: found[name] if isinstance(found, asyncpg.Record) else getattr(found, name) for name in FIGURES}


async def causes(actor: Actor, import_id: UUID, *, warning: bool) -> dict[str, int]:
    rows, _ = await imports.rejects(actor, import_id, after=None, limit=10_000, warning=warning)
    pairs = {(row["reason"], row["row_number"]) for row in rows}
    return {reason: sum(one == reason for one, _ in pairs) for reason, _ in pairs}


@settings(max_examples=3, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(ROW, max_size=10), rows=st.lists(ROW, min_size=20, max_size=60), tags=st.sampled_from([[], ["Maio"], ["vip"]])
)
async def test_the_import_does_what_was_said_before(
    before: list[tuple[str, ...]],
    rows: list[tuple[str, ...]],
    tags: list[str],
    database: Settings,
    owner_db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "BATCH", 7)  # what one batch leaves behind is known to the next
    actor = await make_company(owner_db)
    await done(actor, await ready(actor, table(("Zé", "11 96666-0000", "", "", "", "Recife"), *before)))
    people = await owner_db.fetchval("select count(*) from contact where company_id = $1", actor.company_id)
    import_id = await ready(actor, table(("Zé", "11 96666-0000", "", "", "", "Recife"), *rows))
    dry = await foreseen(actor, import_id, tags)
    assert people == await owner_db.fetchval("select count(*) from contact where company_id = $1", actor.company_id)
    row = await done(actor, import_id, tags)
    for found, warning in ((dry.counts.causes, False), (dry.counts.left_out, True)):
        assert {cause.reason: cause.rows for cause in found} == await causes(actor, import_id, warning=warning)
    assert figures(dry.counts) == figures(row)
    filled = sum(bool(cells[1].strip()) for cells in rows) + 1
    assert dry.counts.fill[1] * (dry.counts.processed - dry.counts.blank) == pytest.approx(filled)


async def test_people_of_earlier_batches_are_known(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under each address that an earlier row gave them, also those who were contacts before."""
    monkeypatch.setattr(job, "BATCH", 1)
    await done(
        owner, await ready(owner, table(("Ana", "11 98765-4321", "", "", "", ""), ("Bia", "", "bia@example.com", "", "", "")))
    )
    import_id = await ready(
        owner,
        table(
            ("Ana", "11 98765-4321", "ana@example.com", "", "", "Recife"),  # known, with an address more
            ("Ana Lima", "", "ana@example.com", "", "", "Olinda"),  # the same: two values stay out, which is one warning
            ("Caio", "11 97777-0001", "ana@example.com", "", "", ""),  # new: hers stays hers
            ("Bia", "11 97777-0002", "bia@example.com", "", "", ""),  # known, gets a phone
            ("Davi", "11 97777-0003", "bia@example.com", "", "", ""),  # new: she has a phone now
            ("Eva", "11 97777-0004", "", "", "", ""),
            ("Eva", "11 97777-0004", "", "", "", "Recife"),  # adds what is missing
            ("Eva", "11 97777-0004", "", "", "", "Olinda"),  # which is not missing any more
        ),
    )
    dry = await foreseen(owner, import_id)
    row = await done(owner, import_id)
    assert figures(dry.counts) == figures(row)
    assert (row["created"], row["updated"], row["repeated"], row["warnings"]) == (3, 2, 3, 4)
    assert [example.row_number for cause in dry.counts.left_out for example in cause.examples if cause.reason == "repeated"] == [
        3,
        9,
    ]


async def test_a_company_full_of_tags_is_foreseen(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "BATCH", 7)
    monkeypatch.setattr(import_batch.tags, "MAX_TAGS", 10)
    rows = [(f"P{n}", f"119{70000001 + n}", "", f"tag {n % 20}", "", "") for n in range(50)]
    import_id = await ready(owner, table(*rows))
    dry = await foreseen(owner, import_id)
    assert 0 < dry.counts.warnings < 50
    assert figures(dry.counts) == figures(await done(owner, import_id))


async def test_more_people_than_are_remembered_are_told(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "BATCH", 7)
    monkeypatch.setattr(import_dry_run, "MAX_KEPT", 20)
    dry = await foreseen(owner, await ready(owner, many(60)))
    assert (dry.counts.exact, dry.counts.created) == (False, 60)


async def test_another_mapping_takes_the_place_of_the_one_that_runs(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "BATCH", 7)
    monkeypatch.setattr(job, "_TELL", 0.0)
    import_id = await ready(owner, many(60))
    await import_dry_run.request(owner, import_id, TARGETS, [], None)
    counted, reported = 0, import_dry_run.report

    async def interfering(company_id: UUID, import_id: UUID, dry: DryRun) -> bool:
        nonlocal counted
        counted += 1
        if counted == 2:
            await import_dry_run.request(owner, import_id, TARGETS[:2], [], None)
        return await reported(company_id, import_id, dry)

    monkeypatch.setattr(import_dry_run, "report", interfering)
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    dry = await stored(owner, import_id)
    assert (counted, dry.state, dry.counts.processed) == (2, DryRunState.WAITING, 0)
    assert dry.mapping[2].target is ImportTarget.IGNORE
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    dry = await stored(owner, import_id)
    assert (dry.state, dry.counts.created) == (DryRunState.DONE, 60)
    await import_dry_run.request(owner, import_id, TARGETS[:2], [], None)  # the same again stands
    assert (await stored(owner, import_id)).state is DryRunState.DONE


async def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_begins_again(
    owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 7)
    monkeypatch.setattr(job, "_TELL", 0.0)
    import_id = await ready(owner, many(60))
    await import_dry_run.request(owner, import_id, TARGETS, [], None)
    counted, add = 0, import_dry_run.Tally.add

    async def dying(self: import_dry_run.Tally, batch: object) -> None:
        nonlocal counted
        counted += 1
        if counted == 4:
            raise ConnectionError
        await add(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(import_dry_run.Tally, "add", dying)
    with pytest.raises(ConnectionError):
        await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    dry = await stored(owner, import_id)
    assert (dry.state, dry.counts.processed) == (DryRunState.RUNNING, 21)
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    dry = await stored(owner, import_id)
    assert (dry.state, dry.counts.processed, dry.counts.created, dry.counts.repeated) == (DryRunState.DONE, 60, 60, 0)


async def test_a_start_does_not_wait_and_ends_it(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = await ready(owner, many(60))
    await import_dry_run.request(owner, import_id, TARGETS, [], None)
    row = await done(owner, import_id)
    assert row["created"] == 60
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    assert (await imports.one_import(owner, import_id))["dry_run"] is None


async def test_a_file_that_breaks_fails_the_dry_run_alone(owner: Actor) -> None:
    import_id = await ready(owner, many(600) + '"aberta;11 95555-5555;;;;\n' + "x;y;z;;;\n" * 50)
    await import_dry_run.request(owner, import_id, TARGETS, [], None)
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    dry = await stored(owner, import_id)
    assert (dry.state, dry.error) == (DryRunState.FAILED, "quote_not_closed")
    assert (await imports.one_import(owner, import_id))["state"] == "ready"
    await job.give_up_dry_run(owner.company_id, DryRunImport(import_id=import_id), "lost")  # over already
    assert (await stored(owner, import_id)).error == "quote_not_closed"


async def test_a_list_is_looked_at_while_another_is_counted(owner: Actor, owner_db: asyncpg.Connection) -> None:
    counted = asyncio.Event()

    async def count(company_id: UUID, job: Job) -> None:
        await counted.wait()

    async def look(company_id: UUID, job: Job) -> None:
        return None

    runner = Runner({DryRunImport: count, InspectImport: look})
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        w.enqueue(DryRunImport(import_id=uuid4()))
        w.enqueue(InspectImport(import_id=uuid4()))
    rows = await owner_db.fetch("select name, id from job where company_id = $1", owner.company_id)
    ids = {row["name"]: row["id"] for row in rows}
    counting = asyncio.create_task(runner.run(ids["DryRunImport"]))
    while await owner_db.fetchval("select state from job where id = $1", ids["DryRunImport"]) != "running":
        await asyncio.sleep(0.01)
    assert await runner.run(ids["InspectImport"]) == "done"
    counted.set()
    assert await counting == "done"
