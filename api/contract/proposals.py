"""What the AI may do with the leads of a board, and what it proposes: moves, values, tags, each with the customer's words that prove it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from api.contract.assistant import AssistantStep
from api.contract.base import Input, Output, PersonRef, example
from api.contract.boards import StageRef
from api.contract.contacts import Moment
from db.boards.enums import LeadFieldKind
from db.proposals.enums import LeadPolicy as LeadPolicy
from db.proposals.enums import LeadTool as LeadTool
from db.proposals.enums import ProposalState as ProposalState
from db.proposals.enums import ProposalWhy as ProposalWhy
from db.proposals.enums import RefusalReason as RefusalReason

Guidance = Annotated[str, Meta(max_length=2000, examples=["Proposta é quando o cliente pede um orçamento por escrito."])]
Confidence = Annotated[float, Meta(ge=0.5, le=1.0, examples=[0.85])]
Quiet = Annotated[int, Meta(ge=5, le=600, examples=[60])]
Because = Annotated[str, Meta(max_length=300, examples=["Ele só perguntou o preço."])]


class LeadTools(Input):
    """What each tool may do on a board: `never`, `suggest` to a person, or `automatic` within the bounds. `send_template` is suggested at
    most: 422 `not_by_itself`."""

    create_lead: LeadPolicy = LeadPolicy.SUGGEST
    move_lead: LeadPolicy = LeadPolicy.SUGGEST
    set_value: LeadPolicy = LeadPolicy.SUGGEST
    set_field: LeadPolicy = LeadPolicy.SUGGEST
    add_tag: LeadPolicy = LeadPolicy.SUGGEST
    remove_tag: LeadPolicy = LeadPolicy.NEVER
    assign: LeadPolicy = LeadPolicy.NEVER
    follow_up: LeadPolicy = LeadPolicy.SUGGEST
    send_template: LeadPolicy = LeadPolicy.NEVER
    send_file: LeadPolicy = LeadPolicy.NEVER
    add_to_cadence: LeadPolicy = LeadPolicy.NEVER
    book: LeadPolicy = LeadPolicy.NEVER
    cancel_booking: LeadPolicy = LeadPolicy.NEVER


class BoardFile(Input):
    """A file that may be sent: uploaded by `POST /v1/message-files`, no message took it. `name`: what it is, for people and the model;
    `caption`: goes with it as it stands here, the model has no say in it."""

    file_id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=120, examples=["Tabela de preços 2026"])]
    caption: Annotated[str, Meta(max_length=1000, examples=["Aqui está a nossa tabela."])] = ""


class BoardAiPut(Input):
    """PUT /v1/boards/{id}/ai with If-Match → BoardAi. What is left out is as on a new board."""

    watching: bool
    guidance: Guidance = ""
    tools: LeadTools = field(default_factory=LeadTools)
    closing: bool = False
    min_confidence: Confidence = 0.85
    quiet_seconds: Quiet = 60
    template_ids: Annotated[list[UUID], Meta(max_length=50)] = []
    cadence_ids: Annotated[list[UUID], Meta(max_length=20)] = []
    files: Annotated[list[BoardFile], Meta(max_length=20)] = []


class BoardAi(Output):
    """GET /v1/boards/{id}/ai. A board that watches has the conversations of its people read, once for each quiet moment. Figures: of 30
    days."""

    watching: bool
    guidance: Guidance  # said to the model: what the stages mean here
    tools: LeadTools
    closing: bool  # leads may be won or lost by it, by the policy of `move_lead`
    min_confidence: Confidence  # below it what is automatic is only suggested
    quiet_seconds: Quiet  # without a message of the customer, before it looks
    template_ids: list[UUID]  # that may be suggested
    cadence_ids: list[UUID]  # sequences into which the customer may be put; none: into none
    files: list[BoardFile]  # that may be sent; none: none
    judged: Annotated[int, example(240)]  # looks at conversations
    spent_micro: Annotated[int, example(120_000)] | None  # what they cost, in millionths of a dollar; null without `ai:read`
    kept: (
        Annotated[float, example(0.94)] | None
    )  # of the last 50 that it did by itself, the share that nobody undid; null before the first
    waiting: Annotated[int, example(3)]  # suggestions
    connected: bool  # there is an AI service
    version: int


class Quote(Output):
    """Words of a message that the customer wrote."""

    message_id: UUID
    quote: Annotated[str, example("pode mandar a proposta")]
    at: Moment


class ProposedChange(Output):
    """What it is about; only what belongs to the tool is there. `was`: what stood there when it was proposed."""

    currency: Annotated[str, example("BRL")]  # of the board
    title: Annotated[str, example("Reforma da loja")] | None = None
    value_cents: Annotated[int, example(1_250_000)] | None = None
    lost_reason: Annotated[str, example("Preço")] | None = None
    key: Annotated[str, example("bairro")] | None = None  # of a field of the board
    label: Annotated[str, example("Bairro")] | None = None
    kind: LeadFieldKind | None = None  # of the field: how `value` and `was` are written
    value: Annotated[str, example("Boa Vista")] | None = None
    was: Annotated[str, example("Centro")] | None = None
    tag: Annotated[str, example("vip")] | None = None
    owner: PersonRef | None = None
    due_on: date | None = None
    note: Annotated[str, example("Ligar de manhã")] | None = None
    template_id: UUID | None = None
    template: Annotated[str, example("orcamento_pronto")] | None = None  # its name
    values: dict[str, str] | None = None  # in its placeholders
    file_id: UUID | None = None
    file: Annotated[str, example("Tabela de preços 2026")] | None = None  # its name on the board; null once it is taken out
    starts_at: Moment | None = None  # the time to be booked
    cadence_id: UUID | None = None
    cadence: Annotated[str, example("Pós-visita")] | None = None  # its name


class LeadProposal(Output):
    """GET /v1/lead-proposals?state=&board_id=&lead_id=&conversation_id= → Page[LeadProposal], newest first; POST …/{id}/accept, /refuse,
    /undo. 409 `proposal_decided`, `proposal_expired`, `proposal_too_old`, `undo_changed`, `cannot_undo`."""

    id: UUID
    at: Moment
    tool: LeadTool
    state: ProposalState
    why: ProposalWhy | None  # why it is blocked, or waits though the tool is automatic
    board_id: UUID
    board: Annotated[str, example("Vendas")]
    lead_id: UUID | None  # null: it is to be made
    lead_title: Annotated[str, example("Reforma da loja")] | None  # null too once it is gone
    contact_id: UUID
    contact_name: Annotated[str, example("Beatriz Nunes")]
    conversation_id: UUID
    persona_name: Annotated[str, example("Lia")] | None  # who serves the conversation; null: nobody
    from_stage: StageRef | None
    to_stage: StageRef | None
    what: ProposedChange
    reason: Annotated[str, example("O cliente pediu a proposta por escrito.")]
    confidence: Annotated[float, example(0.93)]
    evidence: list[Quote]
    automatic: bool  # it was done by itself
    because: Annotated[str, example("")]  # why somebody refused or undid it
    refusal: RefusalReason | None  # the same of a fixed list
    decided_by: PersonRef | None
    decided_at: Moment | None
    applied_at: Moment | None
    undo_until: Moment | None
    can_undo: bool
    can_decide: bool


class ProposalRefuse(Input):
    """POST /v1/lead-proposals/{id}/refuse, …/undo. What is said is an example to later looks of the board; `reason` of a fixed list."""

    because: Because = ""
    reason: Annotated[RefusalReason, example("only_asked")] | None = None


class ProposalTrace(Output):
    """GET /v1/lead-proposals/{id}/trace: what the look that proposed it asked a model, and what it answered. `steps` is empty once it is older
    than traces are kept. `at`: of the look; null: it is gone. `cost_micro`: of the whole look, in millionths of a US dollar; null: nobody knows."""

    at: Moment | None
    cost_micro: Annotated[int, example(1450)] | None
    steps: list[AssistantStep]


class ProposalReason(Input):
    """PUT /v1/lead-proposals/{id}/reason: why it was refused or undone, said afterwards. 409 `proposal_decided` where it is neither."""

    reason: Annotated[RefusalReason, example("only_asked")]


class BoardWaiting(Output):
    board_id: UUID
    waiting: Annotated[int, example(3)]


class ProposalsWaiting(Output):
    """GET /v1/lead-proposals/waiting?board_id= → how many suggestions wait; boards without any are left out."""

    waiting: Annotated[int, example(3)]
    boards: list[BoardWaiting]
