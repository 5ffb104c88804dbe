"""Leads that come with a list: one for each row that is taken, whoever dies meanwhile; what is not found is said; and taken back."""

import asyncio
from contextvars import copy_context
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import blobs
from db.boards import history, leads, moves, stage_removal
from db.boards.enums import RuleOccasion
from db.boards.events import BoardChanged
from db.boards.rule import AddTag, Move, SendTemplate, WriteNote
from db.contacts import import_batch, import_dry_run, import_undo, imports
from db.contacts.actions import delete_contact
from db.contacts.enums import ImportTarget
from db.contacts.import_leads import LeadOptions
from db.contacts.mapping import ColumnTarget
from db.contacts.money import cents
from db.contacts.reasons import RowWarning
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.event_consumers import subscribe
from db.jobs import DryRunImport, InspectImport
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.boards.test_moves import column, stages_of, totals_are_right
from tests.db.boards.test_rules import agent as agent
from tests.db.boards.test_rules import letter as letter
from tests.db.boards.test_rules import messages, rule, run_all
from tests.db.boards.test_rules_of_many import waiting
from tests.workers.imports.test_job import _pieces, run
from workers.imports import job
from workers.imports.job import dry_run_import, inspect_import

HEADER = "Nome;Celular;Negócio;Valor;Etapa;Responsável;Prazo;Marcas\n"
COLUMNS = ["name", "phone", "lead_title", "lead_value", "lead_stage", "lead_owner", "lead_due", "lead_tags"]
TARGETS = [ColumnTarget(number, ImportTarget(name)) for number, name in enumerate(COLUMNS)]


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


async def ready(actor: Actor, rows: str) -> UUID:
    import_id: UUID = (await imports.upload(actor, "negocios.csv", _pieces(HEADER + rows)))["id"]
    await inspect_import(actor.company_id, InspectImport(import_id=import_id))
    return import_id


async def imported(actor: Actor, rows: str, options: LeadOptions) -> asyncpg.Record:
    import_id = await ready(actor, rows)
    await imports.start(actor, import_id, TARGETS, [], None, options)
    await run(actor, import_id)
    return await imports.one_import(actor, import_id)


async def warned(actor: Actor, import_id: UUID) -> list[tuple[int, str, str]]:
    rows, _ = await imports.rejects(actor, import_id, after=None, limit=50)
    return [(row["row_number"], row["field"], row["reason"]) for row in rows]


async def test_each_row_makes_a_contact_and_a_lead(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    email = await owner_db.fetchval("select email from account_user where id = $1", owner.id)
    there = (await leads.create_lead(owner, board_id=first["board_id"], title="Antes"))["id"]
    rows = (
        f"Ana;11 98765-4321;Reforma;R$ 1.234,50;em CONVERSA;{email.upper()};31/12/2026;vip, Loja\n"
        "Bia;11 98765-4322;;1.500;;;;\n"
        "Ana;11 98765-4321;Telhado;abc;Lua;ninguem@example.com;ontem;\n"
        "Caio;123;Muro;10;;;;\n"
    )
    found = await imported(owner, rows, LeadOptions(first["board_id"]))
    assert (found["created"], found["repeated"], found["rejected"], found["leads"]) == (2, 1, 1, 3)
    assert await column(owner, first) == ["Antes", "Bia", "Telhado"]
    assert await column(owner, talking) == ["Reforma"]
    made = {row["title"]: row for row in await owner_db.fetch("select * from lead where company_id = $1", owner.company_id)}
    reform, bia, roof = made["Reforma"], made["Bia"], made["Telhado"]
    assert (reform["value_cents"], reform["owner_id"], str(reform["due_on"])) == (123450, owner.id, "2026-12-31")
    assert (reform["tags"], reform["contact_id"]) == (["vip", "Loja"], roof["contact_id"])
    assert (bia["value_cents"], roof["value_cents"], roof["owner_id"], roof["due_on"]) == (150000, None, None, None)
    assert await warned(owner, found["id"]) == [
        (4, "lead_due", RowWarning.LEAD_DUE_INVALID),
        (4, "lead_owner", RowWarning.OWNER_UNKNOWN),
        (4, "lead_stage", RowWarning.STAGE_UNKNOWN),
        (4, "lead_value", RowWarning.LEAD_VALUE_INVALID),
        (5, "phone", "phone_too_short"),
    ]
    await totals_are_right(owner_db, owner)
    assert await owner_db.fetchval("select kind from lead_change where lead_id = $1", reform["id"]) == "created"
    await import_undo.start_undo(owner, found["id"])
    await moves.move_lead(owner, reform["id"], stage_id=first["id"])  # somebody goes on with it
    while await import_undo.step(owner.company_id, found["id"]):
        pass
    kept = await owner_db.fetch("select id from lead where company_id = $1", owner.company_id)
    assert {row["id"] for row in kept} == {there, reform["id"]}
    await totals_are_right(owner_db, owner)


async def test_an_undo_takes_what_only_rules_touched_and_leaves_what_a_person_did(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the contact is gone or another's by now; and whoever has a lead that stays, stays."""
    first, talking, proposal, *_ = await stages_of(owner_db, owner)
    monkeypatch.setattr(import_undo, "BATCH", 2)
    for action in (AddTag(tag="lista"), WriteNote(body="Veio da lista"), Move(stage_id=talking["id"])):
        await rule(owner, first, action)
    names = (
        "regra",
        "etapa",
        "movido",
        "mudado",
        "anotado",
        "sem contato",
        "sem contato, mudado",
        "chave",
        "arrastado",
        "ao topo",
    )
    rows = "".join(f"P{n};11 98765-{4000 + n};{name};;;;;\n" for n, name in enumerate(names))
    found = await imported(owner, rows, LeadOptions(first["board_id"], run_rules=True))
    made = {row["title"]: row for row in await owner_db.fetch("select * from lead where company_id = $1", owner.company_id)}
    for row in made.values():
        await run_all(owner, owner_db, row["id"])
    assert set(await column(owner, talking)) == set(names)
    ruled = await leads.lead(owner, made["regra"]["id"])
    assert (ruled["tags"], ruled["note_count"], ruled["version"]) == (["lista"], 1, 3)
    await moves.move_lead(owner, made["movido"]["id"], stage_id=proposal["id"])
    await leads.change_lead(owner, made["mudado"]["id"], title="mudado!")
    await history.add_note(owner, made["anotado"]["id"], "Ligar amanhã")
    await leads.change_lead(owner, made["sem contato, mudado"]["id"], value_cents=100)
    key = msgspec.structs.replace(owner, kind="api_key")
    await leads.change_lead(key, made["chave"]["id"], value_cents=100)
    await moves.move_lead(owner, made["arrastado"]["id"], stage_id=talking["id"])  # in its column
    await moves.move_leads(owner, [made["ao topo"]["id"]], stage_id=talking["id"])
    for name in ("sem contato", "sem contato, mudado"):
        await delete_contact(owner, made[name]["contact_id"])
    await stage_removal.delete_stage(owner, talking["id"], move_to=first["id"])  # has to do with no lead
    seen = await import_undo.preview(owner, found["id"])
    assert (seen.leads_removed, seen.leads_kept, seen.removed, seen.kept) == (3, 7, 2, {"with_lead": 6})
    await import_undo.start_undo(owner, found["id"])
    while await import_undo.step(owner.company_id, found["id"]):
        pass
    done = msgspec.json.decode((await imports.one_import(owner, found["id"]))["undo"], type=import_undo.Undo)
    assert (done.leads_removed, done.leads_kept, done.removed, done.kept) == (3, 7, 2, {"with_lead": 6})
    kept = await owner_db.fetch("select title, contact_id from lead where company_id = $1", owner.company_id)
    assert {row["title"] for row in kept} == {
        "movido", "mudado!", "anotado", "sem contato, mudado", "chave", "arrastado", "ao topo",
    }  # fmt: skip
    assert [row["title"] for row in kept if row["contact_id"] is None] == ["sem contato, mudado"]
    await totals_are_right(owner_db, owner)


async def test_an_undo_takes_so_many_leads_at_once_and_people_in_steps_of_their_own(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done to people locks further leads, which nobody waits for who holds totals."""
    first, *_ = await stages_of(owner_db, owner)
    monkeypatch.setattr(import_undo, "BATCH", 2)
    found = await imported(owner, "Ana;11 98765-4321;A;;;;;\n" * 5, LeadOptions(first["board_id"]))
    await import_undo.start_undo(owner, found["id"])
    steps = []
    while True:
        more = await import_undo.step(owner.company_id, found["id"])
        row = await imports.one_import(owner, found["id"])
        so_far = msgspec.json.decode(row["undo"], type=import_undo.Undo)
        steps.append((so_far.leads_removed, so_far.removed))
        if not more:
            break
    assert steps == [(2, 0), (4, 0), (5, 0), (5, 1)]
    assert row["state"] == "undone"


async def test_an_undo_goes_on_behind_leads_that_somebody_touches_meanwhile(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    monkeypatch.setattr(import_undo, "BATCH", 2)
    rows = "".join(f"P{n};11 98765-{4000 + n};N{n};;;;;\n" for n in range(3))
    found = await imported(owner, rows, LeadOptions(first["board_id"]))
    made = await owner_db.fetch("select id, contact_id from lead where company_id = $1 order by id", owner.company_id)
    for row in made:
        await delete_contact(owner, row["contact_id"])
    await import_undo.start_undo(owner, found["id"])

    async def undo() -> None:
        while await import_undo.step(owner.company_id, found["id"]):
            pass

    outside = copy_context()
    async with work(owner, Permission.LEADS_WRITE) as w:
        for row in made[:2]:
            await history.note_in(w, row["id"], "Ligar amanhã")
        undoing = asyncio.create_task(undo(), context=outside)
        while not undoing.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
    await undoing
    left = await owner_db.fetch("select id from lead where company_id = $1 order by id", owner.company_id)
    assert [row["id"] for row in left] == [row["id"] for row in made[:2]]


async def test_open_boards_read_themselves_once_behind_the_last_batch(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    monkeypatch.setattr(job, "BATCH", 3)
    monkeypatch.setattr(import_undo, "BATCH", 3)
    async with work(owner, Permission.COMPANY_WRITE) as w:
        await subscribe(w, "screens", [BoardChanged])
    told = "select count(*) from event_outbox where company_id = $1 and type = 'board.changed'"
    rows = "".join(f"P{n};11 98765-{4000 + n};N{n};;;;;\n" for n in range(10))
    found = await imported(owner, rows, LeadOptions(first["board_id"]))
    assert (found["leads"], await owner_db.fetchval(told, owner.company_id)) == (10, 1)
    await import_undo.start_undo(owner, found["id"])
    while await import_undo.step(owner.company_id, found["id"]):
        pass
    assert await column(owner, first) == []
    assert await owner_db.fetchval(told, owner.company_id) == 2


async def test_a_killed_import_makes_no_lead_twice(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    monkeypatch.setattr(job, "BATCH", 3)
    import_id = await ready(owner, "".join(f"P{n};11 98765-{4000 + n};N{n};;;;;\n" for n in range(10)))
    await imports.start(owner, import_id, TARGETS, [], None, LeadOptions(first["board_id"]))
    real, batches = job.import_batch.apply, 0

    async def dies(*args: object, **more: object) -> object:
        nonlocal batches
        batches += 1
        if batches == 3:
            raise RuntimeError("killed")
        return await real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(job.import_batch, "apply", dies)
    with pytest.raises(RuntimeError):
        await run(owner, import_id)
    await run(owner, import_id)
    assert await column(owner, first) == [f"N{n}" for n in range(10)]
    assert (await imports.one_import(owner, import_id))["leads"] == 10


async def test_rules_run_only_when_asked_and_a_stage_may_be_chosen(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, AddTag(tag="lista"))
    runs = "select count(*) from rule_run where company_id = $1"
    await imported(owner, "Ana;11 98765-4321;A;;;;;\n", LeadOptions(first["board_id"], talking["id"]))
    assert (await column(owner, talking), await owner_db.fetchval(runs, owner.company_id)) == (["A"], 0)
    await imported(owner, "Ana;11 98765-4321;B;;;;;\n", LeadOptions(first["board_id"], talking["id"], run_rules=True))
    assert (await column(owner, talking), await owner_db.fetchval(runs, owner.company_id)) == (["A", "B"], 1)


async def test_many_leads_that_rules_write_to_are_a_campaign_and_one_person_is_written_to_once(
    owner: Actor, owner_db: asyncpg.Connection, letter: SendTemplate, agent: Actor
) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, letter)
    rows = "".join(f"Maria;11 98765-4321;{title};;Em conversa;;;\n" for title in "ABC")
    options = LeadOptions(first["board_id"], run_rules=True)
    with pytest.raises(Forbidden):
        await imports.start(agent, await ready(agent, rows), TARGETS, [], None, options)
    await imported(agent, "Bia;11 98765-4322;B;;;;;\n", LeadOptions(first["board_id"]))
    await imported(owner, rows, options)
    for lead in await owner_db.fetch("select id from lead where company_id = $1", owner.company_id):
        await run_all(owner, owner_db, lead["id"])
    assert len(await messages(owner_db, owner)) == 1
    await rule(owner, talking, letter, RuleOccasion.STAY, 3)
    with pytest.raises(Forbidden):  # after days it is as many
        await imports.start(agent, await ready(agent, rows), TARGETS, [], None, LeadOptions(first["board_id"]))


async def test_days_of_leads_that_come_with_a_list_are_counted(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    await rule(owner, first, AddTag(tag="novo"))
    await rule(owner, first, AddTag(tag="parado"), RuleOccasion.STAY, 3)
    await imported(owner, "Ana;11 98765-4321;A;;;;;\n", LeadOptions(first["board_id"]))
    assert [days for _, days in await waiting(owner_db, owner)] == [3]


async def test_a_stage_that_leaves_takes_no_leads_and_a_lost_one_has_a_reason(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, proposal, _, lost = await stages_of(owner_db, owner)
    rows = f"Ana;11 98765-4321;A;;Em conversa;;;\nBia;11 98765-4322;B;;;;;\nCaio;11 98765-4323;C;;{lost['name']};;;\n"
    options = LeadOptions(first["board_id"], talking["id"])
    import_id, late = await ready(owner, rows), await ready(owner, rows)
    await imports.start(owner, import_id, TARGETS, [], None, options)
    await owner_db.execute("update stage set moving_to = $2, moving_rank = 'V' where id = $1", talking["id"], proposal["id"])
    with pytest.raises(Conflict, match="stage_leaving"):
        await imports.start(owner, late, TARGETS, [], None, options)
    await run(owner, import_id)
    assert (await column(owner, talking), await column(owner, proposal)) == ([], ["A", "B"])
    assert await warned(owner, import_id) == [(2, "lead_stage", RowWarning.STAGE_UNKNOWN)]
    assert await owner_db.fetchval("select lost_reason from lead where stage_id = $1", lost["id"]) == lost["name"]


async def test_stages_are_held_before_leads_change(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    await imported(owner, "Ana;11 98765-4321;A;;;;;\n", LeadOptions(first["board_id"]))
    real, held = import_batch.prospects.refresh, list[bool]()

    async def looks(*args: Any) -> None:
        try:
            await owner_db.execute("select from stage where id = $1 for update nowait", first["id"])
            held.append(False)
        except asyncpg.LockNotAvailableError:
            held.append(True)
        await real(*args)

    monkeypatch.setattr(import_batch.prospects, "refresh", looks)
    await imported(owner, "Ana Melo;11 98765-4321;B;;;;;\n", LeadOptions(first["board_id"]))
    assert held == [True]


async def test_a_dry_run_says_how_many_leads_and_what_is_not_found(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    import_id = await ready(owner, "Ana;11 98765-4321;A;;Lua;;;\nBia;11 98765-4322;B;;;;;\n")
    await import_dry_run.request(owner, import_id, TARGETS, [], None, LeadOptions(first["board_id"]))
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    row = await imports.one_import(owner, import_id)
    assert '"leads": 2' in row["dry_run"]
    assert '"stage_unknown"' in row["dry_run"]
    assert await owner_db.fetchval("select count(*) from lead where company_id = $1", owner.company_id) == 0


async def test_leads_need_a_board_that_takes_them_and_the_right(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    theirs, *_ = await stages_of(owner_db, stranger)
    import_id = await ready(owner, "Ana;11 98765-4321;A;;;;;\n")
    with pytest.raises(Invalid):  # a column of leads without a board
        await imports.start(owner, import_id, TARGETS, [], None)
    for options in (LeadOptions(theirs["board_id"]), LeadOptions(first["board_id"], theirs["id"])):
        with pytest.raises(NotFound):
            await imports.start(owner, import_id, TARGETS, [], None, options)
    few = Actor(
        company_id=owner.company_id, kind="api_key", permissions=frozenset({Permission.CONTACTS_READ, Permission.CONTACTS_WRITE})
    )
    with pytest.raises(Forbidden):
        await imports.start(few, import_id, TARGETS, [], None, LeadOptions(first["board_id"]))
    await owner_db.execute("update board set archived_at = now() where company_id = $1", owner.company_id)
    with pytest.raises(Conflict):
        await imports.start(owner, import_id, TARGETS, [], None, LeadOptions(first["board_id"]))


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("R$ 1.234,50", "BR", 123450),
        ("1234,5", "BR", 123450),
        ("1.500", "BR", 150000),
        ("1,500", "US", 150000),
        ("1.500", "US", 150),
        ("1.234.567", "BR", 123456700),
        ("1,234.56", "BR", 123456),
        ("12.5", "BR", 1250),
        ("900 reais", "BR", None),
        ("1000 BRL", "BR", 100000),
        ("0", "BR", 0),
        ("-5", "BR", None),
        ("abc", "BR", None),
        ("99999999999999", "BR", None),
    ],
)
def test_sums_are_read_as_people_write_them(text: str, region: str, expected: int | None) -> None:
    assert cents(text, region) == expected
