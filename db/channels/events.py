"""Events about channels, the simulator and templates. Pure data, imported by the wire contract too."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from db.channels.enums import ChannelState, TemplateStatus
from db.events import Event
from db.permissions import Permission


class ChannelEvent(Event, frozen=True, kw_only=True):
    """Concerns one channel."""

    channel_id: UUID


class ChannelChanged(ChannelEvent, frozen=True, kw_only=True):
    """State, name, limits, quality or the result of a check; also connected or archived."""

    type: ClassVar = "channel.changed"
    permission: ClassVar = Permission.CHANNELS_READ
    remembered: ClassVar = True


class ChannelStateChanged(ChannelEvent, frozen=True, kw_only=True):
    """A channel sends again, or does not; `reason` says why not."""

    type: ClassVar = "channel.state"
    permission: ClassVar = Permission.CHANNELS_READ
    noticed: ClassVar = True
    state: ChannelState
    reason: str | None


class SandboxChanged(ChannelEvent, frozen=True, kw_only=True):
    """What somebody asked of the simulator was done, or failed: then `reason` is a FailureReason. `read` and `typing`: the person at
    `address` is shown that their messages were read, or for 25 seconds that somebody writes to them."""

    type: ClassVar = "sandbox.changed"
    permission: ClassVar = Permission.CHANNELS_READ
    durable: ClassVar = False
    verb: Literal["behaviour", "reply", "opt_out", "template_review", "quality", "news", "scan", "read", "typing"]
    address: str | None = None
    reason: str | None = None


class TemplatesChanged(Event, frozen=True, kw_only=True):
    """Templates of a channel were created, reviewed, synced or deleted. After the review of one: which, and the newest draft that waits
    for it."""

    type: ClassVar = "templates.changed"
    permission: ClassVar = Permission.TEMPLATES_READ
    channel_id: UUID
    reviewed: Literal["approved", "rejected"] | None = None
    name: Annotated[str, Meta(examples=["pedido_enviado"])] | None = None
    campaign_id: UUID | None = None


class TemplateStatusChanged(Event, frozen=True, kw_only=True):
    """A template was submitted, approved, rejected, paused or deleted. `reason`: the provider's, for a rejection."""

    type: ClassVar = "template.status"
    permission: ClassVar = Permission.TEMPLATES_READ
    noticed: ClassVar = True
    channel_id: UUID
    template_id: UUID
    name: Annotated[str, Meta(examples=["pedido_enviado"])]
    language: Annotated[str, Meta(examples=["pt_BR"])]
    status: TemplateStatus
    reason: str | None
