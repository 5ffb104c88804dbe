"""Columns of a list that fill the board's own fields: each kind as the board spells it, what does not fit is said, new ones only by who may."""

from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import blobs
from db.boards import fields
from db.boards.enums import LeadFieldKind
from db.contacts import import_dry_run, imports
from db.contacts.enums import CustomFieldKind, ImportTarget
from db.contacts.import_leads import LeadOptions
from db.contacts.mapping import ColumnTarget
from db.contacts.reasons import Reason, RowWarning
from db.errors import Conflict, Forbidden, Invalid
from db.jobs import DryRunImport, InspectImport
from db.settings import Settings
from db.tenancy import Actor
from tests.db.boards.test_moves import stages_of
from tests.db.boards.test_rules import agent as agent
from tests.workers.imports.test_job import _pieces, run
from tests.workers.imports.test_leads import warned
from workers.imports.job import dry_run_import, inspect_import

HEADER = "Nome;Celular;Origem;Produto;Orçamento;Visita;Área;Reforma?\n"
ROWS = (
    "Ana;11 98765-4321;ANUNCIO;Piso;R$ 1.500,50;31/12/2026;12,5;sim\n"
    "Bia;11 98765-4322;Rádio;Teto;muito;ontem;grande;talvez\n"
    "Caio;11 98765-4323;-;;-;n/a;;\n"
)
OWN = (
    ("origem", LeadFieldKind.CHOICE, ["Indicação", "Anúncio"]),
    ("orcamento", LeadFieldKind.MONEY, []),
    ("visita", LeadFieldKind.DATE, []),
    ("area", LeadFieldKind.NUMBER, []),
    ("reforma", LeadFieldKind.BOOLEAN, []),
)


def of_lead(index: int, key: str | None = None, label: str | None = None) -> ColumnTarget:
    return ColumnTarget(index, ImportTarget.LEAD_CUSTOM, key, label)


TARGETS = [
    ColumnTarget(0, ImportTarget.NAME),
    ColumnTarget(1, ImportTarget.PHONE),
    of_lead(2, "origem"),
    of_lead(3, label="Produto"),
    of_lead(4, "orcamento"),
    of_lead(5, "visita"),
    of_lead(6, "area"),
    of_lead(7, "reforma"),
]
WARNED = [
    (3, "lead_custom.area", RowWarning.FIELD_NOT_A_NUMBER),
    (3, "lead_custom.orcamento", RowWarning.LEAD_VALUE_INVALID),
    (3, "lead_custom.origem", RowWarning.FIELD_NOT_A_CHOICE),
    (3, "lead_custom.reforma", RowWarning.FIELD_NOT_A_BOOLEAN),
    (3, "lead_custom.visita", RowWarning.FIELD_NOT_A_DATE),
]


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


@pytest.fixture
async def board_id(owner: Actor, owner_db: asyncpg.Connection) -> UUID:
    found: UUID = (await stages_of(owner_db, owner))[0]["board_id"]
    for key, kind, choices in OWN:
        await fields.create_field(owner, found, key=key, label=key.title(), kind=kind, choices=choices, on_card=False)
    return found


async def ready(actor: Actor) -> UUID:
    import_id: UUID = (await imports.upload(actor, "negocios.csv", _pieces(HEADER + ROWS)))["id"]
    await inspect_import(actor.company_id, InspectImport(import_id=import_id))
    return import_id


async def values(owner_db: asyncpg.Connection, owner: Actor) -> dict[str, dict[str, str]]:
    rows = await owner_db.fetch("select title, custom::text as custom from lead where company_id = $1", owner.company_id)
    return {row["title"]: msgspec.json.decode(row["custom"]) for row in rows}


async def test_columns_fill_the_fields_of_the_board(owner: Actor, owner_db: asyncpg.Connection, board_id: UUID) -> None:
    import_id = await ready(owner)
    await imports.start(owner, import_id, TARGETS, [], None, LeadOptions(board_id))
    await run(owner, import_id)
    ana = {
        "origem": "Anúncio", "produto": "Piso", "orcamento": "150050", "visita": "2026-12-31", "area": "12.5", "reforma": "true",
    }  # fmt: skip
    assert await values(owner_db, owner) == {"Ana": ana, "Bia": {"produto": "Teto"}, "Caio": {}}
    assert sorted(await warned(owner, import_id)) == WARNED
    made = (await fields.fields(owner, board_id))[-1]
    assert (made["key"], made["label"], made["kind"]) == ("produto", "Produto", LeadFieldKind.TEXT)
    assert await owner_db.fetch("select from contact where company_id = $1 and custom <> '{}'", owner.company_id) == []
    assert await owner_db.fetch("select from custom_field where company_id = $1 and key = 'produto'", owner.company_id) == []


async def test_a_value_is_as_long_as_everybody_may_write_it(owner: Actor, owner_db: asyncpg.Connection, board_id: UUID) -> None:
    """Of letters that take four bytes: the index of values holds it."""
    rows = "".join(f"P{n};11 98765-432{n};;{'🧱' * length};;;;\n" for n, length in enumerate((500, 501)))
    import_id: UUID = (await imports.upload(owner, "negocios.csv", _pieces(HEADER + rows)))["id"]
    await inspect_import(owner.company_id, InspectImport(import_id=import_id))
    await imports.start(owner, import_id, TARGETS, [], None, LeadOptions(board_id))
    await run(owner, import_id)
    assert {name: len(own["produto"]) for name, own in (await values(owner_db, owner)).items()} == {"P0": 500}
    assert await warned(owner, import_id) == [(3, "lead_custom.produto", Reason.TOO_LONG)]


async def test_both_may_have_a_field_of_one_name(owner: Actor, owner_db: asyncpg.Connection, board_id: UUID) -> None:
    import_id = await ready(owner)
    both = [*TARGETS[:2], ColumnTarget(2, ImportTarget.CUSTOM, None, "Produto"), TARGETS[3]]
    await imports.start(owner, import_id, both, [], None, LeadOptions(board_id))
    await run(owner, import_id)
    assert (await values(owner_db, owner))["Ana"] == {"produto": "Piso"}
    custom = await owner_db.fetchval("select custom::text from contact where company_id = $1 and name = 'Ana'", owner.company_id)
    assert msgspec.json.decode(custom) == {"produto": "ANUNCIO"}
    twice = [*TARGETS[:3], of_lead(3, "origem")]
    with pytest.raises(Invalid):
        await imports.start(owner, await ready(owner), twice, [], None, LeadOptions(board_id))


async def test_who_may_not_change_the_board_fills_what_it_has(
    owner: Actor, agent: Actor, owner_db: asyncpg.Connection, board_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = await ready(agent)
    with pytest.raises(Forbidden):
        await imports.start(agent, import_id, TARGETS, [], None, LeadOptions(board_id))
    with pytest.raises(Forbidden):
        await import_dry_run.request(agent, import_id, TARGETS, [], None, LeadOptions(board_id))
    monkeypatch.setattr(fields, "MAX_FIELDS", len(OWN))
    with pytest.raises(Conflict, match="too_many_lead_fields"):
        await imports.start(owner, import_id, TARGETS, [], None, LeadOptions(board_id))
    there = [one for one in TARGETS if one.field_label is None]
    await import_dry_run.request(agent, import_id, there, [], None, LeadOptions(board_id))
    await dry_run_import(agent.company_id, DryRunImport(import_id=import_id))
    counted = msgspec.json.decode((await imports.one_import(agent, import_id))["dry_run"], type=import_dry_run.DryRun).counts
    assert {cause.reason for cause in counted.left_out} == {reason for _row, _field, reason in WARNED}
    await imports.start(agent, import_id, there, [], None, LeadOptions(board_id))
    [gone] = [row for row in await fields.fields(owner, board_id) if row["key"] == "area"]
    await fields.delete_field(owner, board_id, gone["id"])  # before the worker comes to it
    await run(agent, import_id)
    found = await values(owner_db, owner)
    assert set(found["Ana"]) == {"origem", "orcamento", "visita", "reforma"}


async def test_a_dry_run_makes_no_field(owner: Actor, owner_db: asyncpg.Connection, board_id: UUID) -> None:
    dated = msgspec.structs.replace(TARGETS[3], field_kind=CustomFieldKind.DATE)
    import_id = await ready(owner)
    await import_dry_run.request(owner, import_id, [*TARGETS[:3], dated], [], None, LeadOptions(board_id))
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    assert len(await fields.fields(owner, board_id)) == len(OWN)
    row = await imports.one_import(owner, import_id)
    assert f'"{RowWarning.FIELD_NOT_A_DATE}"' in row["dry_run"]
