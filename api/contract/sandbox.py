"""The sandbox as a company sees it: phones with the messages they got, answering as a customer, and how the outside behaves."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.buttons import MessageRow, PreviewButton
from api.contract.contents import MessageContent
from api.contract.message_files import MessageFile
from db.contacts.filter import Moment

Share = Annotated[float, Meta(ge=0, le=1)]


class SandboxPhone(Output):
    """GET /v1/sandbox/{channel_id}/phones?search= → Page[SandboxPhone], last active first."""

    address: Annotated[str, example("+5511987654321")]
    display: Annotated[str, example("(11) 98765-4321")]
    contact_id: UUID | None
    name: Annotated[str, example("Beatriz Nunes")]
    last_text: Annotated[str, example("Quero sim!")]
    last_content: Annotated[str, example("text")]  # kind of what it holds: text, image, …
    last_at: Moment
    last_kind: Literal["out", "in"]
    state: str | None


class SandboxMessage(Output):
    """GET /v1/sandbox/{channel_id}/phones/{address} → Page[SandboxMessage], newest first."""

    id: UUID
    kind: Literal["out", "in"]
    text: Annotated[str, example("Quero sim!")]
    header: str | None
    footer: str | None
    buttons: list[PreviewButton]
    rows: list[MessageRow]  # behind the button of a list
    at: Moment
    state: str | None  # of theirs: `read` once WhatsApp shows them that we read it
    content: MessageContent | None  # of what the person wrote, or somebody in the phone's own app; places and contacts of ours
    files: list[MessageFile]  # those of the message
    reactions: list[Annotated[str, example("👍")]]  # to it, of either side; they are no messages of their own here
    quote: str | None  # what the message says that it answers; empty when that is not on this page


SandboxKind = Literal[
    "text", "image", "video", "voice", "audio", "document", "sticker", "media", "location", "contacts", "order", "button", "button_reply",
    "list_reply", "form", "reaction", "reaction_removed", "edit", "revoke", "unsupported", "ad", "forwarded", "call", "echo",
    "number_changed", "user_id_changed", "identity_changed",
]  # fmt: skip
SandboxNewsCode = Literal[
    "account_restricted", "account_violation", "app_removed", "review_rejected", "review_approved", "alert", "name_rejected",
    "name_approved", "pin_changed", "flow_blocked", "unknown",
]  # fmt: skip


class SandboxNews(Input):
    """POST /v1/sandbox/{channel_id}/news → Done; it comes back through the webhook, into the log and onto the first page."""

    code: SandboxNewsCode


class SandboxReply(Input):
    """POST /v1/sandbox/{channel_id}/reply → Done; the answer comes back through the webhook."""

    address: Annotated[str, Meta(examples=["+5511987654321"], max_length=60)]
    text: Annotated[str, Meta(examples=["Quero sim!"], max_length=4096)] = ""  # needed for a text; else caption, title or emoji
    kind: SandboxKind = "text"
    answers: UUID | None = None  # a message of ours, whose button or row `option` was chosen; then its name is the text
    option: Annotated[int, Meta(ge=0, le=9)] = 0  # from 0


class Behaviour(Input):
    """PUT and GET /v1/sandbox/{channel_id}/behaviour."""

    delivered_share: Share = 0.96
    read_share: Share = 0.55
    reply_share: Share = 0.04
    opt_out_share: Share = 0.004
    failed_share: Share = 0.01
    outage: Literal["none", "errors", "silence", "hang_up"] = "none"  # the provider as a whole is down, and how that shows
    latency_ms: Annotated[int, Meta(ge=0, le=30_000)] = 40
    error_429_share: Share = 0.0
    error_5xx_share: Share = 0.0
    drop_after_accept_share: Share = 0.0
    hang_share: Share = 0.0
    duplicate_webhook_share: Share = 0.0
    disorder_share: Share = 0.0
    webhook_lost_share: Share = 0.0
