"""Live events on their way to listeners: one Valkey stream per company, so that a reader resumes by the last id it saw.

A convenience: events that are lost with Valkey cost a refetch, never data. What must not be lost is in `outbox.py`.
"""

import asyncio
from collections.abc import Collection
from uuid import UUID

import msgspec
import structlog

from db import valkey
from db.clock import now
from db.events import Event

log = structlog.get_logger("db.events")

STREAM_LENGTH = 5000
MISSED = "missed"
"""The type of an entry that stands for events which are not there."""
PAUSE = 0.5  # seconds between two tries to say so

CHANNELS = "events:channels"
"""Which channels changed, of all companies: for what programs keep of them in memory."""
CHANNELS_LENGTH = 1000
_BLOCK_MS = 2000  # less than the 5 s after which valkey-py gives up on any answer

_missed: set[UUID] = set()  # companies of which this program dropped events
_telling: asyncio.Task[None] | None = None


_encode = msgspec.json.Encoder().encode


def stream_key(company_id: UUID) -> str:
    return f"events:{company_id}"


def encode(event: Event) -> bytes:
    """`{"type":…,"at":…,"data":{…}}`; the stream adds the id."""
    return _encode({"type": event.type, "at": now(), "data": event})


async def publish(company_id: UUID, events: Collection[Event]) -> None:
    """Appends to the company's stream. What cannot be appended is dropped, and whoever listens is told to fetch anew once this program
    reaches Valkey again: their own way to it may have been open all the time."""
    if not events:
        return
    try:
        await _append(company_id, [encode(event) for event in events], {str(e.channel_id) for e in events if e.remembered})  # type: ignore[attr-defined]
    except valkey.Down as error:
        log.debug("events.dropped", company_id=str(company_id), count=len(events), error=repr(error))
        _miss(company_id)
    except asyncio.CancelledError:
        _miss(company_id)
        raise


async def _append(company_id: UUID, entries: Collection[bytes], channels: Collection[str] = ()) -> None:
    pipe = valkey.client().pipeline(transaction=False)
    for channel_id in channels:
        pipe.xadd(CHANNELS, {"c": channel_id}, maxlen=CHANNELS_LENGTH, approximate=True)
    for entry in entries:
        pipe.xadd(stream_key(company_id), {"e": entry}, maxlen=STREAM_LENGTH, approximate=True)
    await pipe.execute()


def _miss(company_id: UUID) -> None:
    global _telling
    _missed.add(company_id)
    if _telling is None or _telling.done():
        _telling = asyncio.create_task(_tell_missed(), name="missed events")


async def _tell_missed() -> None:
    """Until every company of which events were dropped knows it."""
    while _missed:
        await valkey.back(PAUSE)
        if not valkey.connected():  # the program ends
            return
        for company_id in list(_missed):
            _missed.discard(company_id)
            try:
                await _append(company_id, [_encode({"type": MISSED, "at": now(), "data": {}})])
            except valkey.Down:
                _missed.add(company_id)
                break
            log.info("events.missed", company_id=str(company_id))


async def channels_from_now() -> str:
    """The place in the list of changed channels after which nothing has happened yet. Raises what Valkey raises while it is away."""
    newest = await valkey.client().xrevrange(CHANNELS, count=1)
    return newest[0][0].decode() if newest else "0-0"


async def channels_after(place: str) -> tuple[str, set[UUID]]:
    """Waits a moment for channels that change; returns the place behind them. Raises what Valkey raises while it is away."""
    found = await valkey.client().xread({CHANNELS: place}, count=CHANNELS_LENGTH, block=_BLOCK_MS)
    entries = found[0][1] if found else []
    return (entries[-1][0].decode() if entries else place), {UUID(fields[b"c"].decode()) for _, fields in entries}
