"""The screens of channels, templates and the simulator over the real API and database."""

from uuid import UUID

import asyncpg
import msgspec
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.events import ChannelChanged, SandboxChanged
from db.tenancy import Actor
from tests.db.channels.factories import make_campaign, make_channel, make_contact, make_message, put_inbox
from tests.factories import template
from tests.ui.interactions import choose, click, field, hear, press, until
from ui import kinds
from ui.client import channels
from ui.client.base import ApiClient
from ui.components.address import address
from ui.components.menus import Lines

ACCESS = [
    {"code": "token", "ok": True, "value": None, "detail": None, "reason": None},
    {"code": "throughput", "ok": True, "value": "80", "detail": None, "reason": None},
]


# -- channels -------------------------------------------------------------------------------------------------------


async def test_without_channels_one_button_leads_on(real: User) -> None:
    await real.open("/channels")
    await real.should_see("Sem canal ainda", retries=30)
    await real.should_see("Conectar canal")


async def test_channels_say_number_state_and_trouble(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await make_channel(owner_db, owner, name="Atacado", number="+5511967917432", sandbox=True, messaging_limit=1000)
    await make_channel(owner_db, owner, name="Parado", state="error", state_reason="payment")
    await real.open("/channels")
    for text in (
        "WhatsApp · +55 11 96791-7432", "Simulador", "0 de 1.000 pessoas em 24 horas", "Precisa de você", "Problema de pagamento",
    ):  # fmt: skip
        await real.should_see(text, retries=30)


async def test_a_rehearsal_number_is_connected(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await real.open("/channels/connect")
    press(real, "Simulador")
    await real.should_see("Um número para ensaiar", retries=20)
    field(real, "Nome").value = ""
    click(real, "Conectar e verificar")
    await real.should_see("Preencha este campo.", retries=20)
    field(real, "Nome").value = "Ensaio geral"
    press(real, "SMS")
    click(real, "Conectar e verificar")
    sql = "select name || ' ' || kind || ' ' || sandbox from channel where company_id = $1"
    assert await until(lambda: owner_db.fetchval(sql, owner.company_id)) in {
        "Ensaio geral whatsapp true",
        "Ensaio geral sms true",
    }


async def test_every_field_of_whatsapp_is_asked_for(real: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_known", {})  # of this API, not of the one that another test of the process asked
    await real.open("/channels/connect")
    press(real, "WhatsApp")
    await real.should_see("Abrir a janela da Meta", retries=20)
    click(real, "Conectar manualmente, com um guia")
    await real.should_see("Copie as duas identificações do seu número", retries=20)
    click(real, "Conectar e verificar")
    await real.should_see("Preencha este campo.", retries=20)
    assert len(real.find("Preencha este campo.").elements) == 5


async def test_a_channel_shows_its_check_and_pauses(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    checked = msgspec.json.encode(ACCESS).decode()
    made = await make_channel(owner_db, owner, name="Loja do centro", sandbox=True, number="+5511967917432")
    await owner_db.execute("update channel set check_result = $2::jsonb where id = $1", made, checked)
    await real.open(f"/channels/{made}")
    for text in ("Loja do centro", "O provedor nos deixa entrar.", "80 mensagens por segundo", "+55 11 96791-7432"):
        await real.should_see(text, retries=30)
    await real.should_see("Nada por aqui ainda", retries=20)
    click(real, "Pausar")
    await real.should_see("Retomar", retries=30)
    assert (await channels.channel(as_owner, made)).state.value == "paused"


async def test_what_could_not_be_read_waits_and_is_processed_again(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await make_channel(owner_db, owner, name="Loja")
    row = await put_inbox(owner_db, owner, channel, b"{}")
    await owner_db.execute("update webhook_inbox set tries = 5, error = 'no' where id = $1", row)
    await real.open(f"/channels/{channel}")
    await real.should_see("1 aviso do provedor não pôde ser lido.", retries=30)
    click(real, "Processar de novo")
    await real.should_see("1 está sendo processado de novo.", retries=30)
    assert await owner_db.fetchval("select tries = 0 and error is null from webhook_inbox where id = $1", row)
    await real.should_not_see("1 aviso do provedor não pôde ser lido.", retries=30)


async def test_before_a_channel_goes_the_safe_answer_has_the_cursor(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    made = await make_channel(owner_db, owner, name="Loja do centro", sandbox=True)
    await real.open(f"/channels/{made}")
    await real.should_see("Remover canal", retries=30)
    choose(real, "Remover canal")
    await real.should_see("Remover Loja do centro?", retries=20)
    focused = {one.text: "autofocus" in one.props for one in real.find(kind=ui.button).elements}
    assert (focused["Cancelar"], focused["Remover"]) == (True, False)


def _menu_of(user: User, text: str) -> ui.menu:
    (found,) = [
        menu
        for menu in user.find(kind=ui.menu).elements
        if any(isinstance(one, Lines) and any(entry.text == text for entry in one.entries) for one in menu.descendants())
    ]
    return found


async def test_an_open_menu_of_a_failing_channel_stays(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await make_channel(owner_db, owner, name="Loja do centro", state="error", state_reason="token_invalid")
    await real.open(f"/channels/{made}")
    await real.should_see("Remover canal", retries=30)
    menu = _menu_of(real, "Remover canal")
    for state, said in (("checking", "Verificando"), ("error", "Precisa de você")):
        await owner_db.execute("update channel set state = $2 where id = $1", made, state)
        hear(ChannelChanged(channel_id=made))
        await real.should_see(said, retries=60)
        assert _menu_of(real, "Remover canal") is menu
    await owner_db.execute("update channel set state = 'connected', state_reason = null where id = $1", made)
    hear(ChannelChanged(channel_id=made))
    await real.should_see("Pausar", retries=60)
    assert _menu_of(real, "Remover canal") is not menu, "it offers something else now"


async def test_a_channel_that_is_gone_is_said_once(real: User) -> None:
    await real.open(f"/channels/{UUID(int=7)}")
    await real.should_see("Este canal não existe mais", retries=30)
    await real.should_not_see("Registro")


async def test_what_the_log_shows_stands_in_the_address(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await make_channel(owner_db, owner, sandbox=True)
    for number, ok in enumerate((True, False)):
        await owner_db.execute(
            "insert into channel_log(company_id, channel_id, kind, ok, summary) values ($1, $2, 'check', $3, $4)",
            owner.company_id, made, ok, f"GET /{number}",
        )  # fmt: skip
    await real.open(f"/channels/{made}?log=problems")
    await real.should_see("GET /1", retries=30)
    await real.should_not_see("GET /0")
    press(real, "Tudo")
    await real.should_see("GET /0", retries=30)
    assert real.client is not None
    with real.client:
        assert address().text == f"/channels/{made}"
    press(real, "Só problemas")
    await real.should_not_see("GET /0", retries=30)
    with real.client:
        assert address().text == f"/channels/{made}?log=problems"


# -- templates ------------------------------------------------------------------------------------------------------


async def test_templates_are_found_and_shown_on_a_phone(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await make_channel(owner_db, owner, sandbox=True)
    await template(owner_db, owner, channel)
    await template(owner_db, owner, channel, status="rejected", components=[{"type": "BODY", "text": "Compre já!"}])
    await owner_db.execute(
        "update template set rejected_reason = 'INVALID_FORMAT' where channel_id = $1 and status = 'rejected'", channel
    )
    await real.open("/templates")
    for text in ("Aprovado", "Recusado", "Compre já!", "Marketing · Português (BR)"):
        await real.should_see(text, retries=30)
    press(real, "Oi {{1}}, tem novidade em {{2}}!")
    await real.should_see("Responda SAIR para não receber", retries=30)
    press(real, "Recusado")
    await real.should_not_see("Oi {{1}}, tem novidade em {{2}}!", retries=30)
    await real.should_see("Compre já!")
    await real.should_see("O WhatsApp recusou o formato")
    await real.should_not_see("INVALID_FORMAT")


async def test_a_template_is_seen_while_it_is_written(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await make_channel(owner_db, owner, sandbox=True)
    await real.open("/templates/new")
    await real.should_see("como seu cliente vê", retries=30)
    field(real, "Mensagem").value = "Oi {{1}}, chegou a coleção!"
    await real.should_see("Exemplos, para os revisores entenderem os espaços", retries=20)
    click(real, "Enviar para revisão")
    await real.should_see("Preencha este campo.", retries=20)
    field(real, "{{1}}").value = "Ana"
    await real.should_see("Oi Ana, chegou a coleção!", retries=20)
    field(real, "Nome").value = "!"
    click(real, "Enviar para revisão")
    await until(lambda: _marked(real))
    field(real, "Nome").value = "Promo verão"
    click(real, "Enviar para revisão")
    sql = "select status from template where company_id = $1 and name = 'promo_verao'"
    assert await until(lambda: owner_db.fetchval(sql, owner.company_id)) == "pending"


async def _marked(user: User) -> bool:
    return field(user, "Nome").props.get("aria-invalid") == "true"


# -- the simulator --------------------------------------------------------------------------------------------------


async def test_without_a_rehearsal_number_the_simulator_asks_for_one(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await make_channel(owner_db, owner)
    await real.open("/sandbox")
    await real.should_see("Nenhum número de ensaio ainda", retries=30)


async def test_an_invented_person_answers(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await make_channel(owner_db, owner, sandbox=True, number="+5511967917432")
    campaign = await make_campaign(owner_db, owner, channel)
    for number, name in enumerate(("Beatriz", "Caio")):
        phone = f"+551198765432{number}"
        person = await make_contact(owner_db, owner, phone, name)
        await make_message(
            owner_db, owner, channel, phone=phone, contact_id=person, campaign_id=campaign, state=4,
            sent_at=f"2026-09-20T10:0{number}Z",
        )  # fmt: skip
    await real.open("/sandbox")
    for text in ("Beatriz", "Caio", "+55 11 96791-7432", "Oi Ana", "Como o mundo se comporta"):
        await real.should_see(text, retries=30)
    assert real.client is not None
    more = next(one for one in real.client.elements.values() if one.props.get("aria-label") == "Enviar outra coisa")
    assert not any(isinstance(one, Lines) for one in more.descendants())  # drawn for who comes near
    UserInteraction(real, {more}, None).trigger("mouseenter.once")
    kinds_of_answers = sum(len(one.entries) for one in more.descendants() if isinstance(one, Lines))
    assert kinds_of_answers > 5
    UserInteraction(real, {more}, None).trigger("focusin.once")
    assert sum(len(one.entries) for one in more.descendants() if isinstance(one, Lines)) == kinds_of_answers
    search = next(one for one in real.find(kind=ui.input).elements if one.props.get("type") == "search")
    search.value = "caio"
    await real.should_not_see("Beatriz", kind=ui.label, retries=30)
    with real.client:
        assert address().get("q") == "caio"
    await real.open("/sandbox?q=bea")
    await real.should_see("Beatriz", retries=30)
    await real.should_not_see("Caio")
    press(real, "Beatriz")
    press(real, "Tenho interesse")
    sql = "select payload->'params'->>'text' from job where company_id = $1 and payload->>'verb' = 'reply'"
    said = await until(lambda: owner_db.fetchval(sql, owner.company_id))
    assert said == "Tenho interesse"


async def test_a_press_meets_its_line_also_while_messages_come(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await make_channel(owner_db, owner, sandbox=True, number="+5511967917432")
    campaign = await make_campaign(owner_db, owner, channel)

    async def somebody(name: str, phone: str, minute: int) -> None:
        person = await make_contact(owner_db, owner, phone, name)
        await make_message(
            owner_db, owner, channel, phone=phone, contact_id=person, campaign_id=campaign, state=4,
            sent_at=f"2026-09-20T10:0{minute}Z",
        )  # fmt: skip

    def lines() -> dict[str, int]:
        """Who stands in the list, from the top, and the element that is pressed."""
        assert real.client is not None
        place = next(one for one in real.client.elements.values() if "m-sandbox-people" in one.classes)
        pressed = [one for one in place.descendants() if "m-item" in one.classes]
        return {next(inner.text for inner in one.descendants() if "m-strong" in inner.classes): one.id for one in pressed}

    for number, name in enumerate(("Beatriz", "Caio")):
        await somebody(name, f"+551198765432{number}", number)
    await real.open("/sandbox")
    await real.should_see("Caio")
    before = lines()
    assert list(before) == ["Caio", "Beatriz"]
    await somebody("Davi", "+5511987654325", 5)
    await owner_db.execute(
        "update message set sent_at = '2026-09-20T10:09Z' where company_id = $1 and address like '%0'", owner.company_id
    )
    hear(SandboxChanged(channel_id=channel, verb="read", address="", reason=None))
    await real.should_see("Davi")
    assert list(lines()) == ["Beatriz", "Davi", "Caio"]
    assert {name: lines()[name] for name in before} == before


async def test_a_mood_of_the_world_is_kept(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await make_channel(owner_db, owner, sandbox=True)
    await real.open("/sandbox")
    await real.should_see("Rede ruim", retries=30)
    press(real, "Rede ruim")
    await real.should_see("O simulador se comporta assim a partir de agora.", retries=30)
    sliders = {one.props["aria-label"]: one.value for one in real.find(kind=ui.slider).elements}
    assert sliders["Tempo de resposta"] == 900
    sql = "select count(*) from job where company_id = $1 and payload->>'verb' = 'behaviour'"
    assert await owner_db.fetchval(sql, owner.company_id) == 1
