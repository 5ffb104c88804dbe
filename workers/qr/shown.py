"""What people are shown of us over the connections of a gateway: that their messages were read, and that somebody writes."""

import asyncio
import contextlib

import structlog

from db.conversations import receipts
from db.qr import typing
from workers.providers import registry
from workers.qr.gateway import Gateway, Session
from workers.qr.port import Lost, NotSent

log = structlog.get_logger("workers.qr")

PATIENCE = 5.0
"""Seconds for one of them."""


async def tell_read(gateway: Gateway) -> int:
    """Returns of how many conversations the platform was told. What it was not is told at the next round."""
    channels = [(session.held.company_id, session.held.channel_id) for session in gateway.open]
    done = 0
    for one in await receipts.untold(channels):
        session = gateway.holding(one.receipt.channel_id)
        if session is None:
            continue
        chat = _chat(session, one.receipt.address)
        try:
            async with asyncio.timeout(PATIENCE):
                await gateway.port.mark_read(session.line, chat, one.provider_ids or [one.receipt.provider_id])
        except (Lost, NotSent, TimeoutError) as error:
            log.info("qr.not_told_read", channel_id=str(session.line.channel_id), error=type(error).__name__)
            continue
        await receipts.told(one.company_id, one.conversation_id, one.receipt)
        done += 1
    return done


async def show_typing(gateway: Gateway) -> None:
    """Whoever is answered now sees it; nothing is tried again."""
    for typed in await typing.said(gateway.owner):
        session = gateway.holding(typed.channel_id)
        if session is not None:
            with contextlib.suppress(Lost, NotSent, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await gateway.port.show(session.line, _chat(session, typed.address), "typing")


def _chat(session: Session, address: str) -> str:
    return registry.adapter(session.kind).chat_of(address)
