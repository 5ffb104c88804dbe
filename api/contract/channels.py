"""Channels: connecting, live check, state, limits, log; and templates."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, example
from api.contract.kinds import ChannelKind
from db.channels.enums import ChannelState, NoticeCode, Quality, TemplateCategory, TemplateStatus
from db.contacts.filter import Moment
from db.texts import END, NAME

TEMPLATE_NAME = r"^[a-z0-9_]{1,512}" + END
TEMPLATE_LANGUAGE = r"^[a-z]{2,3}(_[A-Z]{2})?" + END
WEB_ADDRESS = r"^https?://\S+" + END

ChannelName = Annotated[str, Meta(min_length=1, max_length=80, pattern=NAME, extra=TRIM, examples=["WhatsApp da loja"])]


FormValues = Annotated[
    dict[Annotated[str, Meta(max_length=40)], Annotated[str, Meta(max_length=1000)] | float],
    Meta(max_length=20),
]
"""What the provider gave, by the names of the kind's `fields`."""


class ChannelConnect(Input):
    """POST /v1/channels → Channel in state `checking`; the answer of the live check comes as event `channel.changed`. `sandbox`: a
    rehearsal number, for which there is nothing to give; nothing reaches a real person."""

    kind: ChannelKind
    name: ChannelName
    sandbox: Annotated[bool, example(True)] = False
    values: FormValues = {}


class ChannelPatch(Input):
    """PATCH /v1/channels/{id}. `values` are new secrets, which replace the old ones and start a check."""

    name: ChannelName | UnsetType = UNSET
    throughput: Annotated[float, Meta(gt=0, le=1000)] | UnsetType = UNSET
    read_receipts: Annotated[bool, example(False)] | UnsetType = UNSET
    values: FormValues | UnsetType = UNSET


class CheckLine(Output):
    """One finding of the live check; the UI has a sentence for each code and result."""

    code: Literal["token", "number", "quality", "limit", "throughput", "webhook", "templates", "sender"]
    ok: bool
    value: Annotated[str, example("+5511400012345")] | None = None  # "+55 11 4000-1234", "green", "10000"
    reason: str | None = None  # FailureReason when not ok
    detail: str | None = None  # the provider's own words


class Channel(Output):
    """GET /v1/channels/{id}; GET /v1/channels → Page[Channel]; DELETE archives (409 while a campaign runs on it).
    POST /v1/channels/{id}/check, /pause, /resume → Channel."""

    id: UUID
    kind: ChannelKind
    sandbox: bool
    name: Annotated[str, example("WhatsApp da loja")]
    state: ChannelState
    state_reason: str | None
    state_detail: str | None
    paused_until: Moment | None
    outage_since: Moment | None  # it waits for a provider that is down, since then; it goes on by itself
    number: Annotated[str, example("+5511400012345")] | None
    account_id: Annotated[str, example("102290129340398")]
    external_id: Annotated[str, example("106540352242922")]
    quality: Quality
    messaging_limit: int | None
    messaging_used: int | None  # unique people of the last 24 h; null when Valkey is away
    throughput: float
    rate_now: float  # sent per second over the last 10 s
    webhook_url: Annotated[str, example("https://api.example.com/hooks/meta/0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")]
    webhook_status_url: str | None
    verify_token: str | None  # Meta asks for it when the address is registered; shown to who may change channels
    check: list[CheckLine]
    checked_at: Moment | None
    templates_synced_at: Moment | None
    read_receipts: bool  # people are shown that we read and that we write, where its kind can do that
    heard_at: Moment | None  # when the provider's first webhook came; null: none yet
    kept_webhooks: int  # that could not be read, or parts of them, kept for 30 days; 1000 for that and more
    created_at: Moment


class WebhooksAgain(Output):
    """POST /v1/channels/{id}/webhooks/process-again → WebhooksAgain."""

    webhooks: Annotated[int, example(3)]  # that are processed once more


class ChannelLogEntry(Output):
    """GET /v1/channels/{id}/log?kind=&ok= → Page[ChannelLogEntry], newest first. Secrets are redacted. Of kind `news`, `code` is a
    NoticeCode."""

    id: UUID
    at: Moment
    kind: Annotated[str, example("check")]
    ok: bool
    summary: Annotated[str, example("GET /106540352242922")]
    http_status: int | None
    code: str | None
    duration_ms: int | None
    request: str | None
    response: str | None
    times: int  # the same came so often within a day, last at `last_at`
    last_at: Moment | None


class ChannelNotice(Output):
    """GET /v1/channels/{id}/notices → Page[ChannelNotice]: what the provider told and waits for a person, newest first.
    POST /v1/channels/{id}/notices/{notice_id}/close → Done. Event `channel.changed`."""

    id: UUID
    channel_id: UUID
    code: NoticeCode
    subject: Annotated[str, example("promo_verao")]  # the template or number it is about
    detail: str | None  # the provider's words
    at: Moment


class Template(Output):
    """GET /v1/templates?channel_id=&status=&search= → Page[Template]; GET /v1/templates/{id}; DELETE;
    POST /v1/channels/{id}/templates/sync → Done, ends with event `templates.changed`."""

    id: UUID
    channel_id: UUID
    channel_name: Annotated[str, example("WhatsApp da loja")]
    name: Annotated[str, example("promo_verao")]
    language: Annotated[str, example("pt_BR")]
    category: TemplateCategory
    status: TemplateStatus
    parameter_format: Literal["positional", "named"]
    components: list[dict[str, Any]]  # Meta's components
    placeholders: list[str]  # in the order in which values are given: "header.1", "1", "2", "button.0.1"; named: the names
    quality: Quality
    rejected_reason: str | None
    problem: str | None
    synced_at: Moment | None


class TemplateCreate(Input):
    """POST /v1/templates → Template, `pending` until the provider has reviewed it."""

    channel_id: UUID
    name: Annotated[str, Meta(pattern=TEMPLATE_NAME, examples=["promo_verao"])]
    language: Annotated[str, Meta(pattern=TEMPLATE_LANGUAGE, examples=["pt_BR"])]
    category: Annotated[TemplateCategory, example("marketing")]
    body: Annotated[str, Meta(examples=["Oi {{1}}, chegou a coleção nova!"], min_length=1, max_length=1024)]
    body_examples: Annotated[list[str], example(["Beatriz"])] = []  # one per placeholder
    header: Annotated[str, Meta(examples=["Verão"], max_length=60)] | None = None
    header_example: str | None = None
    footer: Annotated[str, Meta(examples=["Responda SAIR para não receber"], max_length=60)] | None = None
    quick_replies: Annotated[list[Annotated[str, Meta(min_length=1, max_length=25)]], Meta(max_length=10)] = []
    url_button: "UrlButton | None" = None


class UrlButton(Input):
    text: Annotated[str, Meta(examples=["Ver na loja"], min_length=1, max_length=25)]
    url: Annotated[str, Meta(examples=["https://lojaaurora.com.br/verao"], max_length=2000, pattern=WEB_ADDRESS)]
    example: str | None = None  # when the url ends in {{1}}
