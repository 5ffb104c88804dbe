"""The demo company's AI service: the simulated model, and a month of what it was asked."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.ai import catalogue
from db.ai.connection import sandbox_key
from db.ai.enums import CallResult, Purpose
from db.ai.ledger import EVERY, Tokens, cost_of
from db.crypto import ring
from db.ids import uuid7
from db.seed.company import fixed_id
from db.seed.rows import columns

CONNECTION = fixed_id("ai:connection")
BUDGET = 20 * catalogue.MICRO
DAYS = 29
_EMBEDDING = "text-embedding-3-small"
_INSERT = """
insert into ai_usage(company_id, id, at, purpose, persona_id, provider, model, result, lease_until, reserved, input, cached, output, cost, counted,
    milliseconds, merged)
select $1, u.id, u.at, u.purpose, u.persona_id, 'sandbox', u.model, u.result, u.at, 0, u.input, u.cached, u.output, u.cost, u.cost, u.milliseconds, u.merged
from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::int[], $9::int[], $10::int[], $11::bigint[],
    $12::int[], $13::int[]) u(id, at, purpose, persona_id, model, result, input, cached, output, cost, milliseconds, merged)
"""


async def write_ai(c: asyncpg.Connection, company_id: UUID, at: datetime, dice: random.Random, personas: list[UUID]) -> None:
    """A connection that the first check finds ready, a budget for each month, and calls of the last weeks in the name of `personas`."""
    key = ring().seal(sandbox_key(company_id), company_id=company_id, table="ai_connection", column="key", row_id=CONNECTION)
    known = catalogue.BY_NAME[_EMBEDDING]
    await c.execute(
        "insert into ai_connection(company_id, id, provider, key, chat_model, embedder, embedding_model, embedding_dims, state)"
        " values ($1, $2, 'sandbox', $3, $4, 'service', $5, $6, 'checking')",
        company_id,
        CONNECTION,
        key,
        catalogue.BALANCED,
        _EMBEDDING,
        known.dims,
    )
    await c.execute(
        "insert into ai_budget(company_id, scope, subject_id, period, most) values ($1, 'company', $2, 'month', $3)",
        company_id,
        EVERY,
        BUDGET,
    )
    await c.execute(_INSERT, company_id, *columns(_calls(at, dice, personas)))


def _calls(at: datetime, dice: random.Random, personas: list[UUID]) -> list[tuple[object, ...]]:
    """More on weekdays than at weekends, answers most of all."""
    rows: list[tuple[object, ...]] = []
    for day in range(DAYS, 0, -1):
        noon = (at - timedelta(days=day)).replace(hour=15, minute=0, second=0, microsecond=0)
        for _ in range(dice.randint(18, 34) if noon.weekday() < 5 else dice.randint(4, 10)):
            moment = noon + timedelta(minutes=dice.randint(-240, 240))
            purpose = dice.choices((Purpose.ANSWER, Purpose.DRAFT, Purpose.LEAD, Purpose.EMBED), (60, 15, 15, 10))[0]
            rows.append(_call(moment, purpose, dice, personas))
    return rows


def _call(moment: datetime, purpose: Purpose, dice: random.Random, personas: list[UUID]) -> tuple[object, ...]:
    embeds, answers = purpose is Purpose.EMBED, purpose is Purpose.ANSWER
    model = _EMBEDDING if embeds else catalogue.BALANCED
    read = dice.randint(20, 400) if embeds else dice.randint(2_400, 5_200)
    tokens = Tokens(read, 0 if embeds else min(read, 128 * dice.randint(8, 16)), 0, 0 if embeds else dice.randint(40, 220))
    price = catalogue.BY_NAME[model].price
    assert price is not None
    persona = dice.choice(personas) if answers and personas else None
    merged = dice.choices((0, 1, 2), (70, 20, 10))[0] if answers else 0
    return (
        uuid7(), moment, purpose.value, persona, model, (CallResult.ANSWERED).value, tokens.input, tokens.cached, tokens.output,
        cost_of(tokens, price), dice.randint(300, 2_400), merged,
    )  # fmt: skip
