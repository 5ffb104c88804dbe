"""The assistant of a conversation: who answers, what it does, its drafts, and what it did. Live: `assistant.changed`.

A persona that serves a conversation answers by itself (`auto`), drafts for agents (`suggest`), or is `off`. Whoever of the team writes, is
assigned or takes over makes people the owner, in the same moment; it is given back by hand, or when the conversation is closed and comes
again.
"""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, PersonRef, example
from db.assistant.enums import AssistantMode as AssistantMode
from db.assistant.enums import Owner as Owner
from db.assistant.enums import TurnReason as TurnReason
from db.assistant.enums import TurnState as TurnState
from db.contacts.filter import Moment


class AssistantPersona(Output):
    """Who speaks. `emoji` empty: its initials are shown."""

    id: UUID
    name: Annotated[str, example("Lia")]
    emoji: Annotated[str, example("🌷")]
    color: Annotated[str, example("teal")]
    picture_id: UUID | None  # of GET /v1/personas/{id}/picture


class Citation(Output):
    """A passage as it was when an answer cited it; `quote` is the part of it that proves the answer, `statements` the sentences of the answer
    that stand in the passage (none known of answers from before they were kept)."""

    passage_id: UUID
    source_id: UUID
    title: Annotated[str, example("Política de trocas")]
    heading: Annotated[str, example("Prazo")]
    quote: Annotated[str, example("A troca é grátis por 30 dias.")]
    body: Annotated[str, example("A troca é grátis por 30 dias. Traga a etiqueta e a nota.")]
    page: int | None
    url: str | None
    statements: list[Annotated[str, example("Você troca de graça por 30 dias.")]]


class AssistantFact(Output):
    """What the customer told in their own words, and the contact's field of this key, or their `name` or `email`, does not have yet."""

    key: Annotated[str, example("cep")]
    label: Annotated[str, example("CEP de entrega")]
    value: Annotated[str, example("01310-100")]


class AssistantDraft(Output):
    """An answer that waits for an agent; it is never sent by itself. DELETE /v1/conversations/{id}/assistant/drafts/{turn_id} puts it
    away; whatever the agent sends ends it too. `facts` stand nowhere else until POST …/drafts/{turn_id}/keep writes them to the contact."""

    turn_id: UUID
    text: Annotated[str, example("A troca é grátis por 30 dias.")]
    citations: list[Citation]
    facts: list[AssistantFact]
    at: Moment


class Assistant(Output):
    """GET /v1/conversations/{id}/assistant; PUT AssistantUpdate; POST …/take-over and …/give-back, each → Assistant. `persona` null: none
    serves this conversation. `mode`: in force; `own_mode`: set here, null: as the persona has it. `turn`: how far its newest turn is;
    `due_at`: until then it waits for more; `alarm`: why a person is needed."""

    conversation_id: UUID
    persona: AssistantPersona | None
    mode: AssistantMode
    own_mode: AssistantMode | None
    owner: Owner
    owner_reason: TurnReason | None
    owner_by: PersonRef | None
    owner_since: Moment | None
    turn_id: UUID | None
    turn: TurnState | None
    turn_reason: TurnReason | None
    due_at: Moment | None
    alarm: TurnReason | None
    draft: AssistantDraft | None


class AssistantUpdate(Input):
    """`mode` null: as the persona has it."""

    mode: Annotated[AssistantMode, example("off")] | None


class AssistantTokens(Output):
    """What models read and wrote for it. `cached` is a part of `input`, `reasoning` of `output`."""

    input: Annotated[int, example(1840)] = 0
    cached: Annotated[int, example(1280)] = 0
    cache_write: int = 0
    output: Annotated[int, example(96)] = 0
    reasoning: int = 0


class AssistantTurn(Output):
    """GET /v1/conversations/{id}/assistant/turns → Page[AssistantTurn], newest first. `bubbles`: messages of the customer that it answers
    as one; `asks`: it answers nothing, but asks again after a silence, for the first or the second time; `runs`: how often it was begun, more than once where a worker died; `usage`: null until something was composed."""

    id: UUID
    seq: Annotated[int, example(3)]
    mode: AssistantMode
    state: TurnState
    reason: TurnReason | None
    persona_name: Annotated[str, example("Lia")]
    opened_at: Moment
    due_at: Moment
    done_at: Moment | None
    bubbles: Annotated[int, example(3)]
    asks: int | None
    runs: Annotated[int, example(1)]
    texts: list[str]
    citations: list[Citation]
    model: Annotated[str, example("gpt-6-luna")]
    usage: AssistantTokens | None


class AssistantStep(Output):
    """One thing that a run did. `kind`: media (files, in words), model (what was new to it, and what it answered), tool (a call and its
    result), check (what code found in an answer), moderation (what the service flags in texts), result. `ms`: how long it took."""

    kind: Annotated[str, example("tool")]
    ms: Annotated[int, example(41)]
    asked: Annotated[Any, Meta(examples=[{"name": "search_knowledge", "arguments": '{"query": "prazo de troca"}'}])]
    answered: Annotated[Any, Meta(examples=['{"passages": []}'])]
    usage: AssistantTokens | None


class AssistantRun(Output):
    epoch: Annotated[int, example(1)]
    at: Moment
    steps: list[AssistantStep]


class AssistantTrace(Output):
    """GET /v1/conversations/{id}/assistant/turns/{turn_id}: prompts, passages, tools, answers, times. `runs` is empty once it is older
    than traces are kept. `cost_micro`: of all its calls, in millionths of a US dollar; null: there was none, or nobody knows the price."""

    turn: AssistantTurn
    cost_micro: Annotated[int, example(1450)] | None
    runs: list[AssistantRun]
