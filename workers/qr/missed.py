"""What was said while a connection broke off: the platform holds a message for delivered that the engine had and we had not."""

import asyncio
import contextlib

from db.clock import now
from db.qr import inbound
from workers.providers import registry
from workers.qr.hand import Session
from workers.qr.port import Lost, NotSent, Port

EACH = 50
"""Messages of each conversation."""
PATIENCE = 10.0
"""Seconds for the platform to be asked for one of them."""


async def ask_for(engine: Port, session: Session) -> None:
    """Asks for what was said last in the conversations of the last minutes; it comes as any message does."""
    held = session.held
    chat_of = registry.adapter(session.kind).chat_of
    for last in await inbound.lately(held.company_id, held.channel_id):
        with contextlib.suppress(Lost, NotSent, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await engine.history(session.line, chat_of(last.address), last.id, now(), EACH)
