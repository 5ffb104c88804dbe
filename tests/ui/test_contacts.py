"""The screens of contacts and imports over the real API and database."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.contacts import ColumnChoice, ContactCreate, Import, ImportStart
from api.contract.enums import ImportState
from api.contract.events import ContactsChanged, ImportProgress, NotesChanged
from db.jobs import InspectImport, RunImport, UndoImport
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, field, hear, true_of, until
from ui.client import contacts
from ui.client.base import ApiClient
from workers.contacts import undo_import
from workers.imports.job import inspect_import, run_import

LIST = "Nome;Celular;E-mail;Cidade\nAna;(11) 98765-4321;ana@example.com;Recife\nZé Lima;123;x@;Olinda\n"


class _File:
    """A spreadsheet as the browser hands it over."""

    name, content_type = "lista.csv", "text/csv"

    def __init__(self, text: str) -> None:
        self.text = text

    def size(self) -> int:
        return len(self.text.encode())

    async def iterate(self, *, chunk_size: int = 65536) -> AsyncIterator[bytes]:
        yield self.text.encode()


async def _uploaded(api: ApiClient, owner: Actor, text: str = LIST) -> Import:
    made = await contacts.upload_import(api, _File(text))
    await inspect_import(owner.company_id, InspectImport(import_id=made.id))
    return await contacts.one_import(api, made.id)


def _table(user: User) -> ui.table:
    """Also a hidden one, which `find` passes over."""
    assert user.client is not None
    return next(one for one in user.client.elements.values() if isinstance(one, ui.table) and "m-table" in one.classes)


async def test_an_empty_list_leads_to_the_import(real: User) -> None:
    await real.open("/contacts")
    await real.should_see("Nenhum contato ainda", retries=30)
    await real.should_see("Importar uma lista")


async def test_the_list_finds_and_the_way_back_shows_everybody(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await factories.contacts(owner_db, owner, 3)
    await real.open("/contacts")
    await real.should_see(kind=ui.table, retries=30)
    assert [row["phone"] for row in _table(real).rows][:2] == ["+55 11 90000-0000", "+55 11 90000-0001"]
    search = next(one for one in real.find(kind=ui.input).elements if "m-search" in one.classes)
    search.value = "Pessoa 2"
    await until(lambda: _length(real, 1))
    search.value = "zzz"
    await real.should_see("Nada encontrado", retries=30)
    click(real, "Mostrar tudo")
    await until(lambda: _length(real, 3))
    assert search.value == ""


async def _length(user: User, count: int) -> bool:
    return len(_table(user).rows) == count and not any(label.text == "Nada encontrado" for label in _labels(user))


def _labels(user: User) -> list[ui.label]:
    assert user.client is not None
    return [one for one in user.client.elements.values() if isinstance(one, ui.label)]


async def test_a_known_number_is_said_and_a_new_one_saved(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    await contacts.create_contact(as_owner, ContactCreate(name="Beatriz", phone="11 98765-4321"))
    await real.open("/contacts")
    await real.should_see(kind=ui.table, retries=30)
    click(real, "Novo contato")
    await real.should_see("Várias, separadas por vírgula.", retries=20)
    field(real, "Nome").value = "Bia"
    field(real, "Telefone").value = "(11) 98765-4321"
    click(real, "Salvar")
    await real.should_see("Já existe um contato com isto.", retries=30)
    await real.should_see("Abrir esse contato")
    field(real, "Telefone").value = "(11) 98765-0000"
    click(real, "Salvar")
    names = "select name from contact where company_id = $1 order by name"
    await until(lambda: owner_db.fetchval("select count(*) = 2 from contact where company_id = $1", owner.company_id))
    assert [row["name"] for row in await owner_db.fetch(names, owner.company_id)] == ["Beatriz", "Bia"]


async def test_a_contact_has_its_name_on_top_and_keeps_a_note(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    made = await contacts.create_contact(as_owner, ContactCreate(name="Beatriz Nunes", phone="11 98765-4321", tags=["vip"]))
    await real.open(f"/contacts/{made.id}")
    for text in ("Beatriz Nunes", "+55 11 98765-4321", "vip", "Pode receber mensagens", "Novo negócio"):
        await real.should_see(text, retries=30)
    field(real, "Nova anotação").value = "Prefere ligar à tarde."
    click(real, "Anotar")
    await real.should_see("Prefere ligar à tarde.", retries=30)
    next(one for one in real.find(kind=ui.switch).elements if one.props["aria-label"] == "Pode receber mensagens").value = False
    await until(lambda: owner_db.fetchval("select opted_out_at is not null from contact where id = $1", made.id))


async def test_a_contact_is_not_read_again_for_what_the_page_wrote(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient, asked: list[str]
) -> None:
    made = await contacts.create_contact(as_owner, ContactCreate(name="Beatriz", phone="11 98765-4321"))
    await real.open(f"/contacts/{made.id}")
    await real.should_see("Nova anotação", retries=30)
    await real.should_see("Nome", retries=30)
    asked.clear()
    field(real, "Nome").value = "Bia"
    click(real, "Salvar")
    await real.should_see("Salvo.", retries=30)
    field(real, "Nova anotação").value = "Prefere à tarde."
    click(real, "Anotar")
    await until(lambda: true_of(lambda: len(asked) > 1))
    await real.should_see(kind=ui.label, content="Prefere à tarde.", retries=30)
    path = f"/v1/contacts/{made.id}"
    assert asked == [f"PATCH {path}", f"POST {path}/notes"]
    now = await contacts.contact(as_owner, made.id)
    note_id = await owner_db.fetchval("select id from contact_note where contact_id = $1", made.id)
    asked.clear()
    told = ContactsChanged(contact_id=made.id, version=now.version)
    hear(told)
    hear(NotesChanged(contact_id=made.id, note_id=note_id, deleted=False))
    hear(msgspec.structs.replace(told, version=now.version + 1))
    await until(lambda: true_of(lambda: asked.count(f"GET {path}/notes") > 0))
    assert asked.count(f"GET {path}") == 1


async def test_a_contact_that_is_gone_is_said(real: User) -> None:
    await real.open(f"/contacts/{UUID(int=7)}")
    await real.should_see("Este contato não existe mais", retries=30)
    await real.should_see("Voltar para a lista")
    await real.should_not_see("Anotações")


async def test_a_list_is_mapped_started_and_its_bad_rows_explained(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    found = await _uploaded(as_owner, owner)
    await real.open(f"/imports/{found.id}")
    for text in ("O que há em cada coluna?", "Celular", "Recife · Olinda", "Primeiras linhas do arquivo"):
        await real.should_see(text, retries=30)
    choices = sorted(real.find(kind=ui.select).elements, key=lambda one: one.id)
    assert [choice.value for choice in choices] == ["name", "phone", "email", "custom"]
    choices[1].value = choices[2].value = "ignore"
    click(real, "Importar")
    await real.should_see("Diga qual coluna tem os telefones ou os e-mails.", retries=30)
    choices[1].value, choices[2].value = "phone", "email"
    click(real, "Importar")
    await real.should_see("Os seus contatos estão entrando", retries=30)
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    for text in ("Linhas que ficaram de fora", "contatos criados", "O telefone tem dígitos de menos."):
        await real.should_see(text, retries=30)
    email, phone = (field(real, name) for name in ("E-mail", "Celular"))
    assert (email.value, phone.value) == ("x@", "123")
    assert await owner_db.fetchval("select name from contact where company_id = $1", owner.company_id) == "Ana"
    file = await real.http_client.get(f"/imports/{found.id}/rejects.csv")
    assert (file.status_code, "Zé Lima" in file.text) == (200, True)


async def test_a_second_phone_is_chosen_by_hand(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    found = await _uploaded(
        as_owner, owner, "Nome;Celular;Cidade;Recado\nAna;(11) 98765-4321;Recife;\nCaio;;Olinda;(11) 98765-0001\n"
    )
    await real.open(f"/imports/{found.id}")
    await real.should_see("O que há em cada coluna?", retries=30)
    choices = sorted(real.find(kind=ui.select).elements, key=lambda one: one.id)
    assert [choice.value for choice in choices] == ["name", "phone", "custom", "second_phone"]
    choices[1].value, choices[2].value, choices[3].value = "second_phone", "ignore", "phone"
    click(real, "Importar")
    await real.should_see("Os seus contatos estão entrando", retries=30)
    await run_import(owner.company_id, RunImport(import_id=found.id))
    phones = "select array_agg(value order by value) from contact_identity where company_id = $1 and kind = 'phone'"
    assert await owner_db.fetchval(phones, owner.company_id) == ["+5511987650001", "+5511987654321"]
    assert [one.label for one in await contacts.fields(as_owner)] == ["Celular"]


async def test_a_row_is_mended_by_enter_and_the_next_one_is_at_hand(real: User, owner: Actor, as_owner: ApiClient) -> None:
    found = await _uploaded(as_owner, owner, LIST + "Bia;12;;\nCaio;11 98765-0001;;\n")
    columns = [ColumnChoice(index=c.index, target=c.target, field_key=c.field_key) for c in found.columns]  # type: ignore[arg-type]
    await contacts.start_import(as_owner, found.id, ImportStart(columns=columns))
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    await real.should_see("Zé Lima", retries=30)
    inputs = sorted(real.find(kind=ui.input).elements, key=lambda one: one.id)
    assert [one.value for one in inputs] == ["x@", "123", "12"]

    def enter(control: ui.input) -> None:
        UserInteraction(real, {control}, None).trigger("keydown.enter")

    inputs[0].value, inputs[1].value = "", "11 98765-0000"
    enter(inputs[0])  # there is another cell in the row
    enter(inputs[1])
    await real.should_see("1 linha entrou.", retries=30)
    await real.should_not_see("Zé Lima")
    inputs[2].value = "34"
    enter(inputs[2])
    await until(lambda: true_of(lambda: inputs[2].props.get("aria-invalid") == "true"))
    inputs[2].value = "(11) 98765-0002"
    click(real, "Importar as corrigidas")
    await until(lambda: true_of(lambda: inputs[2].is_deleted))
    left = await contacts.one_import(as_owner, found.id)
    assert (left.created, left.rejected, left.processed) == (4, 0, 4)


async def test_a_mended_row_about_somebody_of_the_list_is_said_and_counted(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    found = await _uploaded(as_owner, owner)
    columns = [ColumnChoice(index=c.index, target=c.target, field_key=c.field_key) for c in found.columns]  # type: ignore[arg-type]
    await contacts.start_import(as_owner, found.id, ImportStart(columns=columns))
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    await real.should_see("Zé Lima", retries=30)
    await real.should_not_see("Repetidas")
    field(real, "E-mail").value, field(real, "Celular").value = "", "(11) 98765-4321"  # Ana's
    click(real, "Importar as corrigidas")
    await real.should_see("1 linha é de quem já veio nesta lista: só entrou o que faltava.", retries=30)
    await real.should_see("Repetidas", retries=30)
    await real.should_not_see("linha entrou")
    left = await contacts.one_import(as_owner, found.id)
    assert (left.created, left.repeated, left.rejected, left.processed) == (1, 1, 0, 2)
    assert await owner_db.fetchval("select array_agg(name) from contact where company_id = $1", owner.company_id) == ["Ana"]


async def test_a_list_of_column_names_alone_is_said_and_cannot_be_started(real: User, owner: Actor, as_owner: ApiClient) -> None:
    found = await _uploaded(as_owner, owner, LIST.splitlines()[0] + "\n")
    await real.open(f"/imports/{found.id}")
    await real.should_see("O arquivo só tem a primeira linha", retries=30)
    await real.should_see("Outra lista")
    await real.should_not_see(kind=ui.button, content="Importar")


async def test_imports_so_far_are_listed(real: User, owner: Actor, as_owner: ApiClient) -> None:
    found = await _uploaded(as_owner, owner)
    columns = [ColumnChoice(index=c.index, target=c.target, field_key=c.field_key) for c in found.columns]  # type: ignore[arg-type]
    await contacts.start_import(as_owner, found.id, ImportStart(columns=columns))
    await run_import(owner.company_id, RunImport(import_id=found.id))
    await real.open("/imports")
    for text in ("Solte a sua planilha aqui ou clique para escolher", "lista.csv", "1 novo", "1 fora"):
        await real.should_see(text, retries=30)


async def test_an_import_is_undone_after_its_numbers_were_read(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    found = await _uploaded(as_owner, owner, LIST.replace("123;x@", "11 98765-0000;"))
    columns = [ColumnChoice(index=c.index, target=c.target, field_key=c.field_key) for c in found.columns]  # type: ignore[arg-type]
    await contacts.start_import(as_owner, found.id, ImportStart(columns=columns))
    await run_import(owner.company_id, RunImport(import_id=found.id))
    person = (await contacts.contacts(as_owner, {"search": "Ana"})).items[0]
    await contacts.add_note(as_owner, person.id, "Prefere de tarde")
    await real.open(f"/imports/{found.id}")
    await real.should_see("Desfazer importação", retries=30)
    click(real, "Desfazer importação")
    for text in ("1 contato sai.", "1 fica: com anotações.", "Quem pediu para não receber continua sem receber"):
        await real.should_see(text, retries=30)
    click(real, "Desfazer importação")
    await real.should_see("A importação está sendo desfeita", retries=30)
    hear(ImportProgress(import_id=found.id, state=ImportState.UNDOING, processed=1, total=2))
    await real.should_see("1 de 2 · 50%", retries=30)
    await undo_import(owner.company_id, UndoImport(import_id=found.id))
    hear(ImportProgress(import_id=found.id, state=ImportState.UNDONE, processed=2, total=2))
    for text in ("A importação foi desfeita.", "Por que alguns ficaram"):
        await real.should_see(text, retries=30)
    assert await owner_db.fetchval("select array_agg(name) from contact where company_id = $1", owner.company_id) == ["Ana"]


async def test_an_undone_import_lists_no_rows_to_look_at(real: User, owner: Actor, as_owner: ApiClient) -> None:
    found = await _uploaded(as_owner, owner)
    columns = [ColumnChoice(index=c.index, target=c.target, field_key=c.field_key) for c in found.columns]  # type: ignore[arg-type]
    await contacts.start_import(as_owner, found.id, ImportStart(columns=columns))
    await run_import(owner.company_id, RunImport(import_id=found.id))
    assert (await contacts.one_import(as_owner, found.id)).rejected == 1
    await contacts.undo_import(as_owner, found.id)
    await undo_import(owner.company_id, UndoImport(import_id=found.id))
    await real.open(f"/imports/{found.id}")
    await real.should_see("A importação foi desfeita.")
    await real.should_not_see("Linhas para conferir")


async def test_fields_are_made_renamed_and_deleted(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    async def labels() -> list[str]:
        return [one.label for one in await contacts.fields(as_owner)]

    await real.open("/contacts/fields")
    await real.should_see("Nenhum campo ainda", retries=30)
    click(real, "Novo campo")
    await real.should_see("Tipo", retries=30)
    field(real, "Nome").value = "Telefone"
    click(real, "Salvar")
    await real.should_see("Já existe um campo chamado Telefone. Escolha outro nome.", retries=30)
    field(real, "Nome").value = "Cidade"
    click(real, "Salvar")
    await real.should_see("1 de 200 campos", retries=30)
    assert await labels() == ["Cidade"]
    await contacts.create_contact(as_owner, ContactCreate(name="Ana", custom={"cidade": "Recife"}))
    sms = await factories.channel(owner_db, owner, "sms")
    await factories.campaign(owner_db, owner, sms, body="Oi {{custom.cidade|aí}}", name="Liquidação")
    await real.open("/contacts/fields")
    await real.should_see("1 contato", retries=30)
    click_icon(real, "Alterar Cidade")
    await real.should_see("Os textos que o usam continuam funcionando.", retries=30)
    field(real, "Nome").value = "Município"
    click(real, "Salvar")
    await until(lambda: true_of(lambda: renamed(real)))
    assert await labels() == ["Município"]
    click_icon(real, "Excluir Município")
    for text in ("O valor de 1 contato some para sempre.", "O rascunho “Liquidação” usa este campo."):
        await real.should_see(text, retries=30)
    click(real, "Excluir")
    await real.should_see("Nenhum campo ainda", retries=30)
    assert await labels() == []


def renamed(user: User) -> bool:
    return any(label.text == "Município" for label in _labels(user))


def click_icon(user: User, label: str) -> None:
    """The button that has only a symbol."""
    found = next(one for one in user.find(kind=ui.button).elements if one.props.get("aria-label") == label)
    UserInteraction(user, {found}, None).click()
