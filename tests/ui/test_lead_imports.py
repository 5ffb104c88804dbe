"""A list that brings leads along, as people do it: from the board, with its columns guessed, to a result that leads back to the board."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.boards import BoardCreate, LeadField, LeadFieldCreate
from api.contract.enums import DryRunState, ImportState, ImportTarget, LeadFieldKind
from api.contract.events import ImportProgress
from db import blobs
from db.jobs import DryRunImport, RunImport, UndoImport
from db.settings import Settings
from db.tenancy import Actor
from tests.ui.interactions import click, field, hear, true_of, until
from tests.ui.test_contacts import _uploaded
from ui.client import boards, contacts
from ui.client.base import ApiClient
from workers.contacts import undo_import
from workers.imports.job import dry_run_import, run_import

LIST = (
    "Nome;Celular;Negócio;Valor;Etapa;Origem;Cidade\n"
    "Ana;(11) 98765-4321;Reforma;R$ 1.200,00;Proposta;Anúncio;Recife\n"
    "Bia;(11) 98765-4322;Obra;900;Lua;Rádio;Olinda\n"
)


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


def targets(user: User) -> list[object]:
    return [one.value for one in sorted(user.find(kind=ui.select).elements, key=lambda one: one.id)][:7]


async def _waiting(owner_db: asyncpg.Connection, owner: Actor) -> bool:
    """Whether leads are to be counted."""
    asked = "select dry_run->'leads'->>'board_id' is not null from contact_import where company_id = $1"
    return bool(await owner_db.fetchval(asked, owner.company_id))


def reasons(user: User) -> list[str]:
    """Why cells were left out, in the table of the result."""
    assert user.client is not None
    tables = [element for element in user.client.elements.values() if isinstance(element, ui.table)]
    return [str(row.get("reason")) for one in tables for row in one.rows]


async def test_from_a_board_to_its_leads(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient, board: UUID
) -> None:
    body = LeadFieldCreate(label="Origem", kind=LeadFieldKind.CHOICE, choices=["Anúncio"], key="source")
    await boards.create_lead_field(as_owner, board, body)
    found = await _uploaded(as_owner, owner, LIST)
    await real.open(f"/imports/{found.id}?board={board}")
    await real.should_see("Criar negócios também?")
    wanted = [ImportTarget.NAME, ImportTarget.PHONE, ImportTarget.LEAD_TITLE, ImportTarget.LEAD_VALUE, ImportTarget.LEAD_STAGE]
    wanted += ["lead_custom:source", ImportTarget.CUSTOM]  # type: ignore[list-item]
    await until(lambda: true_of(lambda: targets(real) == wanted))
    await until(lambda: _waiting(owner_db, owner))
    await dry_run_import(owner.company_id, DryRunImport(import_id=found.id))
    hear(ImportProgress(import_id=found.id, state=ImportState.READY, processed=2, total=2))
    await real.should_see("criados no quadro")
    await real.should_see("Campos novos dos contatos: Cidade.", retries=30)
    click(real, "Importar")
    await real.should_see("Os seus contatos estão entrando")
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    for text in ("criados no quadro", "Ver quadro"):
        await real.should_see(text)
    await until(lambda: true_of(lambda: any("não tem uma etapa com este nome" in reason for reason in reasons(real))))
    rows = await owner_db.fetch("select title, value_cents from lead where company_id = $1 order by title", owner.company_id)
    assert [tuple(row) for row in rows] == [("Obra", 90000), ("Reforma", 120000)]
    assert any("não oferece esta opção" in reason for reason in reasons(real))
    own = "select custom->>'source' from lead where company_id = $1 order by title"
    assert [row[0] for row in await owner_db.fetch(own, owner.company_id)] == [None, "Anúncio"]
    kept = await owner_db.fetchval("select id from lead where company_id = $1 and title = 'Obra'", owner.company_id)
    await boards.add_note(as_owner, kept, "Ligar")
    click(real, "Desfazer importação")
    for text in (
        "1 contato sai. 1 negócio sai.",
        "1 negócio fica: alguém o moveu, alterou ou anotou.",
        "com um negócio em que alguém mexeu",
    ):
        await real.should_see(text)
    click(real, "Desfazer importação")
    await real.should_see("A importação está sendo desfeita")
    await undo_import(owner.company_id, UndoImport(import_id=found.id))
    hear(ImportProgress(import_id=found.id, state=ImportState.UNDONE, processed=2, total=2))
    for text in ("Negócios removidos", "Negócios que ficaram", "alguém moveu, alterou ou anotou"):
        await real.should_see(text)
    await owner_db.execute("update contact_import_undo set leads_removed = null, leads_kept = null")
    await real.open(f"/imports/{found.id}")
    await real.should_see("os negócios dela ainda não eram contados")
    await real.should_not_see("Negócios removidos")


async def test_a_list_that_is_imported_again_keeps_what_its_columns_were(
    real: User, owner: Actor, as_owner: ApiClient, board: UUID
) -> None:
    """The board too; and a new field of the board has a name."""
    found = await _uploaded(as_owner, owner, LIST)
    await real.open(f"/imports/{found.id}?board={board}")
    wanted = [ImportTarget.LEAD_TITLE, ImportTarget.LEAD_VALUE, ImportTarget.LEAD_STAGE]
    await until(lambda: true_of(lambda: targets(real)[2:5] == wanted))
    origin = sorted(real.find(kind=ui.select).elements, key=lambda one: one.id)[5]
    origin.value = ImportTarget.LEAD_CUSTOM

    async def foreseen() -> bool:
        await dry_run_import(owner.company_id, DryRunImport(import_id=found.id))
        hear(ImportProgress(import_id=found.id, state=ImportState.READY, processed=2, total=2))
        dry = (await contacts.one_import(as_owner, found.id)).dry_run
        return dry is not None and (dry.state, dry.new_lead_fields) == (DryRunState.DONE, ["Origem"])

    await until(foreseen)
    await real.should_see("Campos novos dos negócios neste quadro: Origem.", retries=30)
    click(real, "Importar")
    await real.should_see("Os seus contatos estão entrando")
    await run_import(owner.company_id, RunImport(import_id=found.id))
    assert [field.label for field in await boards.lead_fields(as_owner, board)] == ["Origem"]
    again = await contacts.repeat_import(as_owner, found.id)
    await real.open(f"/imports/{again.id}")
    await until(lambda: true_of(lambda: targets(real)[2:6] == [*wanted, "lead_custom:origem"]))


async def test_without_a_board_columns_say_nothing_of_leads(real: User, owner: Actor, as_owner: ApiClient, board: UUID) -> None:
    found = await _uploaded(as_owner, owner, LIST)
    await real.open(f"/imports/{found.id}")
    await real.should_see("Escolher um quadro")
    assert targets(real)[2:] == [ImportTarget.CUSTOM] * 5
    click(real, "Escolher um quadro")
    await real.should_see("Não, só contatos")
    field(real, "Quadro").value = board
    await until(lambda: true_of(lambda: targets(real)[3] == ImportTarget.LEAD_VALUE))
    field(real, "Quadro").value = ""
    await until(lambda: true_of(lambda: targets(real)[2:] == [ImportTarget.CUSTOM] * 5))


async def test_another_board_has_its_own_stage_at_once(
    real: User, owner: Actor, as_owner: ApiClient, board: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only when its fields have come: what is counted meanwhile names a stage of it."""
    other = await boards.create_board(as_owner, BoardCreate(name="Outro"))
    found = await _uploaded(as_owner, owner, LIST)
    await real.open(f"/imports/{found.id}?board={board}")
    await until(lambda: true_of(lambda: targets(real)[3] == ImportTarget.LEAD_VALUE))
    asked, come, there = asyncio.Event(), asyncio.Event(), asyncio.Event()
    fetch = boards.lead_fields

    async def fields(api: ApiClient, board_id: UUID) -> list[LeadField]:
        asked.set()
        await come.wait()
        own = await fetch(api, board_id)
        there.set()
        return own

    monkeypatch.setattr(boards, "lead_fields", fields)
    stage = field(real, "Etapa das linhas que não dizem nenhuma")
    field(real, "Quadro").value = other.id
    await asked.wait()
    try:
        assert stage.value == other.stages[0].id
    finally:
        come.set()
    await there.wait()
