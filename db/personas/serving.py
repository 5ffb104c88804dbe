"""Which persona serves a conversation, and what a version says: for who runs turns."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.clock import now
from db.conversations import office_hours
from db.errors import RequestError
from db.personas.config import PersonaConfig
from db.personas.enums import BindingHours, PersonaMode, PersonaState
from db.work import Read

decode: msgspec.json.Decoder[PersonaConfig] = msgspec.json.Decoder(PersonaConfig)


class Serving(NamedTuple):
    """A published version of a persona, and what becomes of its answers. `name` is what customers see."""

    persona_id: UUID
    version_id: UUID
    name: str
    mode: PersonaMode
    config: PersonaConfig


_VERSION = """
select p.id as persona_id, v.id as version_id, p.name, p.mode, v.config::text as config
from persona p join persona_version v on v.company_id = p.company_id and v.persona_id = p.id
"""
_BINDINGS = """
select b.persona_id, b.hours from persona_binding b
join persona p on p.company_id = b.company_id and p.id = b.persona_id and p.state = $5 and p.deleted_at is null
where b.company_id = $1 and (b.channel_id is null or b.channel_id = $2) and (b.label_id is null or b.label_id = any($3))
    and (b.stage_id is null or b.stage_id = any($4))
order by b.priority, num_nonnulls(b.channel_id, b.label_id, b.stage_id) desc, b.id
"""


async def serving(
    r: Read,
    channel_id: UUID,
    labels: Sequence[UUID],
    stages: Sequence[UUID] = (),
    at: datetime | None = None,
    *,
    team_id: UUID | None = None,
) -> Serving | None:
    """That of the first binding which holds for a conversation of this channel with these labels and leads in these stages; None: people
    answer. Whether it is open is asked of the team's hours. Of equal priority the one that names more comes first. Only live personas serve."""
    assert r.actor is not None
    company_id = r.actor.company_id
    rows = await r.fetch(_BINDINGS, company_id, channel_id, list(labels), list(stages), PersonaState.LIVE.value)
    if any(row["hours"] != BindingHours.ALWAYS for row in rows):
        office = await office_hours.of_team(r, company_id, team_id)
        closed = office.closed_since(at or now()) is not None
        unfit = BindingHours.OPEN if closed else BindingHours.CLOSED
        rows = [row for row in rows if row["hours"] != unfit]
    if not rows:
        return None
    return _serving(
        await r.fetchrow(
            f"{_VERSION} and v.id = p.published_id where p.company_id = $1 and p.id = $2", company_id, rows[0]["persona_id"]
        )
    )


async def version(r: Read, version_id: UUID) -> Serving:
    """One version as it was published, also of a persona that was paused or deleted since. Raises NotFound."""
    assert r.actor is not None
    found = _serving(await r.fetchrow(f"{_VERSION} where v.company_id = $1 and v.id = $2", r.actor.company_id, version_id))
    if found is None:
        raise RequestError.NOT_FOUND(what="persona version")
    return found


def _serving(row: asyncpg.Record | None) -> Serving | None:
    if row is None:
        return None
    config = decode.decode(row["config"])
    return Serving(
        row["persona_id"], row["version_id"], config.identity.display_name or row["name"], PersonaMode(row["mode"]), config
    )
