"""The frame and the pages of accounts, as a person meets them."""

import re

import asyncpg
import pytest
from nicegui import Client, ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.accounts import Company
from api.contract.contacts import Contact, ContactCreate
from api.contract.enums import Role
from db.engine import Transaction
from db.tenancy import Actor
from tests import factories
from tests.ui.fake_api import FakeApi
from ui import routing
from ui.client.base import ApiClient
from ui.components.address import address


async def test_the_frame_shows_company_places_and_person(ana: User) -> None:
    await ana.open("/team")
    for text in ("Loja Aurora", "Início", "Campanhas", "Configurações", "Ana Lima", "Proprietário"):
        await ana.should_see(text)


async def test_the_frame_speaks_english_when_asked(ana: User) -> None:
    ana.http_client.cookies.set("lang", "en")
    response = await ana.http_client.get("/team")
    assert '<html lang="en-US"' in response.text
    await ana.open("/team")
    await ana.should_see("Campaigns")
    ana.find("Invite").click()
    await ana.should_see("Works with contacts, answers them, and tries messages in the simulator.")


async def test_darkness_is_known_to_the_first_answer(ana: User) -> None:
    ana.http_client.cookies.set("theme", "dark")
    assert "const dark = True" in (await ana.http_client.get("/team")).text


async def test_home_shows_what_goes_on(ana: User) -> None:
    await ana.open("/")
    for text in ("Precisa da sua atenção", "WhatsApp Atacado não consegue enviar", "61.284 de 100.000 · 61%", "28.100"):
        await ana.should_see(text, retries=10)


async def test_a_new_company_sees_its_first_steps(ana: User, api: FakeApi) -> None:
    api.state.new_company = True
    await ana.open("/")
    await ana.should_see("3 de 6 prontos", retries=10)
    await ana.should_not_see("Últimos 14 dias")


async def test_the_first_steps_are_put_away_and_brought_back(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await real.open("/")
    await real.should_see("A primeira mensagem chega")
    real.find("Guardar").click()
    await real.should_not_see("A primeira mensagem chega")
    real.find("Mostrar de novo").click()
    await real.should_see("A primeira mensagem chega")
    channel = await factories.channel(owner_db, owner, sandbox=False)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, sent_at) values ($1, $2, $2, '+5511900000001', 'a', 4, now())",
        owner.company_id,
        channel,
    )
    await real.open("/")
    await real.should_not_see("Primeiros passos")


async def test_a_viewer_cannot_invite(ana: User, api: FakeApi) -> None:
    api.state.role = Role.VIEWER
    await ana.open("/team")
    await ana.should_see("Caio Prado", retries=10)
    await ana.should_not_see("Convidar")
    await ana.should_not_see("Canais")


async def test_inviting_shows_the_link_and_field_errors(ana: User, api: FakeApi) -> None:
    await ana.open("/team")
    ana.find("Convidar").click()
    await ana.should_see("Enviar convite")
    email = max(ana.find(kind=ui.input).elements, key=lambda field: field.id)
    email.value = "ana@lojaaurora.com.br"
    ana.find("Enviar convite").click()
    await ana.should_see("In the team.", retries=10)
    email.value = "bia@lojaaurora.com.br"
    ana.find("Enviar convite").click()
    await ana.should_see("https://example.com/invitation/abc123", retries=10)
    assert api.state.invitations[-1].role is Role.AGENT
    keyed = [headers for method, path, headers in api.state.requests if (method, path) == ("POST", "/v1/team/invitations")]
    assert len({headers["idempotency-key"] for headers in keyed}) == 2


async def test_a_new_key_is_shown_once_and_needs_a_permission(ana: User, api: FakeApi) -> None:
    await ana.open("/settings?tab=keys")
    await ana.should_see("Loja virtual", retries=10)
    ana.find("Criar chave").click()
    await ana.should_see("Nova chave de API")
    fields = [field for field in ana.find(kind=ui.input).elements if not isinstance(field, ui.textarea)]
    name = max(fields, key=lambda field: field.id)
    name.value = "Relatórios"
    create = max(ana.find("Criar chave").elements, key=lambda button: button.id)
    UserInteraction(ana, {create}, None).click()
    await ana.should_see("Escolha pelo menos uma permissão.", retries=10)
    ana.find(kind=ui.checkbox, content="Ver contatos").click()
    UserInteraction(ana, {create}, None).click()
    await ana.should_see("mia_live_77aa_secret", retries=10)
    ana.find("Fechar").click()
    await ana.should_not_see("mia_live_77aa_secret")


async def test_agents_are_told_where_to_connect(ana: User, api: FakeApi) -> None:
    await ana.open("/settings?tab=agents")
    await ana.should_see("https://api.lojaaurora.com.br/mcp", retries=10)
    await ana.should_see("claude mcp add --transport http master-ia https://api.lojaaurora.com.br/mcp")
    await ana.should_see("Ir para as chaves de API")


async def test_the_open_tab_stands_in_the_address(ana: User) -> None:
    await ana.open("/settings?tab=keys")
    await ana.should_see("Loja virtual")
    assert ana.client is not None
    words = [one for one in ana.client.elements.values() if isinstance(one, ui.label) and one.text == "Empresa"]
    (tab,) = (one.parent_slot.parent for one in words if one.parent_slot and "m-tab" in one.parent_slot.parent.classes)
    UserInteraction(ana, {tab}, None).click()
    await ana.should_see("Nome da empresa")
    with ana.client:
        assert address().text == "/settings?tab=company"


async def test_an_offline_service_is_said_and_the_page_comes_back_by_itself(
    ana: User, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.state.down = True
    response = await ana.http_client.get("/team")
    assert response.status_code == 503
    assert "Sem conexão com o serviço" in response.text
    reloads: list[bool] = []
    monkeypatch.setattr(ui.navigate, "reload", lambda: reloads.append(True))
    (look,) = (
        element
        for client in Client.instances.values()
        for element in client.elements.values()
        if isinstance(element, ui.timer) and element.interval == routing.BACK_SECONDS
    )
    with look.client:
        await look.callback()
        assert not reloads
        api.state.down = False
        await look.callback()
        assert reloads


async def test_a_service_that_gives_no_answer_is_said_in_our_words(
    ana: User, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert routing.BUILD_SECONDS < routing.RESPONSE_SECONDS
    monkeypatch.setattr(routing, "BUILD_SECONDS", 0.1)
    api.state.frozen.set()
    response = await ana.http_client.get("/team")
    assert response.status_code == 503
    assert "Sem conexão com o serviço" in response.text


@pytest.mark.parametrize("committed", [False, True])
async def test_what_nobody_knows_is_asked_again_under_the_same_key(
    as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    commit, lost = Transaction.commit, 0

    async def lost_once(transaction: Transaction) -> None:
        nonlocal lost
        lost += 1
        if committed or lost > 1:
            await commit(transaction)  # type: ignore[no-untyped-call]
        if lost == 1:
            raise ConnectionResetError

    await as_owner.get("/v1/company", Company)  # the token is known, so the first commit is that of the POST
    monkeypatch.setattr(Transaction, "commit", lost_once)
    made = await as_owner.post("/v1/contacts", Contact, ContactCreate(name="Ana"))
    rows = await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)
    assert [row["id"] for row in rows] == [made.id]
    assert lost > 1 or committed


async def test_an_unknown_page_is_our_own(ana: User) -> None:
    response = await ana.http_client.get("/nope")
    assert response.status_code == 404
    assert "Esta página não existe" in response.text


async def test_an_invitation_that_is_gone(user: User) -> None:
    await user.open("/invitation/gone")
    await user.should_see("Este convite não vale mais. Peça um novo.", retries=10)


async def test_the_shell_can_be_installed(user: User) -> None:
    manifest = (await user.http_client.get("/manifest.webmanifest")).json()
    assert manifest["start_url"] == "/"
    worker = await user.http_client.get("/sw.js")
    assert "VERSION" not in worker.text
    for file in re.findall(r'"(/assets/static/[^"]+)"', worker.text):
        assert (await user.http_client.get(file)).status_code == 200
    for icon in manifest["icons"]:
        assert (await user.http_client.get(icon["src"])).status_code == 200
