"""Roles of a company's own, as people meet them."""

from collections.abc import Collection
from typing import Any

import asyncpg
import httpx
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.accounts import TeamRoleCreate, TeamRolePatch
from api.contract.enums import Permission as P
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import bearer, make_member
from tests.ui.interactions import click, field, until
from ui import live, routing
from ui.client import accounts
from ui.client.base import ApiClient
from ui.labels.rights import lines


def tick(user: User, name: str) -> ui.checkbox:
    assert user.client is not None
    return next(
        one for one in user.client.elements.values() if isinstance(one, ui.checkbox) and one.props.get("aria-label") == name
    )


def test_every_right_stands_in_the_matrix_once() -> None:
    shown = [permission for line in lines() for permission in (line.see, line.change) if permission is not None]
    assert sorted(shown) == sorted(P)


async def test_a_role_is_made_by_ticking_and_goes_with_the_one_they_get_instead(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await real.open("/team/roles")
    await real.should_see("Nenhuma função própria ainda")
    click(real, "Nova função")
    await real.should_see("Começar a partir de", retries=30)
    field(real, "Nome").value = "Recepção"
    tick(real, "Mudar contatos").value = True
    assert tick(real, "Ver contatos").value, "who changes something sees it"
    tick(real, "Exportar contatos").value = True
    tick(real, "Ver contatos").value = False
    assert not tick(real, "Exportar contatos").value, "who sees nothing takes nothing away"
    tick(real, "Ver conversas").value = True
    click(real, "Salvar")

    async def made() -> list[Any]:
        return [one for one in await accounts.roles(as_owner) if one.id]

    (role,) = await until(made)
    assert (role.name, role.permissions) == ("Recepção", [P.CONVERSATIONS_READ])
    await make_member(owner_db, owner, Role.CUSTOM, role_id=role.id)
    await real.open("/team/roles")
    await real.should_see("Pessoa custom tem esta função.", retries=30)
    assert real.client is not None
    found = {one for one in real.client.elements.values() if one.props.get("aria-label") == "Excluir Recepção"}
    UserInteraction(real, found, None).click()
    await real.should_see("Elas passam a ter esta função", retries=30)
    field(real, "Elas passam a ter esta função").value = "viewer"
    click(real, "Excluir")

    async def gone() -> bool:
        return not [one for one in await accounts.roles(as_owner) if one.id]

    await until(gone)


async def test_what_one_may_not_do_cannot_be_ticked_nor_given(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    head = await make_member(owner_db, owner, Role.CUSTOM, picked=[P.TEAM_READ, P.TEAM_WRITE, P.CONTACTS_READ])
    await signed_in(real, owner_db, head)
    await real.open("/team/roles")
    await real.should_see("Funções da sua empresa", retries=30)
    click(real, "Nova função")
    await real.should_see("Começar a partir de", retries=30)
    assert tick(real, "Ver contatos").enabled
    assert not tick(real, "Mudar contatos").enabled
    field(real, "Começar a partir de").value = "admin"
    assert tick(real, "Ver contatos").value
    assert not tick(real, "Mudar contatos").value


async def signed_in(user: User, owner_db: asyncpg.Connection, actor: Actor) -> None:
    user.http_client.cookies.set("mia_session", (await bearer(owner_db, actor))["Authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize(
    "picked", [[], [P.CONTACTS_READ], [P.CONVERSATIONS_READ, P.CONVERSATIONS_WRITE], [P.BOARDS_READ, P.LEADS_WRITE]]
)
async def test_every_page_stands_for_a_role_that_sees_little(
    real: User, owner_db: asyncpg.Connection, owner: Actor, picked: Collection[P]
) -> None:
    """Refused as a whole, or drawn without what it does not see: no page breaks, and none asks for what is refused."""
    await signed_in(real, owner_db, await make_member(owner_db, owner, Role.CUSTOM, picked=picked))
    wrong = []
    for path, listed in routing._pages.items():
        if listed.public or listed.dev or "{" in path or path.endswith(".csv"):
            continue
        answer: httpx.Response = await real.http_client.get(path)
        may = listed.permission is None or listed.permission in picked
        if answer.status_code != (200 if may else 403) and answer.status_code not in (303, 307):
            wrong.append((path, answer.status_code))
    assert wrong == []


async def test_an_open_page_says_that_the_rights_changed(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    role = await accounts.create_role(
        as_owner, TeamRoleCreate(name="Caixa", permissions=[P.CONTACTS_READ, P.CONTACTS_WRITE, P.EVENTS_READ])
    )
    assert role.id is not None
    await signed_in(real, owner_db, await make_member(owner_db, owner, Role.CUSTOM, role_id=role.id))
    await real.open("/contacts")
    await accounts.change_role(as_owner, role.id, TeamRolePatch(permissions=[P.CONTACTS_READ, P.EVENTS_READ]), role.version)
    for hub in live._hubs.values():
        hub._reset()
    await real.should_see("Suas permissões mudaram.", retries=30)
