"""The guide to a connected number: what is pasted is looked at in words, and a check that fails leads to its step."""

import asyncpg
import msgspec
import pytest
from nicegui.testing import User

from api.contract.channels import CheckLine
from db.channels.events import ChannelChanged
from db.tenancy import Actor
from tests.db.channels.factories import envelope, make_channel, put_inbox, text
from tests.ui.interactions import click, field, hear, press, until
from ui.client import channels
from ui.client.base import ApiClient
from ui.pages.channels import entries, guide
from ui.pages.channels.guides import meta
from workers.inbound import process_inbox

TOKEN = "EAAG" + "x1Y" * 20


@pytest.mark.parametrize(
    ("look", "good", "bad"),
    [
        (entries.phone_number_id, "106540352242922", ["+55 11 98765-4321", "(11) 98765-4321", "EAAGabc", "12"]),
        (entries.waba_id, "102290129340398", ["1022 9012", "waba"]),
        (entries.access_token, TOKEN, ["EAA", "0123456789abcdef0123456789abcdef", TOKEN + " x"]),
        (entries.app_secret, "0123456789abcdef0123456789ABCDEF", [TOKEN, "0123456789abcdef", "g" * 32]),
        (entries.account_sid, "AC" + "0f" * 16, ["MG" + "0f" * 16, "AC12"]),
        (entries.auth_token, "0f" * 16, ["AC" + "0f" * 16]),
        (entries.sender, "+5511987654321", ["11987654321", "PN" + "0f" * 16]),
    ],
)
def test_what_is_pasted_has_the_providers_form(look, good: str, bad: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert look(good) == ""
    assert all(look(value) for value in bad)
    assert entries.sender("MG" + "0f" * 16) == ""
    assert entries.waba_id("106540352242922", "106540352242922")


async def test_wrong_entries_are_said_at_their_step_and_right_ones_connect(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await real.open("/channels/connect")
    press(real, "WhatsApp")
    await real.should_see("Abrir a janela da Meta", retries=20)
    click(real, "Conectar manualmente, com um guia")
    await real.should_see("Crie um usuário do sistema e o token permanente dele", retries=20)
    for name in (*meta.PERMISSIONS, "developers.facebook.com/apps", "business.facebook.com/settings"):
        await real.should_see(name)
    good = {
        "A · Identificação do número de telefone": "106540352242922",
        "B · Identificação da conta do WhatsApp Business": "102290129340398",
        "C · Token de acesso permanente": TOKEN,
        "D · Chave secreta do app": "0f" * 16,
        "Nome": "Loja",
    }
    for label, value in good.items():
        field(real, label).value = value
    field(real, "A · Identificação do número de telefone").value = "+55 11 98765-4321"
    click(real, "Conectar e verificar")
    await real.should_see("Isto parece o próprio número de telefone.", retries=20)
    assert await owner_db.fetchval("select count(*) from channel where company_id = $1", owner.company_id) == 0
    field(real, "A · Identificação do número de telefone").value = "106540352242922"
    click(real, "Conectar e verificar")
    sql = "select external_id || ' ' || account_id from channel where company_id = $1"
    assert await until(lambda: owner_db.fetchval(sql, owner.company_id)) == "106540352242922 102290129340398"


async def test_a_finding_leads_to_the_step_that_mends_it(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    lines = [
        {"code": "token", "ok": True, "value": None, "detail": None, "reason": None},
        {"code": "number", "ok": False, "value": None, "detail": "Unsupported get request", "reason": "bad_request"},
        {"code": "webhook", "ok": False, "value": None, "detail": "no", "reason": "bad_request"},
        {"code": "templates", "ok": False, "value": None, "detail": "no", "reason": "permission"},
    ]
    made = await make_channel(owner_db, owner, state="error", state_reason="number_not_registered")
    await owner_db.execute("update channel set check_result = $2::jsonb where id = $1", made, msgspec.json.encode(lines).decode())
    channel = await channels.channel(as_owner, made)
    found = [guide.step_of(channel, msgspec.convert(line, CheckLine)) for line in lines]
    assert [one and (one[0], one[1].key) for one in found] == [None, (2, "number"), (5, "webhook"), (3, "token")]
    assert guide.step_of(channel, CheckLine(code="token", ok=False, reason="network")) is None
    await real.open(f"/channels/{made}")
    await real.should_see("Passo 2: Copie as duas identificações do seu número", retries=30)
    click(real, "Passo 5: Faça os avisos da Meta chegarem até nós")
    await real.should_see("Como fazer", retries=20)
    await real.should_see(f"/hooks/meta/{made}")


async def test_the_first_report_is_ticked_while_somebody_looks(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await make_channel(owner_db, owner)
    await real.open(f"/channels/{made}")
    await real.should_see("Esperando o primeiro aviso da Meta.", retries=30)
    await put_inbox(owner_db, owner, made, envelope(text("Oi", phone="5511987654320", at=1_790_000_000)))
    await process_inbox(owner.company_id)
    hear(ChannelChanged(channel_id=made))
    await real.should_see("O primeiro aviso da Meta chegou", retries=60)
    first = await owner_db.fetchval("select heard_at from channel where id = $1", made)
    await put_inbox(owner_db, owner, made, envelope(text("Oi de novo", phone="5511987654320", at=1_790_000_001)))
    await process_inbox(owner.company_id)
    assert await owner_db.fetchval("select heard_at from channel where id = $1", made) == first


async def test_a_field_is_looked_at_while_it_is_typed(real: User) -> None:
    await real.open("/channels/connect/whatsapp")
    await real.should_see("Abrir a janela da Meta", retries=20)
    click(real, "Conectar manualmente, com um guia")
    await real.should_see("Copie as duas identificações do seu número", retries=20)
    field(real, "A · Identificação do número de telefone").value = "EAAG"
    await real.should_see("A identificação tem só dígitos", retries=20)
    field(real, "A · Identificação do número de telefone").value = "106540352242922"
    await real.should_not_see("A identificação tem só dígitos", retries=20)
