"""What people are shown of us over the connections of a gateway: that their messages were read, that somebody writes, and that somebody is there; who of
them writes on while an answer waits for it; and how their groups are called."""

import asyncio
import contextlib

import structlog

from db import valkey
from db.assistant import pausing
from db.conversations import groups, presence, receipts
from db.qr import choices, typing
from db.qr.enums import Shown
from workers.providers import registry
from workers.qr.gateway import Gateway
from workers.qr.hand import Session
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
        if registry.adapter(session.kind).is_group(chat):  # there it is told to each writer by name: nobody is
            await receipts.told(one.company_id, one.conversation_id, one.receipt)
            continue
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


async def watch_writers(gateway: Gateway) -> None:
    """Whose messages are gathered is watched, so that an answer waits for what they still write. Nothing is tried again before the next round."""
    for one in await pausing.gathered([session.line.channel_id for session in gateway.open]):
        session = gateway.holding(one.channel_id)
        if session is not None:
            with contextlib.suppress(Lost, NotSent, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await gateway.watch_writer(session, _chat(session, one.address), one.conversation_id)


async def show_presence(gateway: Gateway) -> None:
    """People see a number as online while its team is at work, where that was chosen; else never, so that its phone rings. While Valkey is
    away nobody knows, so none is."""
    sessions = gateway.open
    if not sessions:
        return
    chosen = await choices.shown([session.held.channel_id for session in sessions])
    asked = [session for session in sessions if chosen.get(session.held.channel_id) is Shown.TEAM]
    try:
        here = await presence.at_work({session.held.company_id for session in asked})
    except valkey.Down:
        here = set()
    for session in sessions:
        online = session in asked and session.held.company_id in here
        if online is session.online:
            continue
        with contextlib.suppress(Lost, NotSent, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await gateway.port.available(session.line, online)
            session.online = online


async def ask_names(gateway: Gateway) -> int:
    """Of groups that are shown, and who administers them, where nobody told. Returns of how many it was told now."""
    done = 0
    for one in await groups.unknown([session.held.channel_id for session in gateway.open]):
        session = gateway.holding(one.channel_id)
        if session is None:
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                found = await gateway.port.group(session.line, one.address)
        except (Lost, NotSent, TimeoutError) as error:
            log.info("qr.no_group", channel_id=str(one.channel_id), error=type(error).__name__)
            continue
        await groups.told(one.company_id, one.channel_id, one.address, found.subject, found.admins)
        done += 1
    return done


def _chat(session: Session, address: str) -> str:
    return registry.adapter(session.kind).chat_of(address)
