"""Calls that are handed to people: who takes them, what rings, and what is owed to whom nobody took."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from api.contract.base import TRIM, Input, Output, example
from db.contacts.filter import Moment
from db.texts import END
from db.transfers.enums import Overflow as Overflow
from db.transfers.enums import TransferOutcome as TransferOutcome
from db.transfers.enums import TransferState as TransferState

PHONE = r"^\+[1-9][0-9]{6,14}" + END


class CallAgent(Output):
    """GET /v1/call-agents → Page[CallAgent]. Event `call.queue_changed`."""

    user_id: UUID
    name: Annotated[str, example("Bia Souza")]
    available: bool
    since: Moment  # of `available`
    phone: Annotated[str, example("+5511987654321")] | None
    skills: Annotated[list[str], Meta(examples=[["vendas"]])]
    busy: bool  # their page rings, or they speak


class CallAgentPut(Input):
    """PUT /v1/call-agents/me → CallAgent. Whoever lets a call ring unanswered, or whose phone no person takes, is not available until they say so again."""

    available: bool
    phone: Annotated[str, Meta(pattern=PHONE, max_length=16, examples=["+5511987654321"])] | None = None  # needed to be available
    skills: Annotated[list[Annotated[str, Meta(max_length=40, extra=TRIM)]], Meta(max_length=10, examples=[["vendas"]])] = []


class CallQueue(Output):
    """GET /v1/call-queue → CallQueue."""

    ring_seconds: Annotated[int, example(20)]  # at each person
    most_rings: Annotated[int, example(3)]  # people, for one request
    overflow: Overflow  # what is offered when nobody takes it


class CallQueuePut(Input):
    """PUT /v1/call-queue → CallQueue."""

    ring_seconds: Annotated[int, Meta(ge=5, le=60, examples=[20])]
    most_rings: Annotated[int, Meta(ge=1, le=10, examples=[3])]
    overflow: Overflow


class CallLine(Output):
    """Something that was said. `who`: in, out, or who spoke in this call: agent, person, colleague."""

    at: Moment | None
    who: Annotated[str, example("in")]
    channel_name: Annotated[str, example("WhatsApp da loja")]
    text: Annotated[str, example("Qual o prazo de entrega?")]


class CallLead(Output):
    id: UUID
    board_id: UUID
    title: Annotated[str, example("Orçamento da Ana")]
    stage: Annotated[str, example("Proposta")]


class CallOffer(Output):
    """GET /v1/call-offers → Page[CallOffer]: what rings at the caller's page, with all there is to know before it is taken. Event
    `call.rings` when it begins and when it ends."""

    transfer_id: UUID
    call_id: UUID
    until: Moment
    reason: Annotated[str, example("Quer falar com uma pessoa")]
    summary: Annotated[str, example("Tem interesse no orçamento e pergunta pelo prazo.")]
    contact_id: UUID | None
    contact_name: Annotated[str, example("Ana Souza")]
    address: Annotated[str, example("+5511987654321")]
    leads: list[CallLead]
    said: list[CallLine]  # in this call, as far as the provider told it
    lately: list[CallLine]  # on every channel, newest first


class CallTransfer(Output):
    """GET /v1/call-transfers → Page[CallTransfer]: requests for a person, newest first."""

    id: UUID
    call_id: UUID
    contact_id: UUID | None
    contact_name: Annotated[str, example("Ana Souza")]
    address: Annotated[str, example("+5511987654321")]
    conversation_id: UUID | None
    reason: Annotated[str, example("Quer falar com uma pessoa")]
    summary: Annotated[str, example("Tem interesse no orçamento e pergunta pelo prazo.")]
    state: TransferState
    outcome: TransferOutcome | None  # null: it goes on
    user_id: UUID | None  # who took it
    user_name: Annotated[str, example("Bia Souza")] | None
    requested_at: Moment
    ended_at: Moment | None
    owed: Overflow | None  # what was offered to them, and is to be done until `settled_at`
    settled_at: Moment | None


TransferView = Literal["open", "owed", "all"]
