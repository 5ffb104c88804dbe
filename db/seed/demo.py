"""The demo company "Loja Aurora": made once, in one transaction, whole or not at all.

Everything in it is made up, and its channels are on the sandbox, so that nothing it does reaches a real person. The campaign
that runs after the first start goes the true way: queue, limits, sandbox, webhooks.
"""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
import msgspec

from db import crypto, queue
from db.accounts.passwords import hash_password
from db.campaigns.enums import CampaignState
from db.channels.actions import SANDBOX_HORIZON
from db.channels.enums import TemplateCategory
from db.clock import now
from db.contacts.filter import ContactFilter
from db.jobs import CheckChannel, Job, SubmitTemplate
from db.messages.enums import AttemptState as A
from db.messages.enums import MessageState as M
from db.messages.render import Slot, TemplateContent, TextContent
from db.permissions import Role
from db.providers.definition import TemplateDraft
from db.providers.meta.definition import PROVIDER as META
from db.providers.meta.templates import write_template
from db.providers.twilio.definition import PROVIDER as TWILIO
from db.seed import history
from db.seed.people import FIELDS, TAGS, Person, people
from db.settings import Settings

EMAIL = "ana@lojaaurora.test"
PASSWORD = "aurora-demo-2026"  # noqa: S105 - printed on every start; the company is made up
CONTACTS = 4000


def fixed_id(name: str) -> UUID:
    """The same on every installation."""
    return uuid5(NAMESPACE_URL, f"masteria:demo:{name}")


COMPANY = fixed_id("company")
WHATSAPP, SMS = fixed_id("channel:whatsapp"), fixed_id("channel:sms")
TEAM = (
    (EMAIL, "Ana Lima", Role.OWNER),
    ("bruno@lojaaurora.test", "Bruno Rocha", Role.ADMIN),
    ("carla@lojaaurora.test", "Carla Mendes", Role.MANAGER),
    ("diego@lojaaurora.test", "Diego Alves", Role.AGENT),
    ("elisa@lojaaurora.test", "Elisa Nunes", Role.VIEWER),
)
_SHORT_SMS_RATE = 4  # segments per second: the running campaign is seen running
_SMS = "Loja Aurora: oi {{first_name|cliente}}, sua caixa de ofertas da semana chegou. Mostre este SMS no caixa e ganhe 10%. SAIR para parar."
_TEMPLATES = (
    TemplateDraft(
        "promo_verao", "pt_BR", TemplateCategory.MARKETING,
        "Oi {{1}}! ☀️ A coleção de verão da Loja Aurora chegou em {{2}} com até 30% de desconto. Quer ver as peças?",
        ["Beatriz", "Campinas"], "Verão Aurora", None, "Responda SAIR para não receber", ["Quero ver", "Agora não"], None,
    ),
    TemplateDraft(
        "boas_vindas", "pt_BR", TemplateCategory.MARKETING,
        "Olá {{1}}, que bom ter você na Loja Aurora! Seu primeiro pedido tem frete grátis até domingo.",
        ["Carlos"], None, None, "Responda SAIR para não receber", [], ("Abrir a loja", "https://lojaaurora.example/bem-vindo", None),
    ),
    TemplateDraft(
        "lembrete_pagamento", "pt_BR", TemplateCategory.UTILITY,
        "Oi {{1}}, o boleto do pedido {{2}} vence amanhã. Se já pagou, desconsidere esta mensagem.",
        ["Paula", "#12345"], None, None, None, [], None,
    ),
    TemplateDraft(
        "pesquisa_satisfacao", "pt_BR", TemplateCategory.UTILITY,
        "Oi {{1}}, como foi sua experiência com o pedido {{2}}? Sua resposta ajuda a Loja Aurora a melhorar.",
        ["Igor", "#23456"], None, None, None, ["Ótima", "Regular", "Ruim"], None,
    ),
    TemplateDraft(
        "oferta_relampago", "pt_BR", TemplateCategory.MARKETING,
        "{{1}}".join(("Oi ", ", só hoje! Garanta em https://bit.ly/aurora-relampago antes que acabe.")),
        ["Rafael"], None, None, None, [], None,
    ),
)  # fmt: skip
_STATUS = {"pesquisa_satisfacao": "pending", "oferta_relampago": "rejected"}


async def seed(settings: Settings) -> bool:
    """True when the company was made now, False when it was there. Needs the key ring. Takes under two seconds."""
    connection = await asyncpg.connect(settings.database_owner_url or settings.database_url)
    try:
        async with connection.transaction():
            await connection.execute("set local role masteria_system")
            if await connection.fetchval("select true from company where id = $1", COMPANY):
                return False
            await _accounts(connection, await hash_password(PASSWORD))
            await connection.execute("set local role masteria_app")
            await connection.execute(
                "select set_config('app.company', $1, true), set_config('app.actor', 'worker:', true)", str(COMPANY)
            )
            await _company(connection)
    except asyncpg.UniqueViolationError as error:
        if "company_pkey" in str(error):  # another process made it at the same moment
            return False
        raise
    finally:
        await connection.close()
    return True


async def _accounts(c: asyncpg.Connection, password: str) -> None:
    """As the system role: nobody may write a company without being in it. The team shares one password, told at the start."""
    await c.execute(
        "insert into company(id, name, demo, created_at) values ($1, 'Loja Aurora', true, now() - interval '400 days')", COMPANY
    )
    for email, name, role in TEAM:
        user_id = await c.fetchval(
            "insert into account_user(id, email, name, password_hash, email_verified_at) values ($1, $2, $3, $4, now()) "
            "on conflict (email) do update set email = excluded.email returning id",
            fixed_id(email),
            email,
            name,
            password,
        )
        await c.execute("insert into membership(company_id, user_id, role) values ($1, $2, $3)", COMPANY, user_id, role)


async def _company(c: asyncpg.Connection) -> None:
    dice, at = random.Random(2026), now()
    customers = people(CONTACTS, at, dice)
    await _contacts(c, customers)
    await _channels(c, at)
    await _templates(c, at)
    await _campaigns(c, customers, at, dice)
    jobs: list[tuple[Job, datetime | None]] = [(CheckChannel(channel_id=channel), None) for channel in (WHATSAPP, SMS)]
    for draft in _TEMPLATES:  # the sandbox learns of them as WhatsApp would; the one that waits goes there later
        later = timedelta(hours=1) if _STATUS.get(draft.name) == "pending" else timedelta(seconds=3)
        jobs.append((SubmitTemplate(template_id=fixed_id(draft.name), verb="create"), at + later))
    await queue.insert(c, COMPANY, jobs)
    await c.execute(
        "insert into audit_log(company_id, action, subject_id) values ($1, 'company.demo_made', $1)",
        COMPANY,
    )


async def _contacts(c: asyncpg.Connection, customers: list[Person]) -> None:
    await c.executemany(
        "insert into tag(company_id, id, name) values ($1, $2, $3)", [(COMPANY, fixed_id(f"tag:{tag}"), tag) for tag in TAGS]
    )
    await c.executemany(
        "insert into custom_field(company_id, key, label, kind) values ($1, $2, $3, $4)", [(COMPANY, *field) for field in FIELDS]
    )
    await c.execute(
        """insert into contact(company_id, id, name, language, custom, opted_out_at, opt_out_source, search, source, created_at, updated_at)
        select $1, id, name, 'pt-BR', custom::jsonb, case when gone then created_at + (now() - created_at) / 2 end,
               case when gone then 'keyword' end, search_text(name, array_remove(array[phone, email], null)), 'import', created_at, created_at
        from unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[], $8::timestamptz[])
             r(id, name, custom, gone, phone, email, created_at)""",
        COMPANY,
        [p.id for p in customers],
        [p.name for p in customers],
        [_json(p.custom) for p in customers],
        [p.opted_out for p in customers],
        [p.phone for p in customers],
        [p.email for p in customers],
        [p.created_at for p in customers],
    )
    identities: list[tuple[Any, ...]] = [(p.id, "phone", p.phone, p.line, "BR", p.created_at) for p in customers]
    identities += [(p.id, "email", p.email, None, None, p.created_at) for p in customers if p.email]
    await c.execute(
        """insert into contact_identity(company_id, contact_id, kind, value, line, region, created_at)
        select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[]) r""",
        COMPANY,
        *_columns(identities),
    )
    await c.execute(
        "insert into contact_tag(company_id, tag_id, contact_id) select $1, r.* from unnest($2::uuid[], $3::uuid[]) r",
        COMPANY,
        *_columns([(fixed_id(f"tag:{tag}"), p.id) for p in customers for tag in p.tags]),
    )
    await c.execute(
        "insert into suppression(company_id, address, source) select $1, unnest($2::text[]), 'keyword'",
        COMPANY,
        [p.phone for p in customers if p.opted_out],
    )


async def _channels(c: asyncpg.Connection, at: datetime) -> None:
    """Connected once their check has made their accounts on the sandbox."""
    for channel, provider, rate in ((WHATSAPP, META, META.sandbox_throughput), (SMS, TWILIO, _SHORT_SMS_RATE)):
        await c.execute(
            """insert into channel(company_id, id, kind, sandbox, name, account_id, external_id, portfolio_id, verify_token, throughput,
                                   messaging_limit, unknown_horizon, created_at)
            values ($1, $2, $3, true, $4, $5, $5, $5, $6, $7, $8, $9, $10)""",
            COMPANY,
            channel,
            provider.kind,
            f"{provider.label.pt_br} da loja",
            f"sandbox-{channel.hex}",
            crypto.new_token() if provider.has_handshake else None,
            rate,
            provider.sandbox_messaging_limit,
            SANDBOX_HORIZON,
            at - timedelta(days=90),
        )


async def _templates(c: asyncpg.Connection, at: datetime) -> None:
    for draft in _TEMPLATES:
        parameter_format, components = write_template(draft)
        status = _STATUS.get(draft.name, "approved")
        await c.execute(
            """insert into template(company_id, id, channel_id, name, language, category, status, parameter_format, components, quality,
                                    rejected_reason, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12)""",
            COMPANY,
            fixed_id(draft.name),
            WHATSAPP,
            draft.name,
            draft.language,
            draft.category,
            status,
            parameter_format,
            _json(components),
            "green" if status == "approved" else "unknown",
            "INVALID_FORMAT" if status == "rejected" else None,
            at - timedelta(days=60),
        )


async def _campaigns(c: asyncpg.Connection, customers: list[Person], at: datetime, dice: random.Random) -> None:
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
        await _campaign(c, campaign, name, CampaignState.FINISHED, WHATSAPP, template, tags, start, ended)
        await _messages(c, campaign, WHATSAPP, template, rows, start)
    await _running(c, [p for p in customers if not p.opted_out][-3000:], at, dice)
    await c.execute(history.AUDIENCE_SIZES, COMPANY)
    draft = fixed_id("campaign:draft")
    await _campaign(
        c, draft, "Dia das Mães · rascunho", CampaignState.DRAFT, WHATSAPP, "promo_verao", ("newsletter",), None, None
    )
    planned = fixed_id("campaign:scheduled")
    await _campaign(
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
    await _campaign(c, campaign, "Ofertas da semana · SMS", CampaignState.RUNNING, SMS, None, (), start, None)
    rows = history.past(done, TWILIO, start, _SHORT_SMS_RATE, dice, at)
    await _messages(c, campaign, SMS, None, [row for row in rows if max(filter(None, row[6:11])) <= at], start)
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


async def _campaign(
    c: asyncpg.Connection, campaign: UUID, name: str, state: CampaignState, channel: UUID, template: str | None,
    tags: tuple[str, ...], start: datetime | None, end: datetime | None,
) -> None:  # fmt: skip
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
        COMPANY,
        campaign,
        name,
        state,
        channel,
        fixed_id(template) if template else None,
        None if template else _SMS,
        _json(bindings),
        _json(ContactFilter(tags=[fixed_id(f"tag:{tag}") for tag in tags], everyone=not tags)),
        None if state is CampaignState.DRAFT else _json(content),
        start,
        end,
        fixed_id(EMAIL),
        end or start or now(),
    )


_BINDINGS = {
    "boas_vindas": (("first_name", "cliente"),),
    "lembrete_pagamento": (("first_name", "cliente"), ("custom.ultimo_pedido", "recente")),
    "promo_verao": (("first_name", "cliente"), ("custom.cidade", "sua cidade")),
}


def _content(template: str) -> TemplateContent:
    draft = next(d for d in _TEMPLATES if d.name == template)
    slots = [
        Slot(placeholder=str(number), field=field, fallback=fallback)
        for number, (field, fallback) in enumerate(_BINDINGS[template], start=1)
    ]
    return TemplateContent(draft.name, draft.language, draft.category.value, write_template(draft)[1], slots)


async def _messages(
    c: asyncpg.Connection, campaign: UUID, channel: UUID, template: str | None, rows: list[history.Past], start: datetime
) -> None:
    fields = [field for field, _ in _BINDINGS[template]] if template else ["first_name"]
    await c.execute(
        f"""insert into message(company_id, channel_id, queue_id, campaign_id, id, contact_id, address, dedupe_key, state, epoch, tries,
                               params, provider_id, reason, code, sent_at, delivered_at, read_at, replied_at, done_at, next_at)
        select $1, $2, $3::uuid, $3::uuid, id, contact_id, address, $3::uuid::text || ':' || contact_id, state, case when sent_at is null then 0 else 1 end,
               case when sent_at is null then 0 else 1 end, array(select jsonb_array_elements_text(params::jsonb)),
               case when sent_at is not null and state <> {M.FAILED} then 'demo.' || id end, reason, code,
               sent_at, delivered_at, read_at, replied_at, done_at, $4
        from unnest($5::uuid[], $6::uuid[], $7::text[], $8::smallint[], $9::text[], $10::text[], $11::int[], $12::timestamptz[],
                    $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[])
             r(id, contact_id, address, state, params, reason, code, sent_at, delivered_at, read_at, replied_at, done_at)""",
        COMPANY,
        channel,
        campaign,
        start,
        *_columns([
            (
                r.id, r.person.id, r.person.phone, int(r.state), _json([] if r.sent_at is None else [_raw(r.person, f) for f in fields]),
                r.reason, r.code, None if r.state is M.FAILED else r.sent_at, r.delivered_at, r.read_at, r.replied_at, r.done_at,
            )
            for r in rows
        ]),
    )  # fmt: skip
    sent = [r for r in rows if r.sent_at]
    await c.execute(
        f"""insert into attempt(company_id, id, message_id, channel_id, epoch, state, http_status, code, provider_id, started_at, done_at)
        select $1, id, message_id, $2, 1, state, 200, code, case when state = {A.ACCEPTED} then 'demo.' || message_id end, at, at + interval '90 ms'
        from unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::int[], $7::timestamptz[]) r(id, message_id, state, code, at)""",
        COMPANY,
        channel,
        *_columns([(r.attempt_id, r.id, A.REJECTED if r.state is M.FAILED else A.ACCEPTED, r.code, r.sent_at) for r in sent]),
    )
    await c.execute("delete from message_tally where company_id = $1 and campaign_id = $2", COMPANY, campaign)
    await c.execute(
        """insert into message_tally(company_id, campaign_id, at, state, delta)
        select $1, $2, r.* from unnest($3::timestamptz[], $4::smallint[], $5::int[]) r""",
        COMPANY,
        campaign,
        *_columns(history.tallies(rows, start)),
    )
    await c.execute(
        """insert into inbound_message(company_id, channel_id, campaign_id, id, contact_id, provider_id, address, kind, body,
               context_provider_id, content, received_at, created_at) select $1, $2, $3, uuidv7(at - now()), contact_id,
            'demo.in.' || message_id, address, 'text', body, 'demo.' || message_id, jsonb_build_object('kind', 'text', 'text', body), at, at
        from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[]) r(message_id, contact_id, address, body, at)""",
        COMPANY,
        channel,
        campaign,
        *_columns([(r.id, r.person.id, r.person.phone, r.reply, r.replied_at) for r in rows if r.reply], width=5),
    )


def _raw(person: Person, field: str) -> str:
    return person.custom.get(field[7:], "") if field.startswith("custom.") else person.name


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _columns(rows: list[tuple[Any, ...]], width: int = 0) -> list[list[Any]]:
    """Rows turned into the arrays that unnest takes."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
