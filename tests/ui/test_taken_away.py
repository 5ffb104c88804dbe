"""What people end, give away or take back on the screens: nothing before they were asked, and then exactly that."""

import gc
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.accounts import InvitationCreate
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import links_mailed, make_member
from tests.ui.interactions import choose, click, field, true_of, until
from ui.client import accounts
from ui.client.base import ApiClient
from ui.components.menus import Choice, choices
from ui.components.toast import toast


async def test_a_draft_is_cloned_and_the_copy_deleted(
    real: User, owner_db: asyncpg.Connection, owner: Actor, paths: list[str]
) -> None:
    made = await factories.campaign(owner_db, owner, await factories.channel(owner_db, owner), body="Oi", name="Natal")
    names = "select name from campaign where company_id = $1 order by created_at"
    await real.open("/campaigns")
    await real.should_see("Natal")
    choose(real, "Duplicar")
    await until(lambda: true_of(lambda: bool(paths)))
    (copy,) = await owner_db.fetch("select id, name from campaign where company_id = $1 and id <> $2", owner.company_id, made)
    assert paths == [f"/campaigns/{copy['id']}/edit"]
    await owner_db.execute("update campaign set name = 'Cópia' where id = $1", copy["id"])
    await owner_db.execute("delete from campaign where id = $1", made)
    await real.open("/campaigns")
    await real.should_see("Cópia")
    choose(real, "Excluir")
    await real.should_see("Excluir “Cópia”?")
    assert len(await owner_db.fetch(names, owner.company_id)) == 1
    click(real, "Excluir")
    await real.should_see("Rascunho excluído.")
    assert await owner_db.fetch(names, owner.company_id) == []


async def test_a_running_campaign_is_cancelled_once_somebody_is_sure(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner)
    made = await factories.campaign(owner_db, owner, channel, body="Oi", name="Natal", state="paused", state_reason="person")
    state = "select state from campaign where id = $1"
    await real.open("/campaigns")
    await real.should_see("Natal")
    choose(real, "Cancelar a campanha")
    await real.should_see("Cancelar esta campanha?")
    assert await owner_db.fetchval(state, made) == "paused"
    click(real, "Cancelar a campanha")
    await real.should_see("Cancelada. Nada mais será enviado.")
    assert await owner_db.fetchval(state, made) in {"cancelled", "cancelling"}


async def test_a_colleague_gets_another_role_and_goes_and_an_invitation_ends(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    colleague = await make_member(owner_db, owner, Role.AGENT)
    role = "select role from membership where company_id = $1 and user_id = $2"
    await accounts.invite(as_owner, InvitationCreate(email=f"{uuid4().hex}@example.com", role=Role.VIEWER))
    await real.open("/team")
    await real.should_see("Pessoa agent")
    await real.should_see("Revogar")
    choose(real, "Gerente")
    await real.should_see("Pessoa agent agora é Gerente.")
    assert await owner_db.fetchval(role, owner.company_id, colleague.id) == "manager"
    click(real, "Revogar")
    await real.should_see("O convite não funciona mais.")
    assert (await accounts.invitations(as_owner)).items == []
    choose(real, "Remover da equipe")
    await real.should_see("Remover Pessoa agent?")
    assert await owner_db.fetchval(role, owner.company_id, colleague.id) == "manager"
    click(real, "Remover")
    await real.should_see("Pessoa agent saiu da equipe.")
    assert await owner_db.fetchval(role, owner.company_id, colleague.id) is None


async def test_a_contact_is_deleted_once_somebody_is_sure(
    real: User, owner_db: asyncpg.Connection, owner: Actor, paths: list[str]
) -> None:
    await factories.contacts(owner_db, owner, 2)
    first, second = [row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)]
    await real.open(f"/contacts/{first}")
    await real.should_see("Excluir contato")
    choose(real, "Excluir contato")
    await real.should_see("Excluir este contato?")
    click(real, "Excluir")
    await until(lambda: true_of(lambda: paths == ["/contacts"]))
    assert await owner_db.fetchval("select array_agg(id) from contact where company_id = $1", owner.company_id) == [second]


@pytest.mark.parametrize("everybody", [False, True])
async def test_what_is_ticked_is_what_is_changed(real: User, owner_db: asyncpg.Connection, owner: Actor, everybody: bool) -> None:
    """One by their ids; all that the list shows by its search, never more."""
    await factories.contacts(owner_db, owner, 30)
    await real.open("/contacts?q=Pessoa 1")
    (table,) = await until(lambda: _tables(real, 11))
    rows: list[dict[str, Any]] = table.rows if everybody else table.rows[:1]
    UserInteraction(real, {table}, None).trigger("selection", {"added": True, "rows": rows, "keys": [row["id"] for row in rows]})
    await real.should_see("Descadastrar")
    click(real, "Descadastrar")
    await real.should_see("Descadastrar estes contatos?")
    click(real, "Descadastrar")
    asked = "select filter::text from contact_bulk where company_id = $1"
    found = await until(lambda: owner_db.fetchval(asked, owner.company_id))
    ids = {row["id"] for row in rows}
    assert all(one in found for one in ids)
    assert '"everyone":true' not in found.replace(" ", "")
    assert len(ids) == (11 if everybody else 1)


async def _tables(user: User, rows: int) -> list[ui.table]:
    assert user.client is not None
    return [one for one in user.client.elements.values() if isinstance(one, ui.table) and len(one.rows) == rows]


async def test_a_forgotten_password_is_replaced_by_the_link_and_the_link_ends(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    email = await owner_db.fetchval("select email from account_user where id = $1", owner.id)
    cookies: httpx.Cookies = real.http_client.cookies
    cookies.clear()
    await real.open("/forgot-password")
    click(real, "Enviar link")
    await real.should_see("Preencha este campo.")
    field(real, "E-mail").value = email
    click(real, "Enviar link")
    await real.should_see("Se houver uma conta com este endereço, o e-mail está a caminho.")
    (link,) = await links_mailed(owner_db, email)
    token = link.partition("token=")[2]
    before = await owner_db.fetchval("select password_hash from account_user where id = $1", owner.id)
    await real.open(f"/reset-password?token={token}")
    field(real, "Nova senha").value = "curta"
    click(real, "Salvar e entrar")
    assert await owner_db.fetchval("select password_hash from account_user where id = $1", owner.id) == before
    field(real, "Nova senha").value = "uma-senha-bem-longa"
    click(real, "Salvar e entrar")
    hashed = "select password_hash from account_user where id = $1 and password_hash <> $2"
    await until(lambda: owner_db.fetchval(hashed, owner.id, before))
    await real.should_see("Buscar", retries=30)  # the page that follows has come, and takes the next one's place no more
    await real.open(f"/reset-password?token={token}")
    field(real, "Nova senha").value = "outra-senha-bem-longa"
    click(real, "Salvar e entrar")
    await real.should_see("Enviar um novo link")


async def test_a_press_counts_although_its_line_is_drawn_anew_meanwhile(real: User, owner: Actor) -> None:
    await real.open("/campaigns")
    await real.should_see("Nenhuma campanha ainda")
    assert real.client is not None
    with real.client.content:
        box = ui.element("div")
    with box, ui.element("div"):
        choices([Choice("Fazer isso", lambda: toast("Está feito."))])
    choose(real, "Fazer isso")  # what it does has not begun yet
    box.clear()
    gc.collect()
    await real.should_see("Está feito.")


@pytest.fixture
def paths(real: User, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the page leads."""
    found: list[str] = []
    monkeypatch.setattr(real.navigate, "to", lambda target, *_rest, **_named: found.append(str(target)))
    return found
