"""Prices, the month's limit and the hours of sending over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.costs import (
    MonthLimitSet,
    SendHours,
    SendHoursSet,
    SendRate,
    SendRateSet,
    SendRatesSet,
    SpendLimit,
    WarmUp,
    WarmUpSet,
)
from ui.client.base import ApiClient


async def rates(api: ApiClient) -> list[SendRate]:
    """The company's own and those of our list."""
    return (await api.get("/v1/costs/rates", Page[SendRate])).items


async def set_rates(api: ApiClient, rates: list[SendRateSet]) -> list[SendRate]:
    """All or none."""
    return (await api.put("/v1/costs/rates", Page[SendRate], SendRatesSet(rates=rates))).items


async def remove_rate(api: ApiClient, rate_id: UUID) -> None:
    await api.delete(f"/v1/costs/rates/{rate_id}")


async def month(api: ApiClient) -> SpendLimit:
    return await api.get("/v1/costs/limit", SpendLimit)


async def set_month(api: ApiClient, micro: int | None, currency: str | None, *, stops_people: bool) -> SpendLimit:
    body = MonthLimitSet(limit_micro=micro, currency=currency, stops_people=stops_people)
    return await api.put("/v1/costs/limit", SpendLimit, body)


async def hours(api: ApiClient) -> list[SendHours]:
    return (await api.get("/v1/send-hours", Page[SendHours])).items


async def add_hours(api: ApiClient, body: SendHoursSet) -> SendHours:
    return await api.post("/v1/send-hours", SendHours, body)


async def change_hours(api: ApiClient, one: SendHours, body: SendHoursSet, version: int) -> SendHours:
    return await api.put(f"/v1/send-hours/{one.id}", SendHours, body, version=version)


async def remove_hours(api: ApiClient, one: SendHours) -> None:
    await api.delete(f"/v1/send-hours/{one.id}")


async def warm_ups(api: ApiClient) -> list[WarmUp]:
    return (await api.get("/v1/warm-ups", Page[WarmUp])).items


async def set_warm_up(api: ApiClient, channel_id: UUID, body: WarmUpSet, version: int | None) -> WarmUp:
    return await api.put(f"/v1/warm-ups/{channel_id}", WarmUp, body, version=version)


async def remove_warm_up(api: ApiClient, channel_id: UUID) -> None:
    await api.delete(f"/v1/warm-ups/{channel_id}")
