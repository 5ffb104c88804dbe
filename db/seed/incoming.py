"""A hook of the demo company, as the form on its site would post to it, with what came for it last."""

import secrets

import asyncpg
import msgspec

from db.crypto import digest
from db.incoming.enums import IncomingSource, IncomingState
from db.incoming.recipe import AddTags, HookStep, PutLead, UpsertContact
from db.seed.company import COMPANY, fixed_id

_POSTED = (
    {"nome": "Marina Duarte", "telefone": "11 98812-4477", "email": "marina@example.com", "produto": "Cesta de café da manhã", "total": "189,90"},
    {"nome": "Téo Ramos", "telefone": "21 99731-0925", "email": "teo@example.com", "produto": "Bolo de festa", "total": "240,00"},
)  # fmt: skip
_INSERT = """
insert into incoming_delivery(company_id, id, hook_id, source, content_type, size, payload, state, received_at, done_at)
select $1, uuidv7(make_interval(mins => -$6::int)), $2, $3, 'application/x-www-form-urlencoded', length($4), $4, $5,
    now() - make_interval(mins => $6::int), now() - make_interval(mins => $6::int)
"""


async def write_incoming(c: asyncpg.Connection) -> None:
    """Nobody knows its address: whoever wants to post makes a new one. What came stood there before the steps did."""
    hook = fixed_id("incoming")
    board = await c.fetchval("select id from board where company_id = $1 order by id limit 1", COMPANY)
    steps: list[HookStep] = [
        UpsertContact(phone="{{telefone}}", email="{{email}}", name="{{nome}}"),
        AddTags(tags=["site"]),
        PutLead(board_id=board, title="{{produto}}", value="{{total}}"),
    ]
    token = secrets.token_urlsafe(32)
    await c.execute(
        "insert into incoming_hook(company_id, id, name, token_hash, token_hint, steps) values ($1, $2, 'Formulário do site', $3, $4, $5::jsonb)",
        COMPANY,
        hook,
        digest(token),
        token[-4:],
        msgspec.json.encode(steps).decode(),
    )
    for number, posted in enumerate(_POSTED):
        text = msgspec.json.encode(posted).decode()
        await c.execute(_INSERT, COMPANY, hook, IncomingSource.POST.value, text, IncomingState.OFF.value, 50 - 30 * number)
