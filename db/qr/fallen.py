"""Whether a number that is connected by a code has fallen for so long that what waits for it may go another way."""

from typing import NamedTuple
from uuid import UUID

from db.messages.reasons import FailureReason
from db.qr.enums import ANSWERING, SessionState
from db.qr.sessions import STOPS
from db.work import Read

REASONS = (*STOPS.values(), FailureReason.NEW_PEOPLE_LIMIT, FailureReason.TEMPORARY)
"""What the messages that go another way are ended with."""
_SESSION = """
select state, coalesce(restricted_until > now() + make_interval(mins => $3), false) as restricted,
    coalesce(coalesce(closed_at, alarmed_at) <= now() - make_interval(mins => $3), false) as closed,
    coalesce(lease_until < now() - make_interval(mins => greatest($3, 5)), false) as abandoned
from qr_session where company_id = $1 and id = $2
"""


class Fallen(NamedTuple):
    """`new_people`: it is open, and only who never wrote has to wait."""

    reason: FailureReason
    new_people: bool = False


async def fallen(r: Read, company_id: UUID, channel_id: UUID, minutes: int) -> Fallen | None:
    """Blocked, logged out, opened elsewhere, refused or gone for `minutes`; or restricted for longer than that. None: it works, somebody is
    connecting it, or it may come back soon."""
    row = await r.fetchrow(_SESSION, company_id, channel_id, minutes)
    if row is None:
        return None
    state = SessionState(row["state"])
    if state in ANSWERING:
        if row["abandoned"]:
            return Fallen(FailureReason.TEMPORARY)
        restricted = state is SessionState.RESTRICTED and row["restricted"]
        return Fallen(FailureReason.NEW_PEOPLE_LIMIT, new_people=True) if restricted else None
    if state is SessionState.PAIRING or not row["closed"]:
        return None
    return Fallen(STOPS.get(state, FailureReason.TEMPORARY))
