"""The platform's numbers for a connection that ended, in our words (`db/qr/closing.py` decides what comes of each)."""

from datetime import UTC, datetime

from db.qr.closing import Closed
from db.qr.enums import CloseReason
from workers.qr import port

REASONS = {
    401: CloseReason.LOGGED_OUT,
    402: CloseReason.BANNED_FOR_A_TIME,
    403: CloseReason.BANNED,
    405: CloseReason.OUTDATED,
    406: CloseReason.BANNED,
    408: CloseReason.NETWORK,
    411: CloseReason.LOGGED_OUT,  # the phone does not know our version of linked devices: a new code helps
    428: CloseReason.NETWORK,
    440: CloseReason.REPLACED,
    500: CloseReason.ENGINE,
    503: CloseReason.NETWORK,
    515: CloseReason.RESTART,
}


def meaning(event: port.Closed, known: CloseReason | None = None) -> Closed:
    """What the platform does not name is a fault of the network: it is tried again, more and more slowly."""
    reason = known or (CloseReason.CODE_EXPIRED if event.expired else REASONS.get(event.code or 0, CloseReason.NETWORK))
    until = datetime.fromtimestamp(event.until, UTC) if event.until is not None and 0 < event.until < 2**33 else None
    return Closed(reason, event.code, until, event.detail[:300])
