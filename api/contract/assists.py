"""What agents ask for while they work: a draft, other words, a summary, what is known of the customer, the next step, labels. Nothing of it
is ever sent by itself. Live: `assist.progress`, to who asked alone."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.assistant import AssistantStep, Citation
from api.contract.base import Input, Output, example
from api.contract.conversations import LabelRef
from db.ai.errors import CallFailure
from db.assistant.enums import AssistKind as AssistKind
from db.assistant.enums import AssistLanguage as AssistLanguage
from db.assistant.enums import AssistNote as AssistNote
from db.assistant.enums import AssistState as AssistState
from db.contacts.filter import Moment


class AssistCreate(Input):
    """`what`: draft (an answer to what the customer wrote last), shorter, friendlier or translate (`text` in other words), summary, customer
    (in three lines), next (step), labels. `language`: in which it is written, or into which it is translated; null: the company's. A draft
    is in the customer's, and a text stays in its own."""

    what: Annotated[AssistKind, example("draft")]
    text: Annotated[str, Meta(max_length=4096, examples=["Chega amanhã."])] = ""
    language: Annotated[AssistLanguage, example("pt-BR")] | None = None


class Assist(Output):
    """POST /v1/conversations/{id}/assist AssistCreate → Assist (201), which is written from then on; GET …/assist/{assist_id}: as far as it is.
    GET …/assist?what= → Page[Assist], newest first. `failure`: a code of `CallFailure`; `note`: what is to be known beside the text or in its
    place; `labels`: proposed, and not on the conversation yet; `stale`: something was said since. Kept for a day, what is about the customer
    for 90."""

    id: UUID
    conversation_id: UUID
    what: AssistKind
    language: AssistLanguage
    state: AssistState
    failure: CallFailure | None
    note: AssistNote | None
    text: Annotated[str, example("A troca é grátis por 30 dias.")]
    citations: list[Citation]
    labels: list[LabelRef]
    stale: bool
    created_at: Moment
    done_at: Moment | None


class AssistTrace(Output):
    """GET /v1/conversations/{id}/assist/{assist_id}/trace: what a model was asked for it and what it answered. `steps` is empty as long as
    nothing was asked, and once it is older than traces are kept. It goes with the assist, after a day, of `customer` after 90. `at`: when it
    was asked for. `cost_micro`: in millionths of a US dollar; null: nobody knows."""

    at: Moment
    cost_micro: Annotated[int, example(1450)] | None
    steps: list[AssistantStep]
