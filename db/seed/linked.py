"""The demo company's number on a phone, connected by a code, with a few conversations. Nobody holds it until somebody uses it (db/qr/played.py):
to look at it nothing has to be installed."""

from datetime import datetime, timedelta

import asyncpg

from db import crypto
from db.channels.actions import SANDBOX_HORIZON
from db.channels.secrets import seal
from db.messages.enums import MessageState as M
from db.providers.linked.definition import PROVIDER
from db.seed.company import COMPANY, DEMO, fixed_id
from db.seed.people import Person
from db.seed.rows import columns

LINKED = fixed_id("channel:linked")
NUMBER = "+5511940028922"
_TALKS: tuple[tuple[int, tuple[tuple[str, str], ...]], ...] = (
    (35, (
        ("in", "Oi! Vi o vestido azul no Instagram, ainda tem no M?"),
        ("out", "Oi! Tem sim, no M e no G. Quer que eu separe para você?"),
        ("in", "Separa o M, por favor. Passo aí hoje depois das 17h 😊"),
    )),
    (160, (
        ("in", "Bom dia, vocês fazem entrega em Pinheiros?"),
        ("out", "Bom dia! Fazemos, chega no mesmo dia. O frete é R$ 12."),
        ("in", "Perfeito, obrigada!"),
        ("out", "Nós que agradecemos 💚"),
    )),
    (420, (
        ("in", "A bolsa que comprei veio com o zíper travando"),
        ("out", "Poxa, desculpe! Pode trazer na loja que trocamos na hora, ou eu mando buscar. O que fica melhor?"),
        ("in", "Levo amanhã de manhã"),
    )),
    (1500, (
        ("in", "Qual o horário no sábado?"),
        ("out", "Sábado abrimos das 9h às 18h."),
    )),
)  # fmt: skip
"""Minutes ago that the talk ended, and what was said, five minutes apart."""


async def write_linked(c: asyncpg.Connection, customers: list[Person], at: datetime) -> None:
    begun = at - timedelta(days=60)
    await c.execute(
        """insert into channel(company_id, id, kind, sandbox, name, state, number, account_id, external_id, portfolio_id, token, signing_secret,
                               throughput, unknown_horizon, checked_at, created_at)
        values ($1, $2, $3, true, 'WhatsApp do balcão', 'connected', $4, $5, $5, $5, $6, $7, $8, $9, $10, $10)""",
        COMPANY,
        LINKED,
        PROVIDER.kind,
        NUMBER,
        f"{PROVIDER.name}-{LINKED.hex}",
        seal(COMPANY, LINKED, "token", crypto.new_token()),
        seal(COMPANY, LINKED, "signing_secret", crypto.new_token()),
        PROVIDER.sandbox_throughput,
        SANDBOX_HORIZON,
        begun,
    )
    heard = at - timedelta(minutes=_TALKS[0][0])
    await c.execute(
        """insert into qr_session(company_id, id, state, next_at, played, push_name, first_open_at, last_open_at, last_inbound_at, score, engine)
        values ($1, $2, 'open', 'infinity', true, 'Loja Aurora', $3, $3, $4, 100, '')""",
        COMPANY,
        LINKED,
        begun,
        heard,
    )
    people = [one for one in customers if one.line == "mobile" and not one.opted_out][: len(_TALKS)]
    came: list[tuple[object, ...]] = []
    went: list[tuple[object, ...]] = []
    for person, (ago, said) in zip(people, _TALKS, strict=True):
        for number, (way, body) in enumerate(said):
            moment = at - timedelta(minutes=ago + 5 * (len(said) - 1 - number))
            (came if way == "in" else went).append((person.id, person.phone, body, moment))
    await c.execute(
        """insert into inbound_message(company_id, channel_id, id, contact_id, provider_id, address, kind, body, content, received_at, created_at)
        select $1, $2, id, contact_id, 'demo.linked.' || id, address, 'text', body, jsonb_build_object('kind', 'text', 'text', body), at, at
        from (select uuidv7(at - now()) as id, r.* from unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) r(contact_id, address, body, at)) r""",
        COMPANY,
        LINKED,
        *columns(came),
    )
    await c.execute(
        f"""insert into message(company_id, channel_id, queue_id, id, contact_id, address, dedupe_key, state, epoch, tries, content, author_id,
                               provider_id, sent_at, delivered_at, read_at, next_at)
        select $1, $2, $2, id, contact_id, address, 'answer:' || id, {M.READ}, 1, 1, jsonb_build_object('kind', 'literal', 'body', body), $7,
            'demo.' || id, at, at + interval '2 seconds', at + interval '1 minute', at
        from (select uuidv7(at - now()) as id, r.* from unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) r(contact_id, address, body, at)) r""",
        COMPANY,
        LINKED,
        *columns(went),
        fixed_id(DEMO.team[3][0]),
    )
