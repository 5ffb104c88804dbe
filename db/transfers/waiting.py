"""One look at a request for a person, by who waits for its end on the line."""

from typing import NamedTuple
from uuid import UUID

from db.permissions import Permission
from db.tenancy import worker
from db.transfers import ringing, words
from db.transfers.enums import TransferState
from db.transfers.ringing import Wish
from db.work import work

NOBODY = "nobody"
STILL_RINGING = "still_ringing"


class Reply(NamedTuple):
    """`outcome`: accepted, still_ringing, or a TransferOutcome; `number`: where the call goes, only when somebody accepted."""

    outcome: str
    number: str | None
    summary: str
    words: str
    known: bool
    decided: bool


async def look(company_id: UUID, channel_id: UUID, wish: Wish) -> Reply:
    """Asks for somebody, once, and says how far it is."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        transfer_id = await ringing.ask(w, channel_id, wish)
        standing = None if transfer_id is None else await ringing.standing(w, transfer_id)
        language = await w.fetchval("select language from company where id = $1", company_id)
    told = words.of(standing, language)
    if standing is None:
        return Reply(NOBODY, None, "", told, False, False)
    outcome = standing.outcome.value if standing.outcome is not None else STILL_RINGING
    if standing.state is TransferState.ACCEPTED:
        outcome = "accepted"
    return Reply(
        outcome, standing.number, standing.summary, told, True, standing.state in (TransferState.ACCEPTED, TransferState.ENDED)
    )
