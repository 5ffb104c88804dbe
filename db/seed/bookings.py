"""The demo company fits what it sells: a board whose times are booked, a persona that speaks to who stands on it, and nobody else."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.boards.enums import StageColor, StageKind
from db.boards.rank import spread
from db.conversations.hours import OpenHours
from db.personas.enums import StartingPersona
from db.proposals.enums import LeadPolicy, LeadTool
from db.seed.personas import write_persona
from db.seed.rows import json

NAME, PERSONA, TITLE = "Provas e ajustes", "Clara", "Prova e ajuste"
HOURS = [OpenHours(day, 9 * 60, 19 * 60) for day in range(6)]
_BY_ITSELF = (LeadTool.BOOK, LeadTool.CANCEL_BOOKING)
_STAGES = (
    ("A marcar", StageColor.BLUE, StageKind.OPEN, 50),
    ("Atendido", StageColor.GREEN, StageKind.WON, 100),
    ("Desistiu", StageColor.RED, StageKind.LOST, 0),
)
_BOOKING = """
insert into booking(company_id, board_id, enabled, minutes, capacity, notice_minutes, ahead_days, remind_hours, hours)
values ($1, $2, true, 60, 1, 60, 14, 2, $3::jsonb)
"""
_WATCHED = """
insert into board_ai(company_id, board_id, watching, guidance, tools, min_confidence, quiet_seconds)
values ($1, $2, true, 'Marcamos provas e ajustes de roupa na loja, uma pessoa por horário.', $3::jsonb, 0.7, 5)
"""
_LEAD = """
insert into lead(company_id, board_id, stage_id, rank, title, search, contact_id)
select $1, $2, $3, $4, $5, lead_text($5, c.name), c.id from contact c where c.company_id = $1 and c.id = $6
"""


async def write_bookings(
    c: asyncpg.Connection, company_id: UUID, contacts: Sequence[UUID], base_ids: Sequence[UUID] = ()
) -> UUID:
    """The board. `contacts`: who stands on it; the AI makes no lead of anybody else."""
    board_id: UUID = await c.fetchval(
        "insert into board(company_id, name, currency) values ($1, $2, 'BRL') returning id", company_id, NAME
    )
    stages = []
    for (name, color, kind, probability), rank in zip(_STAGES, spread(None, None, len(_STAGES)), strict=True):
        stage_id = await c.fetchval(
            "insert into stage(company_id, board_id, name, color, kind, rank, probability) values ($1, $2, $3, $4, $5, $6, $7)"
            " returning id",
            company_id,
            board_id,
            name,
            color.value,
            kind.value,
            rank,
            probability,
        )
        await c.execute("insert into stage_total(company_id, stage_id) values ($1, $2)", company_id, stage_id)
        stages.append(stage_id)
    await c.execute(_BOOKING, company_id, board_id, json(HOURS))
    tools = {tool.value: (LeadPolicy.AUTOMATIC if tool in _BY_ITSELF else LeadPolicy.NEVER).value for tool in LeadTool}
    await c.execute(_WATCHED, company_id, board_id, json(tools))
    for contact_id, rank in zip(contacts, spread(None, None, len(contacts)), strict=True):
        await c.execute(_LEAD, company_id, board_id, stages[0], rank, TITLE, contact_id)
    await write_persona(c, company_id, PERSONA, StartingPersona.SCHEDULING, base_ids, stage_id=stages[0])
    return board_id
