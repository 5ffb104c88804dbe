"""Where a persona serves: its bindings, replaced as a whole."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from msgspec import Struct

from db import versions
from db.errors import Field, RequestError
from db.permissions import Permission
from db.personas.enums import BindingHours
from db.personas.errors import PersonaField
from db.personas.personas import lock, told
from db.tenancy import Actor
from db.versions import Expected
from db.work import Work, work


class Binding(Struct, frozen=True, kw_only=True):
    """What is named must all hold."""

    channel_id: UUID | None = None
    label_id: UUID | None = None
    stage_id: UUID | None = None
    hours: BindingHours = BindingHours.ALWAYS
    priority: int = 50


_THERE = {
    "channel_id": "select true from channel where company_id = $1 and id = $2 and archived_at is null",
    "label_id": "select true from label where company_id = $1 and id = $2",
    "stage_id": "select true from stage where company_id = $1 and id = $2",
}


async def set_bindings(
    actor: Actor, persona_id: UUID, bindings: Sequence[Binding], *, expected: Expected = None
) -> asyncpg.Record:
    """Row as in `personas`. Holds at once. Raises NotFound, PreconditionFailed, Invalid for one that names nothing, or what is not
    there, Forbidden `test_key`."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        for one in bindings:
            await w.reaches(one.channel_id)  # by a test key nobody real is answered
        before = await lock(w, persona_id)
        versions.check(before["version"], expected)
        if wrong := await _wrong(w, bindings):
            raise RequestError.INVALID(fields=wrong)
        await w.execute("delete from persona_binding where company_id = $1 and persona_id = $2", w.company_id, persona_id)
        await w.execute(
            "insert into persona_binding(company_id, persona_id, channel_id, label_id, stage_id, hours, priority)"
            " select $1, $2, b.* from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::int[]) b",
            w.company_id,
            persona_id,
            [one.channel_id for one in bindings],
            [one.label_id for one in bindings],
            [one.stage_id for one in bindings],
            [one.hours.value for one in bindings],
            [one.priority for one in bindings],
        )
        await w.execute("update persona set version = version + 1 where company_id = $1 and id = $2", w.company_id, persona_id)
        w.audit("persona.bindings_changed", persona_id, bindings=len(bindings))
        return await told(w, persona_id)


async def _wrong(w: Work, bindings: Sequence[Binding]) -> list[Field]:
    found = []
    for at, binding in enumerate(bindings):
        named = {name: value for name in _THERE if (value := getattr(binding, name)) is not None}
        if not named:
            found.append(PersonaField.NAMES_NOTHING(f"bindings[{at}].channel_id"))
        if any(binding == other for other in bindings[:at]):
            found.append(PersonaField.TWICE(f"bindings[{at}].channel_id"))
        for name, value in named.items():
            if not await w.fetchval(_THERE[name], w.company_id, value):
                found.append(PersonaField.GONE(f"bindings[{at}].{name}"))
    return found
