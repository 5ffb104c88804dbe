"""What proposals quote is taken off once it is older than its company keeps what was said. What was proposed, why and what became of it stays, also of
those that nobody answered: most of them are out of date by then without that their row says so (`db/boards/suggestions.py`)."""

from uuid import UUID

from db.work import Work

_WORDS = """
update lead_proposal set evidence = '[]' where company_id = $1 and id = any(array(
    select id from lead_proposal where company_id = $1 and id < $2 and evidence <> '[]' order by id limit $3))
"""


async def forget_words(w: Work, before: UUID, most: int) -> int:
    """Of some proposals, by their ids. Returns how many."""
    return await w.execute(_WORDS, w.company_id, before, most)
