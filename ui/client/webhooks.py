"""Webhooks out over the API."""

from datetime import datetime
from uuid import UUID

from api.contract.base import Done, Page
from api.contract.webhooks import (
    Webhook,
    WebhookCreate,
    WebhookDelivery,
    WebhookDeliveryDetail,
    WebhookHour,
    WebhookKind,
    WebhookPatch,
    WebhookReplay,
    WebhookReplayed,
    WebhookSecret,
    WebhookTest,
)
from ui.client.base import ApiClient, Params


async def kinds(api: ApiClient) -> list[WebhookKind]:
    return (await api.get("/v1/webhooks/types", Page[WebhookKind])).items


async def webhooks(api: ApiClient) -> list[Webhook]:
    return (await api.get("/v1/webhooks", Page[Webhook])).items


async def webhook(api: ApiClient, webhook_id: UUID) -> Webhook:
    return await api.get(f"/v1/webhooks/{webhook_id}", Webhook)


async def create(api: ApiClient, body: WebhookCreate) -> WebhookSecret:
    return await api.post("/v1/webhooks", WebhookSecret, body)


async def change(api: ApiClient, seen: Webhook, body: WebhookPatch) -> Webhook:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/webhooks/{seen.id}", Webhook, body, version=seen.version)


async def delete(api: ApiClient, webhook_id: UUID) -> None:
    await api.delete(f"/v1/webhooks/{webhook_id}")


async def switch(api: ApiClient, webhook_id: UUID, *, on: bool) -> Webhook:
    return await api.post(f"/v1/webhooks/{webhook_id}/{'enable' if on else 'disable'}", Webhook)


async def rotate(api: ApiClient, webhook_id: UUID) -> WebhookSecret:
    return await api.post(f"/v1/webhooks/{webhook_id}/rotate", WebhookSecret)


async def test(api: ApiClient, webhook_id: UUID) -> UUID:
    """The delivery of the test."""
    return (await api.post(f"/v1/webhooks/{webhook_id}/test", WebhookTest)).delivery_id


async def hours(api: ApiClient, webhook_id: UUID, count: int) -> list[WebhookHour]:
    return (await api.get(f"/v1/webhooks/{webhook_id}/hours", Page[WebhookHour], {"hours": count})).items


async def deliveries(api: ApiClient, webhook_id: UUID, params: Params) -> Page[WebhookDelivery]:
    return await api.get(f"/v1/webhooks/{webhook_id}/deliveries", Page[WebhookDelivery], params)


async def delivery(api: ApiClient, webhook_id: UUID, delivery_id: UUID) -> WebhookDeliveryDetail:
    return await api.get(f"/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", WebhookDeliveryDetail)


async def again(api: ApiClient, webhook_id: UUID, delivery_id: UUID) -> None:
    await api.post(f"/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", Done)


async def again_range(api: ApiClient, webhook_id: UUID, since: datetime, until: datetime, *, delivered_too: bool) -> int:
    """Sends again what failed in a span, or all of it; how many."""
    body = WebhookReplay(since=since, until=until, delivered_too=delivered_too)
    return (await api.post(f"/v1/webhooks/{webhook_id}/replay", WebhookReplayed, body)).count
