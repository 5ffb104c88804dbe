"""A list that brings leads along, as people do it: from the board, with its columns guessed, to a result that leads back to the board."""

from uuid import UUID

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.enums import ImportState, ImportTarget
from api.contract.events import ImportProgress
from db import blobs
from db.jobs import DryRunImport, RunImport
from db.settings import Settings
from db.tenancy import Actor
from tests.ui.interactions import click, field, hear, true_of, until
from tests.ui.test_contacts import _uploaded
from ui.client.base import ApiClient
from workers.imports.job import dry_run_import, run_import

LIST = "Nome;Celular;Negócio;Valor;Etapa\nAna;(11) 98765-4321;Reforma;R$ 1.200,00;Proposta\nBia;(11) 98765-4322;Obra;900;Lua\n"


@pytest.fixture(autouse=True)
def _files(database: Settings) -> None:
    blobs.connect(database)


def targets(user: User) -> list[object]:
    return [one.value for one in sorted(user.find(kind=ui.select).elements, key=lambda one: one.id)][:5]


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
    found = await _uploaded(as_owner, owner, LIST)
    await real.open(f"/imports/{found.id}?board={board}")
    await real.should_see("Criar negócios também?")
    wanted = [ImportTarget.NAME, ImportTarget.PHONE, ImportTarget.LEAD_TITLE, ImportTarget.LEAD_VALUE, ImportTarget.LEAD_STAGE]
    await until(lambda: true_of(lambda: targets(real) == wanted))
    await until(lambda: _waiting(owner_db, owner))
    await dry_run_import(owner.company_id, DryRunImport(import_id=found.id))
    hear(ImportProgress(import_id=found.id, state=ImportState.READY, processed=2, total=2))
    await real.should_see("criados no quadro")
    click(real, "Importar")
    await real.should_see("Os seus contatos estão entrando")
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    for text in ("criados no quadro", "Ver quadro"):
        await real.should_see(text)
    await until(lambda: true_of(lambda: any("não tem uma etapa com este nome" in reason for reason in reasons(real))))
    rows = await owner_db.fetch("select title, value_cents from lead where company_id = $1 order by title", owner.company_id)
    assert [tuple(row) for row in rows] == [("Obra", 90000), ("Reforma", 120000)]


async def test_without_a_board_columns_say_nothing_of_leads(real: User, owner: Actor, as_owner: ApiClient, board: UUID) -> None:
    found = await _uploaded(as_owner, owner, LIST)
    await real.open(f"/imports/{found.id}")
    await real.should_see("Escolher um quadro")
    assert targets(real)[2:] == [ImportTarget.CUSTOM] * 3
    click(real, "Escolher um quadro")
    await real.should_see("Não, só contatos")
    field(real, "Quadro").value = board
    await until(lambda: true_of(lambda: targets(real)[3] == ImportTarget.LEAD_VALUE))
    field(real, "Quadro").value = ""
    await until(lambda: true_of(lambda: targets(real)[2:] == [ImportTarget.CUSTOM] * 3))
