"""Incoming hooks: addresses of a company's own, to which a form, a shop or a spreadsheet posts."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import Input, Output, Title, example
from api.contract.contacts import Moment
from api.contract.enums import IncomingSource, IncomingState, LeadDone, Sameness, SignatureEncoding
from db.incoming.recipe import AddTags as AddTags
from db.incoming.recipe import EnrolInCadence as EnrolInCadence
from db.incoming.recipe import EnrolInCampaign as EnrolInCampaign
from db.incoming.recipe import HookStep as HookStep
from db.incoming.recipe import PutLead as PutLead
from db.incoming.recipe import UpsertContact as UpsertContact
from db.incoming.recipe import Value as Value
from db.incoming.recipe import WriteTemplate as WriteTemplate

STEPS = [{"kind": "contact", "phone": "{{cliente.telefone}}", "name": "{{cliente.nome}}"}, {"kind": "tag", "tags": ["site"]}]
Steps = Annotated[list[HookStep], Meta(max_length=6, examples=[STEPS])]
_Path = Annotated[str, Meta(max_length=300, examples=["pedido.numero"])]


class IncomingHook(Output):
    """GET /v1/incoming-hooks/{id}; GET /v1/incoming-hooks → Page[IncomingHook] by name. `steps` are carried out in their order for every
    delivery, all of them or none; without steps what comes is only kept and shown."""

    id: UUID
    name: Annotated[str, example("Formulário do site")]
    enabled: bool
    token_hint: Annotated[str, example("x7Qa")]  # the last signs of the address
    signature_header: Annotated[str, example("x-signature-256")] | None  # null: bodies are not signed
    signature_prefix: Annotated[str, example("sha256=")]
    signature_encoding: SignatureEncoding
    has_secret: bool
    sameness: Sameness
    same_path: _Path  # of `key`: the place whose value makes two deliveries one
    same_minutes: Annotated[int, example(10)]
    keep_days: Annotated[int, example(7)]
    steps: Steps
    version: int
    created_at: Moment
    last_at: Moment | None
    last_state: IncomingState | None
    failed: Annotated[int, example(0)]  # deliveries of the last day


class IncomingHookCreate(Input):
    """POST /v1/incoming-hooks → IncomingHookMade."""

    name: Annotated[Title, example("Formulário do site")]


class IncomingHookMade(Output):
    """The address is shown once. Who knows it can post."""

    id: UUID  # of the hook
    hook: IncomingHook
    url: Annotated[str, example("https://app.example.com/v1/hooks/in/in_Yk3…")]


class IncomingHookPatch(Input):
    """PATCH /v1/incoming-hooks/{id}. What is left out stays. With `signature_header` a body whose HMAC-SHA256 under `secret` is not in that
    header, behind the prefix, is refused."""

    name: Annotated[Title, example("Formulário do site")] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    signature_header: Annotated[str, Meta(min_length=1, max_length=64, examples=["X-Signature-256"])] | None | UnsetType = UNSET
    signature_prefix: Annotated[str, Meta(max_length=32, examples=["sha256="])] | UnsetType = UNSET
    signature_encoding: SignatureEncoding | UnsetType = UNSET
    secret: Annotated[str, Meta(min_length=8, max_length=200, examples=["troque-este-segredo"])] | UnsetType = UNSET
    sameness: Sameness | UnsetType = UNSET
    same_path: _Path | UnsetType = UNSET
    same_minutes: Annotated[int, Meta(ge=1, le=43_200, examples=[10])] | UnsetType = UNSET
    keep_days: Annotated[int, Meta(ge=1, le=30, examples=[7])] | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET


class IncomingProblem(Output):
    """What was wrong with a field of a step: its place, a stable code, a sentence, and what the sentence names."""

    field: Annotated[str, example("steps[0].phone")]  # empty: what came as a whole
    code: Annotated[str, example("payload_not_there")]
    message: Annotated[str, example("In what came there is nothing at cliente.telefone.")]
    params: Annotated[dict[str, str | int], example({"place": "cliente.telefone"})]


class IncomingDelivery(Output):
    """GET /v1/incoming-hooks/{id}/deliveries → Page[IncomingDelivery], newest first, of the last 90 days. `problems` name the field of a
    step, such as `steps[0].phone`; of one that is done they are what was left out of it."""

    id: UUID
    hook_id: UUID
    source: IncomingSource
    content_type: Annotated[str, example("application/json")]
    size: Annotated[int, example(312)]  # bytes
    state: IncomingState
    problems: list[IncomingProblem]
    contact_id: UUID | None
    contact_made: bool
    lead_id: UUID | None
    lead_done: LeadDone | None
    message_id: UUID | None
    campaign_id: UUID | None  # the campaign that the contact was put into
    cadence_id: UUID | None  # the cadence that the contact was put into
    same_as: UUID | None  # the delivery that was carried out instead, or that is repeated
    received_at: Moment
    done_at: Moment | None
    has_payload: bool  # false: it could not be read, or is kept no longer


_Payload = Annotated[dict[str, Any], example({"cliente": {"nome": "Ana Lima", "telefone": "11 98765-4321"}})]


class IncomingValue(Output):
    """A value of a payload. `{{path}}` in a text of a step takes it."""

    path: Annotated[str, example("cliente.telefone")]
    text: Annotated[str, example("11 98765-4321")]


class IncomingPayload(Output):
    """GET /v1/incoming-hooks/{id}/deliveries/{delivery_id}. What is a secret by its name reads `•••`."""

    delivery: IncomingDelivery
    values: list[IncomingValue]  # in the order in which they came
    payload: Annotated[Any, example({"cliente": {"nome": "Ana Lima", "telefone": "11 98765-4321"}})]  # null without one


class IncomingTest(Input):
    """POST /v1/incoming-hooks/{id}/test → IncomingDelivery: carried out as if it had come."""

    payload: _Payload


class IncomingTry(Input):
    """POST /v1/incoming-hooks/{id}/deliveries/{delivery_id}/try → IncomingTried."""

    steps: Steps | None = None  # instead of the hook's own


class IncomingTried(Output):
    """What the delivery would do now."""

    problems: list[IncomingProblem]
    contact_made: bool
    contact_name: Annotated[str, example("Ana Lima")] | None
    lead_title: Annotated[str, example("Pedido do site")] | None
    lead_done: LeadDone | None
    stage: Annotated[str, example("Novo")] | None
    text: Annotated[str, example("Olá, Ana Lima! Recebemos seu pedido.")] | None  # what would be written to the contact
    campaign: Annotated[str, example("Boas-vindas")] | None  # that the contact would be put into
    cadence: Annotated[str, example("Boas-vindas")] | None  # that the contact would be put into
