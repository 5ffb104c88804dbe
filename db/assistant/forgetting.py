"""What answers say and quote is taken off once it is older than its company keeps what was said. That there was an answer, and what it cost, stays."""

from uuid import UUID

from db.assistant.human import OPEN
from db.work import Work

_WORDS = f"""
update ai_turn set answer = null where company_id = $1 and id = any(array(
    select id from ai_turn where company_id = $1 and id < $2 and answer is not null and state not in ({OPEN}) order by id limit $3))
"""


async def forget_words(w: Work, before: UUID, most: int) -> int:
    """Of some answers that are over, by their ids. Returns how many."""
    return await w.execute(_WORDS, w.company_id, before, most)
