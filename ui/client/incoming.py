"""Incoming hooks over the API."""

from typing import Any
from uuid import UUID

from api.contract.base import Page
from api.contract.enums import IncomingState
from api.contract.incoming import (
    HookStep,
    IncomingDelivery,
    IncomingHook,
    IncomingHookCreate,
    IncomingHookMade,
    IncomingHookPatch,
    IncomingPayload,
    IncomingTest,
    IncomingTried,
    IncomingTry,
)
from ui.client.base import ApiClient

_PATH = "/v1/incoming-hooks"


async def hooks(api: ApiClient) -> list[IncomingHook]:
    """By name."""
    return (await api.get(_PATH, Page[IncomingHook])).items


async def hook(api: ApiClient, hook_id: UUID) -> IncomingHook:
    return await api.get(f"{_PATH}/{hook_id}", IncomingHook)


async def create(api: ApiClient, name: str) -> IncomingHookMade:
    return await api.post(_PATH, IncomingHookMade, IncomingHookCreate(name=name))


async def change(api: ApiClient, seen: IncomingHook, body: IncomingHookPatch) -> IncomingHook:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"{_PATH}/{seen.id}", IncomingHook, body, version=seen.version)


async def delete(api: ApiClient, hook_id: UUID) -> None:
    await api.delete(f"{_PATH}/{hook_id}")


async def renew(api: ApiClient, hook_id: UUID) -> IncomingHookMade:
    return await api.post(f"{_PATH}/{hook_id}/renew-address", IncomingHookMade)


async def deliveries(
    api: ApiClient, hook_id: UUID, state: IncomingState | None = None, cursor: str | None = None, limit: int = 20
) -> Page[IncomingDelivery]:
    query = {"state": state, "cursor": cursor, "limit": limit}
    return await api.get(f"{_PATH}/{hook_id}/deliveries", Page[IncomingDelivery], query)


async def payload(api: ApiClient, hook_id: UUID, delivery_id: UUID) -> IncomingPayload:
    return await api.get(f"{_PATH}/{hook_id}/deliveries/{delivery_id}", IncomingPayload)


async def replay(api: ApiClient, hook_id: UUID, delivery_id: UUID) -> IncomingDelivery:
    return await api.post(f"{_PATH}/{hook_id}/deliveries/{delivery_id}/replay", IncomingDelivery)


async def try_out(api: ApiClient, hook_id: UUID, delivery_id: UUID, steps: list[HookStep]) -> IncomingTried:
    return await api.post(f"{_PATH}/{hook_id}/deliveries/{delivery_id}/try", IncomingTried, IncomingTry(steps=steps))


async def test(api: ApiClient, hook_id: UUID, payload: dict[str, Any]) -> IncomingDelivery:
    return await api.post(f"{_PATH}/{hook_id}/test", IncomingDelivery, IncomingTest(payload=payload))
