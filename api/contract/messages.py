"""Conversations: what was said with a contact, over which channels it may be answered, and the answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output
from db.channels.enums import ChannelKind

MessageText = Annotated[str, Meta(min_length=1, max_length=4096, examples=["Oi, Ana! Chega amanhã cedo."])]


class Message(Output):
    """GET /v1/contacts/{id}/messages → Page[Message], newest first; POST /v1/messages MessageCreate → Message. Event
    `message.received` when one comes in, `message.changed` when one of no campaign moves."""

    id: UUID
    at: datetime  # when it went or came, or is to go
    direction: Literal["out", "in"]
    kind: str  # out: text, template; in: text, image, audio, location, …; preference (text: stop or resume)
    channel_id: UUID
    channel_name: str
    channel_kind: ChannelKind | None
    address: str
    header: str | None
    text: str
    footer: str | None
    buttons: list[str]
    state: str | None  # of what went out: queued, sending, sent, delivered, read, failed, …
    reason: str | None  # FailureReason or SkipReason
    code: int | None
    maybe_duplicate: bool
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    campaign_id: UUID | None
    campaign_name: str | None
    author: str | None  # who of the team wrote it


class ReplyChannel(Output):
    """GET /v1/contacts/{id}/reply-channels → Page[ReplyChannel], the one over which the person wrote last first."""

    channel_id: UUID
    channel_name: str
    channel_kind: ChannelKind
    sandbox: bool
    address: str | None
    obstacle: Literal["channel_not_connected", "no_address", "opted_out", "window_closed"] | None
    last_inbound_at: datetime | None
    window_until: datetime | None  # WhatsApp takes free texts until then


class MessageCreate(Input):
    """One free text. 409 with the obstacle as its code; repeating it under its Idempotency-Key sends nothing twice."""

    contact_id: UUID
    channel_id: UUID
    text: MessageText
