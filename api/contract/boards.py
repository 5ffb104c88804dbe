"""Boards: stages in an order, and leads that stand in them; the history of each."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import Input, Label, Output, PersonRef, Title, example
from api.contract.contacts import CustomValues, FieldKey, Moment, TagName
from db.boards.enums import LeadEvent, LeadFieldKind, StageColor, StageKind
from db.texts import END

CURRENCY = "^[A-Z]{3}" + END
Currency = Annotated[str, Meta(pattern=CURRENCY, examples=["BRL"])]
Cents = Annotated[int, Meta(ge=0, le=1_000_000_000_000, examples=[150_000])]
LeadLimit = Annotated[int, Meta(ge=1, le=1_000_000)]
Percent = Annotated[int, Meta(ge=0, le=100)]
LostReasonText = Annotated[str, Meta(min_length=1, max_length=120, examples=["Preço"], extra={"trim": True})]
LeadChoices = Annotated[list[Label], Meta(max_length=50)]
Tags = Annotated[list[TagName], Meta(max_length=20)]


class Stage(Output):
    """GET /v1/boards/{id}/stages → Page[Stage], in order; POST StageCreate: the last one. PATCH, DELETE /v1/stages/{id}?move_to=, with
    If-Match. Totals are exact."""

    id: UUID
    board_id: UUID
    name: Annotated[str, example("Proposta")]
    color: StageColor
    kind: StageKind
    limit: int | None  # with more leads it is to be marked as too full; nothing is refused
    probability: Annotated[int, example(60)]  # percent
    leads: int
    value_cents: int
    moving_to: UUID | None  # it is being deleted: the stage to which its leads go; it takes no others
    moving_of: int | None  # leads that it had when that began; `leads` are left
    moving_failed: bool  # it came to a stop; deleting the stage once more goes on
    totals_version: int  # as `version` in board.totals: what has a lower one is older
    version: int


class StageCount(Output):
    """GET /v1/boards/{id}/totals?owner_id=&search=&tag=&due=&value= → Page[StageCount], in order: what a filter finds in each stage. Exact up to
    1,000 leads, and for filters by which an index counts."""

    stage_id: UUID
    leads: int
    value_cents: int
    more: bool  # there are more than that: `leads` are 1,000, and `value_cents` is theirs


class Board(Output):
    """GET /v1/boards?archived= → Page[Board]; POST BoardCreate; GET, PATCH, DELETE /v1/boards/{id}: DELETE archives, PATCH brings back."""

    id: UUID
    name: Annotated[str, example("Vendas")]
    currency: Annotated[str, example("BRL")]  # of every value on it
    archived: bool
    stages: list[Stage]  # in order
    version: int


class BoardCreate(Input):
    """POST /v1/boards → Board with a stage of each kind, called in the company's language."""

    name: Annotated[Label, example("Vendas")]
    currency: Currency = "BRL"


class BoardPatch(Input):
    name: Annotated[Label, example("Vendas")] | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class LeadField(Output):
    """GET /v1/boards/{id}/fields → Page[LeadField]; POST LeadFieldCreate; PATCH LeadFieldPatch, DELETE …/{lead_field_id}. What a lead of
    the board has in it stands in `values` by its key, as a text: 1234.5; 150000 (money, in cents); 2026-01-31; true."""

    id: UUID
    key: Annotated[str, example("origem")]
    label: Annotated[str, example("Origem")]
    kind: LeadFieldKind
    choices: Annotated[list[str], example(["Indicação", "Anúncio"])]  # of kind choice
    on_card: bool  # shown on the card too


class LeadFieldCreate(Input):
    label: Annotated[Label, example("Origem")]
    kind: LeadFieldKind = LeadFieldKind.TEXT
    key: FieldKey | None = None  # made from the label when it is left out
    choices: LeadChoices = []
    on_card: bool = False


class LeadFieldPatch(Input):
    """Kind and key stay. A lead keeps a choice that is no longer offered."""

    label: Annotated[Label, example("Origem")] | UnsetType = UNSET
    choices: LeadChoices | UnsetType = UNSET
    on_card: bool | UnsetType = UNSET


class StageCreate(Input):
    name: Annotated[Label, example("Proposta")]
    color: StageColor = StageColor.GRAY
    kind: StageKind = StageKind.OPEN
    limit: LeadLimit | None = None
    probability: Percent = 0


class StagePatch(Input):
    """`after_id` or `before_id` puts it behind or in front of another stage of its board; one that is gone meanwhile changes nothing."""

    name: Annotated[Label, example("Proposta")] | UnsetType = UNSET
    color: StageColor | UnsetType = UNSET
    kind: StageKind | UnsetType = UNSET
    limit: LeadLimit | None | UnsetType = UNSET
    probability: Percent | UnsetType = UNSET
    after_id: UUID | None = None
    before_id: UUID | None = None


class LostReason(Output):
    """GET /v1/boards/{id}/lost-reasons → Page[LostReason]; POST LostReasonCreate; DELETE …/{reason_id}. To choose from: a lead keeps
    the text."""

    id: UUID
    name: Annotated[str, example("Preço")]


class LostReasonCreate(Input):
    name: Annotated[Title, example("Preço")]


class ContactRef(Output):
    id: UUID
    name: Annotated[str, example("Beatriz Nunes")]


class MovedByAi(Output):
    """What the AI said when it put the lead where it stands, by itself or because somebody accepted it. `quote` is empty without
    `conversations:read`."""

    proposal_id: UUID
    persona_name: Annotated[str, example("Lia")] | None  # null: no persona serves the conversation
    at: Moment
    undo_until: Moment
    reason: Annotated[str, example("O cliente pediu a proposta por escrito.")]
    quote: Annotated[str, example("pode mandar a proposta")]


class Lead(Output):
    """GET /v1/boards/{id}/leads?stage_id=&owner_id=&search=&tag=&due=&value=&sort= → Page[Lead]: a stage in the order of its ranks, a board
    newest first, or by `sort`. GET /v1/contacts/{id}/leads → Page[Lead]. POST /v1/leads; GET, PATCH, DELETE /v1/leads/{id}."""

    id: UUID
    board_id: UUID
    stage_id: UUID
    rank: Annotated[str, example("V3k")]  # its place in the stage: compare (rank, id), as bytes
    title: Annotated[str, example("Reforma da loja")]
    contact: ContactRef | None
    value_cents: int | None  # in the board's currency
    owner: PersonRef | None
    due_on: date | None
    tags: list[str]
    values: dict[str, str]  # by the keys of the board's fields
    external_id: Annotated[str, example("pedido-1042")] | None  # what a partner's system calls it
    metadata: dict[str, str]  # what partners keep with it
    conversation_id: UUID | None
    lost_reason: str | None  # in a stage of kind lost
    note_count: int
    created_at: Moment
    stage_since: Moment
    proposals: int  # of the AI, that wait for a person
    moved_by_ai: MovedByAi | None
    version: int


class LeadCreate(Input):
    """POST /v1/leads → Lead, the first one of its stage; without a stage, of the board's first. 422 `lost_reason_missing`."""

    board_id: UUID
    title: Annotated[Title, example("Reforma da loja")]
    stage_id: UUID | None = None
    contact_id: UUID | None = None
    value_cents: Cents | None = None
    owner_id: UUID | None = None
    due_on: date | None = None
    tags: Tags = []
    values: CustomValues = {}
    conversation_id: UUID | None = None
    lost_reason: LostReasonText | None = None


class LeadPatch(Input):
    """PATCH /v1/leads/{id} with If-Match. `values` are merged, an empty one takes its key out. Another contact without a conversation
    leaves none: it is one of the contact's. It is moved by POST …/move only."""

    title: Annotated[Title, example("Reforma da loja")] | UnsetType = UNSET
    contact_id: UUID | None | UnsetType = UNSET
    value_cents: Cents | None | UnsetType = UNSET
    owner_id: UUID | None | UnsetType = UNSET
    due_on: date | None | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    values: CustomValues | UnsetType = UNSET
    conversation_id: UUID | None | UnsetType = UNSET


class LeadMove(Input):
    """POST /v1/leads/{id}/move → Lead. Behind `after_id`; where that one is no longer in the stage, in front of `before_id`; else the
    first. Moving back between the former neighbours undoes it. `version`: 412 when somebody changed it since. `lost_reason`: needed
    in a stage of kind lost, unless it has one."""

    stage_id: UUID
    after_id: UUID | None = None
    before_id: UUID | None = None
    version: int | None = None
    lost_reason: LostReasonText | None = None
    run_rules: bool = True  # of the stage to which; false where a move is taken back


class LeadsMove(Input):
    """POST /v1/leads/bulk-move → LeadsMoved: to the top of a stage of their board, in this order."""

    lead_ids: Annotated[list[UUID], Meta(min_length=1, max_length=500)]
    stage_id: UUID
    lost_reason: LostReasonText | None = None
    run_rules: bool = False  # of the stage: they may write to everybody who is moved


class LeadsMoved(Output):
    moved: int  # the others are gone
    bulk_move_id: UUID | None  # by which it is undone; null: nothing was moved


class LeadsMovedBack(Output):
    """POST /v1/leads/bulk-move/{bulk_move_id}/undo: once, within seven days. 409 `move_undone`."""

    moved: int
    stayed: int  # moved or deleted by somebody since, or the stage is gone from which they came


class StageRef(Output):
    """As it was called then; it may be gone."""

    id: UUID
    name: Annotated[str, example("Proposta")]


class LeadChange(Output):
    """GET /v1/leads/{id}/history → Page[LeadChange], newest first."""

    id: UUID
    at: Moment
    by: PersonRef | None  # null: an API key, a rule, or the system
    rule_id: UUID | None  # the rule of a stage that did it; it may be gone
    proposal_id: UUID | None  # of the AI; `by` is who accepted or undid it, null where it was done by itself
    persona_name: Annotated[str, example("Lia")] | None
    kind: LeadEvent
    from_stage: StageRef | None  # of `moved` and `moved_back`
    to_stage: StageRef | None  # of `moved`, `moved_back` and `created`; of `stopped` where a rule would have moved it
    lost_reason: str | None
    fields: Annotated[list[str], example(["value_cents"])]  # of `updated`
