"""Channels: connecting, live check, state, limits, log; and templates."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, example
from api.contract.kinds import ChannelKind, Translated
from db.channels.enums import ChannelState, NoticeCode, Quality, TemplateAdvice, TemplateCategory, TemplateStatus
from db.contacts.filter import Moment
from db.qr.enums import SessionState
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


class WebhookQuestion(Output):
    """An address at which the provider asks something while somebody holds the line."""

    label: Translated
    url: Annotated[str, example("https://api.example.com/hooks/retell/0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42/inbound")]


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
    webhook_url: (
        Annotated[str, example("https://api.example.com/hooks/meta/0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")] | None
    )  # null: nothing is called
    webhook_status_url: str | None
    webhook_questions: list[WebhookQuestion]
    verify_token: str | None  # Meta asks for it when the address is registered; shown to who may change channels
    check: list[CheckLine]
    checked_at: Moment | None
    templates_synced_at: Moment | None
    read_receipts: bool  # people are shown that we read and that we write, where its kind can do that
    heard_at: Moment | None  # when the provider's first webhook came; null: none yet
    kept_webhooks: int  # that could not be read, or parts of them, kept for 30 days; 1000 for that and more
    connection: SessionState | None  # of a number that is connected by a code: connected is that `state` and `open`
    created_at: Moment


class ChannelAgent(Output):
    """GET /v1/channels/{id}/agents → Page[ChannelAgent]: who can speak over a channel that calls, as its provider listed them at the last check."""

    id: Annotated[str, example("agent_5d2f")]  # as `agent` of a call or of a campaign's calls takes it
    name: Annotated[str, example("Cobrança")]
    own: bool  # who speaks where no agent is named


class WebhooksAgain(Output):
    """POST /v1/channels/{id}/webhooks/process-again → WebhooksAgain."""

    webhooks: Annotated[int, example(3)]  # that are processed once more


class ChannelTalkAddress(Output):
    """POST /v1/channels/{id}/talk-address → ChannelTalkAddress, once."""

    url: Annotated[str, example("wss://panel.example.com/hooks/retell/0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42/llm/4f1c…")]


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
    category_was: TemplateCategory | None  # WhatsApp moved it from there: messages cost what those of `category` cost
    status: TemplateStatus
    parameter_format: Literal["positional", "named"]
    components: list[dict[str, Any]]  # Meta's components
    placeholders: list[str]  # in the order in which values are given: "header.1", "1", "2", "button.0.1"; named: the names
    quality: Quality
    rejected_reason: str | None
    problem: str | None
    synced_at: Moment | None
    header_file_id: (
        UUID | None
    )  # the file that it was reviewed with, where it was written here: it goes out where nothing else is chosen
    lifetime_seconds: int | None = None  # for so long WhatsApp tries to deliver it; null: as it does by itself


class UrlButton(Input):
    text: Annotated[str, Meta(examples=["Ver na loja"], min_length=1, max_length=25)]
    url: Annotated[str, Meta(examples=["https://lojaaurora.com.br/verao"], max_length=2000, pattern=WEB_ADDRESS)]
    example: str | None = None  # when the url ends in {{1}}


class TemplateButton(Input):
    """`quick_reply`: its `text` comes back as an answer. `url`: opens `url`, which may end in {{1}} (then `example` is a whole address).
    `phone`: calls `phone`. `copy_code`: copies a code such as `example`; its text is WhatsApp's. `flow`: opens the flow `flow_id` of WhatsApp, at
    `flow_screen`. `catalog`: opens the catalogue of the number, `products`: chosen products of it, whose numbers are given when it is sent; in marketing, alone,
    with a text of WhatsApp's. At most two of `url`, one of every other; answers stand side by side."""

    kind: Annotated[Literal["quick_reply", "url", "phone", "copy_code", "flow", "catalog", "products"], example("url")]
    text: Annotated[str, Meta(examples=["Ver na loja"], max_length=25)] = ""
    url: Annotated[str, Meta(examples=["https://lojaaurora.com.br/verao"], max_length=2000, pattern=WEB_ADDRESS)] | None = None
    example: Annotated[str, Meta(max_length=2000)] | None = None
    phone: Annotated[str, Meta(examples=["+551140001234"], max_length=20)] | None = None
    flow_id: Annotated[str, Meta(examples=["1234567890123456"], max_length=30)] | None = None
    flow_screen: Annotated[str, Meta(examples=["WELCOME"], max_length=100)] | None = None


class TemplateText(Input, kw_only=True):
    """PUT /v1/templates/{id} → Template, `pending` again. What a template says. Of category `authentication` WhatsApp writes the text
    itself: nothing is given but `security_recommendation` and `code_minutes`."""

    category: Annotated[TemplateCategory, example("marketing")]
    body: Annotated[str, Meta(examples=["Oi {{1}}, chegou a coleção nova!"], max_length=1024)] = ""
    body_examples: Annotated[list[str], example(["Beatriz"])] = []  # one per placeholder
    header: Annotated[str, Meta(examples=["Verão"], max_length=60)] | None = None
    header_example: str | None = None
    header_file_id: UUID | None = None  # a JPEG, PNG, MP4 or PDF that the caller uploaded (POST /v1/message-files), ≤ 16 MB
    header_location: bool = False  # it begins with a place, which is given when it is sent
    footer: Annotated[str, Meta(examples=["Responda SAIR para não receber"], max_length=60)] | None = None
    quick_replies: Annotated[list[Annotated[str, Meta(min_length=1, max_length=25)]], Meta(max_length=10)] = []
    url_button: UrlButton | None = None
    buttons: Annotated[list[TemplateButton], Meta(max_length=10)] = []  # after `quick_replies` and `url_button`
    security_recommendation: Annotated[bool, example(True)] = True
    code_minutes: Annotated[int, Meta(ge=1, le=90, examples=[10])] | None = None
    # For so long WhatsApp tries to deliver it: 30 to 900 (authentication), 30 to 43,200 (utility), 43,200 to 2,592,000 (marketing); null: as it does by itself.
    lifetime_seconds: Annotated[int, Meta(ge=30, le=2_592_000, examples=[86_400])] | None = None


class TemplateCreate(TemplateText, kw_only=True):
    """POST /v1/templates → Template, `pending` until the provider has reviewed it."""

    channel_id: UUID
    name: Annotated[str, Meta(pattern=TEMPLATE_NAME, examples=["promo_verao"])]
    language: Annotated[str, Meta(pattern=TEMPLATE_LANGUAGE, examples=["pt_BR"])]


class TemplateCheck(TemplateText, kw_only=True):
    """POST /v1/templates/check → TemplateChecked."""

    channel_id: UUID


class TemplateWrong(Output):
    """One thing that is wrong with a template that is being written; the same as one of the `errors` of a 422."""

    field: Annotated[str, example("name")]
    code: Annotated[str, example("template_name")]
    message: Annotated[str, example("Use small letters, digits and _ only, like promo_verao.")]
    params: dict[str, str | int]


class TemplateChecked(Output):
    """What reviewers would refuse (`errors`, as a 422 of the creation has them) and what often goes wrong (`advice`). `components` is empty
    while something is wrong."""

    errors: list[TemplateWrong]
    advice: list[TemplateAdvice]
    components: list[dict[str, Any]]
    placeholders: list[str]


class TemplateVersion(Output):
    """GET /v1/templates/{id}/versions → Page[TemplateVersion], newest first: what it said, and what its review came to."""

    number: Annotated[int, example(2)]
    category: TemplateCategory
    status: TemplateStatus
    reason: str | None  # why it was refused, in the provider's words
    components: list[dict[str, Any]]
    created_at: Moment
    created_by: Annotated[str, example("Beatriz Souza")] | None  # null: a key, or it was changed at the provider
    decided_at: Moment | None
