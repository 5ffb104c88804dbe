"""Answers to what a provider asks while somebody holds the line: from our own tables, within its time, and never with an error.

The question is stored before this: what it causes happens elsewhere. Calls nobody.
"""

import asyncio
from uuid import UUID

import structlog

from api.hooks.collector import Broken
from db.errors import AppError
from db.messages import greeting
from db.providers.live import Known, Live
from db.tenancy import worker

log = structlog.get_logger("api.hooks")


async def answer(company_id: UUID, live: Live, body: bytes, told_at: str) -> bytes:
    """The body of the answer. Where nothing is found in time the call goes on without it."""
    asked = live.asked(body)
    found: Known | None = None
    try:
        if asked is not None:
            async with asyncio.timeout(live.seconds):
                found = Known(await greeting.variables(worker(company_id), asked.number))
    except (AppError, *Broken) as error:
        log.warning("hooks.not_known_in_time", company_id=str(company_id), error=repr(error)[:300])
    return live.answer(asked, found, told_at)
