"""What proposals quote is taken off once it is older than its company keeps what was said. What was proposed, why and what became of it stays."""

from uuid import UUID

from db.proposals.enums import ProposalState
from db.work import Work

_WORDS = f"""
update lead_proposal set evidence = '[]' where company_id = $1 and id = any(array(
    select id from lead_proposal where company_id = $1 and id < $2 and evidence <> '[]' and state <> '{ProposalState.PROPOSED.value}'
    order by id limit $3))
"""


async def forget_words(w: Work, before: UUID, most: int) -> int:
    """Of some proposals that wait for nobody, by their ids. Returns how many."""
    return await w.execute(_WORDS, w.company_id, before, most)
