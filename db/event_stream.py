"""Live events on their way to listeners: one Valkey stream per company, so that a reader resumes by the last id it saw.

A convenience: events that are lost with Valkey cost a refetch, never data. What must not be lost is in `outbox.py`.
"""

from collections.abc import Collection
from uuid import UUID

import msgspec
import structlog

from db import valkey
from db.clock import now
from db.events import Event

log = structlog.get_logger("db.events")

STREAM_LENGTH = 5000


_encode = msgspec.json.Encoder().encode


def stream_key(company_id: UUID) -> str:
    return f"events:{company_id}"


def encode(event: Event) -> bytes:
    """`{"type":…,"at":…,"data":{…}}`; the stream adds the id."""
    return _encode({"type": event.type, "at": now(), "data": event})


async def publish(company_id: UUID, events: Collection[Event]) -> None:
    """Appends to the company's stream. While Valkey is away the events are dropped: screens refetch when it is back."""
    if not events:
        return
    try:
        pipe = valkey.client().pipeline(transaction=False)
        for event in events:
            pipe.xadd(stream_key(company_id), {"e": encode(event)}, maxlen=STREAM_LENGTH, approximate=True)
        await pipe.execute()
    except valkey.Down as error:
        log.debug("events.dropped", company_id=str(company_id), count=len(events), error=repr(error))
