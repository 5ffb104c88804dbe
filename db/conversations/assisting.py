"""The assistant of a conversation, as its row in the inbox shows it."""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.assistant.enums import AssistantMode, Owner, TurnReason, TurnState


class Helper(NamedTuple):
    """`mode`: of its last turn, or as it is set; `writing`: it gathers or composes; `draft`: one waits for an agent."""

    persona: str
    persona_id: UUID | None
    emoji: str
    color: str
    picture_id: UUID | None
    mode: AssistantMode
    owner: Owner
    writing: bool
    draft: bool
    alarm: TurnReason | None


def helper(row: asyncpg.Record) -> Helper | None:
    """From a row with its columns of `ai_conversation`, persona and open turn; None where no assistant ever answered."""
    if row["persona_name"] is None or not row["persona_name"]:
        return None
    mode = AssistantMode(row["own_mode"] or row["serving"])
    draft = row["turn"] == TurnState.READY and mode is AssistantMode.SUGGEST
    return Helper(
        persona=row["persona_name"],
        persona_id=row["persona_id"],
        emoji=row["emoji"] or "",
        color=row["color"] or "",
        picture_id=row["picture_id"],
        mode=mode,
        owner=Owner(row["owner"]) if mode is AssistantMode.AUTO else Owner.HUMAN,
        writing=row["turn"] is not None and not draft,
        draft=draft,
        alarm=None if row["alarm"] is None else TurnReason(row["alarm"]),
    )
