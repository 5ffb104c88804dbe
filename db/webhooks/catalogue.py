"""What outsiders can be told of: each type with the event it is made of, who may hear it, to which entity it belongs and an example.

What is told holds ids and facts that stay true; whoever needs more asks the API under its own rights. `message.received` alone is
full: what a person wrote never changes, and nearly everybody who is told of it needs it.
"""

import builtins
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

from db.boards.events import LeadChanged
from db.bookings.events import AppointmentChanged
from db.campaigns.events import CampaignChanged, CampaignDeleted
from db.channels.events import ChannelChanged, ChannelStateChanged, TemplatesChanged, TemplateStatusChanged
from db.contacts.events import ConsentChanged, ContactsChanged
from db.conversations.events import ConversationAnswered, ConversationClosed, ConversationUpdated
from db.events import Event
from db.messages.events import MessageFileChanged, MessageReceived, MessageStatusChanged
from db.permissions import Permission
from db.webhooks.enums import WebhookType as T
from db.webhooks.events import MessageTold

Data = dict[str, Any]
_ID = "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e{:02x}"


class Kind(NamedTuple):
    """`entity`: the field whose id orders what belongs together; a delivery waits for the one before it of the same entity.
    `wanted`: whether an event of `source` is one of this type."""

    type: T
    source: builtins.type[Event]
    entity: str
    about: str
    example: Data
    wanted: Callable[[Data], bool] = lambda _: True
    also: Permission | None = None  # asked beside the permission of the event
    full: builtins.type[Struct] | None = None  # what `data` holds, where that is more than the event

    @property
    def shape(self) -> builtins.type[Struct]:
        return self.full or self.source

    @property
    def permissions(self) -> frozenset[Permission]:
        return frozenset(one for one in (self.source.permission, self.also) if one is not None)


def _ids(*names: str) -> Data:
    return {name: _ID.format(place) for place, name in enumerate(names, 1)}


_LEAD = {**_ids("board_id", "lead_id", "stage_id", "from_stage_id"), "deleted": False, "version": 4}
_PERIOD = {
    **_ids("conversation_id", "contact_id", "channel_id", "team_id", "user_id"),
    "seconds": 5400,
    "office_seconds": 1800,
}

KINDS: dict[T, Kind] = {
    kind.type: kind
    for kind in (
        Kind(
            T.MESSAGE_RECEIVED, MessageReceived, "contact_id",
            "Somebody wrote to a channel. `kind`, `text`, `address` and `received_at` are null when the message was deleted meanwhile.",
            {
                **_ids("channel_id", "contact_id", "message_id"), "kind": "text", "text": "Oi, meu pedido chegou?",
                "address": "+5511988887777", "received_at": "2026-01-10T12:00:00.000000Z",
            },
            also=Permission.CONVERSATIONS_READ,
            full=MessageTold,
        ),
        Kind(
            T.MESSAGE_STATUS, MessageStatusChanged, "message_id",
            "A message of yours was sent, delivered, read, failed, was skipped or cancelled, or nobody knows (`failed_unknown`). `campaign_id`"
            " null: it belongs to a conversation. `reason` says why one failed or was skipped.",
            {
                **_ids("channel_id", "campaign_id", "contact_id", "message_id"), "state": "delivered", "reason": None,
                "at": "2026-01-10T12:00:00.000000Z",
            },
            also=Permission.CONVERSATIONS_READ,
        ),
        Kind(
            T.MESSAGE_FILE, MessageFileChanged, "contact_id", "The file of a message was fetched, or will not come.",
            _ids("contact_id", "message_id", "file_id"),
        ),
        Kind(
            T.CONVERSATION_UPDATED, ConversationUpdated, "conversation_id",
            "A conversation began, or its state, its newest message, its assignee, its labels or what is unread changed.",
            {**_ids("conversation_id", "contact_id"), "version": 7},
        ),
        Kind(
            T.CONVERSATION_ANSWERED, ConversationAnswered, "conversation_id",
            "Somebody got the first answer since the conversation was opened, after so many seconds.", _PERIOD,
        ),
        Kind(T.CONVERSATION_CLOSED, ConversationClosed, "conversation_id", "A conversation was closed.", _PERIOD),
        Kind(
            T.CONTACT_CHANGED, ContactsChanged, "contact_id",
            "A contact was made, changed or deleted. `contact_id` null: several, or the tags and fields that all have.",
            {**_ids("contact_id"), "version": 3},
        ),
        Kind(
            T.CONSENT_CHANGED, ConsentChanged, "contact_id",
            "Somebody said stop (`opted_out`), or may be written to again (`opted_in`). `source`: how they said stop (`keyword`, `provider`,"
            " `person`, `import`, `api`, `erasure`).",
            {**_ids("contact_id"), "consent": "opted_out", "source": "keyword"},
        ),
        Kind(
            T.CAMPAIGN_CHANGED, CampaignChanged, "campaign_id", "A campaign was made, or its state, text, audience or schedule changed.",
            {**_ids("campaign_id"), "state": "running", "version": 5},
        ),
        Kind(T.CAMPAIGN_DELETED, CampaignDeleted, "campaign_id", "A draft of a campaign was deleted.", _ids("campaign_id")),
        Kind(T.LEAD_CHANGED, LeadChanged, "lead_id", "A lead was made, moved, changed or deleted.", _LEAD),
        Kind(
            T.LEAD_MOVED, LeadChanged, "lead_id", "A lead went from one stage to another.", _LEAD,
            lambda data: data["from_stage_id"] is not None and data["from_stage_id"] != data["stage_id"] and not data["deleted"],
        ),
        Kind(
            T.APPOINTMENT_CHANGED, AppointmentChanged, "lead_id", "A time was booked, moved to another one, or cancelled.",
            {**_ids("appointment_id", "board_id", "lead_id"), "starts_at": "2026-01-10T12:00:00Z", "state": "booked"},
        ),
        Kind(
            T.TEMPLATE_CHANGED, TemplatesChanged, "channel_id",
            "Templates of a channel were made, reviewed, synced or deleted. After the review of one: what it came to, its name, and the newest"
            " draft of a campaign that waits for it.",
            {**_ids("channel_id", "campaign_id"), "reviewed": "approved", "name": "pedido_enviado"},
        ),
        Kind(
            T.TEMPLATE_STATUS, TemplateStatusChanged, "template_id",
            "A template was submitted, approved, rejected, paused or deleted. `reason`: the provider's, for a rejection.",
            {**_ids("channel_id", "template_id"), "name": "pedido_enviado", "language": "pt_BR", "status": "approved", "reason": None},
        ),
        Kind(
            T.CHANNEL_CHANGED, ChannelChanged, "channel_id", "State, name, limits or quality of a channel changed; also a new one.",
            _ids("channel_id"),
        ),
        Kind(
            T.CHANNEL_STATE, ChannelStateChanged, "channel_id",
            "A channel sends again (`connected`), or does not (`checking`, `paused`, `error`): `reason` says why.",
            {**_ids("channel_id"), "state": "error", "reason": "account_locked"},
        ),
    )
}  # fmt: skip


def sources(types: list[str]) -> set[type[Event]]:
    """The events from which these types are made."""
    return {KINDS[T(type)].source for type in types}


def made_of(event_type: str, types: list[str]) -> list[Kind]:
    """Those of these types that an event may become."""
    return [kind for type in types if (kind := KINDS[T(type)]).source.type == event_type]
