"""The second step on the screens: set up with a picture and a first code, asked for at sign-in, and the one page of who lacks it."""

import asyncpg
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from db.accounts.passwords import hash_password
from db.tenancy import Actor
from tests.api.conftest import PASSWORD
from tests.api.second_factor_provocations import code, turned_on
from tests.ui.interactions import click, field, true_of, until


async def with_password(owner_db: asyncpg.Connection, owner: Actor) -> str:
    """The owner's address."""
    stored = await hash_password(PASSWORD)
    return str(
        await owner_db.fetchval("update account_user set password_hash = $2 where id = $1 returning email", owner.id, stored)
    )


def _codes(user: User) -> list[str]:
    assert user.client is not None
    return [getattr(one, "text", "") for one in user.client.elements.values() if getattr(one, "tag", "") == "li"]


def _enter(user: User) -> None:
    """The button of the form itself, beside those of the providers."""
    found = {one for one in user.find(kind=ui.button, content="Entrar").elements if one.text == "Entrar"}
    UserInteraction(user, found, None).click()


def _secret(user: User) -> str:
    """The key that stands under the picture."""
    assert user.client is not None
    labels = [one.text for one in user.client.elements.values() if isinstance(one, ui.label)]
    return next(text for text in labels if len(text) == 32 and text.isalnum())


async def test_an_app_is_set_up_in_three_steps(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await with_password(owner_db, owner)
    await real.open("/settings?tab=security")
    await real.should_see("Segunda etapa ao entrar")
    click(real, "Configurar")
    await real.should_see("Para que ninguém mais configure isto por você.")
    field(real, "Senha atual").value = "not this one"
    click(real, "Continuar")
    await real.should_see("A senha atual não confere.")
    field(real, "Senha atual").value = PASSWORD
    click(real, "Continuar")
    await real.should_see("Não consegue ler? Digite esta chave no aplicativo:")
    assert real.client is not None
    [picture] = [one for one in real.client.elements.values() if isinstance(one, ui.html) and "m-qr" in one._classes]
    assert picture.content.startswith("<svg")
    secret = _secret(real)
    field(real, "Código do aplicativo").value = "12"
    click(real, "Ativar")
    await real.should_see("Um código tem pelo menos 6 dígitos.")
    field(real, "Código do aplicativo").value = "000000x"
    click(real, "Ativar")
    await real.should_see("Este código não está certo ou já foi usado. Espere o próximo do aplicativo.")
    field(real, "Código do aplicativo").value = code(secret)
    click(real, "Ativar")
    await real.should_see("Guarde estes códigos onde você os ache sem o celular. Eles não aparecem de novo.")
    assert len([one for one in _codes(real) if one.count("-") == 3]) == 10
    click(real, "Já guardei")
    await real.should_see("Restam 10 códigos de recuperação.")
    assert await owner_db.fetchval("select second_factor_at is not null from account_user where id = $1", owner.id)


async def test_sign_in_asks_for_the_code_in_the_same_form(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    email = await with_password(owner_db, owner)
    secret, _ = await turned_on(owner)
    await real.open("/sign-in?next=/team")
    field(real, "E-mail").value = email
    field(real, "Senha").value = PASSWORD
    _enter(real)
    await real.should_see("Código do aplicativo")
    await real.should_see("Não pedir neste navegador por 30 dias")
    field(real, "Código do aplicativo").value = "000000x"
    _enter(real)
    await real.should_see("Este código não está certo ou já foi usado.")
    field(real, "Código do aplicativo").value = code(secret)
    _enter(real)
    opened = "select count(*) from audit_log where actor_id = $1 and action = 'session.opened'"

    async def once() -> bool:
        return bool(await owner_db.fetchval(opened, owner.id) == 1)

    await until(once)


async def test_who_lacks_it_is_led_to_one_page(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await with_password(owner_db, owner)
    await owner_db.execute("update company set second_factor_required = true where id = $1", owner.company_id)
    away = await real.http_client.get("/inbox?x=1")
    assert (away.status_code, away.headers["location"]) == (303, "/second-factor?next=%2Finbox%3Fx%3D1")
    await real.open("/second-factor?next=/team")
    await real.should_see("Falta um passo")
    field(real, "Senha atual").value = PASSWORD
    click(real, "Continuar")
    await real.should_see("Não consegue ler? Digite esta chave no aplicativo:")
    secret = _secret(real)
    field(real, "Código do aplicativo").value = code(secret)
    click(real, "Ativar")
    await real.should_see("Já guardei")
    back = await real.http_client.get("/second-factor")
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert (await real.http_client.get("/team")).status_code == 200


async def test_an_owner_asks_it_of_everybody_only_after_their_own(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await with_password(owner_db, owner)
    await real.open("/settings?tab=security")
    await real.should_see("Configure primeiro a sua.")
    assert real.client is not None
    [rule] = [one for one in real.client.elements.values() if isinstance(one, ui.switch)]
    rule.value = True
    await real.should_see("Pedir a segunda etapa a todos?")
    click(real, "Pedir a todos")
    await real.should_see("Configure antes os códigos de um aplicativo autenticador para você.")
    await until(lambda: true_of(lambda: not any(one.value for one in real.find(kind=ui.switch).elements)))
    assert not await owner_db.fetchval("select second_factor_required from company where id = $1", owner.company_id)
