"""Whether an open connection is alive: a message to the own number, which the platform takes and the phone gets. What people write and what receipts
tell proves it as well, so that a number with traffic never sends one. A phone may be switched off for days: what the platform itself took is enough
for a connection to count as open, and it is opened anew for good measure where the phone used to answer."""

import asyncio
import secrets

from db.qr.leases import Held
from workers.qr import port
from workers.qr.hand import Session, Written
from workers.qr.port import Letter, Lost, NotSent, Port

QUIET = 6 * 3600.0
"""Seconds without a message of a person or a receipt after which a number writes to itself."""
BACK = 60.0
"""Seconds within which that comes back."""
PATIENCE = 10.0
"""Seconds for the platform to take it."""
TEXT = "✓ Master IA"
"""What stands in the phone's chat with itself."""
TAKEN, DELIVERED = 2, 3
"""The platform's numbers for what it took itself, which says nothing of the phone, and for what a phone has."""


def letter(held: Held) -> Letter:
    return Letter(to=held.wa_jid or "", id=f"3EB0{secrets.token_hex(9).upper()}", message={"extendedTextMessage": {"text": TEXT}})


async def write(engine: Port, session: Session, at: float) -> None:
    """Writes to itself; `at`: by the clock of the gateway."""
    letter_ = letter(session.held)
    session.canary = Written(letter_.id, at)
    try:
        async with asyncio.timeout(PATIENCE):
            await engine.send(session.line, letter_.to, letter_)
    except NotSent:
        session.canary = None
    except (Lost, TimeoutError):  # perhaps it went
        pass
    else:
        take(session, letter_.id)


def take(session: Session, message_id: str) -> None:
    """The platform answered to it, if only that it refuses."""
    if session.canary is not None and session.canary.id == message_id:
        session.canary = session.canary._replace(taken=True)


def written(event: port.AnyTold, held: Held) -> bool:
    """Whether it is one of these letters, also of long ago: it stands in the chat with the own number."""
    if not isinstance(event, port.Message) or held.wa_jid is None:
        return False
    return _person(event.chat) == _person(held.wa_jid) and TEXT.encode() in bytes(event.message)


def _person(jid: str) -> str:
    """Without the device."""
    name, _, host = jid.partition("@")
    return f"{name.partition(':')[0]}@{host}"


def proves(event: port.AnyTold) -> bool:
    """Whether it came over the connection from somebody."""
    if isinstance(event, port.Message):
        return not event.history
    return isinstance(event, port.Receipt) and event.status >= DELIVERED


def took(event: port.AnyTold) -> bool:
    """Whether it is the platform's own word that it took a message."""
    return isinstance(event, port.Receipt) and event.status == TAKEN
