"""Answers to what a provider asks while somebody holds the line: from our own tables, within its time, and never with an error.

The question is stored before this, and what it causes happens elsewhere too. Calls nobody.
"""

import asyncio
from typing import NamedTuple
from uuid import UUID

import structlog

from api.hooks.collector import Broken
from db import ids
from db.assistant import spoken
from db.errors import AppError
from db.messages import greeting
from db.providers.live import Caller, Found, Handover, Known, Live, Lookup, Passages, Reached
from db.tenancy import worker
from db.transfers import waiting
from db.transfers.ringing import Wish

log = structlog.get_logger("api.hooks")

CALLER = 1.5
"""Seconds in which who calls is looked up, while it rings."""
LOOKUP = 3.0
"""Seconds in which the knowledge is searched, while the agent says that it looks."""
LOOKS = 0.4
"""Seconds between two looks at whether somebody took a call."""
UNKNOWN = 5.0
"""Seconds in which the news of a call that has just begun may still arrive."""


class Place(NamedTuple):
    """Whose question it is. `row_id`: of the stored one, which makes it one request whoever acts on it."""

    company_id: UUID
    channel_id: UUID
    row_id: UUID


async def answer(place: Place, live: Live, body: bytes, told_at: str) -> bytes:
    """The body of the answer. Where nothing is found in time the call goes on without it."""
    asked = live.asked(body)
    found: Found | None = None
    try:
        match asked:
            case Caller():
                async with asyncio.timeout(min(live.seconds, CALLER)):
                    found = await _known(place, asked)
            case Lookup():
                async with asyncio.timeout(min(live.seconds, LOOKUP)):
                    looked = await spoken.lookup(worker(place.company_id), place.channel_id, asked.question)
                found = Passages(looked.outcome, [(part.title, part.text) for part in looked.parts], looked.words)
            case Handover():
                found = await somebody(place, asked, live.seconds)
    except (AppError, *Broken) as error:
        log.warning("hooks.not_known_in_time", channel_id=str(place.channel_id), error=repr(error)[:300])
    return live.answer(body, asked, found, told_at)


async def _known(place: Place, asked: Caller) -> Known:
    actor = worker(place.company_id)
    account = await greeting.account(actor, place.channel_id)
    return Known(await greeting.variables(actor, asked.number), account)


async def somebody(place: Place, asked: Handover, seconds: float) -> Reached:
    """Waits until somebody takes the call or nobody does; after `seconds` it says that pages still ring."""
    wish = Wish(place.row_id, asked.call_id, ids.parsed(asked.attempt or ""), asked.reason, asked.department, asked.summary)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    until = begun + seconds
    while True:
        told = await waiting.look(place.company_id, place.channel_id, wish)
        if told.decided or loop.time() + LOOKS > (until if told.known else min(until, begun + UNKNOWN)):
            return Reached(told.outcome, told.number, told.summary, told.words)
        await asyncio.sleep(LOOKS)
