"""Personas that are made up: live, and answering by themselves."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from db.accounts.enums import Language
from db.personas import starting
from db.personas.enums import PersonaMode, PersonaState, StartingPersona
from db.seed.rows import json

ANSWERS_ALL = "Lia"
"""Whoever writes to the demo company's WhatsApp number hears from her, unless another persona or a person has the conversation."""
LAST = 90
"""Her place: any other persona comes first."""


async def write_persona(
    c: asyncpg.Connection,
    company_id: UUID,
    name: str,
    begins: StartingPersona,
    base_ids: Sequence[UUID],
    *,
    channel_id: UUID | None = None,
    stage_id: UUID | None = None,
    priority: int = 50,
) -> UUID:
    """Serves whoever writes on the channel, or has a lead in the stage; None: on any, or wherever it stands."""
    look = starting.LOOKS[begins]
    config = json(msgspec.structs.replace(starting.config(begins, Language.PT_BR), knowledge_base_ids=list(base_ids)))
    persona_id: UUID = await c.fetchval(
        "insert into persona(company_id, name, emoji, color, state, mode, draft) values ($1, $2, $3, $4, $5, $6, $7::jsonb) returning id",
        company_id,
        name,
        look.emoji,
        look.color.value,
        PersonaState.LIVE.value,
        PersonaMode.AUTO.value,
        config,
    )
    version_id = await c.fetchval(
        "insert into persona_version(company_id, persona_id, number, config) values ($1, $2, 1, $3::jsonb) returning id",
        company_id,
        persona_id,
        config,
    )
    await c.execute("update persona set published_id = $3 where company_id = $1 and id = $2", company_id, persona_id, version_id)
    await c.execute(
        "insert into persona_binding(company_id, persona_id, channel_id, stage_id, priority) values ($1, $2, $3, $4, $5)",
        company_id,
        persona_id,
        channel_id,
        stage_id,
        priority,
    )
    return persona_id
