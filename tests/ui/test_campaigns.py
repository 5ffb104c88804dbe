"""The screens of campaigns over the real API and database: list, wizard, live page."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.campaigns import Campaign, CampaignCreate, CampaignPatch
from api.contract.contacts import ContactFilter
from api.contract.enums import CampaignState
from api.contract.events import CampaignChanged
from db.campaigns import gate, lifecycle
from db.costs.enums import CapScope
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.db.campaigns.test_fallback import staged
from tests.db.campaigns.test_fallback_after import stopped
from tests.ui.interactions import choose, hear, press, true_of, until
from ui.client import campaigns
from ui.client.base import ApiClient
from ui.pages.campaigns.draft import Draft


@pytest.fixture
def ana(real: User) -> User:
    """The owner's browser, in front of the true API."""
    return real


@pytest.fixture
def as_ana(as_owner: ApiClient) -> ApiClient:
    """The API as Ana's other window."""
    return as_owner


async def _rows(db: asyncpg.Connection, actor: Actor, sql: str) -> list[asyncpg.Record]:
    return await db.fetch(sql, actor.company_id)


async def draft(db: asyncpg.Connection, actor: Actor, api: ApiClient, people: int = 4, kind: str = "whatsapp") -> UUID:
    """A draft that could be launched."""
    channel_id = await factories.channel(db, actor, kind)
    await factories.contacts(db, actor, people)
    made = await campaigns.create(api, CampaignCreate(name="Black Friday", channel_id=channel_id))
    everyone = ContactFilter(everyone=True)
    change = CampaignPatch(body="Oi {{first_name|cliente}}, chegou!", audience=everyone)
    if kind == "whatsapp":
        template_id = await factories.template(db, actor, channel_id)
        change = CampaignPatch(template_id=template_id, bindings=factories.BINDINGS, audience=everyone)  # type: ignore[arg-type]
    await campaigns.change(api, made.id, change, made.version)
    return made.id


async def launched(db: asyncpg.Connection, actor: Actor, api: ApiClient, people: int = 4) -> UUID:
    """A campaign whose audience stands in the queue."""
    campaign_id = await draft(db, actor, api, people)
    await campaigns.launch(api, campaign_id, None)
    assert await lifecycle.prepare(actor.company_id, campaign_id) == people
    return campaign_id


# -- tables and numbers ---------------------------------------------------------------------------------------------


async def test_an_empty_list_says_what_a_campaign_is(ana: User) -> None:
    await ana.open("/campaigns")
    await ana.should_see("Nenhuma campanha ainda", retries=20)
    await ana.should_see("Criar campanha")


async def test_the_list_finds_by_name_and_state(ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient) -> None:
    await launched(owner_db, owner, as_ana)
    await campaigns.create(as_ana, CampaignCreate(name="Natal"))
    await ana.open("/campaigns")
    for text in ("Black Friday", "Enviando", "0 / 4", "Natal", "Rascunho"):
        await ana.should_see(text, retries=20)
    await owner_db.execute("update message set state = 8 where company_id = $1 and address = '+5511900000001'", owner.company_id)
    await ana.open("/campaigns")
    await ana.should_see("1 / 4", retries=20)  # who opts out on the way still belongs to the audience
    press(ana, "Rascunhos")
    await ana.should_not_see("Black Friday", retries=20)
    await ana.should_see("Natal")
    ana.find(kind=ui.input).type("xyz")
    await ana.should_see("Nada encontrado", retries=20)


# -- wizard ---------------------------------------------------------------------------------------------------------


async def test_from_nothing_to_launched(ana: User, owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> None:
    channel_id = await factories.channel(owner_db, owner, throughput=1)
    await factories.channel(owner_db, owner, name="Outro")
    await factories.channel(owner_db, owner, name="Parado", state="error", state_reason="payment")
    await factories.template(owner_db, owner, channel_id)
    await factories.contacts(owner_db, owner, 6)
    await owner_db.execute(
        "update contact set opted_out_at = now() where company_id = $1 and name = 'Pessoa 3'", owner.company_id
    )
    await ana.open("/campaigns/new")
    await ana.should_see("Problema de pagamento", retries=20)
    assert not await _rows(owner_db, owner, "select 1 from campaign where company_id = $1")
    (on,) = ana.find("Continuar").elements
    press(ana, "Loja")
    await ana.should_see("Salvo há instantes", retries=20)
    await until(lambda: true_of(lambda: on.enabled))
    assert ana.find("Continuar").elements == {on}  # a redrawn button would lose the press of a quick hand
    ana.find("Continuar").click()
    await ana.should_see("Por etiquetas", retries=30)
    ana.find("Continuar").click()  # nothing is chosen yet: nobody, not everybody
    await ana.should_see("Escolha quem recebe a mensagem.", retries=20)
    press(ana, "De importação")
    ana.find("Continuar").click()
    await ana.should_see("Escolha a importação.", retries=50)
    press(ana, "Todos")
    for text in ("5", "pessoas vão receber", "Pediu para não receber"):
        await ana.should_see(text, retries=50)
    ana.find("Continuar").click()
    await ana.should_see("Buscar modelos", retries=30)
    press(ana, "Marketing")
    await ana.should_see("Espaços a preencher", retries=20)
    await ana.should_see("Preencha, para ninguém receber um texto com buraco.")
    texts = [field for field in ana.find(kind=ui.input).elements if field.value == ""]
    texts[0].value = "Niterói"
    await ana.should_see("Oi Pessoa, tem novidade em Niterói!", retries=60)
    ana.find("Continuar").click()
    await ana.should_see("Começa assim que você enviar.", retries=20)
    ana.find("Continuar").click()
    for text in ("Este é o simulador", "Leva cerca de 5 s.", "Quem decide é a velocidade do número."):
        await ana.should_see(text, retries=30)
    ana.find("Enviar agora").click()
    await ana.should_see("Enviar agora para 5 pessoas?", retries=20)
    ana.find("Enviar para 5 pessoas").click()
    for _try in range(600):
        states = [row["state"] for row in await _rows(owner_db, owner, "select state from campaign where company_id = $1")]
        if states != ["draft"]:
            break
        await asyncio.sleep(0.1)
    assert states == ["preparing"]


async def test_problems_lead_to_their_step(ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient) -> None:
    channel_id = await factories.channel(owner_db, owner)
    made = await campaigns.create(as_ana, CampaignCreate(name="Vazia", channel_id=channel_id))
    await ana.open(f"/campaigns/{made.id}/edit?step=review")
    for text in ("Faltam 2 coisas", "Escolha um modelo aprovado.", "Escolha quem recebe a mensagem."):
        await ana.should_see(text, retries=30)
    assert not any(button.enabled for button in ana.find(kind=ui.button, content="Enviar agora").elements)
    ana.find("Resolver").click()
    await ana.should_not_see("Faltam 2 coisas", retries=20)


async def test_what_somebody_else_wrote_first_is_kept_and_said(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await draft(owner_db, owner, as_ana, kind="sms")
    await ana.open(f"/campaigns/{campaign_id}/edit?step=message")
    await ana.should_see("1 SMS por pessoa", retries=40)
    there = await campaigns.campaign(as_ana, campaign_id)
    await campaigns.change(as_ana, campaign_id, CampaignPatch(body="O texto do Caio."), there.version)
    next(iter(ana.find(kind=ui.textarea).elements)).value = "O meu texto."
    await ana.should_see("Outra pessoa alterou este rascunho", retries=40)
    await ana.should_see("O texto do Caio.", retries=40)
    assert (await campaigns.campaign(as_ana, campaign_id)).body == "O texto do Caio."


async def test_an_sms_tells_what_makes_it_dear_and_mends_it(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await draft(owner_db, owner, as_ana, kind="sms")
    await ana.open(f"/campaigns/{campaign_id}/edit?step=message")
    await ana.should_see("Letras simples · GSM-7", retries=40)
    await ana.should_see("Oi Pessoa, chegou!")
    next(iter(ana.find(kind=ui.textarea).elements)).value = "Promoção de verão"
    await ana.should_see("“ç” faz caber só 70 letras por SMS em vez de 160.", retries=60)
    ana.find("Trocar por letras simples").click()
    await ana.should_see("Letras simples · GSM-7", retries=60)
    assert (await campaigns.campaign(as_ana, campaign_id)).body == "Promocao de verao"


async def test_a_test_goes_to_the_numbers(ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient) -> None:
    campaign_id = await draft(owner_db, owner, as_ana)
    await ana.open(f"/campaigns/{campaign_id}/edit?step=message")
    await ana.should_see("Oi Pessoa, tem novidade", retries=40)
    ana.find("Enviar teste").click()
    await ana.should_see("Números, até cinco")
    numbers = max(ana.find(kind=ui.input).elements, key=lambda field: field.id)
    numbers.value = "abc"
    ana.find("Enviar o teste").click()
    await ana.should_see("abc não é um número de telefone.", retries=30)
    numbers.value = "(11) 98765-4321"
    ana.find("Enviar o teste").click()
    await ana.should_see("Teste enviado a 1 número.", retries=30)
    assert [row["address"] for row in await _rows(owner_db, owner, "select address from message where company_id = $1")] == [
        "+5511987654321"
    ]


# -- live page ------------------------------------------------------------------------------------------------------


async def test_the_live_page_asks_for_the_figures_beside_the_campaign(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await launched(owner_db, owner, as_ana)
    path, read = f"GET /v1/campaigns/{campaign_id}/progress", campaigns.campaign

    async def late(api: ApiClient, wanted: UUID) -> Campaign:
        await until(lambda: true_of(lambda: path in asked))
        return await read(api, wanted)

    monkeypatch.setattr(campaigns, "campaign", late)
    asked.clear()
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see("Enviando", retries=30)
    assert asked.count(path) == 1


async def test_the_live_page_counts_explains_and_tries_again(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await launched(owner_db, owner, as_ana)
    rows = await _rows(owner_db, owner, "select id from message where company_id = $1 order by dedupe_key")
    await owner_db.execute("update message set state = 3, sent_at = now() where id = $1", rows[0]["id"])
    await owner_db.execute("update message set state = 6, reason = 'temporary', code = 131000 where id = $1", rows[1]["id"])
    await owner_db.execute("update message set state = 6, reason = 'not_on_whatsapp', code = 131026 where id = $1", rows[2]["id"])
    await ana.open(f"/campaigns/{campaign_id}")
    for text in (
        "Black Friday", "Enviando", "Problema passageiro no provedor", "Número sem WhatsApp", "código 131026",
        "Remova o número ou escreva por SMS.", "50% de 4", "Em planilha (CSV)",
    ):  # fmt: skip
        await ana.should_see(text, retries=30)
    await ana.should_see(kind=ui.table, retries=30)
    table = next(iter(ana.find(kind=ui.table).elements))
    assert [row["name"] for row in table.rows][1]["sub"] == "+55 11 90000-0001"
    assert [row["reason"] for row in table.rows].count("Número sem WhatsApp") == 1
    ana.find("Tentar de novo").click()
    await ana.should_see("1 mensagem voltou para a fila.", retries=30)
    ana.find("Pausar").click()
    await until(lambda: owner_db.fetchval("select state = 'paused' from campaign where id = $1", campaign_id))
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see("Pausada por alguém da sua equipe.", retries=30)
    await ana.should_see("Nada sai até você retomar.")
    ana.find("Retomar").click()
    await ana.should_see("O envio continua.", retries=30)
    assert (await campaigns.campaign(as_ana, campaign_id)).state == CampaignState.RUNNING


async def test_an_answer_is_shown_and_its_event_asks_for_nothing_again(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient, asked: list[str]
) -> None:
    campaign_id = await launched(owner_db, owner, as_ana)
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see("Pausar", retries=30)
    asked.clear()
    ana.find("Pausar").click()
    await ana.should_see("Retomar", retries=30)
    await ana.should_see("Pausada por alguém da sua equipe.")
    path = f"/v1/campaigns/{campaign_id}"
    assert f"GET {path}" not in asked
    version = await owner_db.fetchval("select version from campaign where id = $1", campaign_id)
    told = CampaignChanged(campaign_id=campaign_id, state=CampaignState.PAUSED, version=version)
    hear(told)
    await until(lambda: true_of(lambda: asked.count(f"GET {path}/progress") > 0))
    assert f"GET {path}" not in asked
    hear(msgspec.structs.replace(told, version=version + 1))
    await until(lambda: true_of(lambda: f"GET {path}" in asked))


async def test_a_draft_is_not_read_again_for_its_own_save(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient, asked: list[str]
) -> None:
    campaign_id = await draft(owner_db, owner, as_ana)
    there = await campaigns.campaign(as_ana, campaign_id)
    with await ana.open(f"/campaigns/{campaign_id}/edit"):
        mine = Draft(as_ana, there, there.name, on_saved=lambda: None, on_status=lambda *_: None)
        mine.change(name="Outro nome")
        asked.clear()
        saving = asyncio.create_task(mine.flush())
        await asyncio.sleep(0)
        assert not await mine.look(there.version + 1)  # its event comes before its answer
        assert await saving
        assert [one for one in asked if one.endswith(str(campaign_id))] == [f"PATCH /v1/campaigns/{campaign_id}"]
        await campaigns.change(as_ana, campaign_id, CampaignPatch(name="De outra pessoa"), there.version + 1)
        assert await mine.look(there.version + 2)


async def test_a_planned_one_waits_and_goes_back_to_draft(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await draft(owner_db, owner, as_ana)
    await campaigns.launch(as_ana, campaign_id, datetime.now(UTC) + timedelta(days=2))
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see("Agendada", retries=20)
    await ana.should_see("Até lá você pode alterar", retries=20)
    ana.find("Alterar").click()
    await ana.should_see("Voltar para rascunho?", retries=20)
    ana.find(kind=ui.button, content="Voltar para rascunho").click()
    await until(lambda: owner_db.fetchval("select state = 'draft' from campaign where id = $1", campaign_id))


async def test_the_file_of_recipients_is_handed_on(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await launched(owner_db, owner, as_ana)
    response = await ana.http_client.get(f"/campaigns/{campaign_id}/recipients.csv")
    assert response.status_code == 200
    assert "attachment" in response.headers["content-disposition"]
    assert response.headers["cache-control"] == "no-store"
    assert response.text.count("\r\n") == 5
    assert "+5511900000001" in response.text
    none = await ana.http_client.get(f"/campaigns/{campaign_id}/recipients.csv?state=read")
    assert none.text.count("\r\n") == 1
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see(kind=ui.table, retries=30)
    choose(ana, "Lida")
    link = f"/campaigns/{campaign_id}/recipients.csv?state=read"
    await until(
        lambda: true_of(
            lambda: link in [str(one.props.get("href")) for one in ana.find(kind=ui.button, content="Exportar").elements]
        )
    )


async def test_one_that_failed_half_way_offers_the_rest_and_not_everybody(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await launched(owner_db, owner, as_ana)
    sent = "update message set state = 3, sent_at = now() where company_id = $1 and address = '+5511900000001'"
    await owner_db.execute(sent, owner.company_id)
    await lifecycle.stop(owner.company_id, campaign_id, "payment", "", pause=False)
    await lifecycle.reconcile()
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see("Enviar para os 3 que não receberam")
    ana.find(kind=ui.button, content="Enviar para os 3 que não receberam").click()
    made = "select true from campaign where company_id = $1 and audience->'rule'->'conditions'->0->>'result' = 'not_sent'"
    await until(lambda: owner_db.fetchval(made, owner.company_id))


async def test_a_limit_that_stopped_it_is_named_and_linked(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    campaign_id = await launched(owner_db, owner, as_ana)
    await lifecycle.stop(owner.company_id, campaign_id, "spend_cap", gate.stopped_by(CapScope.MONTH), pause=True)
    await ana.open(f"/campaigns/{campaign_id}")
    await ana.should_see("É o limite do mês.")
    await ana.should_see("Ver o limite")
    await ana.should_not_see("limit:month")


async def test_what_stopped_in_its_place_is_resumed_after_the_end(
    ana: User, owner_db: asyncpg.Connection, owner: Actor, as_ana: ApiClient
) -> None:
    stage = await staged(owner_db, owner)
    await stopped(stage, "spend_cap")
    await ana.open(f"/campaigns/{stage.id}")
    await ana.should_see(kind=ui.button, content="Limite")
    ana.find(kind=ui.button, content="Retomar").click()
    await until(lambda: owner_db.fetchval("select state = 'running' from campaign where fallback_of = $1", stage.id))


async def test_a_strange_id_is_not_found(ana: User) -> None:
    response = await ana.http_client.get(f"/campaigns/{UUID(int=7)}")
    assert response.status_code == 404
    assert (await ana.http_client.get("/campaigns/nonsense")).status_code == 404
