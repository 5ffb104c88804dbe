"""Conversations: what was said with a contact, over which channels it may be answered, and the answer."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.assistant import Citation
from api.contract.base import Input, Output, example
from api.contract.buttons import MessageRow
from api.contract.contents import Context, MessageContent, Referral
from api.contract.kinds import ChannelKind
from api.contract.message_files import MessageFile as MessageFile
from api.contract.replies import ReplyContent
from db.contacts.filter import Moment
from db.messages.enums import MessageOrigin
from db.messages.errors import MessageError


class FileLink(Output):
    """GET /v1/message-files/{id} → FileLink. Event `message.file` when it was fetched or will not come."""

    file: MessageFile
    url: Annotated[str, example("/files/AZl0Zm9vYmFy")] | None  # null: it is not stored
    thumbnail_url: Annotated[str, example("/files/AZl0Zm9vYmF6")] | None
    expires_at: Moment | None  # of both addresses


class FileRoom(Output):
    """GET /v1/message-files/room → FileRoom, in bytes. What people send to the company takes no room."""

    used: Annotated[int, example(1_250_000_000)]  # by files that the company uploaded for its messages
    most: Annotated[int, example(20_000_000_000)]  # beyond it an upload is refused: 409 `no_room_for_upload`


class MessageReaction(Output):
    """A reaction to a message. Each side has one, in a group each person: of ours another may stand before it, which did not go."""

    id: UUID  # of the message that brought it
    at: Moment
    direction: Literal["out", "in"]
    emoji: Annotated[str, example("👍")] | None  # null: it was to be taken back, and that did not go
    author: str | None  # who of the team reacted
    writer: Annotated[str, example("Bia Souza")] | None  # who reacted in a group
    state: str | None  # of ours, as of messages
    reason: str | None


class MessageAgain(Input):
    """POST /v1/conversations/{id}/messages/{message_id}/send-again → Message. `include_unknown`: also one that may have arrived, flagged
    `maybe_duplicate`."""

    include_unknown: bool = False


class ReactionUpdate(Input):
    """PUT /v1/conversations/{id}/messages/{message_id}/reaction → Message, to which it belongs."""

    emoji: Annotated[str, Meta(min_length=1, max_length=40, examples=["👍"])]


class AssistedMessage(Output):
    """`persona`: who spoke; the same stands in `author`. `citations` of a turn stand at its last message. GET
    /v1/conversations/{id}/assistant/turns/{turn_id} says how it came about."""

    turn_id: UUID
    persona: Annotated[str, example("Lia")]
    citations: list[Citation]


class MessageChanged(Output):
    """What became of a message: `text` is what it says now (the message keeps what it said first). `by` deleted it, where that is not who wrote it: an
    administrator of the group, or somebody of the team. `state` and `reason`: of our last change, which is a
    message of kind `edit` or `revoke`; one that failed changed nothing."""

    edited_at: Moment | None
    text: str | None
    deleted_at: Moment | None
    by: str | None
    state: str | None
    reason: str | None


class MessageText(Input):
    """PUT /v1/conversations/{id}/messages/{message_id}/text → Message."""

    text: Annotated[str, Meta(min_length=1, max_length=4096, examples=["Oi, Ana! Chega amanhã às 9h."])]


class Message(Output):
    """GET /v1/contacts/{id}/messages → Page[Message], newest first; POST /v1/messages MessageCreate → Message. Event
    `message.received` when one comes in, `conversation.changed` when one of no campaign moves."""

    id: UUID
    at: Moment  # when it went or came, or is to go
    direction: Literal["out", "in"]
    kind: Annotated[str, example("image")]  # of what we sent: text, template, buttons, list; else the `kind` of `content`
    channel_id: UUID
    channel_name: Annotated[str, example("WhatsApp da loja")]
    channel_kind: ChannelKind | None
    address: Annotated[str, example("+5511987654321")]
    header: str | None
    text: Annotated[str, example("Oi, Ana! Chega amanhã cedo.")]
    footer: str | None
    buttons: list[str]
    rows: list[MessageRow]  # behind the button of a list
    state: str | None  # of what went out: queued, sending, sent, delivered, read, failed, …
    reason: str | None  # FailureReason or SkipReason
    code: int | None
    maybe_duplicate: bool
    sent_at: Moment | None
    delivered_at: Moment | None
    read_at: Moment | None
    campaign_id: UUID | None
    campaign_name: str | None
    author: str | None  # who of the team wrote it, or the persona
    provider_id: str | None  # what `context.provider_id` and `content.target_id` of others name it by
    origin: MessageOrigin | None  # null: it came in, or was sent from here, as it was written
    content: MessageContent | None  # whole and typed; of what was sent from here that of files, places, contacts, reactions
    context: Context | None
    referral: Referral | None
    files: list[MessageFile]  # those of `content`, in its order
    reactions: list[MessageReaction]  # to it; each is a message of kind `reaction` too
    automatic: bool  # it was said by itself, outside of the office hours
    assistant: AssistedMessage | None  # the assistant said it
    header_file_id: UUID | None = None  # a file of ours at the head of a template
    changed: MessageChanged | None = None  # it says something else by now, or was taken back


class ReplyChannel(Output):
    """GET /v1/contacts/{id}/reply-channels → Page[ReplyChannel], the one over which the person wrote last first."""

    channel_id: UUID
    channel_name: Annotated[str, example("WhatsApp da loja")]
    channel_kind: ChannelKind
    sandbox: bool
    address: Annotated[str, example("+5511987654321")] | None
    obstacle: MessageError | None
    template_obstacle: MessageError | None  # why not even by a template, where its kind takes them
    last_inbound_at: Moment | None
    window_until: Moment | None  # WhatsApp takes free texts until then
    opted_out: bool  # marketing is refused


class MessageCreate(Input):
    """One answer. 409 with the obstacle as its code; repeating it under its Idempotency-Key sends nothing twice. `reply_to`: the message
    of the same channel that it answers. `seen`: the newest entry of the thread that the writer saw; 409 `someone_answered` when a
    colleague answered after it."""

    contact_id: UUID
    channel_id: UUID
    content: ReplyContent
    reply_to: UUID | None = None
    seen: UUID | None = None
