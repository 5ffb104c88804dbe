"""The assistant gets a conversation back: by hand, or when somebody writes after people have done nothing for as long as its persona waits.

Called with the conversation's row held.
"""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.assistant import human
from db.assistant.enums import Owner, TurnReason
from db.assistant.events import AssistantChanged
from db.clock import now
from db.conversations import record
from db.conversations.enums import LineKind
from db.personas.serving import Serving
from db.work import Work

DONE = tuple(one.value for one in (TurnReason.WROTE, TurnReason.PHONE, TurnReason.ASSIGNED, TurnReason.TAKEN_OVER))
"""What people did by themselves. Whom the assistant handed over waits for a person, however long it takes."""

_BACK = f"""
update ai_conversation set owner = '{Owner.ASSISTANT.value}', owner_reason = null, owner_by = $3, owner_since = now(), episode = episode + 1,
    episode_at = $4, persona_version_id = null, unanswered = 0, fast = 0, told_at = null, alarm = null, alarm_at = null,
    typing_since = null, typing_until = null, typing_by = '{{}}', spoke_at = null, quiet_since = null, asked = 0, ask_at = null,
    idle_at = null
where company_id = $1 and conversation_id = $2
"""
_WAS = "returning persona_name, mode, old.owner as was"
_BY_HAND = _BACK + _WAS
_BY_ITSELF = f"""{_BACK} and owner = '{Owner.HUMAN.value}' and owner_reason = any($5) and human_at < now() - $6::interval
    and (typing_until is null or typing_until < now()) {_WAS}"""


async def by_hand(w: Work, conversation_id: UUID, by: UUID | None) -> asyncpg.Record:
    """Row: persona_name, mode, was (its owner before). The conversation's state of the assistant must exist."""
    row = await w.fetchrow(_BY_HAND, w.company_id, conversation_id, by, now())
    assert row is not None
    if row["was"] == Owner.ASSISTANT:  # what it said already goes out, and answers what it answered
        await human.end_turn(w, conversation_id, TurnReason.GIVEN_BACK)
    else:
        await human.silence(w, conversation_id, TurnReason.GIVEN_BACK)
    return row


async def by_itself(w: Work, conversation_id: UUID, contact_id: UUID, found: Serving, begins: datetime) -> bool:
    """Somebody wrote: whether people have done nothing for so long that the assistant goes on, as another talk that began
    then. What nobody answered meanwhile is answered too."""
    after = found.config.handover.returns_after_minutes
    if after is None:
        return False
    values = (w.company_id, conversation_id, None, begins, DONE, timedelta(minutes=after))
    if await w.fetchrow(_BY_ITSELF, *values) is None:
        return False
    await human.silence(w, conversation_id, TurnReason.GIVEN_BACK)
    await record.line(w, conversation_id, contact_id, LineKind.GIVEN_BACK, what=found.name)
    w.audit("assistant.given_back", conversation_id, after_minutes=after)
    w.emit(AssistantChanged(conversation_id=conversation_id, owner=Owner.ASSISTANT.value, turn=None))
    return True
