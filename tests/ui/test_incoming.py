"""Incoming webhooks on the screen: one is made, a sample is posted, its values are pressed into fields, tried out and saved."""

from uuid import uuid4

from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.campaigns import CampaignCreate
from api.contract.enums import IncomingState
from api.contract.incoming import EnrolInCampaign, IncomingDelivery, IncomingHook, IncomingHookPatch, UpsertContact
from db.incoming import deliveries
from db.tenancy import Actor
from tests.ui.interactions import click, field, press, until
from ui.client import campaigns
from ui.client import incoming as client
from ui.client.base import ApiClient


async def test_the_first_webhook_is_made_and_its_address_shown_once(real: User, as_owner: ApiClient) -> None:
    for one in await client.hooks(as_owner):
        await client.delete(as_owner, one.id)
    await real.open("/incoming")
    await real.should_see("Deixe seu formulário ou loja avisar quem escreveu")
    click(real, "Criar o primeiro webhook")
    await real.should_see("Primeiro só um nome.")
    field(real, "Nome").value = "Formulário"
    click(real, "Criar")
    await real.should_see("/v1/hooks/in/in_")
    (hook,) = await client.hooks(as_owner)
    assert (hook.name, hook.steps, hook.enabled) == ("Formulário", [], True)
    click(real, "Continuar")
    await real.should_see("Ainda não chegou nada")


async def test_values_are_pressed_into_fields_tried_and_saved(real: User, as_owner: ApiClient, owner: Actor) -> None:
    hook = (await client.create(as_owner, f"Site {uuid4().hex[:6]}")).hook
    draft = await campaigns.create(as_owner, CampaignCreate(name="Boas-vindas"))
    came = await client.test(as_owner, hook.id, {"nome": "Ana Lima", "fone": "11 98765-4321", "itens": [{"sku": "B-7"}]})
    await deliveries.run(owner.company_id, came.id)
    await real.open(f"/incoming/{hook.id}")
    await real.should_see("itens[0].sku")
    await real.should_see("Colocar o contato em uma campanha")
    press(real, "fone")
    UserInteraction(real, {field(real, "Nome")}, None).trigger("focus")
    press(real, "nome")
    assert (field(real, "Telefone").value, field(real, "Nome").value) == ("{{fone}}", "{{nome}}")
    click(real, "Testar")
    await real.should_see("Com o último que chegou aconteceria isto.")
    await real.should_see("Um contato novo: Ana Lima")
    field(real, "Telefone").value = "{{cpf}}"
    click(real, "Testar")
    await real.should_see("Telefone: No que chegou não há nada em cpf.")
    field(real, "Telefone").value = "{{fone}}"
    field(real, "Seu código").value = "{{codigo}}"
    campaign = next(
        one for one in real.find(kind=ui.switch).elements if one.props["aria-label"] == "Colocar o contato em uma campanha"
    )
    campaign.value = True
    click(real, "Salvar")
    field(real, "Campanha").value = draft.id
    click(real, "Testar")
    await real.should_see("Campanha: Boas-vindas")
    click(real, "Salvar")

    async def saved() -> list[object]:
        return list((await client.hook(as_owner, hook.id)).steps)

    assert await until(saved) == [
        UpsertContact(external_id="{{codigo}}", phone="{{fone}}", name="{{nome}}"),
        EnrolInCampaign(campaign_id=draft.id),
    ]


async def test_the_log_says_what_was_wrong_and_carries_out_again(real: User, as_owner: ApiClient, owner: Actor) -> None:
    hook = (await client.create(as_owner, f"Loja {uuid4().hex[:6]}")).hook
    await client.change(as_owner, hook, IncomingHookPatch(steps=[UpsertContact(phone="{{telefone}}")]))
    came = await client.test(as_owner, hook.id, {"fone": "11 98765-4321"})
    await deliveries.run(owner.company_id, came.id)
    await real.open(f"/incoming/{hook.id}?tab=log")
    await real.should_see("Telefone: No que chegou não há nada em telefone.")
    press(real, "Telefone: No que chegou não há nada em telefone.")
    await real.should_see("11 98765-4321")
    click(real, "Executar de novo")
    await real.should_see("Executar de novo?")
    click(real, "Executar de novo")

    async def again() -> list[IncomingDelivery]:
        found = (await client.deliveries(as_owner, hook.id)).items
        return [one for one in found if one.same_as == came.id and one.state is IncomingState.WAITING]

    assert len(await until(again)) == 1


async def test_settings_keep_what_makes_two_one_and_mark_what_is_wrong(real: User, as_owner: ApiClient) -> None:
    hook = (await client.create(as_owner, f"Loja {uuid4().hex[:6]}")).hook
    await real.open(f"/incoming/{hook.id}?tab=settings")
    await real.should_see("Dois envios são um só por")
    field(real, "Nome").value = "Loja nova"
    field(real, "Guardar o que chegou").value = 3
    click_first(real)

    async def changed() -> IncomingHook | None:
        found = await client.hook(as_owner, hook.id)
        return found if found.name == "Loja nova" else None

    assert (await until(changed)).keep_days == 3


def click_first(user: User) -> None:
    """The first button that saves: that of the general settings."""
    buttons = user.find(kind=ui.button, content="Salvar").elements
    UserInteraction(user, {min(buttons, key=lambda one: one.id)}, None).click()
