"""The catalogue of live events and their way out: one Valkey stream per company, so that a reader resumes by the last id it saw.

Events say what changed, by id; readers fetch the rest. They are a convenience: lost with Valkey, they cost a refetch, never data.
"""

from uuid import UUID

import msgspec
import structlog

from db import valkey
from db.clock import now

log = structlog.get_logger("db.events")

STREAM_LENGTH = 5000


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events; the class attribute `type` is the name on the wire."""


class CompanyChanged(Event, frozen=True, kw_only=True, tag="company.changed"):
    pass


class TeamChanged(Event, frozen=True, kw_only=True, tag="team.changed"):
    pass


class SessionRevoked(Event, frozen=True, kw_only=True, tag="session.revoked"):
    """The UI ends its pages for these; `session_id` null means all of the user's."""

    user_id: UUID
    session_id: UUID | None = None


class ChannelChanged(Event, frozen=True, kw_only=True, tag="channel.changed"):
    channel_id: UUID


class TemplatesChanged(Event, frozen=True, kw_only=True, tag="templates.changed"):
    channel_id: UUID


class ContactsChanged(Event, frozen=True, kw_only=True, tag="contacts.changed"):
    """Several, or one when `contact_id` is set."""

    contact_id: UUID | None = None


class ImportProgress(Event, frozen=True, kw_only=True, tag="import.progress"):
    import_id: UUID
    state: str
    processed: int
    total: int | None


class BulkProgress(Event, frozen=True, kw_only=True, tag="bulk.progress"):
    bulk_id: UUID
    processed: int
    total: int
    done: bool


class CampaignChanged(Event, frozen=True, kw_only=True, tag="campaign.changed"):
    """State, text or schedule."""

    campaign_id: UUID
    state: str


class CampaignProgress(Event, frozen=True, kw_only=True, tag="campaign.progress"):
    """Counts moved; at most a few per second and campaign."""

    campaign_id: UUID


class HoldChanged(Event, frozen=True, kw_only=True, tag="hold.changed"):
    """Something is held after a restore or a failover, or somebody decided on it."""

    hold_id: UUID


class InboundReceived(Event, frozen=True, kw_only=True, tag="message.received"):
    channel_id: UUID
    contact_id: UUID | None
    message_id: UUID


class MessageChanged(Event, frozen=True, kw_only=True, tag="message.changed"):
    """A message of no campaign to this person was written, sent, delivered, read, or failed."""

    contact_id: UUID


class SandboxChanged(Event, frozen=True, kw_only=True, tag="sandbox.changed"):
    channel_id: UUID
    verb: str
    error: str | None = None


_encode = msgspec.json.Encoder().encode


def stream_key(company_id: UUID) -> str:
    return f"events:{company_id}"


def wire(event: Event) -> bytes:
    """`{"type":…,"at":…,"data":{…}}`; the stream adds the id."""
    body = msgspec.to_builtins(event)
    kind = body.pop("type")
    return _encode({"type": kind, "at": now(), "data": body})


async def publish(company_id: UUID, events: list[Event]) -> None:
    """Appends to the company's stream. While Valkey is away the events are dropped: screens refetch when it is back."""
    if not events:
        return
    try:
        pipe = valkey.client().pipeline(transaction=False)
        for event in events:
            pipe.xadd(stream_key(company_id), {"e": wire(event)}, maxlen=STREAM_LENGTH, approximate=True)
        await pipe.execute()
    except valkey.Down as error:
        log.debug("events.dropped", company_id=str(company_id), count=len(events), error=repr(error))
