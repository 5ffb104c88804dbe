"""Webhooks on the screen: made with its secret shown once, looked at, tested, switched off and on, deleted."""

import asyncpg
from nicegui import ui
from nicegui.testing import User

from api.contract.enums import OffBecause, WebhookType
from api.contract.webhooks import WebhookCreate
from db.tenancy import Actor
from tests.ui.interactions import choose, click, field, until
from ui.client import webhooks as client
from ui.client.base import ApiClient

URL = "https://example.com/hooks"


async def test_a_webhook_is_made_and_its_secret_shown_once(real: User, as_owner: ApiClient) -> None:
    await real.open("/webhooks")
    await real.should_see("Nenhum webhook ainda")
    click(real, "Criar webhook")
    await real.should_see("Do que ele é avisado")
    field(real, "Endereço").set_value("http://example.com")
    field(real, "Para que serve").set_value("Loja")
    click(real, "Criar webhook")
    await real.should_see("Escolha pelo menos um evento.")
    (tick,) = [one for one in real.find(kind=ui.checkbox).elements if one.text == "Um negócio mudou de etapa"]
    tick.value = True
    click(real, "Criar webhook")
    await real.should_see("Escreva um endereço público que comece com https://")
    field(real, "Endereço").set_value(URL)
    click(real, "Criar webhook")
    await real.should_see("Copie o segredo agora.")
    (made,) = await client.webhooks(as_owner)
    assert (made.url, made.types) == (URL, [WebhookType.LEAD_MOVED])
    await real.open("/webhooks")
    await real.should_see("nada entregue ainda")
    await real.should_not_see("whsec_")


async def test_a_webhook_is_tested_switched_off_and_on(
    real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    made = (await client.create(as_owner, WebhookCreate(url=URL, types=[WebhookType.CONTACT_CHANGED]))).webhook
    await real.open(f"/webhooks/{made.id}")
    await real.should_see("Nada enviado ainda")
    await real.should_see("Enviar teste")
    click(real, "Enviar teste")

    async def told() -> bool:
        page = await client.deliveries(as_owner, made.id, {})
        return [one.type for one in page.items] == ["ping"]

    await until(told)
    await owner_db.execute(
        "insert into webhook_attempt(company_id, endpoint_id, delivery_id, at, milliseconds, status, failure, answer)"
        " select company_id, endpoint_id, id, now(), 84, 500, 'status', 'kaputt' from webhook_delivery where endpoint_id = $1",
        made.id,
    )
    await owner_db.execute("update webhook_endpoint set off_because = 'failing', off_at = now() where id = $1", made.id)
    await real.open(f"/webhooks/{made.id}")
    (row,) = (await client.deliveries(as_owner, made.id, {})).items
    await real.open(f"/webhooks/{made.id}/deliveries/{row.id}")
    await real.should_see("O sistema que recebe respondeu com um erro.")
    await real.should_see("kaputt")
    await real.should_see(row.event_id)
    await real.open(f"/webhooks/{made.id}")
    await real.should_see("Por cinco dias todas as tentativas falharam")
    await real.should_see("Tentativas por hora")
    click(real, "Ligar")

    async def on() -> bool:
        return (await client.webhook(as_owner, made.id)).off_because is None

    await until(on)
    await client.switch(as_owner, made.id, on=False)
    assert (await client.webhook(as_owner, made.id)).off_because is OffBecause.PERSON


async def test_one_that_is_gone_leads_back(real: User, as_owner: ApiClient) -> None:
    made = (await client.create(as_owner, WebhookCreate(url=URL, types=[WebhookType.CONTACT_CHANGED]))).webhook
    await client.delete(as_owner, made.id)
    await real.open(f"/webhooks/{made.id}")
    await real.should_see("Este webhook não está mais aqui")


async def test_a_free_span_is_sent_again(real: User, owner: Actor, owner_db: asyncpg.Connection, as_owner: ApiClient) -> None:
    made = (await client.create(as_owner, WebhookCreate(url=URL, types=[WebhookType.CONTACT_CHANGED]))).webhook
    row_ids = await owner_db.fetch(
        "insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body, state, tries, created_at, done_at)"
        " select $1, $2, 'msg_' || n, 'contact.changed', 'contact_id:' || n, n, '{}', case when n = 1 then 'failed' else 'delivered' end, 1,"
        " now() - make_interval(hours => n), now() from generate_series(1, 30, 7) n returning id",
        owner.company_id,
        made.id,
    )
    await owner_db.execute(
        "insert into webhook_attempt(company_id, endpoint_id, delivery_id, at, milliseconds, status, answer, headers, answer_headers)"
        """ values ($1, $2, $3, now(), 12, 204, '', '{"webhook-signature": "v1,abc="}', '{"server": "loja"}')""",
        owner.company_id,
        made.id,
        row_ids[0]["id"],
    )
    await real.open(f"/webhooks/{made.id}/deliveries/{row_ids[0]['id']}")
    await real.should_see("webhook-signature: v1,abc=")
    await real.should_see("server: loja")
    await real.open(f"/webhooks/{made.id}?type=lead.moved")
    await real.should_see("Enviar teste")
    await real.should_not_see("HTTP 204")
    await real.open(f"/webhooks/{made.id}?type=contact.changed&state=failed")
    await real.should_see("Enviar teste")
    choose(real, "Enviar um período de novo")
    await real.should_see("Também o que chegou")
    field(real, "Até").set_value("2020-01-01")
    click(real, "Enviar de novo")
    await real.should_see("Escolha um fim depois do início.")

    async def waits(count: int) -> bool:
        page = await client.deliveries(as_owner, made.id, {"state": "waiting"})
        return len(page.items) == count

    for arrived, count in ((False, 1), (True, 4)):  # the fifth is older than a day
        await real.open(f"/webhooks/{made.id}")
        await real.should_see("Enviar teste")
        choose(real, "Enviar um período de novo")
        await real.should_see("Também o que chegou")
        if arrived:
            (switch,) = [
                one for one in real.find(kind=ui.switch).elements if one.props.get("aria-label") == "Também o que chegou"
            ]
            switch.value = True
        click(real, "Enviar de novo")
        await until(lambda count=count: waits(count))


async def test_who_switched_it_off_is_said(real: User, owner: Actor, as_owner: ApiClient) -> None:
    made = (await client.create(as_owner, WebhookCreate(url=URL, types=[WebhookType.CONTACT_CHANGED]))).webhook
    off = await client.switch(as_owner, made.id, on=False)
    assert off.off_by_name
    await real.open(f"/webhooks/{made.id}")
    await real.should_see(f"por {off.off_by_name}.")
    assert (await client.switch(as_owner, made.id, on=True)).off_by_name is None
