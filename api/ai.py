"""The AI service over HTTP: thin, every rule is in db/ai."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.ai import (
    AiBudget,
    AiBudgetSet,
    AiConnection,
    AiConnectionSet,
    AiConversationUsage,
    AiDay,
    AiFinding,
    AiModel,
    AiModelPersona,
    AiModelUsage,
    AiPrice,
    AiPriceSet,
    AiPurpose,
    AiSafety,
    AiSafetySet,
    AiSums,
    AiUsage,
)
from api.contract.base import Page
from api.versions import IfMatch
from db.ai import budgets, connection, models, prices, safety, usage
from db.ai.budgets import Budget
from db.ai.catalogue import Price
from db.ai.connection import Connection, Settled
from db.ai.enums import EmbedderKind
from db.ai.models import ModelView
from db.ai.usage import Sums


def _connection(found: Connection | None) -> AiConnection:
    if found is None:
        return AiConnection(
            provider=None,
            base_url="",
            api_version="",
            organization="",
            has_key=False,
            chat_model="",
            embedder=EmbedderKind.NONE,
            embedding_model="",
            embedding_dims=0,
            state=None,
            state_at=None,
            checked_at=None,
            findings=[],
            version=0,
        )
    given = {name: getattr(found, name) for name in AiConnection.__struct_fields__ if name != "findings"}
    return AiConnection(
        **given, findings=[AiFinding(step=one.step, failure=one.failure, detail=one.detail) for one in found.findings]
    )


def _model(view: ModelView) -> AiModel:
    price = None
    if view.price is not None:
        price = AiPrice(
            input_micro=view.price.input,
            cached_micro=view.price.cached,
            cache_write_micro=view.price.cache_write,
            output_micro=view.price.output,
            own=view.own_price,
        )
    given = {name: getattr(view, name) for name in AiModel.__struct_fields__ if name not in ("price", "personas")}
    users = [AiModelPersona(id=one.id, name=one.name) for one in view.personas]
    return AiModel(**given, price=price, personas=users)


def _sums(sums: Sums) -> AiSums:
    return AiSums(
        calls=sums.calls,
        failed=sums.failed,
        input_tokens=sums.input,
        cached_tokens=sums.cached,
        cache_write_tokens=sums.cache_write,
        output_tokens=sums.output,
        cost_micro=sums.cost,
        unpriced=sums.unpriced,
        merged=sums.merged,
        saved_micro=sums.saved,
    )


def _budgets(found: list[Budget]) -> Page[AiBudget]:
    items = [
        AiBudget(
            scope=one.scope,
            subject_id=one.subject_id,
            period=one.period,
            limit_micro=one.most,
            spent_micro=one.spent,
            reserved_micro=one.reserved,
            starts=one.starts,
        )
        for one in found
    ]
    return Page(items=items, total=len(items))


class AiController(Controller):
    path = "/v1/ai"
    tags = ("AI",)

    @get(
        "/connection",
        summary="Read the AI service",
        description="What is connected, and what the last check found. Needs `ai:read`.",
    )
    async def read_connection(self, actor: Caller) -> AiConnection:
        return _connection(await connection.connection(actor))

    @put(
        "/connection",
        summary="Connect the AI service",
        description="Keeps it and checks it live; `ai_connection.changed` tells when the check is done. A key goes only to the provider"
        " and address it was given for. Needs `ai:write`.",
        opt={"versioned": True},
    )
    async def set_connection(self, actor: Caller, data: JSONBody[AiConnectionSet], expected: IfMatch) -> AiConnection:
        wanted = Settled(**msgspec.structs.asdict(data))
        return _connection(await connection.save(actor, wanted, expected))

    @delete(
        "/connection",
        summary="Disconnect the AI service",
        description="Forgets the key; nothing is asked any more. Usage and budgets stay. Needs `ai:write`.",
    )
    async def delete_connection(self, actor: Caller) -> None:
        await connection.remove(actor)

    @post(
        "/connection/test",
        summary="Test the AI service",
        description="Checks key, models, an answer and a vector, and goes on after a stop when they work. 409 `ai_not_connected`. Needs"
        " `ai:write`.",
        status_code=200,
    )
    async def test_connection(self, actor: Caller) -> AiConnection:
        return _connection(await connection.test(actor))

    @get(
        "/models",
        summary="List models",
        description="Those that we know, those that the server lists and those that were named: what they cost, when they end, what"
        " replaces them. Needs `ai:read`.",
    )
    async def list_models(self, actor: Caller) -> Page[AiModel]:
        found = [_model(view) for view in await models.models(actor)]
        return Page(items=found, total=len(found))

    @put(
        "/models/price",
        summary="Set what a model costs",
        description="From now on; what was spent keeps its cost. Needs `ai:write`.",
    )
    async def set_price(self, actor: Caller, data: JSONBody[AiPriceSet]) -> Page[AiModel]:
        await prices.set_price(
            actor, data.model, Price(data.input_micro, data.cached_micro, data.cache_write_micro, data.output_micro)
        )
        found = [_model(view) for view in await models.models(actor)]
        return Page(items=found, total=len(found))

    @get(
        "/usage",
        summary="Read what the AI cost",
        description="By day and persona, by purpose and by model, and the conversations that cost most. Needs `ai:read`.",
    )
    async def read_usage(
        self,
        actor: Caller,
        since: Annotated[date | None, QueryParameter(description="The first day; 30 days ago unless said.")] = None,
        until: Annotated[date | None, QueryParameter(description="The last day; today unless said.")] = None,
    ) -> AiUsage:
        found = await usage.usage(actor, since, until)
        return AiUsage(
            since=found.since,
            until=found.until,
            total=_sums(found.total),
            days=[AiDay(day=one.day, persona_id=one.persona_id, persona=one.persona, sums=_sums(one.sums)) for one in found.days],
            purposes=[AiPurpose(purpose=purpose, sums=_sums(sums)) for purpose, sums in found.purposes],
            models=[AiModelUsage(model=model, sums=_sums(sums)) for model, sums in found.models],
            conversations=[
                AiConversationUsage(conversation_id=one.conversation_id, name=one.name, sums=_sums(one.sums))
                for one in found.conversations
            ],
        )

    @get("/budgets", summary="List AI budgets", description="With what counts in the period of now. Needs `ai:read`.")
    async def list_budgets(self, actor: Caller) -> Page[AiBudget]:
        return _budgets(await budgets.budgets(actor))

    @put(
        "/budgets",
        summary="Set an AI budget",
        description="One for a scope, a period and, where given, a persona or conversation. Once it is used up nothing more is asked for"
        " it before its next period. Needs `ai:write`.",
    )
    async def set_budget(self, actor: Caller, data: JSONBody[AiBudgetSet]) -> Page[AiBudget]:
        return _budgets(await budgets.set_budget(actor, data.scope, data.period, data.limit_micro, data.subject_id))

    @get(
        "/safety",
        summary="Read how carefully the AI is kept",
        description="How long traces of runs stay, and whether texts are looked over. Needs `ai:read`.",
    )
    async def read_safety(self, actor: Caller) -> AiSafety:
        return AiSafety(**(await safety.safety(actor))._asdict())

    @put(
        "/safety",
        summary="Set how carefully the AI is kept",
        description="Traces that are older than that go within the hour. With `moderates` on, what customers write and what the assistant would"
        " say is shown to the moderation of the connected service, where it has one; what it flags goes to a person. Needs `ai:write`.",
        opt={"versioned": True},
    )
    async def set_safety(self, actor: Caller, data: JSONBody[AiSafetySet], expected: IfMatch) -> AiSafety:
        found = await safety.set_safety(actor, data.trace_days, data.moderates, expected)
        return AiSafety(**found._asdict())
