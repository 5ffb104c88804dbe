"""The AI service over the API: connection, models and prices, usage, budgets."""

from datetime import date

from api.contract.ai import (
    AiBudget,
    AiBudgetSet,
    AiConnection,
    AiConnectionSet,
    AiModel,
    AiPriceSet,
    AiSafety,
    AiSafetySet,
    AiUsage,
)
from api.contract.base import Page
from ui.client.base import ApiClient


async def connection(api: ApiClient) -> AiConnection:
    return await api.get("/v1/ai/connection", AiConnection)


async def connect(api: ApiClient, body: AiConnectionSet, version: int) -> AiConnection:
    """A check starts at once."""
    return await api.put("/v1/ai/connection", AiConnection, body, version=version)


async def disconnect(api: ApiClient) -> None:
    await api.delete("/v1/ai/connection")


async def test(api: ApiClient) -> AiConnection:
    return await api.post("/v1/ai/connection/test", AiConnection)


async def models(api: ApiClient) -> list[AiModel]:
    return (await api.get("/v1/ai/models", Page[AiModel])).items


async def set_price(api: ApiClient, body: AiPriceSet) -> list[AiModel]:
    return (await api.put("/v1/ai/models/price", Page[AiModel], body)).items


async def usage(api: ApiClient, since: date, until: date) -> AiUsage:
    return await api.get("/v1/ai/usage", AiUsage, {"since": since.isoformat(), "until": until.isoformat()})


async def budgets(api: ApiClient) -> list[AiBudget]:
    return (await api.get("/v1/ai/budgets", Page[AiBudget])).items


async def set_budget(api: ApiClient, body: AiBudgetSet) -> list[AiBudget]:
    return (await api.put("/v1/ai/budgets", Page[AiBudget], body)).items


async def safety(api: ApiClient) -> AiSafety:
    return await api.get("/v1/ai/safety", AiSafety)


async def set_safety(api: ApiClient, body: AiSafetySet, version: int) -> AiSafety:
    return await api.put("/v1/ai/safety", AiSafety, body, version=version)
