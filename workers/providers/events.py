"""What providers tell us, in our words: the typed events that every inbound parser yields.

Parsers turn raw webhook bytes into these and refuse to decide anything: no database, no matching, no ranking. All that they
yield can be stored (`db/storable.py`).
"""

import enum
from datetime import datetime

import msgspec

from db.messages.reasons import FailureReason


class BadWebhook(ValueError):
    """The body is not what the provider sends at all. The only error a parser raises."""


class DeliveryStatus(enum.StrEnum):
    """A provider's status in our words. CANCELLED and FAILED are final."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Pricing(msgspec.Struct, frozen=True):
    """How the provider bills a message: Meta's category and type, whether it costs anything."""

    billable: bool | None = None
    category: str | None = None
    type: str | None = None
    model: str | None = None


class MediaRef(msgspec.Struct, frozen=True):
    """A file of a message that is still at the provider: `id` (Meta) or `url` (Twilio) to fetch it by."""

    id: str | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    voice: bool = False


class Location(msgspec.Struct, frozen=True):
    """A shared place, degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None


class Referral(msgspec.Struct, frozen=True):
    """The ad or post a conversation came from."""

    source_url: str | None = None
    source_id: str | None = None
    source_type: str | None = None
    headline: str | None = None
    body: str | None = None
    ctwa_clid: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Common to all: when it happened at the provider (aware UTC; None when not told or unreadable)."""

    at: datetime | None = None


class StatusEvent(Event, frozen=True, kw_only=True):
    """A message we sent moved on. `correlation_id` is our attempt; `code`, `reason`, `error` only with FAILED."""

    provider_id: str
    status: DeliveryStatus
    provider_status: str
    correlation_id: str | None = None
    phone: str | None = None
    bsuid: str | None = None
    sender: str | None = None  # phone_number_id, or the sending number
    code: int | None = None
    reason: FailureReason | None = None
    error: str | None = None
    pricing: Pricing | None = None


class InboundMessage(Event, frozen=True, kw_only=True):
    """A person wrote (or, with `echo`, our staff wrote from the phone's own app: then `phone` is the addressee).

    `text` holds what there is to read: body, caption, title of the pressed button or list row. `payload` is the id or
    payload of that button, `data` the raw JSON of kinds without text (contacts, order, form answers).
    """

    provider_id: str
    from_phone: str | None
    to: str  # phone_number_id (Meta), E.164 number or messaging service (Twilio)
    type: str
    from_bsuid: str | None = None
    profile_name: str | None = None
    username: str | None = None
    text: str = ""
    payload: str | None = None
    media: tuple[MediaRef, ...] = ()
    location: Location | None = None
    reaction_to: str | None = None  # the provider id a reaction belongs to; text "" takes it back
    context_id: str | None = None  # the message this one answers
    target_id: str | None = None  # the message that was edited or revoked
    referral: Referral | None = None
    group_id: str | None = None
    data: bytes | None = None
    code: int | None = None
    echo: bool = False


class PreferenceEvent(Event, frozen=True, kw_only=True):
    """A person asked for no more messages (`opted_in` False) or for messages again."""

    opted_in: bool
    category: str  # marketing_messages (Meta) or all (SMS)
    phone: str | None = None
    bsuid: str | None = None
    sender: str | None = None
    detail: str | None = None


class IdentityEvent(Event, frozen=True, kw_only=True):
    """A person changed number or identity."""

    kind: str  # user_changed_number | customer_identity_changed
    from_phone: str | None
    new_phone: str | None = None
    bsuid: str | None = None
    sender: str | None = None


class TemplateEvent(Event, frozen=True, kw_only=True):
    """A template's review, quality or category changed. `kind`: status | quality | category | components."""

    account_id: str
    template_id: str
    kind: str
    name: str | None = None
    language: str | None = None
    event: str | None = None
    reason: str | None = None
    detail: str | None = None
    category: str | None = None
    quality: str | None = None


class QualityEvent(Event, frozen=True, kw_only=True):
    """A number's quality or throughput changed (`event` as Meta names it)."""

    account_id: str
    display_phone_number: str | None
    event: str | None
    limit: str | None = None


class TierEvent(Event, frozen=True, kw_only=True):
    """The messaging limit of the business changed: a TIER name or a number of people per 24 h as text."""

    account_id: str
    limit: str | None
    max_phone_numbers: int | None = None


class AccountEvent(Event, frozen=True, kw_only=True):
    """Something happened to the account; `detail` is the rest of the provider's value as JSON."""

    account_id: str
    event: str
    detail: bytes


class OtherEvent(Event, frozen=True, kw_only=True):
    """A field this version does not know, or an item it could not read (`problem` says why); nothing is dropped."""

    field: str
    raw: bytes
    account_id: str | None = None
    problem: str | None = None


AnyEvent = (
    StatusEvent
    | InboundMessage
    | PreferenceEvent
    | IdentityEvent
    | TemplateEvent
    | QualityEvent
    | TierEvent
    | AccountEvent
    | OtherEvent
)
