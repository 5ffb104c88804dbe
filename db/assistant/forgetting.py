"""What answers say and quote is taken off once it is older than its company keeps what was said. That there was an answer, and what it cost, stays."""

from uuid import UUID

from db.assistant.enums import AssistantMode, TurnReason, TurnState
from db.assistant.human import OPEN
from db.work import Work

# A draft that nobody used in all that time is nobody's any more.
_WORDS = f"""
update ai_turn t set answer = null, lease_until = null, done_at = coalesce(t.done_at, now()),
    state = case when t.state = '{TurnState.READY.value}' then '{TurnState.SUPERSEDED.value}' else t.state end,
    reason = case when t.state = '{TurnState.READY.value}' then '{TurnReason.PUT_AWAY.value}' else t.reason end
where company_id = $1 and id = any(array(
    select id from ai_turn where company_id = $1 and id < $2 and answer is not null
        and (state not in ({OPEN}) or state = '{TurnState.READY.value}' and mode = '{AssistantMode.SUGGEST.value}') order by id limit $3))
"""


async def forget_words(w: Work, before: UUID, most: int) -> int:
    """Of some answers that are over and drafts that still wait, by their ids. Returns how many."""
    return await w.execute(_WORDS, w.company_id, before, most)
