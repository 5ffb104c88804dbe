"""The demo company's campaigns (and how one is written): finished ones with their past, one that is being sent, a planned one and a draft."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.campaigns.enums import CampaignState
from db.clock import now
from db.contacts.filter import ContactFilter
from db.messages.render import Slot, TemplateContent, TextContent
from db.providers.meta.definition import PROVIDER as META
from db.providers.meta.templates import write_template
from db.providers.twilio.definition import PROVIDER as TWILIO
from db.seed import history
from db.seed.channels import SMS, SMS_RATE, WHATSAPP
from db.seed.company import COMPANY, DEMO, Made, fixed_id
from db.seed.messages import write_messages
from db.seed.people import Person
from db.seed.rows import json
from db.seed.templates import TEMPLATES

_SMS = "Loja Aurora: oi {{first_name|cliente}}, sua caixa de ofertas da semana chegou. Mostre este SMS no caixa e ganhe 10%. SAIR para parar."
_BINDINGS = {
    "boas_vindas": (("first_name", "cliente"),),
    "lembrete_pagamento": (("first_name", "cliente"), ("custom.ultimo_pedido", "recente")),
    "promo_verao": (("first_name", "cliente"), ("custom.cidade", "sua cidade")),
}


async def write_campaigns(c: asyncpg.Connection, customers: list[Person], at: datetime, dice: random.Random) -> None:
    summer = [p for p in customers if "verão" in p.tags]
    news = [p for p in customers if "newsletter" in p.tags]
    vips = [p for p in customers if "vip" in p.tags]
    finished = (
        ("Boas-vindas aos novos clientes", "boas_vindas", dice.sample(customers, 420), 12.6, 6.0, ()),
        ("Clientes VIP · pré-estreia", "promo_verao", vips, 8.2, 5.0, ("vip",)),
        ("Lembrete de boleto", "lembrete_pagamento", dice.sample(customers, 310), 4.4, 3.0, ()),
        ("Promoção de verão", "promo_verao", summer, 1.3, 6.0, ("verão",)),
    )
    for name, template, audience, days_ago, rate, tags in finished:
        start = at - timedelta(days=days_ago)
        campaign = fixed_id(f"campaign:{name}")
        rows = history.past(audience, META, start, rate, dice, at)
        ended = max(row.sent_at or start for row in rows) + timedelta(seconds=20)
        await write_campaign(c, campaign, name, CampaignState.FINISHED, WHATSAPP, template, tags, start, ended)
        await write_messages(c, campaign, WHATSAPP, _fields(template), rows, start)
    await _running(c, [p for p in customers if not p.opted_out][-3000:], at, dice)
    await c.execute(history.AUDIENCE_SIZES, COMPANY)
    draft = fixed_id("campaign:draft")
    await write_campaign(
        c, draft, "Dia das Mães · rascunho", CampaignState.DRAFT, WHATSAPP, "promo_verao", ("newsletter",), None, None
    )
    planned = fixed_id("campaign:scheduled")
    await write_campaign(
        c, planned, "Semana do cliente", CampaignState.SCHEDULED, WHATSAPP, "promo_verao", ("newsletter",), None, None
    )
    when = (at + timedelta(days=3)).replace(hour=13, minute=0, second=0, microsecond=0)
    await c.execute(
        "update campaign set scheduled_at = $3, launched_at = $4 where company_id = $1 and id = $2", COMPANY, planned, when, at
    )
    assert news  # the two above need somebody to write to


async def _running(c: asyncpg.Connection, audience: list[Person], at: datetime, dice: random.Random) -> None:
    """An SMS campaign two minutes old; the rest of it is sent for real."""
    campaign, start = fixed_id("campaign:running"), at - timedelta(seconds=130)
    done = audience[:480]
    await write_campaign(c, campaign, "Ofertas da semana · SMS", CampaignState.RUNNING, SMS, None, (), start, None)
    rows = history.past(done, TWILIO, start, SMS_RATE, dice, at)
    await write_messages(c, campaign, SMS, ["first_name"], [row for row in rows if max(filter(None, row[6:11])) <= at], start)
    taken = {row.person.id for row in rows if max(filter(None, row[6:11])) <= at}
    rest = [p for p in audience if p.id not in taken and p.line == "mobile"]
    await c.execute(
        """insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, params)
        select $1, $2, $3::uuid, $3::uuid, id, phone, $3::uuid::text || ':' || id, array[name]
        from unnest($4::uuid[], $5::text[], $6::text[]) r(id, phone, name)""",
        COMPANY,
        SMS,
        campaign,
        [p.id for p in rest],
        [p.phone for p in rest],
        [p.name for p in rest],
    )


async def write_campaign(
    c: asyncpg.Connection, campaign: UUID, name: str, state: CampaignState, channel: UUID, template: str | None,
    tags: tuple[str, ...], start: datetime | None, end: datetime | None, company: Made = DEMO,
) -> None:  # fmt: skip
    """`template`: its name, or None for the text of an SMS."""
    bindings: list[dict[str, str]] = []
    content: TemplateContent | TextContent = TextContent(_SMS)
    if template:
        content = _content(template)
        bindings = [
            {"placeholder": slot.placeholder, "source": slot.field or "constant", "fallback": slot.fallback}
            for slot in content.slots
        ]
    await c.execute(
        """insert into campaign(company_id, id, name, state, channel_id, template_id, body, bindings, audience, content, launched_at,
                                started_at, finished_at, created_by, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10::jsonb, $11, $11, $12, $13, $14, $14)""",
        company.id,
        campaign,
        name,
        state,
        channel,
        fixed_id(template) if template else None,
        None if template else _SMS,
        json(bindings),
        json(ContactFilter(tags=[fixed_id(f"tag:{tag}") for tag in tags], everyone=not tags)),
        None if state is CampaignState.DRAFT else json(content),
        start,
        end,
        fixed_id(company.team[0][0]),
        end or start or now(),
    )


def _fields(template: str) -> list[str]:
    return [field for field, _fallback in _BINDINGS[template]]


def _content(template: str) -> TemplateContent:
    draft = next(d for d in TEMPLATES if d.name == template)
    slots = [
        Slot(placeholder=str(number), field=field, fallback=fallback)
        for number, (field, fallback) in enumerate(_BINDINGS[template], start=1)
    ]
    return TemplateContent(draft.name, draft.language, draft.category.value, write_template(draft)[1], slots)
