"""Drafts and published versions: saved, checked, published, restored."""

import itertools
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import versions as row_versions
from db.clock import now
from db.conversations.errors import ConversationField
from db.errors import Field, RequestError, RequestField
from db.knowledge import bases
from db.permissions import Permission
from db.personas.config import PersonaConfig
from db.personas.enums import ModelPreset, OutsideHours, PersonaState
from db.personas.errors import PersonaError, PersonaField
from db.personas.personas import doer, lock, reaches, told
from db.personas.serving import decode
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

_SESSION = timedelta(minutes=15)
"""Saves of one person that follow one another this closely are one line of the audit."""


class Draft(NamedTuple):
    """`published`: what serves now; `problems`: what keeps it from being published."""

    config: PersonaConfig
    published: PersonaConfig | None
    problems: list[Field]
    version: int


async def draft(actor: Actor, persona_id: UUID) -> Draft:
    """Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        return await _draft(r, actor.company_id, persona_id)


async def _draft(r: Read, company_id: UUID, persona_id: UUID) -> Draft:
    row = await r.fetchrow(
        "select p.draft::text as draft, p.draft_version, v.config::text as published from persona p"
        " left join persona_version v on v.company_id = p.company_id and v.id = p.published_id"
        " where p.company_id = $1 and p.id = $2 and p.deleted_at is null",
        company_id,
        persona_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="persona")
    config = decode.decode(row["draft"])
    published = None if row["published"] is None else decode.decode(row["published"])
    return Draft(config, published, await problems(r, company_id, config), row["draft_version"])


async def save_draft(actor: Actor, persona_id: UUID, config: PersonaConfig, *, expected: Expected = None) -> Draft:
    """A draft may be unfinished. `expected` are versions of the draft, not of the persona. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        row_versions.check(before["draft_version"], expected)
        await _write(w, persona_id, config)
        if before["draft_by"] != doer(w) or before["draft_at"] < now() - _SESSION:
            w.audit("persona.draft_saved", persona_id)
        await told(w, persona_id)
        return await _draft(w, w.company_id, persona_id)


async def _write(w: Work, persona_id: UUID, config: PersonaConfig) -> None:
    await w.execute(
        "update persona set draft = $3::jsonb, draft_version = draft_version + 1, draft_at = now(), draft_by = $4"
        " where company_id = $1 and id = $2",
        w.company_id,
        persona_id,
        msgspec.json.encode(config).decode(),
        doer(w),
    )


async def publish(actor: Actor, persona_id: UUID, *, note: str, expected: Expected = None) -> asyncpg.Record:
    """Row as in `personas`. The draft becomes a version, which new conversations get; a persona that was never live becomes live, one
    that is paused stays so. `expected` are versions of the draft. Raises NotFound, PreconditionFailed, Invalid with what is wrong, Conflict
    `nothing_to_publish`, Forbidden `test_key`."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        row_versions.check(before["draft_version"], expected)
        await reaches(w, persona_id)
        if found := await problems(w, w.company_id, decode.decode(before["draft"])):
            raise RequestError.INVALID(fields=found)
        version_id = await w.fetchval(
            "insert into persona_version(company_id, persona_id, number, config, note, created_by)"
            " select p.company_id, p.id, coalesce((select max(number) from persona_version x where x.company_id = $1"
            "  and x.persona_id = $2), 0) + 1, p.draft, $3, $4"
            " from persona p left join persona_version v on v.company_id = p.company_id and v.id = p.published_id"
            " where p.company_id = $1 and p.id = $2 and p.draft is distinct from v.config returning id",
            w.company_id,
            persona_id,
            note,
            doer(w),
        )
        if version_id is None:
            raise PersonaError.NOTHING_TO_PUBLISH()
        await w.execute(
            "update persona set published_id = $3, state = case when state = $4 then $5 else state end, version = version + 1"
            " where company_id = $1 and id = $2",
            w.company_id,
            persona_id,
            version_id,
            PersonaState.DRAFT.value,
            PersonaState.LIVE.value,
        )
        w.audit("persona.published", persona_id, version_id=version_id)
        return await told(w, persona_id)


async def restore(actor: Actor, persona_id: UUID, version_id: UUID, *, expected: Expected = None) -> Draft:
    """An earlier version becomes the draft, to be published again. `expected` are versions of the draft. Raises NotFound,
    PreconditionFailed."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        row_versions.check(before["draft_version"], expected)
        row = await _version(w, w.company_id, persona_id, version_id)
        await _write(w, persona_id, decode.decode(row["config"]))
        w.audit("persona.restored", persona_id, version_id=version_id)
        await told(w, persona_id)
        return await _draft(w, w.company_id, persona_id)


_VERSIONS = """
select v.id, v.number, v.note, v.created_at, v.created_by, coalesce(u.name, '') as author, v.id is not distinct from p.published_id as is_published
from persona_version v join persona p on p.company_id = v.company_id and p.id = v.persona_id
left join membership m on m.company_id = v.company_id and m.user_id = v.created_by left join account_user u on u.id = m.user_id
where v.company_id = $1 and v.persona_id = $2 and p.deleted_at is null
"""


async def published_versions(actor: Actor, persona_id: UUID, *, after: int | None, limit: int) -> list[asyncpg.Record]:
    """Rows `id, number, note, created_at, created_by, author, is_published`, newest first. Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        await _draft(r, actor.company_id, persona_id)
        return await r.fetch(
            f"{_VERSIONS} and ($3::int is null or v.number < $3) order by v.number desc limit $4",
            actor.company_id,
            persona_id,
            after,
            limit,
        )


async def published_version(actor: Actor, persona_id: UUID, version_id: UUID) -> asyncpg.Record:
    """Such a row with `config` (JSON). Raises NotFound."""
    async with read(actor, Permission.PERSONAS_READ) as r:
        return await _version(r, actor.company_id, persona_id, version_id)


async def _version(r: Read, company_id: UUID, persona_id: UUID, version_id: UUID) -> asyncpg.Record:
    sql = _VERSIONS.replace("select v.id,", "select v.config::text as config, v.id,", 1)
    row = await r.fetchrow(f"{sql} and v.id = $3", company_id, persona_id, version_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="persona version")
    return row


async def problems(r: Read, company_id: UUID, config: PersonaConfig) -> list[Field]:
    """What keeps a draft from being published, by its path in the document."""
    found: list[Field] = []
    if not config.instructions.strip():
        found.append(RequestField.REQUIRED("instructions"))
    if config.model.preset is ModelPreset.CUSTOM and not config.model.name.strip():
        found.append(RequestField.REQUIRED("model.name"))
    keys = [goal.key for goal in config.goals]
    found += [PersonaField.TWICE(f"goals[{at}].key") for at, key in enumerate(keys) if key in keys[:at]]
    if config.turn.debounce_max_ms < config.turn.debounce_min_ms:
        found.append(PersonaField.WAIT_ORDER("turn.debounce_max_ms"))
    ordered = sorted(config.hours.open, key=lambda one: (one.weekday, one.opens))
    clash = any(one.weekday == after.weekday and after.opens < one.closes for one, after in itertools.pairwise(ordered))
    if clash or any(one.closes <= one.opens for one in ordered):
        found.append(ConversationField.ODD_HOURS("hours.open"))
    if config.hours.open and config.hours.outside is OutsideHours.NOTICE and not config.hours.notice.strip():
        found.append(RequestField.REQUIRED("hours.notice"))
    if config.followup.enabled:
        if not config.followup.steps:
            found.append(RequestField.REQUIRED("followup.steps"))
        if config.followup.until_minute <= config.followup.from_minute:
            found.append(PersonaField.WINDOW_ORDER("followup.until_minute"))
        if not config.followup.weekdays:
            found.append(RequestField.REQUIRED("followup.weekdays"))
    gone = set(config.knowledge_base_ids) - set(await bases.all_of(r)) if config.knowledge_base_ids else set()
    found += [PersonaField.GONE(f"knowledge_base_ids[{at}]") for at, one in enumerate(config.knowledge_base_ids) if one in gone]
    team_id = config.handover.team_id
    if team_id and not await r.fetchval("select true from team where company_id = $1 and id = $2", company_id, team_id):
        found.append(PersonaField.GONE("handover.team_id"))
    return found
