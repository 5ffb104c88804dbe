"""The screen on which a number is connected by a code, over the real API and database."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.events import ChannelChanged
from db import crypto
from db.clock import now
from db.tenancy import Actor
from tests.db.qr import scenes
from tests.ui.interactions import click, field, hear, press, until
from ui import kinds


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_known", {})  # of this API, not of the one that another test of the process asked


async def seal(db: asyncpg.Connection, owner: Actor, channel_id: UUID, kind: str, text: str) -> None:
    sealed = crypto.ring().seal(text, company_id=owner.company_id, table="qr_session", column="code", row_id=channel_id)
    await db.execute(
        "update qr_session set state = 'pairing', code = $2, code_kind = $3, code_until = $4 where id = $1",
        channel_id, sealed, kind, now() + timedelta(seconds=60),
    )  # fmt: skip


async def test_a_number_is_connected_by_a_code(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await real.open("/channels/connect")
    press(real, "WhatsApp por QR code")
    await real.should_see("Este jeito não é oficial", retries=30)
    field(real, "Nome").value = "Balcão"
    click(real, "Ir para o código")
    made = "select id from channel where company_id = $1 and kind = 'whatsapp_qr'"
    channel_id = await until(lambda: owner_db.fetchval(made, owner.company_id))
    await real.open(f"/channels/{channel_id}")
    await real.should_see("Ainda não conectado", retries=30)
    await real.should_see("Mostrar o código", retries=30)
    click(real, "Mostrar o código")
    await real.should_see("Preparando o código", retries=30)
    await seal(owner_db, owner, channel_id, "qr", "https://wa.me/settings/linked_devices#2@ref,noise,identity,secret,1")
    hear(ChannelChanged(channel_id=channel_id))
    await real.should_see("Aponte a câmera para o código desta página.", retries=40)
    await real.should_see("Novo código em", retries=30)
    await seal(owner_db, owner, channel_id, "digits", "ABCD1234")
    hear(ChannelChanged(channel_id=channel_id))
    await real.should_see("ABCD-1234", retries=40)


@pytest.mark.parametrize(
    ("state", "text", "verb"),
    [
        ("open", "Conectado", "Desconectar o celular"),
        ("reconnecting", "Conectando de novo", "Tentar agora"),
        ("replaced", "Aberto em outro lugar", "Abrir aqui"),
        ("restricted", "Só quem já escreveu", "Desconectar o celular"),
        ("banned", "Peça uma revisão", "Desconectar o celular"),
        ("logged_out", "Conecte de novo com um código", "Mostrar o código"),
        ("outdated", "Precisa de atualização", "Mostrar o código"),
    ],
)
async def test_every_state_says_what_to_do(
    real: User, owner_db: asyncpg.Connection, owner: Actor, state: str, text: str, verb: str
) -> None:
    channel_id = await scenes.session(
        owner_db, owner, state=state, next_at=now() + timedelta(days=1), lease_until=now() + timedelta(hours=1)
    )
    await real.open(f"/channels/{channel_id}")
    await real.should_see(text, retries=30)
    await real.should_see(verb, retries=30)
    await real.should_not_see("Verificar agora")


@pytest.mark.parametrize(
    ("state", "text"), [("reconnecting", "Conectando de novo"), ("restricted", "Só quem já escreveu"), ("open", "Conectado")]
)
async def test_the_list_of_channels_says_how_the_connection_is(
    real: User, owner_db: asyncpg.Connection, owner: Actor, state: str, text: str
) -> None:
    await scenes.session(owner_db, owner, state=state, next_at=now() + timedelta(days=1), lease_until=now() + timedelta(hours=1))
    await real.open("/channels")
    await real.should_see(text, retries=30)
    if state != "open":
        await real.should_not_see("Conectado")


async def test_a_silent_number_says_what_to_do_and_how_it_behaves_is_chosen(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await scenes.session(
        owner_db,
        owner,
        state="reconnecting",
        reason="silent",
        next_at=now() + timedelta(days=1),
        lease_until=now() + timedelta(hours=1),
    )
    await real.open(f"/channels/{channel_id}")
    await real.should_see("Conectado, mas mudo", retries=30)
    await real.should_see("Abra o WhatsApp no celular e veja se ele está na internet", retries=30)
    await real.should_see("Como este número se comporta", retries=30)
    await real.should_see("08:00–20:00, todos os dias", retries=30)
    click(real, "Alterar")
    await real.should_see("Mostrar grupos na caixa de entrada", retries=30)
    switches = {one.props.get("aria-label"): one for one in real.find(kind=ui.switch).elements}
    switches["Mostrar grupos na caixa de entrada"].value = True
    click(real, "Salvar")
    kept = "select true from qr_session where id = $1 and groups = 'show' and presence = 'offline' and opens is null"
    assert await until(lambda: owner_db.fetchval(kept, channel_id))
    await real.should_see("Aparecem na caixa de entrada", retries=30)
