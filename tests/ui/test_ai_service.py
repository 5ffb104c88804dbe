"""The page of the AI service, over the real API and database: connected by a card, budgeted, priced."""

from typing import Any
from uuid import uuid4

import asyncpg
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.ai import AiBudgetSet, AiConnection, AiConnectionSet, AiPriceSet
from api.contract.enums import BudgetPeriod, BudgetScope, EmbedderKind, Provider
from api.contract.events import AiBudgetsChanged, AiConnectionChanged, PersonaChanged
from api.contract.personas import PersonaCreate
from db.tenancy import Actor
from tests.ui.interactions import click, field, hear, press, until
from ui.client import ai as client
from ui.client import personas
from ui.client.base import ApiClient


async def connected(api: ApiClient) -> AiConnection | None:
    found = await client.connection(api)
    return found if found.provider is not None else None


async def test_without_a_key_the_simulated_model_is_one_press_away(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    await real.open("/settings/ai")
    await real.should_see("Ainda sem serviço de IA", retries=30)
    click(real, "Conectar")
    await real.should_see("Quem fornece os modelos?", retries=30)
    click(real, "Salvar e testar")
    await real.should_see("Preencha este campo", retries=30)
    press(real, "Experimentar sem chave")
    await real.should_see("Não há mais nada a preencher", retries=30)
    click(real, "Salvar e testar")

    async def there() -> AiConnection | None:
        return await connected(as_owner)

    found = await until(there)
    assert (found.provider, found.chat_model, found.embedder) == (Provider.SANDBOX, "gpt-6.1-terra", EmbedderKind.SERVICE)
    await real.should_see("Testando a chave, os modelos e uma resposta", retries=30)
    await owner_db.execute(
        "update ai_connection set state = 'no_credit', checked_at = now(), findings = $2::jsonb where company_id = $1",
        owner.company_id,
        '[{"step": "key", "failure": null, "detail": ""}, {"step": "chat", "failure": "ai_no_credit", "detail": "quota"}]',
    )
    hear(AiConnectionChanged())
    await real.should_see("Parado: sem crédito", retries=30)
    await real.should_see("A chave funciona.", retries=30)
    await real.should_see(
        "Uma resposta de teste: Não há mais crédito no seu provedor. Recarregue por lá e teste de novo.", retries=30
    )


async def test_a_form_that_is_being_filled_in_is_not_redrawn(real: User, owner: Actor, as_owner: ApiClient) -> None:
    await client.connect(as_owner, AiConnectionSet(provider=Provider.SANDBOX), 0)
    await real.open("/settings/ai")
    click(real, "Alterar")
    await real.should_see("Quem fornece os modelos?", retries=30)
    press(real, "Outro servidor")
    await real.should_see("Com /v1 no fim, como a maioria dos servidores pede.", retries=30)
    field(real, "Endereço").value = "https://modelos.example.com/v1"
    hear(AiConnectionChanged())
    field(real, "Modelo para respostas").value = "llama"
    click(real, "Salvar e testar")

    async def moved() -> AiConnection | None:
        found = await client.connection(as_owner)
        return found if found.provider is Provider.COMPATIBLE else None

    found = await until(moved)
    assert (found.base_url, found.chat_model, found.has_key) == ("https://modelos.example.com/v1", "llama", False)


async def test_somebody_else_s_change_takes_nothing_that_was_typed(real: User, owner: Actor, as_owner: ApiClient) -> None:
    await client.connect(as_owner, AiConnectionSet(provider=Provider.SANDBOX), 0)
    await real.open("/settings/ai")
    click(real, "Alterar")
    await real.should_see("Quem fornece os modelos?", retries=30)
    press(real, "OpenAI")
    await real.should_see("Em platform.openai.com, em API keys", retries=30)
    field(real, "Chave").value = "sk-typed-here-0123456789"
    await client.connect(as_owner, AiConnectionSet(provider=Provider.SANDBOX, chat_model="gpt-4o"), 1)
    click(real, "Salvar e testar")
    await real.should_see("Salve de novo para manter o seu.", retries=30)
    await real.should_not_see("Salvo. O teste")
    assert field(real, "Chave").value == "sk-typed-here-0123456789"
    click(real, "Salvar e testar")

    async def moved() -> AiConnection | None:
        found = await client.connection(as_owner)
        return found if found.provider is Provider.OPENAI else None

    assert (await until(moved)).has_key


async def test_from_another_server_to_openai(real: User, as_owner: ApiClient) -> None:
    theirs = AiConnectionSet(provider=Provider.COMPATIBLE, base_url="https://modelos.example.com/v1", chat_model="llama")
    await client.connect(as_owner, theirs, 0)
    await client.set_price(
        as_owner, AiPriceSet(model="llama", input_micro=1, cached_micro=1, cache_write_micro=1, output_micro=1)
    )
    await real.open("/settings/ai")
    click(real, "Alterar")
    await real.should_see("Quem fornece os modelos?", retries=30)
    press(real, "OpenAI")
    await real.should_see("Em platform.openai.com, em API keys", retries=30)
    field(real, "Chave").value = "sk-0123456789abcdef"
    assert field(real, "Modelo para respostas").value == "gpt-6.1-terra"
    click(real, "Salvar e testar")

    async def moved() -> AiConnection | None:
        found = await client.connection(as_owner)
        return found if found.provider is Provider.OPENAI else None

    assert (await until(moved)).chat_model == "gpt-6.1-terra"


async def test_an_organization_outlives_a_change_of_the_model(real: User, as_owner: ApiClient) -> None:
    body = AiConnectionSet(provider=Provider.OPENAI, key="sk-0123456789", chat_model="gpt-4o", organization="org-1")
    await client.connect(as_owner, body, 0)
    await real.open("/settings/ai")
    click(real, "Alterar")
    await real.should_see("Quem fornece os modelos?", retries=30)
    field(real, "Modelo para respostas").value = "gpt-4"
    click(real, "Salvar e testar")

    async def changed() -> AiConnection | None:
        found = await client.connection(as_owner)
        return found if found.chat_model == "gpt-4" else None

    assert (await until(changed)).organization == "org-1"


async def test_saving_one_limit_leaves_what_is_typed_in_another(real: User, as_owner: ApiClient) -> None:
    await client.set_budget(as_owner, AiBudgetSet(scope=BudgetScope.PERSONA, period=BudgetPeriod.DAY, limit_micro=2_000_000))
    await real.open("/settings/ai?tab=budgets")
    await real.should_see("Sem um limite da empresa, nada segura um dia cheio.", retries=30)
    month, day = field(real, "Empresa inteira, por mês"), field(real, "Empresa inteira, por dia")
    month.value, day.value = 25, 3
    save(real, 0)
    await real.should_see("de US$", retries=30)
    await real.should_not_see("Sem um limite da empresa, nada segura um dia cheio.")
    hear(AiBudgetsChanged())
    await client.set_budget(as_owner, AiBudgetSet(scope=BudgetScope.PERSONA, period=BudgetPeriod.DAY, limit_micro=4_000_000))
    each = field(real, "Cada persona, por dia")
    hear(AiBudgetsChanged())

    async def heard() -> bool:
        return bool(each.value == 4)

    await until(heard)
    assert field(real, "Empresa inteira, por dia") is day, "nothing was drawn anew"
    assert (month.value, day.value) == (25, 3)


async def test_a_model_that_was_switched_off_says_so(real: User, as_owner: ApiClient) -> None:
    body = AiConnectionSet(provider=Provider.OPENAI, key="sk-0123456789", chat_model="gpt-3.5-turbo")
    await client.connect(as_owner, body, 0)
    await real.open("/settings/ai")
    await real.should_see("gpt-3.5-turbo: Desligado desde 23 de out. de 2026. Sugerimos gpt-6-luna.", retries=30)
    await real.open("/settings/ai?tab=models")
    await real.should_see("Falta o preço", retries=30)


async def test_limits_and_prices_are_set(real: User, as_owner: ApiClient) -> None:
    await client.connect(as_owner, AiConnectionSet(provider=Provider.SANDBOX), 0)
    await real.open("/settings/ai?tab=budgets")
    await real.should_see("Sem um limite da empresa, nada segura um dia cheio.", retries=30)
    field(real, "Empresa inteira, por mês").value = 25
    save(real, 0)

    async def kept() -> list[Any]:
        return await client.budgets(as_owner)

    (budget,) = await until(kept)
    assert (budget.limit_micro, budget.subject_id) == (25_000_000, None)
    await real.should_see("de US$", retries=30)
    field(real, "Empresa inteira, por mês").value = None
    save(real, 0)

    async def gone() -> bool:
        return not await client.budgets(as_owner)

    await until(gone)
    await real.open("/settings/ai?tab=models")
    click(real, "Adicionar preço")
    await real.should_see("Por um milhão de tokens, a partir de agora.", retries=30)
    field(real, "Modelo").value = "minha-lia"
    field(real, "Texto lido, US$").value = 0.5
    field(real, "Texto escrito, US$").value = 1.25
    click(real, "Salvar")

    async def priced() -> Any:
        found = {model.name: model for model in await client.models(as_owner)}
        return found["minha-lia"].price if "minha-lia" in found else None

    price = await until(priced)
    assert (price.input_micro, price.cached_micro, price.output_micro, price.own) == (500_000, 500_000, 1_250_000, True)
    await real.should_see("Seu preço", retries=30)


def save(user: User, place: int) -> None:
    """Presses the button beside one of the limits."""
    assert user.client is not None
    buttons = sorted((one for one in user.find(kind=ui.button, content="Salvar").elements), key=lambda one: one.id)
    UserInteraction(user, {buttons[place]}, None).click()


async def test_each_persona_has_a_row_and_a_limit_of_its_own(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    name = f"Lia {uuid4().hex[:6]}"
    lia = await personas.create(as_owner, PersonaCreate(name=name))
    await client.set_budget(as_owner, AiBudgetSet(scope=BudgetScope.PERSONA, period=BudgetPeriod.DAY, limit_micro=2_000_000))
    await real.open("/settings/ai?tab=budgets")
    await real.should_see("Cada persona hoje", retries=30)
    await real.should_see("US$ 0,00 de US$ 2,00 · 0%", retries=30)
    limit = field(real, name)
    limit.value = 0.5
    buttons = sorted((one for one in real.find(kind=ui.button, content="Salvar").elements), key=lambda one: one.id)
    UserInteraction(real, {next(one for one in buttons if one.id > limit.id)}, None).click()

    async def own() -> list[int]:
        return [one.limit_micro for one in await client.budgets(as_owner) if one.subject_id == lia.id]

    assert await until(own) == [500_000]
    await real.should_see("US$ 0,00 de US$ 0,50 · 0%", retries=30)
    await personas.delete(as_owner, lia.id)
    hear(PersonaChanged(persona_id=lia.id, version=2, draft_version=1))

    async def gone() -> bool:
        assert real.client is not None
        return not any(getattr(one, "text", "") == name for one in real.client.elements.values())

    await until(gone)


async def test_how_long_records_stay_is_chosen(real: User, as_owner: ApiClient) -> None:
    await real.open("/settings/ai?tab=safety")
    await real.should_see("Verificar abusos nos textos", retries=30)
    days = field(real, "Guardar o registro de cada resposta (dias)")
    assert days.value == 30
    days.value = 90
    save(real, 0)

    async def saved() -> bool:
        return (await client.safety(as_owner)).trace_days == 90

    await until(saved)
    await real.open("/settings/ai?tab=safety")
    await real.should_see("Verificar abusos nos textos", retries=30)
    field(real, "Guardar o registro de cada resposta (dias)").value = None
    save(real, 0)
    await real.should_see("Preencha este campo.", retries=30)
