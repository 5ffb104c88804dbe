"""Notifications in browsers, over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.push import PushKey, PushSubscription, PushSubscriptionCreate
from ui.client.base import ApiClient


async def key(api: ApiClient) -> PushKey:
    return await api.get("/v1/me/push-key", PushKey)


async def subscriptions(api: ApiClient) -> Page[PushSubscription]:
    return await api.get("/v1/me/push-subscriptions", Page[PushSubscription])


async def subscribe(api: ApiClient, body: PushSubscriptionCreate) -> PushSubscription:
    return await api.post("/v1/me/push-subscriptions", PushSubscription, body)


async def unsubscribe(api: ApiClient, subscription_id: UUID) -> None:
    await api.delete(f"/v1/me/push-subscriptions/{subscription_id}")
