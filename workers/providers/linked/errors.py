"""What a linked device is refused with. Source: the acknowledgements of WhatsApp's server as the open engines name them; none is documented."""

from db.messages.reasons import FailureReason as F
from workers.outcomes import Refusal, Rejected, RetryAfter, Scope

NEW_PEOPLE = 463
"""The number may write to nobody first for some time."""
RESTRICTED_FOR = 3600.0
"""Seconds, where the platform does not tell."""
OVER_RATE = (429, 479)
_OUTCOMES: dict[int, Refusal] = {
    400: Rejected(F.BAD_REQUEST, 400),
    401: Rejected(F.BLOCKED, 401),
    403: Rejected(F.BLOCKED, 403),
    404: Rejected(F.NOT_ON_WHATSAPP, 404),
    406: Rejected(F.BAD_REQUEST, 406),
    429: RetryAfter(60.0, F.THROUGHPUT, 429, Scope.CHANNEL),
    NEW_PEOPLE: RetryAfter(RESTRICTED_FOR, F.NEW_PEOPLE_LIMIT, NEW_PEOPLE, Scope.RECIPIENT),
    479: RetryAfter(60.0, F.THROUGHPUT, 479, Scope.CHANNEL),
}


def outcome_for(code: int) -> Refusal:
    """What is not known may pass; the sender's own tries end it."""
    return _OUTCOMES.get(code) or RetryAfter(None, F.TEMPORARY, code)
