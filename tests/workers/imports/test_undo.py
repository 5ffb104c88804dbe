"""An import taken back over the real database: who goes, who stays and why, what comes back; killed half-way, twice, beside a launch."""

import asyncio
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import blobs
from db.campaigns import actions as campaigns
from db.campaigns import lifecycle
from db.contacts import consent, fields, import_undo, imports, notes, queries
from db.contacts.actions import change_contact, create_contact, delete_contact
from db.contacts.enums import CustomFieldKind, ImportState
from db.contacts.errors import ContactImportError
from db.contacts.import_undo import Undo
from db.errors import Conflict
from db.jobs import RunImport, UndoImport
from db.messages import queueing
from db.messages.enums import MessageState
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.workers.imports.test_job import counts, imported, many, run, table, uploaded
from workers import housekeeping
from workers.contacts import undo_import
from workers.imports import job
from workers.imports.job import run_import
from workers.runtime import Snooze


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


async def undo(actor: Actor, import_id: UUID) -> None:
    await undo_import(actor.company_id, UndoImport(import_id=import_id))


async def undone(actor: Actor, import_id: UUID) -> Undo:
    row = await imports.one_import(actor, import_id)
    assert row["state"] == ImportState.UNDONE
    return msgspec.json.decode(row["undo"], type=Undo)


async def person(db: asyncpg.Connection, actor: Actor, phone: str) -> UUID:
    found: UUID = await db.fetchval(
        "select contact_id from contact_identity where company_id = $1 and value = $2", actor.company_id, phone
    )
    return found


async def message(db: asyncpg.Connection, actor: Actor, channel: UUID, contact_id: UUID, state: MessageState) -> None:
    await db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state)"
        " values ($1, $2, $2, $3, 'x', $4, $5)",
        actor.company_id,
        channel,
        contact_id,
        f"test:{contact_id}",
        state,
    )


async def names(db: asyncpg.Connection, actor: Actor) -> list[str]:
    return [
        row["name"] for row in await db.fetch("select name from contact where company_id = $1 order by name", actor.company_id)
    ]


async def test_who_was_left_alone_goes_and_everybody_else_has_a_reason(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    everybody = [f"P{n}" for n in range(7)]
    text = table(*((name, f"11 9612345{n:02}", "", "vip", "sim" if n == 6 else "", "Recife") for n, name in enumerate(everybody)))
    import_id = (await imported(owner, text))["id"]
    ids = [await person(owner_db, owner, f"+55119612345{n:02}") for n in range(7)]
    await message(owner_db, owner, channel, ids[0], MessageState.SENT)
    await message(owner_db, owner, channel, ids[1], MessageState.QUEUED)
    await change_contact(owner, ids[2], name="P2 mudou")
    await notes.add_note(owner, ids[3], "Prefere de tarde")
    await imported(owner, table(("P4", "11 96123-4504", "", "vip", "", "Recife")))
    expected = {"messaged": 1, "in_campaign": 1, "changed": 1, "noted": 1, "in_other_import": 1}
    before = await import_undo.preview(owner, import_id)
    assert (before.removed, before.restored, before.kept) == (2, 0, expected)

    await import_undo.start_undo(owner, import_id)
    await undo(owner, import_id)
    assert await undone(owner, import_id) == Undo(2, 0, expected, 7, 7)
    assert await names(owner_db, owner) == ["P0", "P1", "P2 mudou", "P3", "P4"]
    tagged = await owner_db.fetch("select contact_id from contact_tag where company_id = $1", owner.company_id)
    assert tagged == []  # the second list found P4 tagged already, so the tag is the first one's
    stopped = await owner_db.fetchval("select source from suppression where company_id = $1", owner.company_id)
    assert stopped == "import"  # P6 asked for no messages: that outlives the contact
    audited = await owner_db.fetch(
        "select action from audit_log where company_id = $1 and action like 'import.und%'", owner.company_id
    )
    assert sorted(row["action"] for row in audited) == ["import.undo_started", "import.undone"]


async def test_who_was_known_gets_back_what_still_is_as_the_list_wrote_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    for key in ("cidade", "plano"):
        await fields.create_field(owner, key=key, label=key, kind=CustomFieldKind.TEXT)
    ana = (
        await create_contact(
            owner, name="Ana", phone="11 96000-0001", tag_names=["antiga"], custom={"cidade": "Olinda", "plano": "A"}
        )
    )["id"]
    bia = (await create_contact(owner, name="Bia", phone="11 96000-0002"))["id"]
    text = table(
        ("Ana Lista", "11 96000-0001", "ana@example.com", "vip, antiga", "", "Recife"),
        ("Bia Lista", "11 96000-0002", "bia@example.com", "vip", "", "Recife"),
    )
    import_id = (await imported(owner, text))["id"]
    channel = await factories.channel(owner_db, owner)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state) values ($1, $2, $2, $3, $4, 'x', 3)",
        owner.company_id,
        channel,
        bia,
        "bia@example.com",
    )
    await change_contact(owner, bia, name="Bia Souza")
    assert (await import_undo.preview(owner, import_id)).restored == 2
    await import_undo.start_undo(owner, import_id)
    await undo(owner, import_id)
    assert await undone(owner, import_id) == Undo(0, 2, {}, 2, 2)

    first, second = await queries.contact(owner, ana), await queries.contact(owner, bia)
    assert (first["name"], msgspec.json.decode(first["custom"])) == ("Ana", {"cidade": "Olinda", "plano": "A"})
    assert [tag["name"] for tag in msgspec.json.decode(first["tags"])] == ["antiga"]
    assert [each["value"] for each in msgspec.json.decode(first["identities"])] == ["+5511960000001"]
    assert (second["name"], second["custom"], second["tags"]) == ("Bia Souza", "{}", "[]")
    assert len(msgspec.json.decode(second["identities"])) == 2  # something was said over the address
    found = await owner_db.fetchval("select search like '%ana@%' from contact where id = $1", ana)
    assert found is False


async def test_a_killed_undo_goes_on_and_a_second_one_changes_nothing(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_undo, "BATCH", 10)
    import_id = (await imported(owner, many(35)))["id"]
    await create_contact(owner, name="Outra", phone="11 95555-5555")
    await import_undo.start_undo(owner, import_id)
    assert await import_undo.step(owner.company_id, import_id)  # then the worker dies
    row = await imports.one_import(owner, import_id)
    assert (row["state"], msgspec.json.decode(row["undo"], type=Undo).removed) == ("undoing", 10)
    assert (await import_undo.start_undo(owner, import_id))["state"] == ImportState.UNDOING
    await asyncio.gather(*(undo(owner, import_id) for _ in range(2)))
    assert await undone(owner, import_id) == Undo(35, 0, {}, 35, 35)
    assert (await import_undo.start_undo(owner, import_id))["state"] == ImportState.UNDONE
    await undo(owner, import_id)
    assert await undone(owner, import_id) == Undo(35, 0, {}, 35, 35)
    assert await names(owner_db, owner) == ["Outra"]
    jobs = await owner_db.fetchval("select count(*) from job where company_id = $1 and name = 'UndoImport'", owner.company_id)
    assert jobs == 1


async def test_a_long_undo_gives_way_and_one_that_was_given_up_goes_on(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_undo, "BATCH", 10)
    monkeypatch.setattr("workers.shifts.SHIFT", -1.0)
    import_id = (await imported(owner, many(25)))["id"]
    await import_undo.start_undo(owner, import_id)
    with pytest.raises(Snooze):
        await undo(owner, import_id)
    await owner_db.execute("update job set state = 'dead' where company_id = $1 and name = 'UndoImport'", owner.company_id)
    await import_undo.start_undo(owner, import_id)
    assert await owner_db.fetchval(
        "select true from job where company_id = $1 and name = 'UndoImport' and state <> 'dead'", owner.company_id
    )
    with pytest.raises(Snooze):
        await undo(owner, import_id)
    await undo(owner, import_id)
    assert await undone(owner, import_id) == Undo(25, 0, {}, 25, 25)


async def test_who_is_deleted_leaves_nothing_with_the_list(owner: Actor, owner_db: asyncpg.Connection) -> None:
    ana = (await create_contact(owner, name="Ana", phone="11 96000-0001"))["id"]
    import_id = (await imported(owner, table(("Ana Lista", "11 96000-0001", "ana@example.com", "vip", "", "Recife"))))["id"]
    await delete_contact(owner, ana)
    left = await owner_db.fetchrow(
        "select before, after, addresses from contact_import_member where import_id = $1 and contact_id = $2", import_id, ana
    )
    assert left is not None
    assert tuple(left) == (None, None, None)
    await import_undo.start_undo(owner, import_id)
    await undo(owner, import_id)
    assert await undone(owner, import_id) == Undo(0, 0, {}, 1, 1)


async def _waits(db: asyncpg.Connection) -> None:
    """Until somebody waits for an advisory lock."""
    for _ in range(500):
        if await db.fetchval(
            "select true from pg_stat_activity where datname = current_database() and wait_event = 'advisory' limit 1"
        ):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody waits")


async def test_an_undo_waits_for_an_audience_that_is_being_written(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Whom a campaign takes stays, though the undo begins before their messages can be seen."""
    import_id = (await imported(owner, many(4)))["id"]
    channel = await factories.channel(owner_db, owner)
    await import_undo.start_undo(owner, import_id)
    taken = await person(owner_db, owner, "+5511960000001")
    go = asyncio.Event()

    async def take_back() -> None:
        await go.wait()
        await undo(owner, import_id)

    task = asyncio.create_task(take_back())  # outside of work(): a transaction belongs to its task
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:  # as a campaign that is prepared
        await consent.hold_audience(w)
        go.set()
        await _waits(owner_db)
        await queueing.queue(w, channel, purpose="test", contact_id=taken, address="+5511960000001", content="{}")
    await task
    assert (await undone(owner, import_id)).kept == {"in_campaign": 1}
    assert await owner_db.fetchval("select array_agg(id) from contact where company_id = $1", owner.company_id) == [taken]


async def test_an_audience_waits_for_an_undo_that_takes_its_people(owner: Actor, owner_db: asyncpg.Connection) -> None:
    import_id = (await imported(owner, many(4)))["id"]
    await create_contact(owner, name="Outra", phone="11 95555-5555")
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, await factories.template(owner_db, owner, channel))
    await campaigns.launch(owner, campaign, None)
    go = asyncio.Event()

    async def prepare() -> None:
        await go.wait()
        await lifecycle.prepare(owner.company_id, campaign)

    task = asyncio.create_task(prepare())
    async with work(owner, Permission.CONTACTS_WRITE) as w:  # as a step of the undo
        await consent.await_audiences(w)
        await w.execute("delete from contact where company_id = $1 and import_id = $2", owner.company_id, import_id)
        go.set()
        await _waits(owner_db)
    await task
    rows = await owner_db.fetch("select address from message where campaign_id = $1", campaign)
    assert [row["address"] for row in rows] == ["+5511955555555"]


async def test_somebody_changed_between_two_batches_of_the_list_stays(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "BATCH", 1)
    monkeypatch.setattr(job, "SHIFT", -1.0)
    rows = [
        ("Ana", "11 96000-0001", "", "", "", ""),
        ("Ana", "11 96000-0001", "", "vip", "", ""),
        ("Bia", "11 96000-0002", "", "", "", ""),
    ]
    import_id = await uploaded(owner, table(*rows))
    with pytest.raises(Snooze):
        await run(owner, import_id)
    await change_contact(owner, await person(owner_db, owner, "+5511960000001"), language="es")
    monkeypatch.setattr(job, "SHIFT", 600.0)
    await run_import(owner.company_id, RunImport(import_id=import_id))
    await import_undo.start_undo(owner, import_id)
    await undo(owner, import_id)
    assert (await undone(owner, import_id)).kept == {"changed": 1}
    assert await names(owner_db, owner) == ["Ana"]


async def test_only_what_is_over_and_not_too_old_can_be_undone(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(import_id: UUID, code: ContactImportError) -> None:
        for action in (import_undo.preview, import_undo.start_undo):
            with pytest.raises(Conflict) as caught:
                await action(owner, import_id)
            assert caught.value.code == code

    monkeypatch.setattr(import_undo, "FORGOTTEN_AT_ONCE", 2)
    await refused(await uploaded(owner, many(1)), ContactImportError.IMPORT_NOT_OVER)
    row = await imported(owner, many(5))
    assert counts(row)[0] == 5
    assert row["undo_until"] is not None
    assert await import_undo.expired() == []
    await owner_db.execute("update contact_import set undo_until = now() - interval '1 minute' where id = $1", row["id"])
    await refused(row["id"], ContactImportError.UNDO_TOO_LATE)
    await housekeeping.forget_undos()
    left = await owner_db.fetchval(
        "select count(*) from contact_import_member where import_id = $1 and (left_at is not null or before is not null or tags is not null)",
        row["id"],
    )
    members = await owner_db.fetchval("select count(*) from contact_import_member where import_id = $1", row["id"])
    assert (left, members, await import_undo.expired()) == (0, 5, [])
    await refused(row["id"], ContactImportError.UNDO_TOO_LATE)
