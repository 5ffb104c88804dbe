"""What will happen, on the page where a list waits: counted by itself, again after each choice, and never in the way."""

from uuid import UUID

import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.enums import DryRunState, ImportState
from api.contract.events import ImportProgress
from db.jobs import DryRunImport, RunImport
from db.tenancy import Actor
from tests.ui.interactions import click, hear, true_of, until
from tests.ui.test_contacts import LIST, _uploaded
from ui.client import contacts
from ui.client.base import ApiClient
from ui.components.text import Text
from ui.pages.imports import dry_run
from workers.imports.job import dry_run_import, give_up_dry_run, run_import


async def _asked(api: ApiClient, import_id: UUID) -> None:
    """Until the API knows what the page shows."""

    async def known() -> bool:
        found = await contacts.one_import(api, import_id)
        return found.dry_run is not None and found.dry_run.state is DryRunState.WAITING

    await until(known)


async def _counted(owner: Actor, import_id: UUID) -> None:
    await dry_run_import(owner.company_id, DryRunImport(import_id=import_id))
    hear(ImportProgress(import_id=import_id, state=ImportState.READY, processed=2, total=2))


async def test_what_will_happen_stands_on_the_page_and_follows_the_choices(
    real: User, owner: Actor, as_owner: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "PAUSE", 0.05)
    found = await _uploaded(as_owner, owner, LIST + "Ana;(11) 98765-4321;;\nBia;11 98765-0001;;\n")
    await real.open(f"/imports/{found.id}")
    await real.should_see("O que vai acontecer", retries=30)
    await _asked(as_owner, found.id)
    await real.should_see("Estamos contando o arquivo inteiro…", retries=30)
    start = next(one for one in real.find(kind=ui.button).elements if one.text == "Importar contatos")
    await _counted(owner, found.id)
    await until(lambda: true_of(lambda: start.text == "Importar 2 contatos"))
    for text in (
        "Contado no arquivo inteiro",
        "Repetidos na lista",
        "1 linha: O telefone tem dígitos de menos.",
        "Linha 3 · Celular · 123",
    ):
        await real.should_see(text, retries=30)
    await real.should_see("Cheia em 50% das linhas")
    choices = sorted(real.find(kind=ui.select).elements, key=lambda one: one.id)
    choices[1].value = "ignore"  # the e-mail alone is left to reach people by
    assert start.text == "Importar contatos"
    await _asked(as_owner, found.id)
    await _counted(owner, found.id)
    await until(lambda: true_of(lambda: start.text == "Importar 1 contato"))
    choices[2].value = "ignore"
    await real.should_see("Escolha primeiro as colunas", retries=30)
    choices[1].value = "phone"
    assert not start.is_deleted
    click(real, "Importar contatos")
    await real.should_see("Os seus contatos estão entrando", retries=30)
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    await real.should_see("Repetidas", retries=30)


async def test_a_count_that_fails_keeps_nobody_from_the_import(real: User, owner: Actor, as_owner: ApiClient) -> None:
    found = await _uploaded(as_owner, owner)
    await real.open(f"/imports/{found.id}")
    await _asked(as_owner, found.id)
    await give_up_dry_run(owner.company_id, DryRunImport(import_id=found.id), "lost")
    hear(ImportProgress(import_id=found.id, state=ImportState.READY, processed=0, total=2))
    await real.should_see("Não deu para contar antes. Você pode importar assim mesmo.", retries=30)
    click(real, "Importar contatos")
    await real.should_see("Os seus contatos estão entrando", retries=30)


async def test_of_two_hundred_columns_the_empty_ones_are_folded(real: User, owner: Actor, as_owner: ApiClient) -> None:
    names = ["Nome", "Celular", *(f"Coluna {n}" for n in range(198))]
    rows = [["Ana", "(11) 98765-4321"] + ["x"] * 28 + [""] * 170]
    text = "\n".join(";".join(cells) for cells in [names, *rows]) + "\n"
    found = await _uploaded(as_owner, owner, text)
    await real.open(f"/imports/{found.id}")
    await real.should_see("Mostrar 170 colunas vazias", retries=30)
    folded = next(one for one in real.find(kind=Text, content="colunas vazias").elements).parent_slot.parent  # type: ignore[union-attr]
    before = len(real.find(kind=ui.select).elements)
    assert before <= 30
    UserInteraction(real, {folded}, None).trigger("toggle")
    await until(lambda: true_of(lambda: len(real.find(kind=ui.select).elements) == before + 170))
    await _asked(as_owner, found.id)


async def test_a_list_of_as_many_columns_as_there_can_be_is_imported(real: User, owner: Actor, as_owner: ApiClient) -> None:
    names = ["Nome", "Celular", *(f"{one}{two}" for one in "bcdfghjklmnpqrstvwxz" for two in "bcdfghjklmnpqrstvwxz0123456")][:512]
    found = await _uploaded(as_owner, owner, ";".join(names) + "\nAna;(11) 98765-4321\n")
    assert len(found.columns) == 512
    await real.open(f"/imports/{found.id}")
    await _asked(as_owner, found.id)
    click(real, "Importar contatos")
    await real.should_see("Os seus contatos estão entrando", retries=30)


async def test_a_column_without_any_value_makes_no_field(real: User, owner: Actor, as_owner: ApiClient) -> None:
    found = await _uploaded(as_owner, owner, "Nome;Celular;Vazia\nAna;(11) 98765-4321;\n")
    await real.open(f"/imports/{found.id}")
    await real.should_see("Mostrar 1 coluna vazia")
    await _asked(as_owner, found.id)
    start = next(one for one in real.find(kind=ui.button).elements if one.text == "Importar contatos")
    await _counted(owner, found.id)
    await until(lambda: true_of(lambda: start.text == "Importar 1 contato"))
    click(real, "Importar 1 contato")
    await real.should_see("Os seus contatos estão entrando")
    await run_import(owner.company_id, RunImport(import_id=found.id))
    assert await contacts.fields(as_owner) == []
