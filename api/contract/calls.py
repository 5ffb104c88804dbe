"""Calls by virtual agents: over which channels a person may be called, the call, and what was said in it."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import TRIM, Input, Output, example
from api.contract.kinds import ChannelKind
from api.contract.message_files import MessageFile
from db.contacts.filter import Moment
from db.messages.enums import CallOrderKind as CallOrderKind
from db.messages.enums import CallOutcome as CallOutcome
from db.messages.enums import CallSpeaker as CallSpeaker
from db.transfers.enums import CallOrderOutcome as CallOrderOutcome


class CallChannel(Output):
    """GET /v1/contacts/{id}/call-channels → Page[CallChannel]. `obstacle`: why the person may not be called over it now."""

    channel_id: UUID
    channel_name: Annotated[str, example("Ligações da loja")]
    channel_kind: ChannelKind
    sandbox: bool
    address: Annotated[str, example("+5511987654321")] | None
    obstacle: Annotated[str, example("call_hours")] | None  # the code with which POST would be refused
    opens_at: Moment | None  # with `call_hours`: when the law of the place allows it


class CallCreate(Input):
    """POST /v1/contacts/{id}/call → Message, whose `content` is the call. 409 with the obstacle as its code; repeating it under its
    Idempotency-Key calls nobody twice. `agent`: who speaks, by its id at the provider; "": the number's own."""

    channel_id: UUID
    agent: Annotated[str, Meta(max_length=100, examples=["agent_5d2f"], extra=TRIM)] = ""


class CallTurn(Output):
    """Something that was said; milliseconds from the beginning of the recording, null where the provider did not tell."""

    speaker: CallSpeaker
    text: Annotated[str, example("Olá! Posso falar com você um minuto?")]
    start: Annotated[int, example(1200)] | None
    end: Annotated[int, example(3400)] | None


class CallOrderCreate(Input):
    """POST /v1/calls/{id}/orders → CallOrder (202). `text`: of a hint."""

    kind: CallOrderKind
    text: Annotated[str, Meta(max_length=500, examples=["Ofereça frete grátis."])] = ""


class CallOrder(Output):
    """POST /v1/calls/{id}/orders; GET …/orders → Page[CallOrder]: what was asked of a call that goes on, newest first. Event `conversation.changed`."""

    id: UUID
    call_id: UUID
    kind: CallOrderKind
    user_id: UUID | None  # null: an API key
    user_name: Annotated[str, example("Bia Souza")] | None
    text: Annotated[str, example("Ofereça frete grátis.")]
    outcome: CallOrderOutcome | None  # null: it goes on
    listen_url: (
        Annotated[
            str,
            Meta(
                examples=["wss://phone-call-websocket.vapi.ai/0/listen"],
                description="WebSocket at which the provider plays the call, 16 bits, 16 kHz, two channels: for who asked, while it goes on.",
            ),
        ]
        | None
    )
    created_at: Moment


class CallDetail(Output):
    """GET /v1/calls/{id} → CallDetail; its id is that of its message, but for an earlier try of a campaign, which has its own. Event `conversation.changed` when it moves on."""

    id: UUID
    message_id: UUID
    contact_id: UUID | None  # null: the contact was deleted
    channel_id: UUID
    stage: Annotated[str, Meta(examples=["analyzed"], description="ringing, talking, ended, analyzed")]
    outcome: CallOutcome | None  # null: it is not over
    started_at: Moment | None  # somebody, or a machine, answered
    ended_at: Moment | None
    seconds: Annotated[int, example(65)] | None
    summary: Annotated[str, example("A pessoa ainda tem interesse no orçamento.")] | None
    sentiment: Annotated[str, Meta(examples=["positive"], description="positive, neutral, negative")] | None
    successful: bool | None
    orders: list[CallOrderKind]  # what its provider takes while it goes on
    turns: list[CallTurn]  # in their order
    files: list[MessageFile]  # recordings
