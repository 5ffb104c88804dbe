"""What happened to the person, over the API."""

from datetime import datetime
from uuid import UUID

from api.contract.base import Page
from api.contract.notifications import (
    Notification,
    NotificationChoice,
    NotificationChoices,
    NotificationChoiceSet,
    NotificationCount,
    NotificationPatch,
    NotificationsRead,
    NotificationsSeen,
)
from ui.client.base import ApiClient, Params


async def notifications(api: ApiClient, params: Params) -> Page[Notification]:
    return await api.get("/v1/me/notifications", Page[Notification], params)


async def unread(api: ApiClient) -> int:
    return (await api.get("/v1/me/notifications/unread", NotificationCount)).unread


async def mark(api: ApiClient, notification_id: UUID, *, read: bool) -> Notification:
    return await api.patch(f"/v1/me/notifications/{notification_id}", Notification, NotificationPatch(read=read))


async def read_all(api: ApiClient, until: datetime) -> int:
    return (await api.post("/v1/me/notifications/read", NotificationCount, NotificationsRead(until=until))).unread


async def seen(api: ApiClient, subject_id: UUID) -> int:
    return (await api.post("/v1/me/notifications/seen", NotificationCount, NotificationsSeen(subject_id=subject_id))).unread


async def choices(api: ApiClient) -> list[NotificationChoice]:
    return (await api.get("/v1/me/notification-choices", NotificationChoices)).choices


async def choose(api: ApiClient, body: NotificationChoiceSet) -> NotificationChoice:
    return await api.put("/v1/me/notification-choices", NotificationChoice, body)
