"""Events about webhooks out. Pure data, imported by the wire contract too."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta, Struct

from db.events import Event
from db.permissions import Permission


class WebhookChanged(Event, frozen=True, kw_only=True):
    """An endpoint was made, changed, switched on or off, or deleted."""

    type: ClassVar = "webhook.changed"
    permission: ClassVar = Permission.WEBHOOKS_READ
    durable: ClassVar = False
    endpoint_id: UUID


class MessageTold(Struct, frozen=True, kw_only=True):
    """`data` of `message.received`: the event, and what was written."""

    channel_id: UUID
    contact_id: UUID | None
    message_id: UUID
    kind: Annotated[str, Meta(examples=["text"])] | None
    text: Annotated[str, Meta(examples=["Oi, meu pedido chegou?"])] | None
    address: Annotated[str, Meta(examples=["+5511988887777"])] | None
    received_at: Annotated[datetime, Meta(tz=True)] | None
