"""A provider that is down, in words: on the campaign, the lists, the first page and the channel, while it lasts."""

import asyncpg
from nicegui.testing import User

from api.contract.enums import CampaignState
from db.channels import outages
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.channels.factories import make_channel
from tests.ui.interactions import click, press, until
from tests.ui.test_campaigns import draft, launched
from ui.client import campaigns
from ui.client.base import ApiClient


async def test_the_live_page_tells_of_an_outage_until_it_is_over(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    campaign_id = await launched(owner_db, owner, as_owner)
    channel_id = await owner_db.fetchval("select channel_id from campaign where id = $1", campaign_id)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert await outages.begin(w, channel_id, "HTTP 503", period=None)
    await real.open(f"/campaigns/{campaign_id}")
    for text in (
        "Esperando o provedor", "Meta (WhatsApp) não responde desde hoje", "Não é preciso fazer nada: a fila espera.", "continua sozinho",
    ):  # fmt: skip
        await real.should_see(text, retries=30)
    await real.open("/campaigns")
    await real.should_see("Esperando o provedor", retries=30)
    await real.open("/")
    await real.should_see("O provedor de Loja não responde", retries=30)
    await real.should_see("Continua sozinho")
    await real.open(f"/campaigns/{campaign_id}")
    await real.should_see("Esperando o provedor", retries=30)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert await outages.over(w, channel_id)
    await real.should_not_see("Esperando o provedor", retries=120)
    await real.should_see("Enviando")


async def test_a_campaign_may_be_launched_while_the_provider_is_down(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    campaign_id = await draft(owner_db, owner, as_owner)
    channel_id = await owner_db.fetchval("select channel_id from campaign where id = $1", campaign_id)
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert await outages.begin(w, channel_id, "HTTP 503", period=None)
    await real.open(f"/campaigns/{campaign_id}/edit?step=channel")
    await real.should_see("Meta (WhatsApp) não responde desde hoje", retries=40)
    assert (await campaigns.launch(as_owner, campaign_id, None)).state == CampaignState.PREPARING


async def test_a_channel_waits_for_its_provider_and_says_so(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await make_channel(owner_db, owner, name="Loja do centro", kind="sms")
    async with work(owner, Permission.CHANNELS_WRITE) as w:
        assert await outages.begin(w, made, "ConnectionRefusedError: [Errno 111]", period=None)
    for path in ("/channels", f"/channels/{made}"):
        await real.open(path)
        for text in ("Provedor fora do ar", "Twilio (SMS) não responde desde hoje", "o envio segue sozinho"):
            await real.should_see(text, retries=30)
    await real.should_not_see("Errno")
    await real.should_not_see("Retomar")
    click(real, "Pausar")
    await real.should_see("Retomar", retries=30)


async def test_the_simulator_takes_the_provider_down(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    made = await make_channel(owner_db, owner, name="Ensaio", sandbox=True)
    await real.open("/sandbox")
    await real.should_see("Meta fora do ar", retries=40)
    press(real, "Meta fora do ar")
    kept = "select settings -> 'behaviour' ->> 'outage' from channel where id = $1"
    assert await until(lambda: owner_db.fetchval(kept, made)) == "errors"
    await real.should_see("Fora do ar: responde com erro", retries=20)
