"""Personas: which there are, made, renamed, switched, paused and deleted."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.accounts.enums import Language
from db.ai import budgets
from db.ai.enums import BudgetPeriod, BudgetScope
from db.errors import RequestError
from db.messages.emoji import is_emoji
from db.permissions import Permission
from db.personas.config import PersonaConfig
from db.personas.enums import PersonaMode, PersonaState, StartingPersona
from db.personas.errors import PersonaError, PersonaField
from db.personas.events import PersonaChanged
from db.personas.starting import LOOKS
from db.personas.starting import config as begins
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 50

_SELECT = """
select p.id, p.name, p.state, p.mode, p.emoji, p.color, p.picture_id, p.picture_failed,
    p.picture_upload_id is not null as picture_waits, p.version, p.draft_version, p.created_at,
    v.number as published_number, v.created_at as published_at, v.id as published_id,
    p.draft is distinct from v.config as has_changes, p.draft->'identity'->>'role' as role,
    array(select distinct known.id::uuid from jsonb_array_elements_text(coalesce(p.draft->'knowledge_base_ids', '[]')
        || coalesce(v.config->'knowledge_base_ids', '[]')) known(id) order by 1) as knowledge_base_ids,
    coalesce((select json_agg(json_build_object('id', b.id, 'channel_id', b.channel_id, 'label_id', b.label_id, 'stage_id', b.stage_id,
        'hours', b.hours, 'priority', b.priority) order by b.priority, b.id)
        from persona_binding b where b.company_id = p.company_id and b.persona_id = p.id), '[]')::text as bindings,
    coalesce(u.conversations, 0) as conversations_today, case when $2 then coalesce(u.cost, 0) end as cost_today_micro
from persona p left join persona_version v on v.company_id = p.company_id and v.id = p.published_id
left join (select persona_id, count(distinct conversation_id) filter (where purpose = 'answer') as conversations, sum(counted)::bigint as cost
    from ai_usage where company_id = $1 and at >= date_trunc('day', now(), (select time_zone from company where id = $1))
    and persona_id is not null group by 1) u on u.persona_id = p.id
where p.company_id = $1 and p.deleted_at is null
"""


async def personas(actor: Actor) -> list[asyncpg.Record]:
    """Rows `id, name, state, mode, emoji, color, picture_id, picture_failed, picture_waits, version, draft_version, created_at, published_number, published_at, published_id,
    has_changes, role, knowledge_base_ids, bindings (JSON), conversations_today, cost_today_micro`, by name; the cost only for who may see
    costs. At most MOST."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        return await r.fetch(f"{_SELECT} order by fold(p.name), p.id", actor.company_id, _sees_costs(r))


async def persona(actor: Actor, persona_id: UUID) -> asyncpg.Record:
    """One row of `personas`. Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        return await one(r, actor.company_id, persona_id)


async def one(r: Read, company_id: UUID, persona_id: UUID) -> asyncpg.Record:
    """The same inside a unit of work."""
    row = await r.fetchrow(f"{_SELECT} and p.id = $3", company_id, _sees_costs(r), persona_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="persona")
    return row


def _sees_costs(r: Read) -> bool:
    return r.actor is not None and Permission.AI_READ in r.actor.permissions


async def lock(w: Work, persona_id: UUID) -> asyncpg.Record:
    """Row `name, state, version, draft (JSON), draft_version, draft_at, draft_by, published_id` of a persona that stands still until
    the end. Raises NotFound."""
    row = await w.fetchrow(
        "select name, state, version, draft::text as draft, draft_version, draft_at, draft_by, published_id from persona"
        " where company_id = $1 and id = $2 and deleted_at is null for update",
        w.company_id,
        persona_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="persona")
    return row


async def reaches(w: Work, persona_id: UUID) -> None:
    """Before a persona answers anew, or otherwise. Raises Forbidden `test_key` where a test key asks and real people would be answered."""
    for row in await w.fetch(
        "select channel_id from persona_binding where company_id = $1 and persona_id = $2", w.company_id, persona_id
    ):
        await w.reaches(row["channel_id"])


async def told(w: Work, persona_id: UUID) -> asyncpg.Record:
    """The row as it is now, which listeners hear of."""
    row = await one(w, w.company_id, persona_id)
    w.emit(PersonaChanged(persona_id=persona_id, version=row["version"], draft_version=row["draft_version"]))
    return row


async def create_persona(
    actor: Actor,
    *,
    name: str,
    starting: StartingPersona = StartingPersona.BLANK,
    language: Language | None = None,
    config: PersonaConfig | None = None,
) -> asyncpg.Record:
    """Row as in `personas`: a draft that serves nobody and, once published, suggests. `language`: of what it begins with, that of the
    company unless given; `config` instead of that. Raises Conflict `persona_exists`, `too_many_personas`."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        own = await w.fetchval("select language from company where id = $1 for no key update", w.company_id)
        look = LOOKS[starting]
        config = config or begins(starting, language or Language(own))
        count = await w.fetchval("select count(*) from persona where company_id = $1 and deleted_at is null", w.company_id)
        if count >= MOST:
            raise PersonaError.TOO_MANY_PERSONAS(most=MOST)
        await _free(w, name)
        persona_id: UUID = await w.fetchval(
            "insert into persona(company_id, name, emoji, color, draft, draft_by) values ($1, $2, $3, $4, $5::jsonb, $6) returning id",
            w.company_id,
            name,
            look.emoji,
            look.color.value,
            msgspec.json.encode(config).decode(),
            doer(w),
        )
        w.audit("persona.created", persona_id)
        return await told(w, persona_id)


async def change_persona(actor: Actor, persona_id: UUID, *, expected: Expected = None, **given: Any) -> asyncpg.Record:
    """Row as in `personas`. `given`: new values of name, mode, emoji, color; they hold at once, without publishing. Raises NotFound,
    PreconditionFailed, Invalid, Conflict `persona_exists`."""
    if given.get("emoji") and not is_emoji(given["emoji"]):
        raise RequestError.INVALID(fields=[PersonaField.EMOJI("emoji")])
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        versions.check(before["version"], expected)
        if "name" in given:
            await _free(w, given["name"], persona_id)
        mode = given.get("mode")
        await w.execute(
            "update persona set name = coalesce($3, name), mode = coalesce($4, mode), emoji = coalesce($5, emoji),"
            " color = coalesce($6, color), version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            persona_id,
            given.get("name"),
            None if mode is None else PersonaMode(mode).value,
            given.get("emoji"),
            given.get("color"),
        )
        w.audit("persona.changed", persona_id, **{name: str(value) for name, value in given.items()})
        return await told(w, persona_id)


async def pause(actor: Actor, persona_id: UUID, *, expected: Expected = None) -> asyncpg.Record:
    """It serves nobody from now on. Raises NotFound, PreconditionFailed, Conflict `never_published`."""
    return await _switch(actor, persona_id, PersonaState.PAUSED, expected)


async def resume(actor: Actor, persona_id: UUID, *, expected: Expected = None) -> asyncpg.Record:
    """It serves again. Raises NotFound, PreconditionFailed, Conflict `never_published`, Forbidden `test_key`."""
    return await _switch(actor, persona_id, PersonaState.LIVE, expected)


async def _switch(actor: Actor, persona_id: UUID, state: PersonaState, expected: Expected) -> asyncpg.Record:
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        versions.check(before["version"], expected)
        if before["published_id"] is None:
            raise PersonaError.NEVER_PUBLISHED()
        if state is PersonaState.LIVE:
            await reaches(w, persona_id)
        if before["state"] != state:
            await w.execute(
                "update persona set state = $3, version = version + 1 where company_id = $1 and id = $2",
                w.company_id,
                persona_id,
                state.value,
            )
            w.audit("persona.paused" if state is PersonaState.PAUSED else "persona.resumed", persona_id)
        return await told(w, persona_id)


async def delete_persona(actor: Actor, persona_id: UUID, *, expected: Expected = None) -> None:
    """It serves nobody any more, and its name is free; its versions stay for what names them. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        versions.check(before["version"], expected)
        await w.execute("delete from persona_binding where company_id = $1 and persona_id = $2", w.company_id, persona_id)
        await w.execute(
            "update persona set deleted_at = now(), state = $3, version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            persona_id,
            PersonaState.PAUSED.value,
        )
        await budgets.keep(w, BudgetScope.PERSONA, BudgetPeriod.DAY, None, persona_id)
        w.audit("persona.deleted", persona_id, name=before["name"])
        w.emit(PersonaChanged(persona_id=persona_id, version=before["version"] + 1, draft_version=before["draft_version"]))


async def _free(w: Work, name: str, persona_id: UUID | None = None) -> None:
    if await w.fetchval(
        "select true from persona where company_id = $1 and fold(name) = fold($2) and deleted_at is null and id is distinct from $3",
        w.company_id,
        name,
        persona_id,
    ):
        raise PersonaError.PERSONA_EXISTS()


def doer(w: Work) -> UUID | None:
    """The person behind it; None: a key or a job."""
    return w.actor.id if w.actor is not None and w.actor.kind == "user" else None
