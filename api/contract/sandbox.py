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
    writer: str | None  # who wrote it in a group


SandboxKind = Literal[
    "text", "image", "video", "voice", "audio", "document", "sticker", "media", "location", "contacts", "order", "button", "button_reply",
    "list_reply", "form", "reaction", "reaction_removed", "edit", "revoke", "unsupported", "ad", "forwarded", "call", "echo",
    "number_changed", "user_id_changed", "identity_changed", "hidden", "typing", "poll", "poll_echo", "vote",
]  # fmt: skip
SandboxNewsCode = Literal[
    "account_restricted", "account_violation", "app_removed", "review_rejected", "review_approved", "alert", "name_rejected",
    "name_approved", "pin_changed", "flow_blocked", "unknown", "session_ended", "session_elsewhere", "session_banned", "session_restricted",
    "session_outdated",
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
    group: Annotated[str, Meta(examples=["Vizinhos do bairro"], min_length=1, max_length=100)] | None = (
        None  # where they write it, by name or `address`
    )


class ModelCall(Output):
    """A tool that the model called. `arguments`: JSON as it wrote them."""

    name: Annotated[str, example("search_knowledge")]
    arguments: Annotated[str, example('{"query":"Qual o prazo?"}')]


class ModelMessage(Output):
    """One message of a request, or its answer."""

    role: Annotated[str, example("user")]  # system, user, assistant or tool
    text: Annotated[str, example("Qual o prazo de entrega?")]
    calls: list[ModelCall]


class ModelRequest(Output):
    """GET /v1/sandbox/model/requests → Page[ModelRequest], newest first."""

    number: Annotated[int, example(17)]
    at: Moment
    kind: Annotated[str, example("chat")]  # chat, embeddings, moderations or transcriptions
    model: Annotated[str, example("gpt-5.6-terra")]
    status: Annotated[int, example(200)]  # of HTTP; 0: it got no answer
    milliseconds: Annotated[int, example(12)]
    messages: list[ModelMessage]  # what the model read
    tools: list[Annotated[str, example("search_knowledge")]]  # that it might call
    answer: ModelMessage | None
    problem: Annotated[str, example("")]  # why it was refused
    input_tokens: int | None
    cached_tokens: int | None  # among them
    output_tokens: int | None


ModelTrick = Literal[
    "none", "rate_limit", "rate_limit_after", "no_quota", "error", "hang", "cut", "bad_arguments", "unknown_tool", "parallel_calls",
    "same_call_ids", "refusal", "length", "filtered", "no_choices", "no_usage", "wrong_citations", "wrong_shape",
]  # fmt: skip


class ModelBehaviour(Input):
    """PUT and GET /v1/sandbox/model/behaviour."""

    trick: ModelTrick = "none"
    times: Annotated[int, Meta(ge=0, le=1000)] = 0  # so many requests meet it; 0: all
    gullible: bool = False  # it obeys every order that it reads anywhere: what a company's own rules must withstand
    slow_seconds: Annotated[float, Meta(ge=0, le=60)] = 0.0


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
