"""The AI service of a company: where its models are, what they cost, what was used, what it may cost.

Amounts are whole micro-dollars: 1,000,000 are one US dollar."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from db.ai.enums import (
    BudgetPeriod,
    BudgetScope,
    CheckStep,
    ConnectionState,
    EmbedderKind,
    ModelKind,
    ModelLevel,
    ModelState,
    Provider,
    Purpose,
)
from db.contacts.filter import Moment
from db.texts import END

KEY = r"^[\x21-\x7e]+" + END
MODEL_NAME = r"^[\w.:/@+-]*" + END
BASE_URL = r"^(https?://\S+)?" + END
_HIGHEST = 1_000_000_000_000  # a million dollars

ModelName = Annotated[str, Meta(min_length=1, max_length=120, pattern=MODEL_NAME, examples=["gpt-6.1-terra"])]
Micro = Annotated[int, Meta(ge=0, le=_HIGHEST, examples=[2_500_000])]


class AiFinding(Output):
    """One step of the last check. `failure` null: it works; else a code of `CallFailure`. `detail`: the provider's words."""

    step: CheckStep
    failure: Annotated[str, example("ai_key_refused")] | None
    detail: Annotated[str, example("")]


class AiConnection(Output):
    """GET, DELETE /v1/ai/connection; PUT AiConnectionSet; POST /v1/ai/connection/test. `provider` null: nothing is connected. The key is
    never shown. While `state` is `checking`, `ai_connection.changed` tells when the check is done. `embedding_dims`: numbers in each vector, 0 until one was seen."""

    provider: Provider | None
    base_url: Annotated[str, example("")]
    api_version: Annotated[str, example("")]
    organization: Annotated[str, example("")]
    has_key: bool
    chat_model: Annotated[str, example("gpt-6.1-terra")]
    embedder: EmbedderKind
    embedding_model: Annotated[str, example("text-embedding-3-small")]
    embedding_dims: Annotated[int, example(1536)]
    state: ConnectionState | None
    state_at: Moment | None
    checked_at: Moment | None
    findings: list[AiFinding]
    version: int  # 0: nothing is connected


class AiConnectionSet(Input):
    """PUT /v1/ai/connection, the whole of it; a check starts at once. `key` left out: the stored one stays, as long as provider and
    address do. `base_url`: of `azure` and `compatible`, with the version path where the server has one (`https://host/v1`); `api_version`:
    of an `azure` address without `/openai/v1`. Models left out: ours. `embedder` `local`: a small model inside our own programs."""

    provider: Provider
    base_url: Annotated[str, Meta(max_length=500, pattern=BASE_URL, extra={"trim": True}, examples=[""])] = ""
    api_version: Annotated[str, Meta(max_length=40, pattern=MODEL_NAME, extra={"trim": True}, examples=[""])] = ""
    organization: Annotated[str, Meta(max_length=120, pattern=MODEL_NAME, extra={"trim": True}, examples=[""])] = ""
    key: Annotated[str, Meta(min_length=8, max_length=400, pattern=KEY, examples=["sk-proj-0123456789"])] | None = None
    chat_model: Annotated[str, Meta(max_length=120, pattern=MODEL_NAME, extra={"trim": True}, examples=["gpt-6.1-terra"])] = ""
    embedder: EmbedderKind = EmbedderKind.SERVICE
    embedding_model: Annotated[
        str, Meta(max_length=120, pattern=MODEL_NAME, extra={"trim": True}, examples=["text-embedding-3-small"])
    ] = ""


class AiPrice(Output):
    """For a million tokens. `own`: the company set it; else it is from our list. `cached`: input that the provider had seen before;
    `cache_write`: input that it keeps for that."""

    input_micro: Annotated[int, example(1_000_000)]
    cached_micro: Annotated[int, example(50_000)]
    cache_write_micro: Annotated[int, example(1_250_000)]
    output_micro: Annotated[int, example(5_000_000)]
    own: bool


class AiModelPersona(Output):
    id: UUID
    name: Annotated[str, example("Lia")]


class AiModel(Output):
    """GET /v1/ai/models → Page[AiModel]; PUT /v1/ai/models/price AiPriceSet. `price` null: nobody knows it, so what it costs is not shown,
    and budgets count a price higher than most. `usable`: whether the key may use it, null where the server does not say. `state` `ending`: within
    30 days."""

    name: Annotated[str, example("gpt-6.1-terra")]
    kind: ModelKind
    context: int | None
    state: ModelState
    retired_on: date | None
    replacement: Annotated[str, example("gpt-6.1-terra")] | None
    usable: bool | None
    in_use: bool
    levels: list[ModelLevel]  # of personas that ask for it now
    personas: list[AiModelPersona]  # live ones that do, by level or by name
    price: AiPrice | None


class AiPriceSet(Input):
    """PUT /v1/ai/models/price: what a model costs for a million tokens, from now on."""

    model: ModelName
    input_micro: Micro
    cached_micro: Micro
    cache_write_micro: Micro
    output_micro: Micro


class AiSums(Output):
    """`failed` are among `calls`, `cached_tokens` and `cache_write_tokens` (which the model keeps for the next calls, at a price of their own)
    among `input_tokens`. `cost_micro` leaves out `unpriced` calls to models without a
    price. `merged`: messages that were answered together with an earlier one; `saved_micro`: what those calls would have cost."""

    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cost_micro: Annotated[int, example(184_000)]
    unpriced: int
    merged: int
    saved_micro: Annotated[int, example(21_000)]


class AiDay(Output):
    """One day and one persona; `persona_id` null: work for nobody in particular. The name is empty once the persona is gone."""

    day: date
    persona_id: UUID | None
    persona: Annotated[str, example("Lia")]
    sums: AiSums


class AiPurpose(Output):
    purpose: Purpose
    sums: AiSums


class AiModelUsage(Output):
    model: Annotated[str, example("gpt-6.1-terra")]
    sums: AiSums


class AiConversationUsage(Output):
    """The name is empty when nobody knows it."""

    conversation_id: UUID
    name: Annotated[str, example("Marina Prado")]
    sums: AiSums


class AiUsage(Output):
    """GET /v1/ai/usage?since=&until=: whole days of the company's time zone, 30 unless said, at most 366. `conversations`: the ten that cost
    most, for who may read conversations and contacts."""

    since: date
    until: date
    total: AiSums
    days: list[AiDay]
    purposes: list[AiPurpose]
    models: list[AiModelUsage]
    conversations: list[AiConversationUsage]


class AiBudget(Output):
    """GET, PUT /v1/ai/budgets → Page[AiBudget]. `subject_id` null: the company, or each persona or conversation without a budget of its
    own; then what is spent is the company's only. `reserved_micro`: by calls that run now."""

    scope: BudgetScope
    subject_id: UUID | None
    period: BudgetPeriod
    limit_micro: Annotated[int, example(50_000_000)]
    spent_micro: Annotated[int, example(12_400_000)]
    reserved_micro: Annotated[int, example(0)]
    starts: Moment


class AiBudgetSet(Input):
    """PUT /v1/ai/budgets. `limit_micro` null: no budget. What was spent in the period counts at once."""

    scope: BudgetScope
    period: BudgetPeriod
    limit_micro: Annotated[int, Meta(ge=1, le=_HIGHEST, examples=[50_000_000])] | None
    subject_id: UUID | None = None


class AiSafety(Output):
    """GET /v1/ai/safety; PUT AiSafetySet. `trace_days`: so long the whole of each run of the assistant can be read: prompt, passages, tools,
    answers. `moderates`: texts are looked over by the service's own moderation before."""

    trace_days: Annotated[int, example(30)]
    moderates: bool
    version: int  # 0: nobody chose yet


class AiSafetySet(Input):
    """PUT /v1/ai/safety."""

    trace_days: Annotated[int, Meta(ge=1, le=730, examples=[30])]
    moderates: bool
