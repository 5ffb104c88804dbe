"""Channels, templates, contacts and campaigns written straight into the tables, for tests of what comes after."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from db import blobs, crypto
from db.clock import now
from db.ids import uuid7
from db.tenancy import Actor

BODY = [
    {"type": "BODY", "text": "Oi {{1}}, tem novidade em {{2}}!"},
    {"type": "FOOTER", "text": "Responda SAIR para não receber"},
]
BINDINGS = [
    {"placeholder": "1", "source": "first_name", "fallback": "cliente"},
    {"placeholder": "2", "source": "custom.cidade", "fallback": "sua cidade"},
]


MERGED = (
    '{"name": "Bia", "language": null, "custom": {}, "source": "inbound", "import_id": null, "created_at": "2026-03-02T14:05:00Z",'
    ' "identities": [], "tags": [], "notes": [], "imports": [], "gave_name": false, "gave_custom": [], "gave_tags": [],'
    ' "gave_imports": []}'
)
"""What a merge remembers of a contact that had nothing but a name."""


async def channel(db: asyncpg.Connection, actor: Actor, kind: str = "whatsapp", **columns: Any) -> UUID:
    """A connected channel. `columns` override, e.g. throughput=1000, messaging_limit=None, unknown_horizon=2."""
    channel_id = uuid4()
    values: dict[str, Any] = {
        "company_id": actor.company_id,
        "id": channel_id,
        "kind": kind,
        "name": "Loja",
        "state": "connected",
        "sandbox": True,
        "number": "+551140001234",
        "account_id": "waba1" if kind == "whatsapp" else "AC" + "0" * 32,
        "external_id": f"pn{channel_id.hex[:12]}" if kind == "whatsapp" else "+15005550006",
        "portfolio_id": f"portfolio-{channel_id.hex}",
        "token": crypto.ring().seal(
            "sandbox-token", company_id=actor.company_id, table="channel", column="token", row_id=channel_id
        ),
        **columns,
    }
    return await _insert(db, "channel", values)


async def _insert(db: asyncpg.Connection, table: str, values: dict[str, Any]) -> UUID:
    marks = ", ".join(f"${number + 1}" for number in range(len(values)))
    made: UUID = await db.fetchval(f"insert into {table}({', '.join(values)}) values ({marks}) returning id", *values.values())
    return made


async def template(
    db: asyncpg.Connection, actor: Actor, channel_id: UUID, status: str = "approved", components: Any = None
) -> UUID:
    """A template with two placeholders in its body."""
    template_id: UUID = await db.fetchval(
        "insert into template(company_id, channel_id, name, language, category, status, components)"
        " values ($1, $2, $3, 'pt_BR', 'marketing', $4, $5::jsonb) returning id",
        actor.company_id,
        channel_id,
        f"promo_{uuid4().hex[:8]}",
        status,
        msgspec.json.encode(components or BODY).decode(),
    )
    return template_id


async def somebody_waits(db: asyncpg.Connection) -> bool:
    """Whether a statement of this database waits for a lock; those of other tests' databases do not count."""
    sql = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    return bool(await db.fetchval(sql))


async def channel_comes_first(db: asyncpg.Connection, channel_id: UUID, contact_id: UUID, act: Coroutine[Any, Any, Any]) -> None:
    """Who takes them the other way round waits in a circle with what comes in."""
    await comes_first(db, f"channel where id = '{channel_id}'", f"contact where id = '{contact_id}'", act)


async def comes_first(db: asyncpg.Connection, first: str, then: str, act: Coroutine[Any, Any, Any]) -> None:
    """Whether `act` waits for the row `first` (a table and its condition) that somebody else has without having the row `then` already."""
    async with db.transaction():
        await db.execute(f"select from {first} for update")
        pid = await db.fetchval("select pg_backend_pid()")
        task = asyncio.create_task(act)
        sql = "select exists (select from pg_locks where not granted and $1 = any(pg_blocking_pids(pid)))"
        while not task.done() and not await db.fetchval(sql, pid):
            await asyncio.sleep(0.01)
        waited = not task.done()
        free = await db.fetchval(f"select true from {then} for update skip locked")
    await task
    assert (waited, free) == (True, True)


async def contacts(db: asyncpg.Connection, actor: Actor, count: int, *, first: int = 0) -> None:
    """`count` people with a mobile phone each: "Pessoa 7" at +5511900000007, every second with a city."""
    await db.execute(
        "insert into custom_field(company_id, key, label) values ($1, 'cidade', 'Cidade') on conflict do nothing",
        actor.company_id,
    )
    await db.execute(
        "with people as (insert into contact(company_id, name, search, custom) select $1, 'Pessoa ' || g, 'pessoa ' || g,"
        " case when g % 2 = 0 then '{\"cidade\":\"Niterói\"}'::jsonb else '{}' end"
        " from generate_series($2::int, $2 + $3 - 1) g returning id, name)"
        " insert into contact_identity(company_id, contact_id, kind, value, line, region)"
        " select $1, id, 'phone', '+55119' || lpad(substring(name from 8), 8, '0'), 'mobile', 'BR' from people",
        actor.company_id,
        first,
        count,
    )


async def campaign(
    db: asyncpg.Connection,
    actor: Actor,
    channel_id: UUID,
    template_id: UUID | None = None,
    *,
    body: str | None = None,
    **columns: Any,
) -> UUID:
    """A draft that is ready to launch to everyone."""
    values: dict[str, Any] = {
        "company_id": actor.company_id,
        "name": "Promoção",
        "channel_id": channel_id,
        "template_id": template_id,
        "body": body,
        "bindings": msgspec.json.encode(BINDINGS if template_id else []).decode(),
        "audience": '{"everyone": true}',
        **columns,
    }
    return await _insert(db, "campaign", values)


async def cadence(db: asyncpg.Connection, actor: Actor, channel_id: UUID, template_id: UUID, **columns: Any) -> UUID:
    """One that runs: a template, a day, and a template again."""
    write = {"kind": "send", "channel_id": str(channel_id), "template_id": str(template_id), "bindings": BINDINGS}
    steps = [{**write, "id": str(uuid4())}, {"kind": "wait", "id": str(uuid4()), "minutes": 1440}, {**write, "id": str(uuid4())}]
    plan = msgspec.json.encode({"steps": steps}).decode()
    values = {"company_id": actor.company_id, "name": "Boas-vindas", "state": "running", "plan": plan, "live": 1, **columns}
    cadence_id = await _insert(db, "cadence", values)
    await db.execute(
        "insert into cadence_version(company_id, cadence_id, number, plan) values ($1, $2, 1, $3::jsonb)",
        actor.company_id,
        cadence_id,
        plan,
    )
    return cadence_id


def content_json(kind: str, text: str) -> str:
    """A message's content as its column has it; of kinds without a text only what they need."""
    parts: dict[str, dict[str, Any]] = {
        "image": {"file": {"id": "77", "mime_type": "image/jpeg"}, "caption": text},
        "preference": {"opted_in": text == "resume"},
    }
    return msgspec.json.encode({"kind": kind, **parts.get(kind, {"text": text})}).decode()


async def lead(db: asyncpg.Connection, actor: Actor, title: str = "Reforma", **columns: Any) -> UUID:
    """A lead in the first stage of the company's first board, at a place in the order of their making. `columns` override, and may name
    another `stage_id`."""
    stage_id = columns.pop("stage_id", None)
    stage = await db.fetchrow(
        "select id, board_id, (select count(*) from lead l where l.company_id = $1) as leads from stage"
        " where company_id = $1 and ($2::uuid is null or id = $2) order by board_id, rank limit 1",
        actor.company_id,
        stage_id,
    )
    assert stage is not None
    values: dict[str, Any] = {
        "company_id": actor.company_id,
        "board_id": stage["board_id"],
        "stage_id": stage["id"],
        "rank": f"B{stage['leads']:07}1",
        "title": title,
        "search": f" {title.lower()}",
        **columns,
    }
    return await _insert(db, "lead", values)


async def lead_field(db: asyncpg.Connection, actor: Actor, key: str, kind: str = "text", **columns: Any) -> UUID:
    """A field of the company's first board, called as its key unless `columns` say otherwise."""
    board_id = await db.fetchval("select id from board where company_id = $1 order by id limit 1", actor.company_id)
    values = {"company_id": actor.company_id, "board_id": board_id, "key": key, "label": key, "kind": kind, **columns}
    return await _insert(db, "lead_field", values)


async def inbound(db: asyncpg.Connection, actor: Actor, channel_id: UUID, contact_id: UUID, **columns: Any) -> UUID:
    """A text that somebody wrote."""
    message_id = uuid7()
    values: dict[str, Any] = {
        "id": message_id,
        "provider_id": f"in.{message_id}",
        "address": "+5511900000000",
        "kind": "text",
        "body": "Oi",
        **columns,
    }
    values.setdefault("content", msgspec.json.encode({"kind": "text", "text": values["body"]}).decode())
    values.setdefault("received_at", now())
    return await _insert(
        db, "inbound_message", {"company_id": actor.company_id, "channel_id": channel_id, "contact_id": contact_id, **values}
    )


async def message_file(db: asyncpg.Connection, actor: Actor, channel_id: UUID, contact_id: UUID, **columns: Any) -> UUID:
    """A picture that somebody sent and that is stored, unless `columns` say otherwise; its bytes are the caller's business."""
    message_id = uuid7()
    await db.execute(
        "insert into inbound_message(company_id, id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " values ($1, $2, $3, $4, $5, '+5511900000000', 'image', '', $6::jsonb, clock_timestamp())",
        actor.company_id,
        message_id,
        channel_id,
        contact_id,
        f"wamid.{message_id}",
        '{"kind": "image", "file": {"id": "77", "mime_type": "image/jpeg"}}',
    )
    values: dict[str, Any] = {
        "message_id": message_id,
        "number": 0,
        "channel_id": channel_id,
        "claimed_type": "image/jpeg",
        "mime_type": "image/jpeg",
        "key": blobs.new_key(actor.company_id),
        "state": "stored",
        "size": 10,
        "width": 640,
        "height": 480,
    }
    return await _insert(db, "message_file", {"company_id": actor.company_id, **values, **columns})


async def persona(
    db: asyncpg.Connection, actor: Actor, channel_id: UUID, mode: str = "auto", name: str = "Lia", **config: Any
) -> UUID:
    """A live persona that serves a channel. `config`: parts of its document, as JSON has them."""
    persona_id = uuid4()
    document = msgspec.json.encode(config).decode()
    await db.execute(
        "insert into persona(company_id, id, name, state, mode, draft) values ($1, $2, $3, 'live', $4, $5::jsonb)",
        actor.company_id,
        persona_id,
        name,
        mode,
        document,
    )
    await persona_published(db, actor, persona_id, **config)
    await db.execute(
        "insert into persona_binding(company_id, persona_id, channel_id) values ($1, $2, $3)",
        actor.company_id,
        persona_id,
        channel_id,
    )
    return persona_id


async def persona_published(db: asyncpg.Connection, actor: Actor, persona_id: UUID, **config: Any) -> UUID:
    """Another version of a persona, which serves from now on."""
    version_id: UUID = await db.fetchval(
        "insert into persona_version(company_id, persona_id, number, config) select $1, $2, count(*) + 1, $3::jsonb"
        " from persona_version where company_id = $1 and persona_id = $2 returning id",
        actor.company_id,
        persona_id,
        msgspec.json.encode(config).decode(),
    )
    await db.execute(
        "update persona set published_id = $3 where company_id = $1 and id = $2", actor.company_id, persona_id, version_id
    )
    return version_id
