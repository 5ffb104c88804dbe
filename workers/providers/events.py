"""What providers tell us, in our words: the typed events that every inbound parser yields.

Parsers turn raw webhook bytes into these and refuse to decide anything: no database, no matching, no ranking. All that they
yield can be stored (`db/storable.py`).
"""

import enum
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from db.channels.enums import NoticeCode
from db.messages.content import Context, MessageContent, Referral
from db.messages.enums import CallOutcome, CallSpeaker, CallStage
from db.messages.reasons import FailureReason
from db.transfers.enums import TransferOutcome


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
    """A person wrote or called. `echo`: our own people did, from the phone's own app; then the person is the addressee. `history`:
    long ago, handed over now. `group`: it was said in this group, by the person, whom the platform names
    there by `writer`. At least one of phone, BSUID, LID and username is there."""

    provider_id: str
    from_phone: str | None
    to: str  # phone_number_id (Meta), E.164 number or messaging service (Twilio)
    content: MessageContent
    from_bsuid: str | None = None
    from_lid: str | None = None
    profile_name: str | None = None
    username: str | None = None
    context: Context | None = None
    referral: Referral | None = None
    echo: bool = False
    history: bool = False
    group: str | None = None
    writer: str | None = None


class CallTurn(NamedTuple):
    """Something that was said; milliseconds from the beginning of the call, None where not told."""

    speaker: CallSpeaker
    text: str
    start: int | None
    end: int | None


class CallEvent(Event, frozen=True, kw_only=True):
    """A call moved on. `correlation_id`: our attempt, of a call that we placed. `seconds`: how long they spoke; `cost` in millionths of a
    US dollar. What is not known yet is None."""

    provider_id: str
    stage: CallStage
    inbound: bool
    person: str | None
    correlation_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = None
    outcome: CallOutcome | None = None
    provider_reason: str | None = None
    turns: list[CallTurn] = []
    recording_url: str | None = None
    summary: str | None = None
    sentiment: str | None = None
    successful: bool | None = None
    callback_at: datetime | None = None  # when they want to be called
    cost: int | None = None


class HandoverEvent(Event, frozen=True, kw_only=True):
    """Somebody on the line wants a person; the virtual agent says why, and of which team."""

    provider_id: str
    correlation_id: str | None = None
    reason: str = ""
    department: str = ""
    summary: str = ""


class TransferEvent(Event, frozen=True, kw_only=True):
    """A call was put through to who took it, or could not be."""

    provider_id: str
    outcome: TransferOutcome
    correlation_id: str | None = None


class PreferenceEvent(Event, frozen=True, kw_only=True):
    """A person asked for no more messages (`opted_in` False) or for messages again."""

    opted_in: bool
    category: str  # marketing_messages (Meta) or all (SMS)
    phone: str | None = None
    bsuid: str | None = None
    sender: str | None = None
    detail: str | None = None


class IdentityEvent(Event, frozen=True, kw_only=True):
    """A person changed number, user id or device. `provider_id` names the news; `phone` and `bsuid` are who they were before,
    where told, and `new_…` who they are now."""

    provider_id: str
    change: Literal["number_changed", "user_id_changed", "identity_changed", "other"]
    text: str = ""
    phone: str | None = None
    bsuid: str | None = None
    new_phone: str | None = None
    new_bsuid: str | None = None
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
    """Something happened to the account. `forbids`: it may not start conversations any more, until `until` where the provider says
    for how long. `event` is the provider's word for it."""

    account_id: str
    event: str
    forbids: bool = False
    until: datetime | None = None


class NoticeEvent(Event, frozen=True, kw_only=True):
    """News about an account, number or template that people should read. `subject` names the template or number, `detail` has the
    provider's words, `raw` its JSON."""

    account_id: str
    code: NoticeCode
    subject: str = ""
    detail: str | None = None
    raw: bytes = b""


class OtherEvent(Event, frozen=True, kw_only=True):
    """A field this version does not know, or an item it could not read (`problem` says why); nothing is dropped."""

    field: str
    raw: bytes
    account_id: str | None = None
    problem: str | None = None


AnyEvent = (
    StatusEvent
    | InboundMessage
    | CallEvent
    | HandoverEvent
    | TransferEvent
    | PreferenceEvent
    | IdentityEvent
    | TemplateEvent
    | QualityEvent
    | TierEvent
    | AccountEvent
    | NoticeEvent
    | OtherEvent
)
